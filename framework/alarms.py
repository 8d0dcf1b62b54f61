"""Calls at a given time, many of them by one timer of the event loop.

Each routed call has a limit that hardly ever ends it. To make and cancel a timer of the loop for
each takes a tenth of such a call; an entry in a heap takes a third of that.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

#: Cancelled alarms stay in the heap until they are half of it, and more than so many.
_KEPT = 64


class Alarm:
    """One call to be made; `cancel` it once it is no longer wanted."""

    __slots__ = ("_alarms", "call")

    def __init__(self, alarms: Alarms, call: Callable[[], None]) -> None:
        self._alarms = alarms
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Do not make the call, if it was not made yet."""
        if self.call is not None:
            self.call = None
            self._alarms.cancelled += 1


class Alarms:
    """The alarms of one event loop at a time.

    Attributes:
        cancelled: how many in the heap are not wanted any more.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = count()
        self.cancelled = 0

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Make `call` in the running loop after so many seconds; it must not raise."""
        loop = asyncio.get_running_loop()
        return self.at(loop.time() + seconds, call, loop)

    def at(self, at: float, call: Callable[[], None], loop: asyncio.AbstractEventLoop) -> Alarm:
        """As `after`, at a time of `loop`, which is the running one."""
        if loop is not self._loop:
            self._begin(loop)
        if self.cancelled > _KEPT and 2 * self.cancelled > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].call is not None]
            heapify(self._heap)
            self.cancelled = 0
        alarm = Alarm(self, call)
        heappush(self._heap, (at, next(self._order), alarm))
        if at < self._timer_at:
            self._set_timer(loop, at)
        return alarm

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget those of a loop that has gone."""
        self._loop, self._timer, self._timer_at = loop, None, math.inf
        self._heap.clear()
        self.cancelled = 0

    def _set_timer(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = loop.call_at(at, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make every call that is due."""
        self._timer, self._timer_at = None, math.inf
        now = loop.time()
        while self._heap and (self._heap[0][2].call is None or self._heap[0][0] <= now):
            alarm = heappop(self._heap)[2]
            if alarm.call is None:
                self.cancelled -= 1
                continue
            call, alarm.call = alarm.call, None
            call()
        if self._heap:
            self._set_timer(loop, self._heap[0][0])
