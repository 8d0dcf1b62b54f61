"""Finds, imports and checks plugins one by one; a broken plugin is listed and affects no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pluggy

from coinmux.framework.models.capability import CAPABILITIES, Capability
from coinmux.framework.plugins import grades, hookspecs
from coinmux.framework.plugins.adapters import (
    Indicator,
    Provider,
    computer,
    error_mapper,
    fetcher,
    follower,
    speaker,
)
from coinmux.framework.plugins.extensions.register import Extension, Extensions, extension_of
from coinmux.framework.plugins.found import Found, in_process, text_of
from coinmux.framework.plugins.indicator_info import IndicatorInfo
from coinmux.framework.plugins.installed import Installed
from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.plugins.unmarked import said, unmarked_hooks
from coinmux.framework.reference.values import clean_text
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["API_VERSION", "Broken", "Doubt", "Found", "PluginLoader", "in_process"]

API_VERSION = 1
#: A plugin that takes longer to load holds up every start.
_SLOW_S = 2.0


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that did not load, and why."""

    name: str
    origin: str
    error: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is odd about a plugin that works."""

    name: str
    origin: str
    message: str


class PluginLoader:
    """The plugin manager and the result of loading each plugin.

    Attributes:
        capabilities: the built-in ones, and those added by plugins.
        providers: by name.
        indicators: by name.
        extensions: what plugins do beyond both.
        broken: plugins that did not load.
        doubts: what is odd about plugins that loaded.
        pending: plugins that are still loading.
        found: those whose loading has ended, well or not, in the order in which they were taken in.

    Args:
        folders: whose `pyproject.toml` declares plugins that need not be installed.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.capabilities: dict[str, Capability] = dict(CAPABILITIES)
        self.providers: dict[str, Provider] = {}
        self.indicators: dict[str, Indicator] = {}
        self.extensions = Extensions()
        self.broken: list[Broken] = []
        self.doubts: list[Doubt] = []
        self.pending: list[Found] = []
        self.found: list[Found] = []
        self.installed_plugins = Installed(folders)
        #: What this loader's place is taken from: what is the same stays the same object.
        self._former: PluginLoader | None = None

    def discover(self, allow: Iterable[str] = (), block: Iterable[str] = ()) -> list[Found]:
        """The installed entry points of the group `coinmux`, built-in ones first, then by name."""
        return self.installed_plugins.found(allow, block)

    def installed(self) -> list[str]:
        """The names of all installed entry points, whether or not they are loaded."""
        return self.installed_plugins.names()

    def load(self, found: Iterable[Found], *, wait_s: float, limit_s: float) -> None:
        """Load all of them; strangers' not loaded after `wait_s` seconds stay in `pending`.

        A stranger's plugin has a thread of its own, so that one which hangs delays no other. Ours
        do not hang and share one: sixty threads that wait for each other's imports take twice as
        long. Ours are waited for up to `limit_s`: without them, a busy machine would refuse its
        first callers for want of a provider.
        """
        found = list(found)
        ours = [one for one in found if one.built_in]
        for together in ([one] for one in found if not one.built_in):
            _start(together)
        if ours:
            _start(ours)
        begun = time.monotonic()
        for one in found:
            end = begun + (limit_s if one.built_in else wait_s)
            one.finished.wait(max(0.0, end - time.monotonic()))
        self.pending = found
        self.adopt(limit_s)

    def read_grades(self) -> None:
        """Read the grade of each provider, which reads every file of it."""
        for provider in list(self.providers.values()):
            provider.read_grade()

    def adopt(self, limit_s: float) -> list[str]:
        """Register the plugins that have finished loading; the names of the new providers.

        Args:
            limit_s: a plugin that has been loading for longer is listed as broken.
        """
        before = set(self.providers)
        ready: list[Found] = []
        waiting: list[Found] = []
        for one in self.pending:
            # Asked once: a plugin that finishes in between must not drop out of both lists.
            (waiting if one.pending else ready).append(one)
        self.pending = []
        for one in waiting:
            if time.monotonic() - one.started_at >= limit_s:
                one.error = f"did not finish loading within {limit_s:g} s"
                ready.append(one)
            else:
                self.pending.append(one)
        self.found += ready
        registered = [one for one in ready if self._register(one)]
        strangers = self._without_spec()
        for one in registered:
            self._complete(one, strangers.get(one.name))
        return [name for name in self.providers if name not in before]

    def rebuilt(self, found: Iterable[Found]) -> PluginLoader:
        """The same tables of these plugins, whose loading has ended; nothing changes here.

        They are as they would be after a start with these plugins: one may need the capability of
        another, or have its name. A provider or an indicator that stays as it is, is the same
        object.
        """
        made = PluginLoader()
        made.installed_plugins = self.installed_plugins
        made._former = self
        made.pending = list(found)
        made.adopt(0)
        made._former = None
        return made

    def become(self, other: PluginLoader) -> None:
        """Have the tables of `other` in place of one's own; what is still loading goes on."""
        self.manager = other.manager
        self.capabilities = other.capabilities
        self.providers = other.providers
        self.indicators = other.indicators
        self.extensions.become(other.extensions)
        self.broken = other.broken
        self.doubts = other.doubts
        self.found = other.found

    def _register(self, one: Found) -> bool:
        """Register it with pluggy and add its capabilities; its hooks are checked later."""
        if one.error is not None or one.loaded is None:
            self._break(one.name, one.origin, one.error or "the entry point is None")
            return False
        version = getattr(one.loaded, "COINMUX_API", API_VERSION)
        if type(version) is not int or version != API_VERSION:
            self._break(one.name, one.origin, _of_another_api(version))
            return False
        if self.manager.has_plugin(one.name):
            self._break(one.name, one.origin, f"another plugin is already named {one.name}")
            return False
        try:
            if _has_specs(one.loaded):
                # pluggy reads attributes only, so an instance does as well as a module.
                self.manager.add_hookspecs(cast("ModuleType", one.loaded))
            self.manager.register(one.loaded, name=one.name)
            self._add_capabilities(one.capabilities)
        except Exception as error:  # noqa: BLE001 - any error while loading is a defect of the plugin
            self._drop(one, _plain(error))
            return False
        return True

    def _add_capabilities(self, rows: Sequence[object]) -> None:
        for row in rows:
            if not isinstance(row, Capability):
                raise TypeError("coinmux_capabilities returns Capability rows")
            if row.name in self.capabilities:
                raise ValueError(f"the capability {row.name} exists already")
            if not self._has_spec(row.hook):
                # pluggy reads attributes only, so a namespace does as well as a module.
                self.manager.add_hookspecs(cast("ModuleType", _spec_of(row)))
            self.capabilities[row.name] = row

    def _has_spec(self, hook: str) -> bool:
        caller = getattr(self.manager.hook, hook, None)
        return caller is not None and bool(caller.has_spec())

    def _known_hooks(self) -> list[str]:
        return [name for name, hook in vars(self.manager.hook).items() if hook.has_spec()]

    def _arguments(self) -> dict[str, tuple[str, ...]]:
        """The arguments of every hook, as specified."""
        return {
            name: hook.spec.argnames
            for name, hook in vars(self.manager.hook).items()
            if hook.spec is not None
        }

    def _without_spec(self) -> dict[str, str]:
        """Plugins with a hook that has no specification (mostly a typing error) -> the message."""
        known = self._known_hooks()
        return {
            impl.plugin_name: f"{name} is no hook of coinmux"
            + "".join(f"; did you mean {guess}?" for guess in near(name, known)[:1])
            for name, hook in vars(self.manager.hook).items()
            if not hook.has_spec()
            for impl in hook.get_hookimpls()
            if not _is_borrowed(impl)
        }

    def _complete(self, one: Found, stranger: str | None) -> None:
        """Check the plugin's hooks and build its table of callables."""
        plugin = one.loaded
        unmarked = unmarked_hooks(plugin, self._known_hooks())
        try:
            if stranger is not None:
                raise TypeError(stranger)
            hooks = self._hooks_of(plugin)
            if not hooks and not _has_specs(plugin):
                raise TypeError(said(unmarked) if unmarked else "has no hook of coinmux")
            fetch = {
                row.name: fetcher(hooks[row.hook])
                for row in self.capabilities.values()
                if row.hook in hooks
            }
            follow = {
                row.name: follower(hooks[name])
                for row in self.capabilities.values()
                if (name := f"stream_{row.name}") in hooks
            }
            if follow and "socket_dialect" not in hooks:
                raise TypeError("has stream hooks and no socket_dialect")
            dialect = hooks.get("socket_dialect")
            indicators = self._indicators_of(one, hooks)
            extension = extension_of(one.name, hooks, self._arguments(), one.declared)
            if extension is not None:
                self.extensions.check(extension)
            if "provider_info" not in hooks:
                if fetch or follow:
                    raise TypeError("has fetch or stream hooks and no provider_info")
                self.indicators.update(indicators)
                self._loaded(one, unmarked, extension)
                return
            mapper = hooks.get("map_error")
            infos = self._infos_of(one.info)
            standing = cache(partial(grades.standing, plugin))
            for info in infos:
                if not fetch and info.retired is None:
                    raise TypeError("has provider_info and no fetch hook")
                if info.sockets and dialect is None:
                    raise TypeError("declares sockets and has no socket_dialect")
                if info.sockets and not follow:
                    raise TypeError("declares sockets and has no stream hook")
                if info.name in self.providers:
                    raise ValueError(f"another provider is already named {info.name}")
            for info in infos:
                provider = Provider(
                    info=info,
                    plugin=plugin,
                    fetch=fetch,
                    map_error=mapper and error_mapper(mapper),
                    origin=one.origin,
                    version=one.version,
                    read_grade=partial(grades.grade_in, standing, info.name),
                    follow=follow if info.sockets else {},
                    dialect=speaker(dialect) if dialect is not None and info.sockets else None,
                )
                self.providers[info.name] = self._kept_provider(provider)
            self.indicators.update(indicators)
            self._loaded(one, unmarked, extension)
        except Exception as error:  # noqa: BLE001 - as above
            why = _plain(error)
            if unmarked and said(unmarked) not in why:
                why = f"{why}; {said(unmarked)}"
            self._drop(one, why)

    def _loaded(self, one: Found, unmarked: list[str], extension: Extension | None) -> None:
        """Use what else a plugin does, and note what is odd about it."""
        if extension is not None:
            former = self._former
            is_same = former is not None and any(had is one for had in former.found)
            known = former.extensions.of(one.name) if former is not None and is_same else None
            self.extensions.add(known or extension)
        if unmarked:
            message = f"{said(unmarked)} and {'are' if len(unmarked) > 1 else 'is'} never called"
            self._doubt(one, message)
        if one.took_s is not None and one.took_s > _SLOW_S:
            self._doubt(one, f"took {one.took_s:.1f} s to load")

    def _doubt(self, one: Found, message: str) -> None:
        self.doubts.append(Doubt(clean_text(one.name), clean_text(one.origin), message))

    def _infos_of(self, declared: object) -> Sequence[ProviderInfo]:
        """The sources of a plugin: one, or several that speak one protocol."""
        infos = [declared] if isinstance(declared, ProviderInfo) else declared
        if (
            not isinstance(infos, (list, tuple))
            or not infos
            or not all(isinstance(info, ProviderInfo) for info in infos)
        ):
            raise TypeError(
                f"provider_info returned {type(declared).__name__}, not ProviderInfo, or several"
            )
        if len({info.name for info in infos}) < len(infos):
            raise ValueError("two of its providers have one name")
        return infos

    def _indicators_of(
        self, one: Found, hooks: Mapping[str, pluggy.HookImpl]
    ) -> dict[str, Indicator]:
        """The indicators it declares, by name."""
        if ("indicator_info" in hooks) != ("compute" in hooks):
            raise TypeError("indicator_info and compute come together")
        if "indicator_info" not in hooks:
            return {}
        rows = [one.indicators] if isinstance(one.indicators, IndicatorInfo) else one.indicators
        if not isinstance(rows, (list, tuple)) or not all(
            isinstance(row, IndicatorInfo) for row in rows
        ):
            raise TypeError("indicator_info returns an IndicatorInfo, or a list of them")
        found: dict[str, Indicator] = {}
        for info in rows:
            if info.name in self.indicators or info.name in found:
                raise ValueError(f"another indicator is already named {info.name}")
            compute = computer(hooks["compute"], info.name)
            entry = None if one.value is None else (one.name, one.value, one.round)
            made = Indicator(info, compute, one.origin, one.version, one.built_in, entry)
            former = None if self._former is None else self._former.indicators.get(info.name)
            is_same = former is not None and former.info is info and former.entry == entry
            found[info.name] = former if former is not None and is_same else made
        return found

    def _kept_provider(self, made: Provider) -> Provider:
        """The provider as it was before, where nothing of it has changed."""
        former = None if self._former is None else self._former.providers.get(made.info.name)
        if former is None or former.plugin is not made.plugin or former.info is not made.info:
            return made
        is_same = (set(former.fetch), set(former.follow)) == (set(made.fetch), set(made.follow))
        return former if is_same else made

    def _hooks_of(self, plugin: object) -> dict[str, pluggy.HookImpl]:
        callers = self.manager.get_hookcallers(plugin) or []
        return {
            caller.name: impl
            for caller in callers
            if caller.has_spec()
            for impl in caller.get_hookimpls()
            if impl.plugin is plugin
        }

    def _drop(self, one: Found, error: str) -> None:
        if one.loaded is not None and self.manager.is_registered(one.loaded):
            self.manager.unregister(one.loaded)
        self._break(one.name, one.origin, error)

    def _break(self, name: str, origin: str, error: str) -> None:
        # They are shown on terminals and pages.
        self.broken.append(Broken(clean_text(name), clean_text(origin), clean_text(error)))


def _start(found: Sequence[Found]) -> None:
    """Load them one after another in one new thread."""

    def run() -> None:
        for one in found:
            one.run()

    thread = threading.Thread(target=run, name=f"load-{found[0].name}", daemon=True)
    for one in found:
        one.thread = thread
    thread.start()


def _is_borrowed(impl: pluggy.HookImpl) -> bool:
    """Whether the plugin imported it from coinmux by its own name, such as `explorer_gas`.

    `from coinmux import *` imports all of them.
    """
    return str(getattr(impl.function, "__module__", "")).startswith("coinmux.framework.")


def _spec_of(row: Capability) -> SimpleNamespace:
    """The hookspec of a capability whose plugin has none: every one takes the same arguments."""

    def fetch(query: Any, http: Any) -> None:
        """What the row says."""

    fetch.__name__, fetch.__doc__ = row.hook, row.description
    return SimpleNamespace(**{row.hook: hookspecs.hookspec(fetch)})


def _has_specs(plugin: object) -> bool:
    marker = f"{hookspecs.PROJECT}_spec"
    return any(hasattr(getattr(plugin, name, None), marker) for name in dir(plugin))


def _plain(error: Exception) -> str:
    text = text_of(error)[:400]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _of_another_api(version: object) -> str:
    """Why a plugin of that `COINMUX_API` does not load, and what to do."""
    if type(version) is not int:
        return f"has a COINMUX_API that is no whole number; this is plugin API {API_VERSION}"
    remedy = "upgrade coinmux" if version > API_VERSION else "install a newer version of the plugin"
    return f"is for plugin API {version}, this is {API_VERSION}: {remedy}"
