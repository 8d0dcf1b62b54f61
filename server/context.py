"""What every route handler needs, in one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from coinmux.server.asgi.responses import Answered
from coinmux.server.asgi.scope import state_of
from coinmux.server.monitoring.source_test import SourceTester
from coinmux.server.workers.alone import Alone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.parsed_routes import ParsedRoutes
    from coinmux.server.asgi.query_params import ParsedRequest, QueryReader
    from coinmux.server.asgi.requests import AnyRequest
    from coinmux.server.asgi.scope import Receive, Scope, Send
    from coinmux.server.asgi.sse import Streams
    from coinmux.server.monitoring.drill import Drill
    from coinmux.server.monitoring.event_recorder import Recorder
    from coinmux.server.monitoring.kept_decisions import KeptDecisions
    from coinmux.server.monitoring.metrics import Metrics
    from coinmux.server.monitoring.process_metrics import ProcessMetrics
    from coinmux.server.monitoring.service_status import ServiceMonitor
    from coinmux.server.monitoring.snapshot import Monitor
    from coinmux.server.workers.alone import Picture


class ModelDoor(Protocol):
    """What answers language models: an ASGI application of its own, while it is running."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """What must be open while it answers."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ...


class ServerContext:
    """The gateway, and what the server knows of itself; shared by all handlers of one application.

    Args:
        streams: those of the monitor and of indicators.
        live: those of live feeds.
        bound: the address the server listens on.
        decisions: what was decided for past requests.
        drill: what breaks simulated sources.

    Attributes:
        mcp: what answers language models; None where none are served.
        areas: the scope a key must have for a capability, of those with a route of their own.
    """

    __slots__ = (
        "areas", "bound", "decisions", "drill", "gateway", "lane", "live", "mcp", "metrics",
        "monitor", "picture", "pulse", "recorder", "streams", "traffic", "trials", "vitals",
    )  # fmt: skip

    def __init__(
        self,
        *,
        gateway: Gateway,
        decisions: KeptDecisions,
        lane: ParsedRoutes,
        traffic: Traffic,
        streams: Streams,
        live: Streams,
        metrics: Metrics,
        vitals: ProcessMetrics,
        recorder: Recorder,
        pulse: ServiceMonitor,
        monitor: Monitor,
        bound: str,
        drill: Drill | None = None,
    ) -> None:
        self.gateway = gateway
        self.decisions = decisions
        self.lane = lane
        self.traffic = traffic
        self.streams = streams
        self.live = live
        self.metrics = metrics
        self.vitals = vitals
        self.recorder = recorder
        self.bound = bound
        self.drill = drill
        self.mcp: ModelDoor | None = None
        self.areas: Mapping[str, str] = {}
        self.trials = SourceTester(gateway)
        self.pulse = pulse
        self.monitor = monitor
        #: Of all workers, where there are several.
        self.picture: Picture = Alone(self)

    async def answer(
        self,
        request: AnyRequest,
        reader: QueryReader,
        path: Mapping[str, object] | None = None,
    ) -> Answered:
        """The answer to a GET request, read by `reader`; from now on the fast lane knows it.

        Args:
            path: fields of the question that the path gives; all its parameters by default.
        """
        scope: Any = request.scope
        question = reader.read(
            scope["query_string"],
            scope["path_params"] if path is None else path,
            self.gateway.parse_symbol,
        )
        self.lane.remember(scope, question)
        return await self.ask(request, question)

    async def ask(self, request: AnyRequest, question: ParsedRequest) -> Answered:
        """The answer to a question already read."""
        state = state_of(request.scope)
        answer = await self.gateway.fetch(
            question.capability,
            question.query,
            question.ask,
            request_id=state.request_id,
            trail=state.trail,
        )
        return Answered(answer, self.gateway.clock.monotonic())
