"""Which plugins do something beyond sources and indicators."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pluggy

#: A plugin's name and one of its hooks.
PluginHook = tuple[str, Callable[..., Any]]

#: Asked on the way of a request, so they must not wait for anything.
_AT_ONCE = ("advise_order", "cache_rule")
#: Asked when they are needed, with the arguments of their specifications.
ASKED = (*_AT_ONCE, "on_event")
#: Asked once while the plugin loads: each returns a list.
DECLARING: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """What one plugin does beyond sources and indicators.

    Attributes:
        plugin: the name of its entry point.
        hooks: by name, called with the arguments of their specifications, in that order.
    """

    plugin: str
    hooks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


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

    def __iter__(self) -> Iterator[Extension]:
        return iter(list(self._known.values()))

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()


def extension_of(
    plugin: str, hooks: Mapping[str, pluggy.HookImpl], arguments: Mapping[str, tuple[str, ...]]
) -> Extension | None:
    """What the plugin's hooks do beyond sources and indicators; None where nothing.

    Args:
        arguments: of every hook, as specified.

    Raises:
        TypeError: a hook is async that must be a plain function.
    """
    for name in (*_AT_ONCE, *DECLARING):
        if name in hooks and inspect.iscoroutinefunction(hooks[name].function):
            raise TypeError(f"{name} is async; it must be a plain function")
    asked = {name: _taking(hooks[name], arguments[name]) for name in ASKED if name in hooks}
    return Extension(plugin, asked) if asked else None


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
