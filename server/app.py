"""The application: routes, their order, and the gateway's life. Wires, decides nothing."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from coinmux.server.asgi.admin_guard import DESK
from coinmux.server.asgi.admission import Traffic
from coinmux.server.asgi.middleware import BODY_LIMIT, Middleware
from coinmux.server.asgi.parsed_routes import ParsedRoutes
from coinmux.server.asgi.sse import Streams
from coinmux.server.asgi.static_files import Assets
from coinmux.server.context import ServerContext
from coinmux.server.controllers.badges_metrics import OutsideController
from coinmux.server.controllers.chain import ChainController, WhaleController
from coinmux.server.controllers.config import ConfigController
from coinmux.server.controllers.data import DataController
from coinmux.server.controllers.drill import DrillController
from coinmux.server.controllers.health import HealthController
from coinmux.server.controllers.indicators import IndicatorController
from coinmux.server.controllers.market import MarketController
from coinmux.server.controllers.monitor import MonitorController
from coinmux.server.controllers.news import NewsController, SentimentController, TextController
from coinmux.server.controllers.onchain import DefiController, OnchainController
from coinmux.server.controllers.pages import PageController
from coinmux.server.controllers.routing import RoutingController
from coinmux.server.controllers.system import ProbeController, SystemController
from coinmux.server.monitoring.event_recorder import Recorder
from coinmux.server.monitoring.metrics import Metrics
from coinmux.server.monitoring.process_metrics import ProcessMetrics
from coinmux.server.monitoring.service_status import ServiceMonitor
from coinmux.server.monitoring.snapshot import Monitor
from coinmux.server.openapi.document import documented, methods_of
from coinmux.server.openapi.page import Docs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from coinmux.framework.events import Event
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.requests import AnyRequest
    from coinmux.server.monitoring.drill import Drill

CONTROLLERS = (
    ChainController,
    ConfigController,
    DataController,
    DefiController,
    DrillController,
    HealthController,
    IndicatorController,
    MarketController,
    MonitorController,
    NewsController,
    OnchainController,
    OutsideController,
    PageController,
    ProbeController,
    RoutingController,
    SentimentController,
    SystemController,
    TextController,
    WhaleController,
)


def create_app(
    gateway: Gateway,
    *,
    bound: str | None = None,
    opens_gateway: bool = True,
    drill: Drill | None = None,
) -> Middleware:
    """The ASGI application over `gateway`.

    Args:
        bound: the address it is served on; the configured one when None.
        opens_gateway: whether the gateway is opened and closed with the application's lifespan;
            False where the caller does.
        drill: what breaks its sources, where they are simulated.
    """
    desk = _context_of(gateway, gateway.settings.host if bound is None else bound, drill)
    application = _litestar(desk, gateway if opens_gateway else nullcontext())
    desk.lane.app = application
    _describe_routes(desk, application)
    edge = Middleware(desk.lane, gateway, desk.traffic, desk.recorder, desk.bound)
    desk.streams.began = edge.stream_began
    return edge


def _context_of(gateway: Gateway, bound: str, drill: Drill | None) -> ServerContext:
    """The parts of the server over `gateway`, each given what it needs."""
    settings = gateway.settings
    traffic = Traffic(gateway.clock)
    streams = Streams(traffic)
    metrics = Metrics(gateway.clock)
    vitals = ProcessMetrics(gateway.events, settings.memory_limit_mb, settings.workers)
    traffic.strain = lambda: vitals.strain
    pulse = ServiceMonitor(gateway, metrics, traffic, vitals, bound)
    return ServerContext(
        gateway=gateway,
        lane=ParsedRoutes(gateway),
        traffic=traffic,
        streams=streams,
        metrics=metrics,
        vitals=vitals,
        recorder=Recorder(gateway.clock, gateway.started_ms),
        pulse=pulse,
        monitor=Monitor(gateway, metrics, vitals, traffic, streams, pulse),
        bound=bound,
        drill=drill,
    )


def _litestar(desk: ServerContext, opened: AbstractAsyncContextManager[Any]) -> Any:
    """The routes, their dependencies and the lifespan; `opened` is open for as long as it lasts."""
    assets, docs = Assets(), Docs()
    return Litestar(
        route_handlers=CONTROLLERS,
        dependencies={
            "desk": Provide(lambda: desk, sync_to_thread=False),
            "assets": Provide(lambda: assets, sync_to_thread=False),
            "docs": Provide(lambda: docs, sync_to_thread=False),
        },
        exception_handlers={Exception: _raise},
        lifespan=[lambda _: _lifespan(desk, opened)],
        logging_config=None,
        openapi_config=None,
        request_max_body_size=BODY_LIMIT,
        state=State({DESK: desk}),
    )


def _raise(_: AnyRequest, error: Exception) -> NoReturn:
    """Leave the error to the middleware, which makes every problem document."""
    raise error


@asynccontextmanager
async def _lifespan(
    desk: ServerContext, opened: AbstractAsyncContextManager[Any]
) -> AsyncIterator[None]:
    """Listen to events and watch the process while the application runs."""
    listeners = (desk.metrics, partial(_on_event, desk))
    unsubscribe = [desk.gateway.events.subscribe(listener) for listener in listeners]
    async with opened:
        desk.vitals.start()
        desk.pulse.start()
        try:
            yield
        finally:
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
    desk.monitor.routes = [(method, path) for method, path, _ in routes]
    desk.recorder.operations = {
        (method, path): doc.operation for method, path, doc in routes if doc.operation is not None
    }
