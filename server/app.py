"""The application: routes, their order, and the gateway's life. Wires, decides nothing."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from coinmux.server.asgi.admission import Traffic
from coinmux.server.asgi.middleware import BODY_LIMIT, Middleware
from coinmux.server.asgi.parsed_routes import ParsedRoutes
from coinmux.server.asgi.route_guards import DESK
from coinmux.server.asgi.static_files import Assets
from coinmux.server.context import ServerContext
from coinmux.server.controllers.badges_metrics import OutsideController
from coinmux.server.controllers.chain import ChainController, WhaleController
from coinmux.server.controllers.config import ConfigController
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
from coinmux.server.openapi.document import documented, methods_of
from coinmux.server.openapi.page import Docs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from coinmux.framework.events import Event
    from coinmux.framework.gateway import Gateway
    from coinmux.server.context import AnyRequest
    from coinmux.server.monitoring.drill import Drill

CONTROLLERS = (
    ChainController,
    ConfigController,
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
    address = gateway.settings.host if bound is None else bound
    traffic = Traffic(gateway.clock)
    lane = ParsedRoutes(gateway)
    desk = ServerContext(
        gateway=gateway,
        lane=lane,
        traffic=traffic,
        metrics=Metrics(gateway.clock),
        vitals=ProcessMetrics(
            gateway.events, gateway.settings.memory_limit_mb, gateway.settings.workers
        ),
        recorder=Recorder(gateway.clock, gateway.started_ms),
        bound=address,
        drill=drill,
    )
    traffic.strain = lambda: desk.vitals.strain
    assets, docs = Assets(), Docs()

    def provide_desk() -> ServerContext:
        return desk

    def provide_assets() -> Assets:
        return assets

    def provide_docs() -> Docs:
        return docs

    def pass_on(_: AnyRequest, error: Exception) -> NoReturn:
        """The edge makes every problem document, those of the fast lane included."""
        raise error

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        def on_event(event: Event) -> None:
            # Requests, by far the most, the edge hands to the recorder itself.
            if event.kind == "request":
                return
            desk.recorder(event)
            if event.kind == "config":
                lane.forget()

        listeners = (desk.metrics, on_event)
        unsubscribe = [gateway.events.subscribe(listener) for listener in listeners]
        async with gateway if opens_gateway else nullcontext():
            desk.vitals.start()
            desk.pulse.start()
            try:
                yield
            finally:
                await desk.pulse.stop()
                await desk.vitals.stop()
                for undo in unsubscribe:
                    undo()

    application: Any = Litestar(
        route_handlers=CONTROLLERS,
        dependencies={
            "desk": Provide(provide_desk, sync_to_thread=False),
            "assets": Provide(provide_assets, sync_to_thread=False),
            "docs": Provide(provide_docs, sync_to_thread=False),
        },
        exception_handlers={Exception: pass_on},
        lifespan=[lifespan],
        logging_config=None,
        openapi_config=None,
        request_max_body_size=BODY_LIMIT,
        state=State({DESK: desk}),
    )
    lane.app = application
    routes = list(documented(application))
    desk.monitor.routes = [
        (method, path) for path, handler, _ in routes for method in methods_of(handler)
    ]
    desk.recorder.operations = {
        (method, path): doc.operation
        for path, handler, doc in routes
        for method in methods_of(handler)
        if doc.operation is not None
    }
    edge = Middleware(lane, gateway, traffic, desk.recorder, address)
    desk.streams.began = edge.stream_began
    return edge
