"""Which plugins do something beyond sources and indicators."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from coinmux.framework.plugins.extensions import alert_kinds, routes

if TYPE_CHECKING:
    import pluggy

    from coinmux.framework.plugins.extensions.alert_kinds import AlertChannelKind
    from coinmux.framework.plugins.extensions.routes import Route
    from coinmux.framework.plugins.provider_info import EnvVar

#: A plugin's name and one of its hooks.
PluginHook = tuple[str, Callable[..., Any]]

#: Asked on the way of a request, so they must not wait for anything.
_AT_ONCE = ("advise_order", "cache_rule")
#: Asked when they are needed, with the arguments of their specifications.
ASKED = (*_AT_ONCE, "on_event")
#: Asked once while the plugin loads: each returns a list.
DECLARING = ("register_alert_channels", "register_routes")
#: Asked by the command alone.
_OF_COMMANDS = ("register_commands",)


@dataclass(frozen=True, slots=True)
class Extension:
    """What one plugin does beyond sources and indicators.

    Attributes:
        plugin: the name of its entry point.
        hooks: by name, called with the arguments of their specifications, in that order.
        alert_kinds: kinds of alert channels.
        routes: below its name.
    """

    plugin: str
    hooks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    alert_kinds: tuple[AlertChannelKind, ...] = ()
    routes: tuple[Route, ...] = ()


class Extensions:
    """The extensions of all plugins that loaded, in the order of their names."""

    def __init__(self) -> None:
        self._known: dict[str, Extension] = {}
        self._watchers: list[Callable[[], None]] = []

    def add(self, extension: Extension) -> None:
        """Use it from now on."""
        self._known[extension.plugin] = extension
        self._known = dict(sorted(self._known.items()))
        self._tell()

    def become(self, other: Extensions) -> None:
        """Use those of `other` from now on, in place of one's own."""
        if other._known != self._known:
            self._known = other._known
            self._tell()

    def of(self, plugin: str) -> Extension | None:
        """The plugin's extension; None where it has none."""
        return self._known.get(plugin)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have `watcher` called after each change."""
        self._watchers.append(watcher)

    def with_hook(self, hook: str) -> list[PluginHook]:
        """Each plugin that has the hook, with it."""
        return [(one.plugin, one.hooks[hook]) for one in self if hook in one.hooks]

    def alert_kinds(self) -> dict[str, tuple[str, AlertChannelKind]]:
        """By scheme: the plugin, and its kind of alert channel."""
        return {kind.scheme: (one.plugin, kind) for one in self for kind in one.alert_kinds}

    def variables(self) -> list[EnvVar]:
        """The variables that extensions read."""
        return [variable for one in self for kind in one.alert_kinds for variable in kind.env]

    def check(self, extension: Extension) -> None:
        """Refuse what another plugin has already.

        Raises:
            ValueError: it names both.
        """
        known = self.alert_kinds()
        for kind in extension.alert_kinds:
            other, _ = known.get(kind.scheme, (extension.plugin, kind))
            if other != extension.plugin:
                raise ValueError(f"{other} already sends alerts to {kind.scheme}://")

    def __iter__(self) -> Iterator[Extension]:
        return iter(list(self._known.values()))

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()


def extension_of(
    plugin: str,
    hooks: Mapping[str, pluggy.HookImpl],
    arguments: Mapping[str, tuple[str, ...]],
    declared: Mapping[str, object],
) -> Extension | None:
    """What the plugin's hooks do beyond sources and indicators; None where nothing.

    Args:
        arguments: of every hook, as specified.
        declared: what those of `DECLARING` returned.

    Raises:
        TypeError: a hook is async that must be a plain function, or returned what is none of its
            kind.
        ValueError: it returned something twice.
    """
    for name in (*_AT_ONCE, *DECLARING, *_OF_COMMANDS):
        if name in hooks and inspect.iscoroutinefunction(hooks[name].function):
            raise TypeError(f"{name} is async; it must be a plain function")
    asked = {name: _taking(hooks[name], arguments[name]) for name in ASKED if name in hooks}
    if not asked and not declared:
        return None
    kinds = alert_kinds.kinds_in(declared.get(alert_kinds.HOOK, ()))
    return Extension(plugin, asked, kinds, routes.routes_in(declared.get(routes.HOOK, ())))


def _taking(impl: pluggy.HookImpl, known: tuple[str, ...]) -> Callable[..., Any]:
    """The hook as a function of all its arguments; it may take fewer, in another order."""
    function = cast("Callable[..., Any]", impl.function)
    takes = tuple(known.index(name) for name in impl.argnames)
    if takes == tuple(range(len(known))):
        return function
    if inspect.iscoroutinefunction(function):

        async def call_async(*given: Any) -> Any:
            return await function(*(given[at] for at in takes))

        return call_async

    def call(*given: Any) -> Any:
        return function(*(given[at] for at in takes))

    return call
