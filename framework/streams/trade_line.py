"""The trades of a live feed: each told once, in order, and what was lost is known.

Pure: messages and the answers of requests go in, new trades and what is missing come out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from coinmux.framework.errors import SchemaMismatch
from coinmux.framework.models.live import TradeMark
from coinmux.framework.models.market import Trade, Trades
from coinmux.framework.streams.trade_gaps import Edge, FilledTrades, Gap, MissingTrades
from coinmux.framework.streams.trade_memory import TradeMemory, figures_of, time_of

if TYPE_CHECKING:
    from coinmux.framework.reference.symbols import Symbol

#: Gaps told apart; the oldest are joined.
_GAPS = 100

#: The fields of an answer that are told.
_GIVEN = {"symbol", "trades"}

Ids = Literal["none", "rising", "successive"]


class TradeLine:
    """The trades of one market at one source.

    Args:
        ids: what its ids tell, as `Subscription.ids` says.

    Attributes:
        repeated: trades that were dropped, as they were told before or are older than the line.
        late: trades that came after newer ones; they are told all the same.
    """

    def __init__(self, symbol: Symbol, ids: Ids = "none") -> None:
        self._symbol = symbol
        self._is_numbered, self._is_successive = ids != "none", ids == "successive"
        self.repeated = 0
        self.late = 0
        self._memory = TradeMemory()
        #: The newest number there is, which a mark may tell before its trade comes.
        self._number: int | None = None
        #: The first trade of the line: what is older was not asked for.
        self._start: Edge | None = None
        #: In order of time; the last may reach until now.
        self._gaps: list[Gap] = []
        #: Of trades without ids: the last message, and what a request gave that may come yet.
        self._message: tuple[Trade, ...] = ()
        self._filled: Counter[Hashable] = Counter()

    @property
    def newest(self) -> Trade | None:
        """The newest trade that is known."""
        return self._memory.newest

    @property
    def is_missing(self) -> bool:
        """Whether any trades were lost."""
        return bool(self._gaps)

    def begin(self, since_ms: int | None = None) -> None:
        """The channel was subscribed to anew: what happened meanwhile is missing.

        Args:
            since_ms: the time of the newest trade that readers have, where another source told it.
        """
        self._message = ()
        if self._is_open():
            return
        newest = self.newest
        if newest is not None:
            number = self._number
            edge = self._edge(newest)
            if number is not None and number != edge.number:
                edge = _edge_of(number, newest.timestamp)
            self._add(Gap(edge, None))
        elif since_ms is not None:
            self._add(Gap(Edge(None, since_ms), None))

    def unsure(self) -> None:
        """A message could not be read: where no number tells, trades may be missing."""
        if not self._is_successive:
            self.begin()

    def renew(self) -> None:
        """Another connection goes on: nothing is missing, and the last trades may come again."""
        self._message = ()
        self._filled = self._memory.figures()

    def hear(self, said: Sequence[Trade | TradeMark]) -> list[Trade]:
        """The new trades of a message, in order.

        Raises:
            SchemaMismatch: ids are no whole numbers, though the source declares that they are.
        """
        if len(said) == 1 and type(said[0]) is Trade and self._is_plain(said[0]):
            return [said[0]] if self._take(said[0]) else []
        trades = [one for one in said if type(one) is Trade]
        if len(trades) > 1:
            trades = self._ordered(trades)
        if trades and trades[0].id is None and not self._is_numbered:
            trades = self._without_ids(trades)
        if self._gaps and trades and self._is_open():
            if self.newest is None:
                trades = self._after_gap(trades)
            self._meet(trades)
        new = [trade for trade in trades if self._take(trade)]
        if len(trades) < len(said):
            for one in said:
                if type(one) is TradeMark:
                    self._mark(one)
        return new

    def _is_plain(self, trade: Trade) -> bool:
        """Whether nothing is to be thought of with a trade that came alone, as most do."""
        return not self._gaps and (self._is_numbered or trade.id is not None)

    def missing(self) -> tuple[MissingTrades, ...]:
        """What was lost, oldest first."""
        return tuple(gap.public(is_successive=self._is_successive) for gap in self._gaps)

    def give_up(self) -> tuple[MissingTrades, ...]:
        """Forget what is missing, as it will not come; what it was."""
        missing, self._gaps = self.missing(), []
        return missing

    def fill(self, trades: Iterable[Trade], by: str) -> FilledTrades:
        """Merge what the source answered to a request of its latest trades.

        The request must have been sent after the loss.

        Raises:
            SchemaMismatch: ids are no whole numbers, though the source declares that they are.
        """
        rows = self._ordered(trades)
        if not rows or not self._gaps:
            return FilledTrades((), by, self.missing())
        edges = [self._edge(row) for row in rows]
        found = self._unknown(
            [row for row, edge in zip(rows, edges, strict=True)
             if any(gap.holds(edge) for gap in self._gaps)]
        )  # fmt: skip
        self._gaps = [
            left
            for gap in self._gaps
            for left in gap.left_by(edges, is_successive=self._is_successive)
        ]
        for row in found:
            self._adopt(row)
        self._filled = Counter(figures_of(row) for row in found if row.id is None)
        return FilledTrades(tuple(found), by, self.missing())

    def seed(self, trades: Iterable[Trade]) -> None:
        """Begin with the latest trades that a request gave; it was sent after the line began."""
        rows = self._ordered(trades)
        if not rows:
            return
        start, first = self._start, self._edge(rows[0])
        if start is None:
            for row in rows:
                self._adopt(row)
        elif self._is_before_start(rows[0]):
            self._gaps.insert(0, Gap(first, start))
            self._adopt(rows[0])
            self._start = first
            self.fill(rows, "")

    def latest(self, limit: int) -> Trades:
        """The newest `limit` trades that are known, a thousand at most."""
        return self.told(self._memory.latest(min(limit, 1_000)))

    def told(self, trades: Sequence[Trade]) -> Trades:
        """Trades of this market as an answer."""
        values = {
            "notes": (), "rows_left_out": 0, "symbol": self._symbol, "trades": tuple(trades),
        }  # fmt: skip
        return Trades.sound(values, _GIVEN)

    def _take(self, trade: Trade) -> bool:
        """Whether a trade is new; then it is known from now on."""
        memory = self._memory
        newest = memory.newest
        if self._is_numbered:
            number = _whole(trade.id)
            last = self._number
            if newest is None or last is None or number > last:
                if self._is_successive and last is not None and number > last + 1:
                    self._skipped(last, trade)
                self._number = number
            elif memory.has_id(trade) or not self._is_late(trade, number):
                self.repeated += 1
                return False
        elif memory.has_id(trade) or self._is_before_start(trade):
            self.repeated += 1
            return False
        elif newest is not None and trade.timestamp < newest.timestamp:
            self.late += 1
        if self._start is None:
            self._start = self._edge(trade)
        memory.put(trade)
        return True

    def _skipped(self, last: int, trade: Trade) -> None:
        """Note that others are missing between the number `last` and a trade."""
        newest = self.newest
        at_ms = trade.timestamp if newest is None else newest.timestamp
        self._add(Gap(_edge_of(last, at_ms), self._edge(trade)))

    def _is_late(self, trade: Trade, number: int) -> bool:
        """Whether a trade that is not known and has no new number is to be told."""
        edge = self._edge(trade)
        for at, gap in enumerate(self._gaps):
            if gap.holds(edge):
                if self._is_successive:
                    self._gaps[at : at + 1] = gap.left_by([edge], is_successive=True)
                self.late += 1
                return True
        if self.newest is not None and trade.timestamp > self.newest.timestamp:
            # A later trade of a lower number: the source began its numbers anew.
            self._number = number
            return True
        if self._is_successive or self._is_before_start(trade):
            return False
        self.late += 1
        return True

    def _after_gap(self, trades: list[Trade]) -> list[Trade]:
        """Those after the time readers have trades until: a source may begin with old ones."""
        gap = self._gaps[-1]
        new = [trade for trade in trades if not gap.begins_after(self._edge(trade))]
        self.repeated += len(trades) - len(new)
        return new

    def _meet(self, trades: Sequence[Trade]) -> None:
        """End the gap that reaches until now, at the first trade that came after it."""
        gap, edges = self._gaps[-1], [self._edge(trade) for trade in trades]
        newer = [
            edge
            for trade, edge in zip(trades, edges, strict=True)
            if not gap.begins_after(edge) and not self._memory.has_id(trade)
        ]
        if not newer:
            return
        if gap.after.key is not None and any(edge.key == gap.after.key for edge in edges):
            # A source that repeats its latest trades goes on where it was.
            self._gaps.pop()
            return
        closed = Gap(gap.after, newer[0])
        self._gaps[-1:] = closed.left_by([], is_successive=self._is_successive)
        self._number = None if newer[0].number is None else newer[0].number - 1

    def _mark(self, mark: TradeMark) -> None:
        """The source has sent its trades up to `mark`."""
        newest = self.newest
        if not self._is_numbered:
            is_known = self._memory.knows(str(mark.id))
            if newest is not None and not is_known and not self._is_open():
                self._add(Gap(self._edge(newest), None))
            return
        number, last = _whole(mark.id), self._number
        if last is not None and number <= last:
            return
        if newest is not None and last is not None:
            after = _edge_of(last, newest.timestamp)
            if self._is_open():
                after = self._gaps.pop().after
            until_ms = newest.timestamp if mark.timestamp is None else mark.timestamp
            self._add(Gap(after, _edge_of(number + 1, until_ms)))
        self._number = number

    def _without_ids(self, trades: list[Trade]) -> list[Trade]:
        """Trades without ids, but those that a request gave, or that are the message before."""
        message = tuple(trades)
        if message == self._message:
            self.repeated += len(trades)
            return []
        self._message = message
        if not self._filled:
            return trades
        return self._less(trades, self._filled)

    def _unknown(self, rows: list[Trade]) -> list[Trade]:
        """The rows of a request that were not told."""
        if any(map(self._memory.has_id, rows)) or self._is_numbered:
            return [row for row in rows if not self._memory.has_id(row)]
        # Without ids, or where requests give others: trades of the same figures are the same.
        return self._less(rows, self._memory.figures(), count=False)

    def _less(
        self, trades: Iterable[Trade], known: Counter[Hashable], *, count: bool = True
    ) -> list[Trade]:
        """The trades without those whose figures are known, each as often as it is."""
        left = []
        for trade in trades:
            if known[figures_of(trade)] > 0:
                known[figures_of(trade)] -= 1
                self.repeated += count
            else:
                left.append(trade)
        return left

    def _adopt(self, trade: Trade) -> None:
        """Know a trade that a request gave."""
        edge = self._edge(trade)
        if self._start is None:
            self._start = edge
        if edge.number is not None and (self._number is None or edge.number > self._number):
            self._number = edge.number
        self._memory.put(trade)

    def _is_open(self) -> bool:
        return bool(self._gaps) and self._gaps[-1].before is None

    def _add(self, gap: Gap) -> None:
        self._gaps.append(gap)
        if len(self._gaps) > _GAPS:
            self._gaps[:2] = [Gap(self._gaps[0].after, self._gaps[1].before)]

    def _edge(self, trade: Trade) -> Edge:
        if self._is_numbered:
            return Edge(trade.id, trade.timestamp, self._numbered(trade), trade.id)
        key = figures_of(trade) if trade.id is None else trade.id
        return Edge(trade.id, trade.timestamp, None, key)

    def _numbered(self, trade: Trade) -> int:
        return _whole(trade.id)

    def _is_before_start(self, trade: Trade) -> bool:
        start = self._start
        if start is None:
            return False
        if start.number is not None:
            return self._numbered(trade) < start.number
        return trade.timestamp < start.at_ms

    def _ordered(self, trades: Iterable[Trade]) -> list[Trade]:
        return sorted(trades, key=self._numbered if self._is_numbered else time_of)


def _edge_of(number: int, at_ms: int) -> Edge:
    return Edge(str(number), at_ms, number, str(number))


def _whole(id_: object) -> int:
    text = str(id_)
    if not (text.isascii() and text.isdigit()):
        raise SchemaMismatch(f"the id {text[:40]!r} is no whole number")
    return int(text)
