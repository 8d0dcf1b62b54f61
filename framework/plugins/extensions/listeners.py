"""Plugins that are told of every event, off the way of what publishes it."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from coinmux.framework.plugins.hook_runner import HookRunner

if TYPE_CHECKING:
    from coinmux.framework.events import Event, EventBus
    from coinmux.framework.plugins.extensions.faults import HookFaults
    from coinmux.framework.plugins.extensions.register import PluginHook

HOOK = "on_event"
#: Events that wait for one listener; of more, the oldest are dropped.
MOST = 1_000
#: Seconds one event may take.
_LIMIT_S = 10.0
#: Seconds a listener has to end with the gateway.
_END_S = 1.0


class Listener(ABC):
    """One plugin's hook and the events that wait for it.

    Attributes:
        dropped: events it was too slow for.
    """

    def __init__(self, plugin: str, faults: HookFaults) -> None:
        self.plugin = plugin
        self.dropped = 0
        self._faults = faults
        self._waiting: deque[Event] = deque()

    def put(self, event: Event) -> None:
        """Have it handled later; never waits."""
        if len(self._waiting) >= MOST:
            self._waiting.popleft()
            self.dropped += 1
            fault = f"is slower than the events: of {MOST} that wait, the oldest is dropped"
            self._faults.note(self.plugin, HOOK, fault)
        # The fields are shared with the log and the pages.
        self._waiting.append(replace(event, detail=MappingProxyType(event.detail)))
        self._wake()

    @abstractmethod
    def _wake(self) -> None:
        """Have what waits handled."""

    @abstractmethod
    def end(self) -> None:
        """Handle nothing more of what waits."""

    @abstractmethod
    async def ended(self) -> None:
        """Wait until the hook has returned, for a second at most."""


class PlainListener(Listener):
    """A plain function, in a thread of its own for as long as the gateway is open."""

    def __init__(self, plugin: str, hook: Callable[[Event], object], faults: HookFaults) -> None:
        super().__init__(plugin, faults)
        self._hook = hook
        self._loop = asyncio.get_running_loop()
        self._news = threading.Event()
        self._ends = False
        self._busy_since: float | None = None
        self._is_told = False
        self._thread = threading.Thread(target=self._run, name=f"listen-{plugin}", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        super().put(event)
        # Threads take real time, whatever clock the gateway has.
        since = self._busy_since
        if since is not None and not self._is_told and time.monotonic() - since > _LIMIT_S:
            self._is_told = True
            self._faults.note(self.plugin, HOOK, f"is busy with one event for over {_LIMIT_S:g} s")

    def _wake(self) -> None:
        self._news.set()

    def end(self) -> None:
        self._ends = True
        self._news.set()

    async def ended(self) -> None:
        await asyncio.to_thread(self._thread.join, _END_S)

    def _run(self) -> None:
        while not self._ends:
            self._news.wait()
            self._news.clear()
            while self._waiting and not self._ends:
                event = self._waiting.popleft()
                self._busy_since = time.monotonic()
                try:
                    self._hook(event)
                except BaseException as error:  # noqa: BLE001 - a plugin's defect must not end the thread
                    self._tell(error)
                finally:
                    self._busy_since = None
                    self._is_told = False

    def _tell(self, error: BaseException) -> None:
        # The faults belong to the loop's thread.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._faults.raised, self.plugin, HOOK, error)


class AsyncListener(Listener):
    """An async function, in a task."""

    def __init__(
        self, plugin: str, hook: Callable[[Event], Awaitable[object]], faults: HookFaults
    ) -> None:
        super().__init__(plugin, faults)
        self._hook = hook
        self._news = asyncio.Event()
        self._runner = HookRunner()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def _wake(self) -> None:
        self._news.set()

    def end(self) -> None:
        self._task.cancel()

    async def ended(self) -> None:
        await asyncio.gather(self._task, return_exceptions=True)
        await self._runner.close()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                event = self._waiting.popleft()
                try:
                    await self._runner.run(self._hook(event), _LIMIT_S)
                except Exception as error:  # noqa: BLE001 - the border around a plugin's hook
                    self._faults.raised(self.plugin, HOOK, error)


class EventListeners:
    """The listeners of all plugins. Without any, the bus does not know of it."""

    def __init__(self, events: EventBus, faults: HookFaults) -> None:
        self._events = events
        self._faults = faults
        self._listeners: list[Listener] = []
        self._undo: Callable[[], None] | None = None

    def use(self, hooks: Iterable[PluginHook]) -> None:
        """Tell these plugins from now on, and no others."""
        wanted = dict(hooks)
        for one in self._listeners:
            if one.plugin not in wanted:
                one.end()
        kept = [one for one in self._listeners if one.plugin in wanted]
        known = {one.plugin for one in kept}
        new = [
            _listener(plugin, hook, self._faults)
            for plugin, hook in wanted.items()
            if plugin not in known
        ]
        self._listeners = kept + new
        if self._listeners and self._undo is None:
            self._undo = self._events.subscribe(self._tell)

    async def stop(self) -> None:
        """End all of them."""
        if self._undo is not None:
            self._undo()
            self._undo = None
        listeners, self._listeners = self._listeners, []
        for one in listeners:
            one.end()
        await asyncio.gather(*(one.ended() for one in listeners))

    def dropped(self, plugin: str) -> int:
        """Events the plugin was too slow for."""
        return sum(one.dropped for one in self._listeners if one.plugin == plugin)

    def _tell(self, event: Event) -> None:
        for one in self._listeners:
            one.put(event)


def _listener(plugin: str, hook: Callable[..., Any], faults: HookFaults) -> Listener:
    if inspect.iscoroutinefunction(hook):
        return AsyncListener(plugin, cast("Callable[[Event], Awaitable[object]]", hook), faults)
    return PlainListener(plugin, hook, faults)
