"""Stretches of time in which trades were lost, and what a list of trades leaves of them. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.reference.values import iso_time

if TYPE_CHECKING:
    from coinmux.framework.models.market import Trade


@dataclass(frozen=True, slots=True)
class MissingTrades:
    """Trades that were lost, between two that are known.

    Attributes:
        after_id: the trade before them; None where only its time is known.
        since_ms: the time of that trade.
        before_id: the trade after them; None where they may reach until now.
        until_ms: the time of that trade.
        count: how many they are, where ids tell.
    """

    after_id: str | None
    since_ms: int
    before_id: str | None = None
    until_ms: int | None = None
    count: int | None = None

    def __str__(self) -> str:
        many = "trades" if self.count is None else "1 trade"
        if self.count is not None and self.count != 1:
            many = f"{self.count} trades"
        until = "now" if self.until_ms is None else iso_time(self.until_ms)
        return f"{many} between {iso_time(self.since_ms)} and {until}"


@dataclass(frozen=True, slots=True)
class FilledTrades:
    """What a request gave of the trades that were missing.

    Attributes:
        trades: the new ones, in order.
        by: the source that was asked.
        missing: what is still missing.
    """

    trades: tuple[Trade, ...]
    by: str
    missing: tuple[MissingTrades, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A trade at one end of a gap.

    Attributes:
        id: None where trades have none.
        number: its id as a number, where ids are numbers.
        key: what tells it from other trades of its moment; None for a mere time: trades of that
            very moment are not missing.
    """

    id: str | None
    at_ms: int
    number: int | None = None
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies between two trades is missing; `before` None: until now."""

    after: Edge
    before: Edge | None

    def holds(self, trade: Edge) -> bool:
        """Whether a trade may be one of the missing."""
        return not self.begins_after(trade) and not self.ends_before(trade)

    def begins_after(self, trade: Edge) -> bool:
        """Whether a trade is the one before the gap, or an earlier one."""
        after = self.after
        if trade.number is not None and after.number is not None:
            return trade.number <= after.number
        if trade.at_ms == after.at_ms:
            # Of trades of one moment it is not known which was first.
            return after.key is None or trade.key == after.key
        return trade.at_ms < after.at_ms

    def ends_before(self, trade: Edge) -> bool:
        """Whether a trade is the one after the gap, or a later one."""
        before = self.before
        if before is None:
            return False
        if trade.number is not None and before.number is not None:
            return trade.number >= before.number
        return trade.at_ms > before.at_ms or trade.key == before.key

    def left_by(self, trades: Sequence[Edge], *, is_successive: bool) -> list[Gap]:
        """What is still missing after `trades`, which are in order and without a gap of their own.

        Args:
            is_successive: trades may have gaps, and numbers tell.
        """
        inside = [trade for trade in trades if self.holds(trade)]
        if is_successive and self.after.number is not None:
            return self._holes(trades, inside)
        reaches_back = any(self.begins_after(trade) for trade in trades)
        if self.before is None:
            # Whoever answers now knows of everything until now.
            reaches_on = bool(inside) or reaches_back
        else:
            reaches_on = any(self.ends_before(trade) for trade in trades)
        if not inside:
            return [] if reaches_back and reaches_on else [self]
        left = [] if reaches_back else [Gap(self.after, inside[0])]
        return left if reaches_on else [*left, Gap(inside[-1], self.before)]

    def _holes(self, trades: Sequence[Edge], inside: Sequence[Edge]) -> list[Gap]:
        """The numbers that are in the gap and not in `trades`."""
        left, edge = [], self.after
        for trade in inside:
            if _apart(edge, trade):
                left.append(Gap(edge, trade))
            edge = trade
        if self.before is not None:
            if _apart(edge, self.before):
                left.append(Gap(edge, self.before))
        elif not inside and not any(self.begins_after(trade) for trade in trades):
            left.append(self)
        return left

    def public(self, *, is_successive: bool) -> MissingTrades:
        """As the feed is told."""
        after, before = self.after, self.before
        count = None
        if is_successive and before and after.number is not None and before.number is not None:
            count = before.number - after.number - 1
        return MissingTrades(
            after.id,
            after.at_ms,
            before.id if before else None,
            before.at_ms if before else None,
            count,
        )


def _apart(before: Edge, after: Edge) -> bool:
    """Whether numbers lie between two trades."""
    return before.number is None or after.number is None or after.number > before.number + 1
