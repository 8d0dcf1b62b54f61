"""The application: routes, their order, and the gateway's life. Wires, decides nothing."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.plugins.core import MsgspecDIPlugin

from coinmux.server.asgi.admin_guard import DESK
from coinmux.server.asgi.admission import Traffic
from coinmux.server.asgi.cross_origin import CrossOrigin, is_foreign
from coinmux.server.asgi.live_socket import GRID_PATH, LiveSocket
from coinmux.server.asgi.middleware import Middleware
from coinmux.server.asgi.packing import takes_json
from coinmux.server.asgi.parsed_routes import ParsedRoutes
from coinmux.server.asgi.problems import NotAcceptable, nothing_at
from coinmux.server.asgi.request_head import BODY_LIMIT
from coinmux.server.asgi.scope import state_of
from coinmux.server.asgi.sse import MOST_LIVE_OF_A_CLIENT, Streams
from coinmux.server.asgi.static_files import Assets
from coinmux.server.context import ServerContext
from coinmux.server.controllers.alerts import AlertController
from coinmux.server.controllers.badges_metrics import OutsideController
from coinmux.server.controllers.batch import BatchController
from coinmux.server.controllers.chain import ChainController, WhaleController
from coinmux.server.controllers.config import ConfigController
from coinmux.server.controllers.data import DataController
from coinmux.server.controllers.drill import DrillController
from coinmux.server.controllers.feeds import FeedController
from coinmux.server.controllers.health import HealthController
from coinmux.server.controllers.incidents import IncidentController
from coinmux.server.controllers.indicators import IndicatorController
from coinmux.server.controllers.live import LiveController, opened
from coinmux.server.controllers.market import MarketController
from coinmux.server.controllers.mcp import McpController, model_door
from coinmux.server.controllers.monitor import MonitorController
from coinmux.server.controllers.news import NewsController, SentimentController, TextController
from coinmux.server.controllers.onchain import DefiController, OnchainController
from coinmux.server.controllers.openbb import OpenbbController
from coinmux.server.controllers.operator import OperatorController
from coinmux.server.controllers.page_data import PageDataController
from coinmux.server.controllers.pages import PageController
from coinmux.server.controllers.plugin_routes import PluginRouteController
from coinmux.server.controllers.routing import RoutingController
from coinmux.server.controllers.system import ProbeController, SystemController
from coinmux.server.controllers.udf import UdfController
from coinmux.server.controllers.usage import UsageController
from coinmux.server.monitoring.event_json import plain
from coinmux.server.monitoring.event_recorder import Recorder
from coinmux.server.monitoring.kept_decisions import KeptDecisions
from coinmux.server.monitoring.metrics import Metrics
from coinmux.server.monitoring.process_metrics import ProcessMetrics
from coinmux.server.monitoring.service_status import ServiceMonitor
from coinmux.server.monitoring.snapshot import Monitor
from coinmux.server.openapi.document import DOC, RouteDoc, areas_of, documented, methods_of
from coinmux.server.openapi.page import Docs
from coinmux.server.openbb.live_grid import LiveGrid
from coinmux.server.pages.kept_answers import KeptAnswers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from litestar.plugins import PluginProtocol

    from coinmux.framework.events import Event
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.requests import AnyRequest
    from coinmux.server.monitoring.drill import Drill, OwnDrill

CONTROLLERS = (
    AlertController,
    BatchController,
    ChainController,
    ConfigController,
    DataController,
    DefiController,
    DrillController,
    FeedController,
    HealthController,
    IncidentController,
    IndicatorController,
    LiveController,
    MarketController,
    MonitorController,
    NewsController,
    OnchainController,
    OpenbbController,
    OperatorController,
    OutsideController,
    PageController,
    PageDataController,
    PluginRouteController,
    ProbeController,
    RoutingController,
    SentimentController,
    SystemController,
    TextController,
    UdfController,
    UsageController,
    WhaleController,
)


#: Live feeds for which the usual number of connections leaves room.
_ROOM_FOR_FEEDS = 256


class _Application(Litestar):
    """Litestar without its plugins for pydantic and attrs, of which no route makes use.

    Our routes read and write bytes themselves; the plugin for pydantic imports pydantic's first
    version as well.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(
    gateway: Gateway,
    *,
    bound: str | None = None,
    opens_gateway: bool = True,
    drill: OwnDrill | None = None,
    figures_file: str | None = None,
) -> Middleware:
    """The ASGI application over `gateway`.

    Args:
        bound: the address it is served on; the configured one when None.
        opens_gateway: whether the gateway is opened and closed with the application's lifespan;
            False where the caller does.
        drill: what breaks its sources, where they are simulated.
        figures_file: of this worker, where there are several.
    """
    desk = _context_of(gateway, gateway.settings.host if bound is None else bound, drill)
    if figures_file is not None:
        # It needs a system with file locks, as several workers do.
        from coinmux.server.workers.group import Group

        group = desk.picture = Group(desk, figures_file)
        group.knows, desk.decisions.elsewhere = desk.decisions.answer, group.ask
        if drill is not None:
            # Each worker has a simulator of its own.
            from coinmux.server.workers.shared_drill import SharedDrill

            shared = desk.drill = SharedDrill(drill, Path(figures_file).parent)
            group.each_round.append(shared.catch_up)
    assets = Assets()
    application = _litestar(desk, assets, gateway if opens_gateway else nullcontext())
    desk.lane.app = application
    _describe_routes(desk, application)
    if gateway.settings.mcp:
        desk.mcp = model_door(desk)
    edge = _edge_of(gateway)(
        desk.lane, gateway, desk.traffic, desk.recorder, desk.bound, decisions=desk.decisions
    )
    edge.assets = assets
    edge.admin_paths = frozenset(path for path, _, doc in documented(application) if doc.is_admin)
    desk.streams.began = desk.live.began = edge.stream_began
    edge.more_connections = max(gateway.settings.live_streams - _ROOM_FOR_FEEDS, 0)
    edge.live = LiveSocket(gateway, desk.live, partial(opened, gateway))
    edge.live.spoken[GRID_PATH] = LiveGrid
    return edge


def _edge_of(gateway: Gateway) -> type[Middleware]:
    """The class of the outermost layer; another one where traces are written."""
    if gateway.tracing is None:
        return Middleware
    # Imported here: OpenTelemetry is an extra.
    from coinmux.server.asgi.traced import traced_middleware

    return traced_middleware(gateway.tracing)


def _context_of(gateway: Gateway, bound: str, drill: Drill | None) -> ServerContext:
    """The parts of the server over `gateway`, each given what it needs."""
    settings = gateway.settings
    traffic = Traffic(gateway.clock)
    streams = Streams(traffic)
    live = Streams(traffic, settings.live_streams, MOST_LIVE_OF_A_CLIENT)
    metrics = Metrics(gateway.clock)
    gateway.history.observed = metrics.observed
    vitals = ProcessMetrics(gateway.events, settings.memory_limit_mb, settings.workers)
    traffic.strain = lambda: vitals.strain
    pulse = ServiceMonitor(gateway, metrics, traffic, vitals, bound)
    return ServerContext(
        gateway=gateway,
        decisions=KeptDecisions(
            lambda decision: plain(decision.public(), gateway.redactor),
            lambda: None if gateway.state is None else gateway.state.notes,
        ),
        lane=ParsedRoutes(gateway),
        traffic=traffic,
        streams=streams,
        live=live,
        metrics=metrics,
        vitals=vitals,
        recorder=Recorder(gateway.clock, gateway.started_ms, pulse.asked),
        pulse=pulse,
        monitor=Monitor(gateway, pulse),
        bound=bound,
        drill=drill,
    )


def _litestar(desk: ServerContext, assets: Assets, opened: AbstractAsyncContextManager[Any]) -> Any:
    """The routes, their dependencies and the lifespan; `opened` is open for as long as it lasts."""
    gateway, kept = desk.gateway, KeptAnswers(desk.gateway.clock)
    docs = Docs(lambda: gateway.capabilities.values(), gateway.extensions.routes.every)
    return _Application(
        route_handlers=[*CONTROLLERS, *([McpController] if desk.gateway.settings.mcp else ())],
        dependencies={
            "desk": Provide(lambda: desk, sync_to_thread=False),
            "assets": Provide(lambda: assets, sync_to_thread=False),
            "docs": Provide(lambda: docs, sync_to_thread=False),
            "kept": Provide(lambda: kept, sync_to_thread=False),
        },
        exception_handlers={NotFoundException: _nothing_at, Exception: _raise},
        before_request=_check_of(desk),
        lifespan=[lambda _: _lifespan(desk, kept, opened)],
        logging_config=None,
        openapi_config=None,
        request_max_body_size=BODY_LIMIT,
        state=State({DESK: desk}),
    )


def _check_of(desk: ServerContext) -> Callable[[AnyRequest], Awaitable[None]]:
    """What runs before each handler: refuses what its route does not answer."""

    async def check(request: AnyRequest) -> None:
        scope: Any = request.scope
        doc = scope["route_handler"].opt.get(DOC)
        if not isinstance(doc, RouteDoc):
            return
        if (door := state_of(scope).door) is not None:
            area = doc.scope_at(scope["path_template"])
            if area is not None or doc.is_mixed:
                await door.admit(scope, area)
            else:
                door.explain_for(scope)
        headers = dict(scope["headers"])
        form = state_of(scope).form
        if form is not None and not doc.is_tabular:
            raise NotAcceptable(f"this route makes no {form.media_type.partition(';')[0]}")
        is_json = form is None and doc.media_type == "application/json"
        if is_json and not takes_json(headers.get(b"accept", b"")):
            raise NotAcceptable(f"this route answers {doc.kinds}")
        if doc.operation is not None and is_foreign(headers):
            origins = CrossOrigin(desk.gateway.settings.cors_origins)
            origins.check(headers.get(b"origin", b""))

    return check


def _nothing_at(request: AnyRequest, _: Exception) -> NoReturn:
    """Say where the API is described, and which paths are near."""
    paths = [path for path, _, _ in documented(request.app)]
    raise nothing_at(request.scope["path"], paths) from None


def _raise(_: AnyRequest, error: Exception) -> NoReturn:
    """Leave the error to the middleware, which makes every problem document."""
    raise error


@asynccontextmanager
async def _lifespan(
    desk: ServerContext, kept: KeptAnswers, opened: AbstractAsyncContextManager[Any]
) -> AsyncIterator[None]:
    """Listen to events and watch the process while the application runs."""
    listeners = (desk.metrics, partial(_on_event, desk), kept.on_event)
    unsubscribe = [desk.gateway.events.subscribe(listener) for listener in listeners]
    async with opened, nullcontext() if desk.mcp is None else desk.mcp.running():
        desk.vitals.start()
        desk.pulse.start()
        desk.picture.start()
        try:
            yield
        finally:
            await desk.picture.stop()
            await kept.close()
            await desk.pulse.stop()
            await desk.vitals.stop()
            for undo in unsubscribe:
                undo()


def _on_event(desk: ServerContext, event: Event) -> None:
    # Requests are by far the most events; the middleware hands them to the recorder itself.
    if event.kind == "request":
        return
    desk.recorder(event)
    if event.kind == "config":
        desk.lane.forget()


def _describe_routes(desk: ServerContext, application: Litestar) -> None:
    """Give the monitor and the recorder the documented routes."""
    routes = [
        (method, path, doc)
        for path, handler, doc in documented(application)
        for method in methods_of(handler)
    ]
    desk.areas = areas_of(application)
    desk.monitor.routes = [(method, path) for method, path, _ in routes]
    desk.recorder.operations = {
        (method, path): doc.operation for method, path, doc in routes if doc.operation is not None
    }
