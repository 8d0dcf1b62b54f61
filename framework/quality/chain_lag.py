"""How far a chain head lags behind the highest block seen lately (`faults.md` E4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import Implausible

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Head

#: A node further behind than this many blocks lags; each head has its own limit in seconds.
LAG_BLOCKS = 16
#: Heads seen longer ago are not compared.
_REMEMBERED_S = 60.0
#: No chain makes this many blocks in that time: a greater lead is an error of one source.
_LEAP_BLOCKS = 1_000


class ChainHeads:
    """The highest block of each chain that any source reported in the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._highest: dict[Hashable, tuple[Head, float]] = {}

    def lag(self, head: Head) -> str | None:
        """How `head` lags, as text; None where it does not. A higher head is remembered.

        Two heads a thousand blocks apart cannot both be right. The one whose block time is not
        recent is wrong. If both are recent, or neither is, no source is blamed.

        Raises:
            Implausible: `head` is far ahead of a recent head, and is not recent itself.
        """
        now = self._clock.monotonic()
        known = self._highest.get(head.subject)
        if known is None or now - known[1] > _REMEMBERED_S:
            self._highest[head.subject] = (head, now)
            return None
        highest = known[0]
        behind = highest.height - head.height
        if abs(behind) > _LEAP_BLOCKS:
            return self._apart(head, highest, now)
        if behind <= 0:
            self._highest[head.subject] = (head, now)
            return None
        return _described(head, highest, behind)

    def _apart(self, head: Head, highest: Head, now: float) -> str | None:
        behind = highest.height - head.height
        mine, theirs = self._is_recent(head), self._is_recent(highest)
        if mine and not theirs:
            self._highest[head.subject] = (head, now)
        elif theirs and not mine:
            if behind < 0:
                raise Implausible(f"{-behind} blocks ahead of every other source")
            return f"{behind} blocks behind"
        return None

    def _is_recent(self, head: Head) -> bool:
        if head.timestamp is None:
            return False
        return self._clock.wall_ms() - head.timestamp <= head.patience_s * 1000


def _described(head: Head, highest: Head, behind: int) -> str | None:
    if behind > LAG_BLOCKS:
        return f"{behind} blocks behind"
    if head.timestamp is not None and highest.timestamp is not None:
        late_s = (highest.timestamp - head.timestamp) / 1000
        if late_s > head.patience_s:
            return f"{late_s:.0f} s behind"
    return None
