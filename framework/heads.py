"""How far a chain head lags behind the highest block seen lately (`faults.md` E4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.chains import CHAINS, Chain

if TYPE_CHECKING:
    from framework.clock import Clock
    from framework.models.chain import ChainHead

#: A node further behind than so many blocks, or so many seconds by the blocks' own times, lags.
LAG_BLOCKS = 16
LAG_S = 30.0
#: On slow chains one block may be a long time: two of them are no lag yet.
_LAG_IN_BLOCKS = 2
#: What was seen longer ago says nothing of now.
_REMEMBERED_S = 60.0
#: No chain makes so many blocks in that time: a height beyond it is one source's mistake.
_LEAP_BLOCKS = 1_000


class ChainHeads:
    """The highest block of each chain that any source told in the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._highest: dict[Chain, tuple[ChainHead, float]] = {}

    def lag(self, head: ChainHead) -> str | None:
        """How `head` lags, for people; None where it does not. A higher one is remembered."""
        now = self._clock.monotonic()
        known = self._highest.get(head.chain)
        if known is None or now - known[1] > _REMEMBERED_S:
            self._highest[head.chain] = (head, now)
            return None
        highest = known[0]
        behind = highest.height - head.height
        if behind <= 0:
            if -behind <= _LEAP_BLOCKS:
                self._highest[head.chain] = (head, now)
            return None
        if behind > LAG_BLOCKS:
            return f"{behind} blocks behind"
        if head.timestamp is not None and highest.timestamp is not None:
            late_s = (highest.timestamp - head.timestamp) / 1000
            if late_s > max(LAG_S, _LAG_IN_BLOCKS * CHAINS[head.chain].block_s):
                return f"{late_s:.0f} s behind"
        return None
