"""Functions of a plugin that are named like hooks and lack `@hookimpl`: nothing calls them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from types import ModuleType

from coinmux.framework.plugins.hookspecs import PROJECT

_IMPL, _SPEC = f"{PROJECT}_impl", f"{PROJECT}_spec"
_FETCH = "fetch_"
#: What a fetch hook takes.
_TAKES = frozenset({"self", "query", "http"})


def unmarked_hooks(plugin: object, known: Collection[str]) -> list[str]:
    """Names of such functions, in the order of their names.

    A helper that fetches something is none: a `fetch_…` of another name than a hook's counts only
    where it takes what a fetch hook takes.

    Args:
        known: the names of all hooks.
    """
    found = []
    for name in dir(plugin):
        if name not in known and not name.startswith(_FETCH):
            continue
        function = inspect.getattr_static(plugin, name, None)
        if isinstance(function, (staticmethod, classmethod)):
            function = function.__func__
        if (
            inspect.isfunction(function)
            and not hasattr(function, _IMPL)
            and not hasattr(function, _SPEC)
            and _is_own(plugin, function.__module__)
            and (name in known or _takes_a_query(function))
        ):
            found.append(name)
    return found


def said(names: Collection[str]) -> str:
    """Them in a sentence."""
    return f"{', '.join(names)} {'lack' if len(names) > 1 else 'lacks'} @hookimpl"


def _is_own(plugin: object, module: str) -> bool:
    """Whether the plugin wrote it: a module may import a function of such a name."""
    return not isinstance(plugin, ModuleType) or module.startswith(plugin.__name__)


def _takes_a_query(function: Callable[..., object]) -> bool:
    takes = set(inspect.signature(function).parameters)
    return "query" in takes and takes <= _TAKES
