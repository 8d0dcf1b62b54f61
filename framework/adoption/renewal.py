"""Looks at the installed plugins again: takes in what is new, retires what is gone."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from coinmux.framework.adoption.changes import PluginChange, PluginChanges, change_of
from coinmux.framework.adoption.modules import make_importable, put_back, root_of, take_out
from coinmux.framework.adoption.plan import plan
from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.plugins.installed import BadFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from coinmux.framework.adoption.plan import Key
    from coinmux.framework.events import EventBus
    from coinmux.framework.plugins.adapters import Indicator
    from coinmux.framework.plugins.discovery import Broken, Found, PluginLoader
    from coinmux.framework.sources.registry import SourceRegistry

#: The message of the event after plugins have changed begins so.
CHANGED = "plugins changed: "


class Renewal:
    """Plugins of one gateway that come and go.

    One look at a time: the caller sees to that.

    Args:
        on_gone: called with indicators that are no longer what they were.

    Attributes:
        waiting: why an installed version does not run, by name and origin.
        environ_of: what variables plugins are to find set, besides those there are; for a gateway
            on a simulator.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        loader: PluginLoader,
        events: EventBus,
        on_gone: Callable[[Iterable[Indicator]], None],
    ) -> None:
        self._registry = registry
        self._loader = loader
        self._events = events
        self._on_gone = on_gone
        self.waiting: dict[Key, str] = {}
        self.environ_of: Callable[[PluginLoader], Mapping[str, str]] | None = None
        #: Those whose new code does not run, while the former does; and why.
        self._failed: dict[Key, Broken] = {}
        #: What was loaded in this process, and is retired.
        self._retired: dict[Key, Found] = {}

    async def look(self) -> None:
        """Read which plugins are installed, in a thread.

        Raises:
            InvalidSetting: a folder that was named has none.
        """
        if not self._registry.looks:
            return
        try:
            await asyncio.to_thread(self._loader.installed_plugins.look)
        except BadFolder as error:
            raise InvalidSetting(str(error)) from None

    async def renew(self) -> PluginChanges:
        """Do what the last look at the installed plugins leads to, under the settings in force."""
        if not self._registry.looks:
            return PluginChanges()
        loader, settings = self._loader, self._registry.env.settings
        wanted = loader.discover(settings.plugins_allow, settings.plugins_block)
        planned = plan(
            [*loader.found, *loader.pending],
            loader.discover(),
            {one.key for one in wanted},
            self._broken(),
        )
        is_news = bool(planned.wait.items() - self.waiting.items())
        self.waiting = planned.wait
        if not planned.load and not planned.retire:
            changes = self._changes((), ())
        else:
            changes = await self._exchange(planned.load, planned.retire)
        if is_news or changes.adopted or changes.retired or changes.broken:
            self._tell(changes)
        return changes

    async def _exchange(self, load: Sequence[Found], retire: Sequence[Found]) -> PluginChanges:
        loader = self._loader
        self._registry.is_renewing = True
        try:
            gone = {one.key for one in retire}
            new = [self._to_load(one) for one in load]
            fresh = [one for one in new if not one.finished.is_set()]
            await asyncio.to_thread(self._forget_modules, fresh)
            await self._load(fresh)
            out = gone | {one.key for one in new}
            self._retired |= {one.key: one for one in loader.found if one.key in gone}
            loader.pending = [one for one in loader.pending if one.key not in gone]
            for key in gone:
                self._failed.pop(key, None)
            await self._use([*(one for one in loader.found if one.key not in out), *new])
            return self._changes(new, retire)
        finally:
            self._registry.is_renewing = False

    async def swap(self, keys: Iterable[Key]) -> PluginChanges:
        """Load these plugins again from their files, in place of what runs of them.

        What does not load is listed as broken, and goes on as it was. Plugins of one package are
        exchanged together or not at all.
        """
        loader, wanted = self._loader, set(keys)
        old = {one.key: one for one in loader.found if one.key in wanted and not one.hangs}
        self._registry.is_renewing = True
        try:
            runs = old.keys() - self._broken()
            taken = {root: take_out(root) for root in {_root(one) for one in old.values()}}
            new = {key: one.again() for key, one in old.items()}
            await self._load(list(new.values()))
            tried = await asyncio.to_thread(
                loader.rebuilt, [new.get(one.key, one) for one in loader.found]
            )
            failed = {key: one for one in tried.broken if (key := (one.name, one.origin)) in runs}
            former = {_root(old[key]) for key in failed}
            for key, one in old.items():
                self._failed.pop(key, None)
                if _root(one) in former and key in runs:
                    del new[key]
            for root in former:
                put_back(root, taken[root])
            self._failed |= {
                key: replace(one, error=f"{one.error}; its former code goes on")
                for key, one in failed.items()
            }
            await self._use([new.get(one.key, one) for one in loader.found])
            changes = self._changes(list(new.values()), (), tried=old.keys(), ran=runs)
        finally:
            self._registry.is_renewing = False
        if changes.adopted or changes.replaced:
            self._tell(changes)
        return changes

    def _broken(self) -> set[Key]:
        """Plugins that were loaded, and of which nothing runs."""
        return {(one.name, one.origin) for one in self._loader.broken} - self._failed.keys()

    def _to_load(self, one: Found) -> Found:
        """The plugin to load; as it is in memory, if the very same was here before."""
        former = self._retired.pop(one.key, None)
        if former is None:
            former = next((had for had in self._loader.found if had.key == one.key), None)
        if former is None:
            return one
        is_same = (former.stamp, former.version, former.value) == (
            one.stamp, one.version, one.value
        )  # fmt: skip
        if is_same and former.error is None and former.key not in self._broken():
            return former
        one.round = former.round + 1
        return one

    def _forget_modules(self, new: Sequence[Found]) -> None:
        """Have those that were imported before imported from their files; what runs stays."""
        broken, keys = self._broken(), {one.key for one in new}
        running = [one for one in self._loader.found if one.key not in broken | keys]
        shared = {_root(one) for one in running}
        again = [one for one in new if one.round]
        for root in {_module(one) if _root(one) in shared else _root(one) for one in again}:
            take_out(root)

    async def _load(self, new: Sequence[Found]) -> None:
        """Load them, each in a thread of its own, for as long as a plugin may take."""
        limit_s = self._registry.env.settings.plugin_load_timeout_s
        loop = asyncio.get_running_loop()
        ends = {one.key: loop.create_future() for one in new}
        for one in new:
            one.thread = threading.Thread(
                target=_run, args=(one, loop, ends[one.key]), name=f"load-{one.name}", daemon=True
            )
            one.thread.start()
        if ends:
            await asyncio.wait(ends.values(), timeout=limit_s)
        for one in new:
            if one.pending:
                one.error = f"did not finish loading within {limit_s:g} s"

    async def _use(self, found: Sequence[Found]) -> None:
        """Have these plugins from now on, in one step."""
        loader, registry = self._loader, self._registry
        made = await asyncio.to_thread(loader.rebuilt, found)
        made.broken += self._failed.values()
        if self.environ_of is not None:
            registry.extend_environ(self.environ_of(made))
        indicators = loader.indicators
        registry.replace_plugins(made)
        gone = [one for name, one in indicators.items() if loader.indicators.get(name) is not one]
        if gone:
            await asyncio.to_thread(self._on_gone, gone)

    def _changes(
        self,
        new: Sequence[Found],
        retired: Sequence[Found],
        *,
        tried: Collection[Key] = (),
        ran: Collection[Key] = (),
    ) -> PluginChanges:
        """What became of them.

        Args:
            tried: plugins whose new code was tried.
            ran: those of them that ran before.
        """
        broken = {(one.name, one.origin): one.error for one in self._loader.broken}
        versions = {one.key: one.version for one in self._loader.found}
        well = [one for one in new if one.key not in broken]
        keys = {one.key for one in new} | set(tried)
        return PluginChanges(
            adopted=tuple(change_of(one) for one in well if one.key not in ran),
            replaced=tuple(change_of(one) for one in well if one.key in ran),
            retired=tuple(change_of(one) for one in retired),
            broken=tuple(
                PluginChange(*key, versions.get(key, ""), error)
                for key, error in broken.items()
                if key in keys
            ),
            waiting=tuple(
                PluginChange(*key, versions.get(key, ""), why) for key, why in self.waiting.items()
            ),
        )

    def _tell(self, changes: PluginChanges) -> None:
        self._events.publish("config", f"{CHANGED}{changes.said()}")


def _run(one: Found, loop: asyncio.AbstractEventLoop, end: asyncio.Future[None]) -> None:
    """Import it; in a thread, which may outlive the loop."""
    with suppress(OSError):  # what Python cannot find, the import says
        make_importable(one)
    one.run()
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_end, end)


def _end(end: asyncio.Future[None]) -> None:
    if not end.done():
        end.set_result(None)


def _module(one: Found) -> str:
    return (one.value or "").partition(":")[0].strip()


def _root(one: Found) -> str:
    return root_of(one.value or "")
