"""Routes and pages that plugins add to the server, below `/plugins/<plugin>`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from coinmux.framework.errors import (
    CoinmuxError,
    NotFound,
    Overloaded,
    PluginError,
    PluginTimeout,
    ProviderBusy,
    UpstreamTimeout,
)
from coinmux.framework.health.classify import quoted
from coinmux.framework.plugins.hook_runner import HookRunner, in_thread

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.plugins.extensions.faults import HookFaults
    from coinmux.framework.plugins.extensions.register import Extension, Extensions

HOOK = "register_routes"
#: Seconds a handler has for one request.
LIMIT_S = 30.0
_JSON = "application/json"
_PATH = re.compile(r"(/[A-Za-z0-9._~-]{1,60}){1,8}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; charset=utf-8)?")


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """A request to a plugin's route.

    Attributes:
        query: the parameters; of one that is given twice, the last value.
        body: of a POST, 1 MiB at most; else empty.
        id: under which the log and the event stream have the request.
        gateway: what answers questions. They count as those of whoever made the request.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    id: str
    gateway: Gateway


#: Returns what is sent: bytes or text as they are, anything else as JSON.
RouteHandler = Callable[[RouteRequest], Awaitable[object] | object]


@dataclass(frozen=True, slots=True)
class Route:
    """A route of a plugin.

    Attributes:
        path: below `/plugins/<plugin>`, such as `/spread`.
        handler: an `async` function on the event loop, which must not block, or a plain one in a
            thread; it has 30 s. An error of coinmux that it raises, such as `InvalidRequest`, is
            answered as anywhere.
        summary: one line for the API's documentation.
        media_type: of what the handler returns.
        page: its name in the list of pages, where it is one; it is then asked with GET.
        is_open: whether it needs no key where `API_KEYS` are set. A browser sends none with a page;
            what an open route asks is nobody's use. For any other each key will do, whatever its
            scopes.
    """

    path: str
    handler: RouteHandler
    summary: str
    method: Literal["GET", "POST"] = "GET"
    media_type: str = _JSON
    page: str | None = None
    is_open: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.path, str) or _PATH.fullmatch(self.path) is None:
            raise ValueError("Route takes a path of plain words, such as /spread")
        if {".", ".."} & set(self.path.split("/")):
            raise ValueError("Route takes a path without dots alone between slashes")
        if not callable(self.handler):
            raise TypeError("Route takes a function as its handler")
        if not isinstance(self.summary, str) or not self.summary.strip():
            raise ValueError("Route takes a summary")
        if self.method not in ("GET", "POST"):
            raise ValueError("Route takes GET or POST as its method")
        if not isinstance(self.media_type, str) or not _MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError("Route takes a media type, such as text/html; charset=utf-8")
        if self.page is not None and (
            not isinstance(self.page, str) or not self.page.strip() or self.method != "GET"
        ):
            raise ValueError("Route takes a name for a page, which is asked with GET")


def routes_in(declared: object) -> tuple[Route, ...]:
    """What the hook returned.

    Raises:
        TypeError: it is no list of routes.
        ValueError: two have one path and method.
    """
    if not isinstance(declared, (list, tuple)) or not all(
        isinstance(one, Route) for one in declared
    ):
        raise TypeError(f"{HOOK} returns a list of Route")
    rows: Sequence[Route] = declared
    if len({(one.method, one.path) for one in rows}) < len(rows):
        raise ValueError(f"{HOOK} returns a path twice")
    return tuple(rows)


def whole_path(extension: Extension, route: Route) -> str:
    """Where the route of a plugin is served."""
    return f"/plugins/{extension.plugin}{route.path}"


class PluginRoutes:
    """Answers requests to plugins' routes. What a handler does wrong is that answer's error alone.

    Args:
        extensions: in which the routes are.
    """

    def __init__(self, extensions: Extensions, faults: HookFaults) -> None:
        self._extensions = extensions
        self._faults = faults
        self._runner = HookRunner()
        #: By the id of the route, which lives as long as its plugin does.
        self._calls: dict[int, Callable[[RouteRequest], Awaitable[object]]] = {}

    def every(self) -> list[tuple[str, str, Route]]:
        """Plugin, whole path and route of each."""
        return [
            (one.plugin, whole_path(one, route), route)
            for one in self._extensions
            for route in one.routes
        ]

    def at(self, path: str) -> dict[str, tuple[str, Route]]:
        """The plugin and its route at a whole path, by method; empty where there is none."""
        return {
            route.method: (plugin, route) for plugin, whole, route in self.every() if whole == path
        }

    def forget(self) -> None:
        """Let go of handlers: the plugins changed."""
        self._calls.clear()

    async def answer(self, plugin: str, route: Route, request: RouteRequest) -> bytes:
        """The body of the answer.

        Raises:
            PluginTimeout: the handler gave none in its time.
            PluginError: it raised what is no error of coinmux, or returned what cannot be sent.
            Overloaded: as many requests to it as there may be are running.
            CoinmuxError: the handler raised it.
        """
        if (call := self._calls.get(id(route))) is None:
            handler = route.handler
            call = handler if inspect.iscoroutinefunction(handler) else in_thread(handler)
            self._calls[id(route)] = call
        try:
            return _body(await self._runner.run(call(request), LIMIT_S), route)
        except ProviderBusy as error:
            raise Overloaded(f"{request.path}: {error.detail}") from None
        except (UpstreamTimeout, PluginTimeout) as error:
            self._faults.note(plugin, HOOK, f"{request.path}: {error.detail}")
            raise PluginTimeout(f"{plugin}: {error.detail}") from error
        except Exception as error:
            if isinstance(error, CoinmuxError) and not isinstance(error, PluginError):
                raise
            self._faults.raised(plugin, HOOK, error)
            raise PluginError(f"{plugin}: {quoted(error)}") from error

    async def close(self) -> None:
        """Wait a second for handlers that were left behind."""
        await self._runner.close()


def _body(returned: object, route: Route) -> bytes:
    if isinstance(returned, bytes):
        return returned
    if route.media_type.startswith(_JSON):
        return msgspec.json.encode(returned)
    if isinstance(returned, str):
        return returned.encode()
    raise TypeError(f"{route.path} returned {type(returned).__name__}, and is {route.media_type}")


def nothing_of(plugin: str) -> NotFound:
    """The error for a path at which the plugin has no route."""
    return NotFound(f"no plugin {plugin[:60]!r} has a route here; GET /api/plugins lists them")
