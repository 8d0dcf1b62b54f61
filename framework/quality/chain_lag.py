"""How far a chain head lags behind the highest block seen lately (`faults.md` E4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import Implausible

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Head

#: A node further behind than so many blocks lags; how many seconds are a lag, the head says.
LAG_BLOCKS = 16
#: What was seen longer ago says nothing of now.
_REMEMBERED_S = 60.0
#: No chain makes so many blocks in that time: a height beyond it is one source's mistake.
_LEAP_BLOCKS = 1_000


class ChainHeads:
    """The highest block of each chain that any source told in the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._highest: dict[Hashable, tuple[Head, float]] = {}

    def lag(self, head: Head) -> str | None:
        """How `head` lags, for people; None where it does not. A higher one is remembered.

        Two heads a thousand blocks apart cannot both be right, and which is wrong the blocks' own
        times tell: the one that is not of just now. Where both are, or neither tells, nobody is
        blamed.

        Raises:
            Implausible: it leaps ahead of a head of just now, and is none itself.
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
