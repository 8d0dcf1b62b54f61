"""What loading a plugin yields: its hooks as uniform callables, its provider, its indicators."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from coinmux.framework.models.base import Query
from coinmux.framework.plugins.hook_runner import in_thread
from coinmux.framework.plugins.hookspecs import PROJECT
from coinmux.framework.plugins.indicator_info import IndicatorInfo
from coinmux.framework.plugins.provider_info import ProviderInfo, Reply
from coinmux.framework.plugins.socket_dialect import SocketDialect, Subscription

if TYPE_CHECKING:
    import pluggy

Fetch = Callable[[Any, Any], Awaitable[Any]]
Follow = Callable[[Any], Subscription[Any]]
MapError = Callable[[Reply, Query], Exception | None]
#: Called with the inputs by name and the parameters by name.
Compute = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


def ungraded() -> None:
    """The grade of a provider outside any package."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that loaded.

    Attributes:
        fetch: capability name -> its hook, called with `(query, http)`, always awaitable.
        origin: the distribution it came from, or `in-process`.
        version: of that distribution.
        read_grade: reads `grade`, once.
        follow: capability name -> its stream hook.
        dialect: how a new connection of a socket speaks; None for a source without sockets.
    """

    info: ProviderInfo
    plugin: object
    fetch: Mapping[str, Fetch]
    map_error: MapError | None
    origin: str
    version: str
    read_grade: Callable[[], str | None] = ungraded
    follow: Mapping[str, Follow] = field(default_factory=dict)
    dialect: Callable[[str], SocketDialect] | None = None

    @property
    def grade(self) -> str | None:
        """`bronze`, `silver` or `gold`, as the conformance kit measured these very files.

        None if it was not measured, or if the files have changed since. The first look reads every
        file of the provider.
        """
        return self.read_grade()

    @property
    def is_built_in(self) -> bool:
        """Whether it came with coinmux; results of any other are checked value by value."""
        return self.origin == PROJECT


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator that loaded.

    Attributes:
        compute: called with the inputs by name and the parameters by name.
        origin: the distribution it came from, or `in-process`.
        version: of that distribution.
        is_built_in: whether it came with coinmux; any other runs apart, under a deadline.
        entry: name and value of its entry point, for a process of its own to import, and how often
            it was loaded before; None for an object of this process.
    """

    info: IndicatorInfo
    compute: Compute
    origin: str
    version: str
    is_built_in: bool
    entry: tuple[str, str, int] | None = None


def fetcher(impl: pluggy.HookImpl) -> Fetch:
    """A fetch hook as an async function of `(query, http)`.

    The hook may be async or plain, and may take fewer arguments or another order. A plain function
    runs in a thread.
    """
    function = impl.function
    takes = _positions(impl, ("query", "http"))
    if inspect.iscoroutinefunction(function) and takes == (0, 1):
        return function
    if inspect.iscoroutinefunction(function):

        async def call(query: Any, http: Any) -> Any:
            given = (query, http)
            return await function(*(given[at] for at in takes))

        return call

    threaded = in_thread(function)

    async def call_threaded(query: Any, http: Any) -> Any:
        given = (query, http)
        return await threaded(*(given[at] for at in takes))

    return call_threaded


def follower(impl: pluggy.HookImpl) -> Follow:
    """A stream hook as a function of `(query)`."""
    function = cast("Follow", impl.function)
    return function if impl.argnames else lambda query: cast("Any", function)()


def speaker(impl: pluggy.HookImpl) -> Callable[[str], SocketDialect]:
    """A `socket_dialect` hook as a function of `(socket)`."""
    function = cast("Callable[..., SocketDialect]", impl.function)
    return function if impl.argnames else lambda socket: function()


def error_mapper(impl: pluggy.HookImpl) -> MapError:
    """A `map_error` hook as a function of `(reply, query)`."""
    function = cast("MapError", impl.function)
    takes = _positions(impl, ("reply", "query"))
    if takes == (0, 1):
        return function

    def call(reply: Reply, query: Query) -> Exception | None:
        given: tuple[Any, ...] = (reply, query)
        return function(*(given[at] for at in takes))

    return call


def computer(impl: pluggy.HookImpl, name: str) -> Compute:
    """A `compute` hook as a function of `(inputs, parameters)`, for the indicator `name`."""
    function = cast("Callable[..., Any]", impl.function)
    takes = _positions(impl, ("indicator", "inputs", "parameters"))
    if takes == (1, 2):
        return function
    if takes == (0, 1, 2):
        return partial(function, name)

    def call(inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        given = (name, inputs, parameters)
        return function(*(given[at] for at in takes))

    return call


def _positions(impl: pluggy.HookImpl, known: tuple[str, ...]) -> tuple[int, ...]:
    """The arguments the hook takes, as positions in `known`."""
    return tuple(known.index(name) for name in impl.argnames)
