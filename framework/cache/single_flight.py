"""Identical questions in flight share one call; each caller keeps its own deadline.

The caller who begins a call runs it, as most calls have no other and a task costs a tenth of a
routed call. Only if that caller leaves while others wait does the call go on in a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

from coinmux.framework.alarms import Alarms
from coinmux.framework.wakeup import Wakeup

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Calls in flight by key.

    Cancelling one caller does not cancel the others; when the last caller has gone, the call is
    cancelled (`faults.md` G1 to G3).
    """

    def __init__(self) -> None:
        self._calls: dict[Hashable, _Call[T]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._alarms = Alarms()

    def running(self, key: Hashable) -> bool:
        """Whether a call of that key is in flight."""
        return key in self._calls

    def __len__(self) -> int:
        return len(self._calls)

    async def join(
        self,
        key: Hashable,
        start: Callable[[], Coroutine[Any, Any, T]],
        timeout_s: float,
        *,
        apart: bool = False,
    ) -> tuple[T, bool]:
        """The call's result, and whether another caller had begun it.

        Args:
            apart: run the call in a task from its beginning: it uses what belongs to the task it
                was begun in, such as `asyncio.timeout`.

        Raises:
            TimeoutError: this caller's time is over; the call goes on for the others.
        """
        loop = asyncio.get_running_loop()
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = _Call(self._calls, key, start(), loop, self._keep)
            if not apart:
                alarm = self._alarms.at(loop.time() + timeout_s, call.expire, loop)
                try:
                    return await call, False
                finally:
                    self._alarms.cancel(alarm)
            call.go_on_in_task()
            return await self._follow(call, timeout_s, loop), False
        return await self._follow(call, timeout_s, loop), True

    async def _follow(self, call: _Call[T], timeout_s: float, loop: asyncio.AbstractEventLoop) -> T:
        """What the call returns, for a caller who does not run it."""
        waiter: asyncio.Future[T] = loop.create_future()
        call.waiters.append(waiter)
        alarm = self._alarms.after(timeout_s, partial(_expire, waiter))
        try:
            return await waiter
        finally:
            self._alarms.cancel(alarm)
            if not call.is_over:
                call.waiters.remove(waiter)
                if not call.waiters:
                    call.desert()

    def start(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """Begin a call that no caller waits for, unless one is in flight."""
        if key not in self._calls:
            loop = asyncio.get_running_loop()
            call = self._calls[key] = _Call(self._calls, key, start(), loop, self._keep)
            call.go_on_in_task()

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Keep a call's task until it has ended."""
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End every call and wait until they are over."""
        for call in list(self._calls.values()):
            call.end()
        await asyncio.sleep(0)  # a task that never began would not tell its coroutine
        tasks = list(self._ending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Call(Generic[T]):
    """One call: its coroutine, which its first caller drives or a task does.

    Awaited by the first caller. Each future the call waits for is waited for by way of a relay, so
    that a cancellation of that caller ends the relay alone and not what the call waits for.
    """

    __slots__ = (
        "_awaited", "_calls", "_coroutine", "_is_expired", "_is_led", "_keep", "_key", "_loop",
        "_relay", "_task", "is_over", "waiters",
    )  # fmt: skip

    def __init__(
        self,
        calls: dict[Hashable, _Call[T]],
        key: Hashable,
        coroutine: Coroutine[Any, Any, T],
        loop: asyncio.AbstractEventLoop,
        keep: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self._calls = calls
        self._keep = keep
        self._key = key
        self._coroutine = coroutine
        self._loop = loop
        self._awaited: asyncio.Future[Any] | None = None
        self._relay: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_led = False
        self._is_expired = False
        self.is_over = False
        self.waiters: list[asyncio.Future[T]] = []

    def __await__(self) -> Generator[Any, None, T]:
        """Drive the call until it is over, or its caller leaves."""
        self._is_led = True
        step = self._coroutine.send
        while True:
            try:
                awaited = step(None)
            except StopIteration as end:
                self._over(end.value, None)
                return end.value  # type: ignore[no-any-return]
            except BaseException as error:
                self._over(None, error)
                raise
            try:
                if awaited is None:
                    yield  # it only lets others run
                    continue
                # As asyncio's own task does: taken note of, so that it can be waited for again.
                awaited._asyncio_future_blocking = False  # noqa: SLF001 - protocol of futures
                relay = self._relay = self._loop.create_future()
                self._awaited = awaited
                if type(awaited) is Wakeup:
                    awaited.relay = relay
                else:
                    awaited.add_done_callback(self._woken)
                if self._is_expired:
                    raise TimeoutError
                yield from relay
                self._awaited = None
            except GeneratorExit:
                # The loop has gone, and with it whatever could run the rest.
                self._coroutine.close()
                raise
            except BaseException:
                # This caller leaves: cancelled, out of time, or the calls are being closed.
                self._is_led = False
                if self._task is None:
                    self.go_on_in_task()
                    if not self.waiters:
                        self.desert()
                raise

    def _woken(self, _: asyncio.Future[Any]) -> None:
        relay = self._relay
        if relay is not None and not relay.done():
            relay.set_result(None)

    def expire(self) -> None:
        """End the time of the caller who drives the call."""
        self._is_expired = True
        if self._relay is not None:
            _expire(self._relay)

    def go_on_in_task(self) -> None:
        """Run the rest of the call in a task of its own."""
        self._task = self._loop.create_task(self._rest())
        self._keep(self._task)

    async def _rest(self) -> None:
        try:
            if self._awaited is None:
                result = await self._coroutine
            else:
                result = await _Rest(self._coroutine, self._awaited)
        except BaseException as error:
            self._over(None, error)
            if not isinstance(error, (Exception, asyncio.CancelledError)):
                raise
        else:
            self._over(result, None)

    def desert(self) -> None:
        """Cancel the call, as nobody waits for it any more."""
        if not self._is_led and self._task is not None:
            self._drop()
            # Once it has begun: a task that never did would not tell its coroutine.
            self._loop.call_soon(self._task.cancel)

    def end(self) -> None:
        """Cancel the call and all who wait for it."""
        if self._task is None:
            self.go_on_in_task()
            if self._relay is not None:
                self._relay.cancel()
        self._drop()

    def _drop(self) -> None:
        """Leave the calls in flight: others begin anew."""
        if self._calls.get(self._key) is self:
            del self._calls[self._key]

    def _over(self, result: T | None, error: BaseException | None) -> None:
        self.is_over = True
        if self._calls.get(self._key) is self:
            del self._calls[self._key]
        for waiter in self.waiters:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(result)  # type: ignore[arg-type]
            elif isinstance(error, asyncio.CancelledError):
                waiter.cancel()
            else:
                waiter.set_exception(error)


class _Rest(Generic[T]):
    """What is left of a coroutine that another drove up to a future it waits for."""

    __slots__ = ("_awaited", "_coroutine")

    def __init__(
        self, coroutine: Coroutine[Any, Any, T], awaited: asyncio.Future[Any] | None
    ) -> None:
        self._coroutine = coroutine
        self._awaited = awaited

    def __await__(self) -> Generator[Any, None, T]:
        error: BaseException | None = None
        try:
            if self._awaited is not None:
                yield from self._awaited.__await__()
        except BaseException as caught:  # noqa: BLE001 - it is the coroutine's to handle
            error = caught
        while True:
            try:
                if error is None:
                    waits_for = self._coroutine.send(None)
                else:
                    waits_for = self._coroutine.throw(error)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            try:
                yield waits_for
                error = None
            except BaseException as caught:  # noqa: BLE001 - it is the coroutine's to handle
                error = caught


def _expire(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
