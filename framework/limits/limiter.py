"""Limits the calls to one source: each needs a concurrency slot and a rate permit."""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.errors import ProviderBusy
from coinmux.framework.limits.rate_window import Bulkhead, Limits

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.limits.rate_window import RateWindow
    from coinmux.framework.plugins.provider_info import UsageHeader
    from coinmux.framework.plugins.rate_limit import RateLimit

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)


class SharedWindow(Protocol):
    """The windows of one source as one for all workers; the cluster has one for each source."""

    @property
    def shared(self) -> bool:
        """Whether the other workers can be reached now, so that all decide together."""
        ...

    async def take(self, weight: float) -> float | None:
        """Take `weight` from every window or from none: 0 where it was taken, else the seconds to
        wait (infinite for never); None where the other workers cannot be reached.
        """
        ...

    def told(self, per_s: float) -> None:
        """A reply said how much of the window of `per_s` seconds is used."""
        ...

    def count_alone(self, weight: float) -> None:
        """Permits were taken while the other workers could not be reached."""
        ...


class _Waiter:
    """One call in the queue."""

    __slots__ = ("future", "weight")

    def __init__(self, future: asyncio.Future[None], weight: float) -> None:
        self.future = future
        self.weight = weight


class Limiter:
    """Calls to one source: at most `concurrent` at once, within its rate limits, first come first.

    Args:
        limits: every one of them applies.
        concurrent: calls at once.
        queue_s: the longest a call waits for its turn.
        usage: headers of replies that report our use.

    Attributes:
        shared: the windows shared by all workers; None where this is the only worker.
    """

    __slots__ = (
        "_bulkhead", "_clock", "_limits", "_queue", "_queue_s", "_timer", "_usage", "shared",
    )  # fmt: skip

    def __init__(
        self,
        clock: Clock,
        limits: Sequence[RateLimit],
        *,
        concurrent: int = 8,
        queue_s: float = 0.25,
        usage: Sequence[UsageHeader] = (),
    ) -> None:
        self._clock = clock
        self._limits = Limits(limits)
        self._bulkhead = Bulkhead(concurrent)
        self._queue: deque[_Waiter] = deque()
        self._queue_s = queue_s
        self._usage = [(header.name.lower(), header) for header in usage]
        self._timer: asyncio.TimerHandle | None = None
        self.shared: SharedWindow | None = None

    @property
    def concurrent(self) -> int:
        """Calls at once, at most."""
        return self._bulkhead.most

    @property
    def in_flight(self) -> int:
        """Calls that entered and have not left."""
        return self._bulkhead.in_flight

    @property
    def waiting(self) -> int:
        """Calls in the queue."""
        return len(self._queue)

    async def enter(self, weight: float = 1) -> None:
        """Wait at most `queue_s` seconds for a slot and a permit. A call that entered must `leave`.

        Raises:
            ProviderBusy: they did not become free, or could not have, in that time.
        """
        if self.shared is not None and self.shared.shared:
            await self._enter_shared(self.shared, weight)
            return
        if not self._queue and self._pass(weight):
            return
        if self._limits.wait_s(weight, self._clock.monotonic()) > self._queue_s:
            raise ProviderBusy(self._describe(weight))
        await self._wait(weight)

    async def _enter_shared(self, shared: SharedWindow, weight: float) -> None:
        """As `enter`: a slot of this worker, then a permit from the limits all workers share."""
        end = self._clock.monotonic() + self._queue_s
        if self._queue or not self._pass(weight):
            await self._wait(weight)
        try:
            while (wait_s := await shared.take(weight)) is not None:
                if wait_s == 0:
                    return
                if self._clock.monotonic() + wait_s > end:
                    raise ProviderBusy(self._describe(weight))
                await asyncio.sleep(wait_s)
            if not self._take(weight):  # lost just now
                raise ProviderBusy(self._describe(weight))
        except BaseException:
            self.leave()
            raise

    def divide(self, workers: int) -> None:
        """Use only a share of each limit, because several workers run without shared state."""
        for window in self.windows:
            window.scale(1 / workers)

    def leave(self) -> None:
        """Free the slot of a call that entered."""
        self._bulkhead.give_back()
        if self._queue:
            self._pump()

    def available(self, weight: float = 1) -> bool:
        """Whether a call would pass without waiting."""
        return (
            not self._queue
            and self._bulkhead.in_flight < self._bulkhead.most
            and self._limits.wait_s(weight, self._clock.monotonic()) == 0
        )

    def free_in_s(self, weight: float = 1) -> float:
        """Seconds until the rate limits leave a permit; infinite for never.

        0 where they leave one now, though all slots may be taken.
        """
        return self._limits.wait_s(weight, self._clock.monotonic())

    @property
    def windows(self) -> tuple[RateWindow, ...]:
        """The rate windows that apply."""
        return self._limits.windows

    def busy_reason(self) -> str | None:
        """Why a call would wait, None if it would not."""
        return None if self.available() else self._describe(1)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Record the use that a reply reports; a header that is no number is ignored."""
        for name, header in self._usage:
            text = headers.get(name)
            if text is None:
                continue
            is_count = text.isdigit() and text.isascii() and len(text) <= 12
            if is_count or _NUMBER.fullmatch(text):
                now = self._clock.monotonic()
                if header.tells == "used":
                    self._limits.observe_used(header.per_s, float(text), now)
                else:
                    self._limits.observe_remaining(header.per_s, float(text), now)
                if self.shared is not None:
                    self.shared.told(header.per_s)

    def snapshot(self) -> dict[str, Any]:
        """Limits and use, as plain values."""
        return {
            "concurrent": self._bulkhead.most,
            "in_flight": self._bulkhead.in_flight,
            "waiting": len(self._queue),
            "windows": self._limits.snapshot(self._clock.monotonic()),
        }

    def _pass(self, weight: float) -> bool:
        """Take a slot and a permit, both or neither; where permits are shared, only the slot."""
        bulkhead, shared = self._bulkhead, self.shared
        if bulkhead.in_flight >= bulkhead.most:
            return False
        if (shared is None or not shared.shared) and not self._take(weight):
            return False
        return bulkhead.take()

    def _take(self, weight: float) -> bool:
        """Take a permit of this worker's own."""
        limits = self._limits
        if limits.windows and not limits.take(weight, self._clock.monotonic()):
            return False
        if self.shared is not None:
            self.shared.count_alone(weight)
        return True

    async def _wait(self, weight: float) -> None:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop.create_future(), weight)
        self._queue.append(waiter)
        end = loop.call_later(self._queue_s, self._give_up, waiter)
        self._pump()
        try:
            await waiter.future
        except asyncio.CancelledError:
            if waiter.future.done() and not waiter.future.cancelled():
                # The slot was granted and the call cancelled at once: give the slot back.
                if waiter.future.exception() is None:
                    self.leave()
            else:
                self._drop(waiter)
            raise
        finally:
            end.cancel()

    def _give_up(self, waiter: _Waiter) -> None:
        if not waiter.future.done():
            waiter.future.set_exception(ProviderBusy(self._describe(waiter.weight)))
            self._drop(waiter)

    def _drop(self, waiter: _Waiter) -> None:
        """Take a waiter out of the queue; those behind it may pass now."""
        if waiter in self._queue:
            self._queue.remove(waiter)
        self._pump()

    def _pump(self) -> None:
        """Admit waiting calls in order while slots and permits are free."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            head = self._queue[0]
            if head.future.done():
                self._queue.popleft()
            elif self._pass(head.weight):
                self._queue.popleft()
                head.future.set_result(None)
            else:
                break
        if self._queue and not self._bulkhead.is_full:
            wait_s = self._limits.wait_s(self._queue[0].weight, self._clock.monotonic())
            if wait_s < math.inf:
                loop = self._queue[0].future.get_loop()
                self._timer = loop.call_later(wait_s, self._pump)

    def _describe(self, weight: float) -> str:
        bulkhead = self._bulkhead
        if bulkhead.is_full:
            return f"{bulkhead.in_flight} calls are running, the most at a time"
        now = self._clock.monotonic()
        window = self._limits.tightest(weight, now)
        if window is None:
            return f"{len(self._queue)} calls are waiting already"
        limit = f"{window.requests:g} in {window.per_s:g} s"
        wait_s = window.wait_s(weight, now)
        if wait_s == math.inf:
            return f"a request of weight {weight:g} exceeds the rate limit of {limit}"
        return f"the rate limit of {limit} is used up; free in {wait_s:.1f} s"
