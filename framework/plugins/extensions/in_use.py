"""The extensions of one gateway: asked under guard, and changed as plugins come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.plugins.extensions import advice, cache_rules, listeners
from coinmux.framework.plugins.extensions.advice import Advisers
from coinmux.framework.plugins.extensions.cache_rules import CacheRules
from coinmux.framework.plugins.extensions.faults import HookFaults
from coinmux.framework.plugins.extensions.listeners import EventListeners
from coinmux.framework.plugins.extensions.routes import PluginRoutes

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus
    from coinmux.framework.plugins.extensions.register import Extensions
    from coinmux.framework.secrets import Redactor


class ExtensionsInUse:
    """What the plugins' hooks beyond fetching are called by.

    Args:
        changed: called when there are others, and after the start.

    Attributes:
        faults: what went wrong in them.
        routes: those that plugins add to the server.
        advisers, rules: None while no plugin has such a hook, so that a request costs nothing.
    """

    def __init__(
        self,
        extensions: Extensions,
        events: EventBus,
        redactor: Redactor,
        clock: Clock,
        changed: Callable[[ExtensionsInUse], None],
    ) -> None:
        self._extensions = extensions
        self._clock = clock
        self._changed = changed
        self._is_open = False
        self.faults = HookFaults(events, redactor, clock)
        self.listeners = EventListeners(events, self.faults)
        self.routes = PluginRoutes(extensions, self.faults)
        self.advisers: Advisers | None = None
        self.rules: CacheRules | None = None
        extensions.watch(self._use)

    def start(self) -> None:
        """Tell listeners from now on."""
        self._is_open = True
        self.listeners.use(self._extensions.with_hook(listeners.HOOK))

    async def stop(self) -> None:
        """End what the hooks run in."""
        self._is_open = False
        await self.listeners.stop()
        await self.routes.close()
        self._close()

    def _use(self) -> None:
        self._close()
        self.routes.forget()
        if advising := self._extensions.with_hook(advice.HOOK):
            self.advisers = Advisers(advising, self.faults, self._clock)
        if ruling := self._extensions.with_hook(cache_rules.HOOK):
            self.rules = CacheRules(ruling, self.faults, self._clock)
        if self._is_open:
            self.listeners.use(self._extensions.with_hook(listeners.HOOK))
        self._changed(self)

    def _close(self) -> None:
        for asked in (self.advisers, self.rules):
            if asked is not None:
                asked.close()
        self.advisers = self.rules = None
