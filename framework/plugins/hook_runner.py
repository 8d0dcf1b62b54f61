"""Runs each hook of a plugin in a task or thread of its own, so that none can delay another."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from typing import Any, NoReturn

from coinmux.framework.alarms import Alarms
from coinmux.framework.errors import PluginError, PluginTimeout, ProviderBusy, UpstreamTimeout
from coinmux.framework.health.classify import quoted
from coinmux.framework.plugins.loop_watch import LoopWatch, Watched
from coinmux.framework.wakeup import Wakeup

#: Seconds a cancelled hook has to end (`faults.md` F6).
GRACE_S = 1.0
#: Threads of one plain function at a time.
_THREADS = 8


class HookRunner:
    """Runs hooks; keeps a reference to those that ignore their cancellation until they end."""

    def __init__(self) -> None:
        self._left: set[asyncio.Task[Any]] = set()
        self._alarms = Alarms()

    @property
    def left(self) -> int:
        """How many cancelled hooks are still running."""
        return len(self._left)

    async def run(
        self, hook: Awaitable[Any], limit_s: float, watch: LoopWatch | None = None
    ) -> Any:
        """What the hook returns within `limit_s` seconds; it runs in the present context.

        Args:
            watch: measures how long it holds up the event loop.

        Raises:
            UpstreamTimeout: it did not return in time.
            PluginTimeout: nor did it end within a second of its cancellation.
            PluginError: it cancelled itself, or tried to end the process.
            Exception: any error it raised.
        """
        loop = asyncio.get_running_loop()
        over = Wakeup()
        task = _begun(_contained(hook if watch is None else Watched(hook, watch), over), loop)
        if not task.done():
            alarm = self._alarms.at(loop.time() + limit_s, over.give, loop)
            try:
                await over
                if not task.done():
                    await self._stopped(task, limit_s)
            except asyncio.CancelledError:
                self._end(task)
                raise
            finally:
                self._alarms.cancel(alarm)
        if task.cancelled():
            raise PluginError("the hook cancelled itself")
        return task.result()

    async def close(self) -> None:
        """Wait a second for the cancelled hooks that are still running, and no longer."""
        if self._left:
            await asyncio.wait(self._left, timeout=GRACE_S)

    async def _stopped(self, task: asyncio.Task[Any], limit_s: float) -> NoReturn:
        """Cancel a hook whose time is over, and give it a second to end."""
        self._end(task)
        await asyncio.wait((task,), timeout=GRACE_S)
        if not task.done():
            raise PluginTimeout(f"went on after its {limit_s:.1f} s and its cancellation")
        raise UpstreamTimeout(f"no answer within {limit_s:.1f} s")

    def _end(self, task: asyncio.Task[Any]) -> None:
        if task.done():
            self._over(task)
            return
        self._left.add(task)
        task.add_done_callback(self._over)
        task.cancel()

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # read, or asyncio would log that it never was


if sys.version_info >= (3, 12):

    def _begun(
        hook: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop
    ) -> asyncio.Task[Any]:
        """A task whose first step is made at once: a hook that need not wait costs no turn."""
        return asyncio.Task(hook, loop=loop, eager_start=True)

else:

    def _begun(
        hook: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop
    ) -> asyncio.Task[Any]:
        return loop.create_task(hook)


def is_hook(task: asyncio.Task[Any]) -> bool:
    """Whether the task is a hook's; for checks of plugins."""
    return getattr(task.get_coro(), "__qualname__", "") == _contained.__qualname__


async def _contained(hook: Awaitable[Any], over: Wakeup) -> Any:
    """What the hook returns; `over` is done with it.

    A callback of the task would be made a turn of the loop later.
    """
    try:
        result = await hook
    except (Exception, asyncio.CancelledError):
        over.give()
        raise
    except GeneratorExit as error:
        if not _is_running_task():
            raise  # the loop has gone, and this coroutine is closed with it
        over.give()
        raise PluginError(quoted(error)) from error
    except BaseException as error:
        # asyncio would end the process with some of them, and nobody would catch the others.
        over.give()
        raise PluginError(quoted(error)) from error
    over.give()
    return result


def _is_running_task() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and is_hook(task)


def in_thread(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """`function` as an async one, each call in a daemon thread.

    The loop's own pool is not used: it is small, and host names are resolved and large answers
    decoded in it, so one function that hangs would stop every source.
    """
    slots = threading.BoundedSemaphore(_THREADS)

    async def call(*args: Any) -> Any:
        if not slots.acquire(blocking=False):
            raise ProviderBusy(f"{_THREADS} calls of it are running")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        context = copy_context()

        def deliver(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            elif isinstance(error, Exception) and not isinstance(error, StopIteration):
                future.set_exception(error)
            else:
                failure = PluginError(quoted(error))
                failure.__cause__ = error
                future.set_exception(failure)

        def run() -> None:
            result, error = None, None
            try:
                result = context.run(function, *args)
            except BaseException as caught:  # noqa: BLE001 - a plugin's defect must not end the process
                error = caught
            finally:
                slots.release()
            if not loop.is_closed():
                loop.call_soon_threadsafe(deliver, result, error)

        name = getattr(function, "__name__", type(function).__name__)
        threading.Thread(target=run, name=name, daemon=True).start()
        result = await future
        return await result if hasattr(result, "__await__") else result

    return call
