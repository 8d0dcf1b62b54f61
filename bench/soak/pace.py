"""Time as this process had it: on a machine that is short of it, all that is measured waits too."""

from __future__ import annotations

import asyncio
import time
from math import inf

_BEAT_S = 0.05
#: A beat that comes later than this was held up.
_LATE_S = 0.02


class Pace:
    """Seconds in which the load generator itself ran.

    The workers share its cores: what it was kept from running, so were they.

    Attributes:
        stood_s: for how long it did not.
    """

    def __init__(self) -> None:
        self.stood_s = 0.0
        #: Of the next beat, once they are taken.
        self._due_at = inf

    def now(self) -> float:
        """Monotonic seconds without those in which it stood still."""
        now = time.monotonic()
        # What is read after such a moment is read before the next beat.
        late_s = now - self._due_at
        return now - self.stood_s - (late_s if late_s > _LATE_S else 0.0)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._due_at = time.monotonic() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            self.beat(time.monotonic() - self._due_at)

    def beat(self, late_s: float) -> None:
        """A beat came so much later than it should have."""
        if late_s > _LATE_S:
            self.stood_s += late_s
