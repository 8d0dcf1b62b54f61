"""Wakes one waiter at once, without the turn of the event loop that a future's callbacks take.

Whoever drives a coroutine by hand waits for what it awaits and passes the news on. With a future
that is two turns of the loop, of the three that a routed call takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context


class Wakeup:
    """Awaitable, done once `give` is called.

    A task may await it as it may a future. A driver by hand sets `relay` instead.

    Attributes:
        is_given: whether `give` was called.
        relay: a future of the driver's, done by `give`.
    """

    # Of the class until set: each routed call makes one, and most set two of them.
    is_given = False
    relay: asyncio.Future[None] | None = None
    _asyncio_future_blocking = False
    _callback: tuple[Callable[[Wakeup], object], Context | None] | None = None

    def give(self) -> None:
        """Wake the waiter; a call after the first does nothing."""
        if self.is_given:
            return
        self.is_given = True
        relay = self.relay
        if relay is not None and not relay.done():
            relay.set_result(None)
        if self._callback is not None:
            self._call_back()

    def __await__(self) -> Generator[Wakeup, None, None]:
        if not self.is_given:
            self._asyncio_future_blocking = True  # the protocol of futures
            yield self

    # What a task asks of the future it waits for.

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the waiter, who is asking."""
        return asyncio.get_running_loop()

    def add_done_callback(
        self, callback: Callable[[Wakeup], object], *, context: Context | None = None
    ) -> None:
        """Have the waiting task called back, in the next turn after `give` or `cancel`."""
        self._callback = callback, context
        if self.is_given:
            self._call_back()

    def result(self) -> None:
        """Nothing: that it is given is all there is to know."""

    def cancel(self, msg: object = None) -> bool:
        """Wake the waiting task, which was cancelled; the next may wait for this one still."""
        if self._callback is not None:
            self._call_back()
        return False

    def _call_back(self) -> None:
        assert self._callback is not None
        (callback, context), self._callback = self._callback, None
        asyncio.get_running_loop().call_soon(callback, self, context=context)
