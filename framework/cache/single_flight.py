"""Identical questions in flight share one call; each caller keeps its own deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Call(Generic[T]):
    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiters: list[asyncio.Future[T]] = []


class SingleFlight(Generic[T]):
    """Calls in flight by key.

    The call runs in a task of its own. Cancelling one caller does not cancel the others; when the
    last caller has gone, the call is cancelled (`faults.md` G1 to G3).
    """

    def __init__(self) -> None:
        self._calls: dict[Hashable, _Call[T]] = {}
        self._ending: set[asyncio.Task[T]] = set()

    def running(self, key: Hashable) -> bool:
        """Whether a call of that key is in flight."""
        return key in self._calls

    def __len__(self) -> int:
        return len(self._calls)

    async def join(
        self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]], timeout_s: float
    ) -> tuple[T, bool]:
        """The call's result, and whether another caller had begun it.

        Raises:
            TimeoutError: this caller's time is over; the call goes on for the others.
        """
        loop = asyncio.get_running_loop()
        call = self._calls.get(key)
        joined = call is not None
        if call is None:
            call = self._begin(key, start)
        waiter: asyncio.Future[T] = loop.create_future()
        call.waiters.append(waiter)
        timer = loop.call_later(timeout_s, _expire, waiter)
        try:
            return await waiter, joined
        finally:
            timer.cancel()
            if not call.task.done():
                call.waiters.remove(waiter)
                if not call.waiters:
                    self._drop(key, call)
                    self._ending.add(call.task)
                    call.task.add_done_callback(self._ending.discard)
                    call.task.cancel()

    def start(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """Begin a call that no caller waits for, unless one is in flight."""
        if key not in self._calls:
            self._begin(key, start)

    def _begin(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]]) -> _Call[T]:
        call = _Call(asyncio.ensure_future(start()))
        self._calls[key] = call

        def finished(task: asyncio.Task[T]) -> None:
            self._drop(key, call)
            error = None if task.cancelled() else task.exception()
            for waiter in call.waiters:
                if waiter.done():
                    continue
                if task.cancelled():
                    waiter.cancel()
                elif error is not None:
                    waiter.set_exception(error)
                else:
                    waiter.set_result(task.result())

        call.task.add_done_callback(finished)
        return call

    def _drop(self, key: Hashable, call: _Call[T]) -> None:
        if self._calls.get(key) is call:
            del self._calls[key]

    async def close(self) -> None:
        """End every call and wait until they are over."""
        tasks = [call.task for call in self._calls.values()] + list(self._ending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _expire(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
