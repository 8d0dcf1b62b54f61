"""The parts of a gateway with a span around what they do."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from coinmux.framework.cache.store import AnswerCache
from coinmux.framework.dispatch.attempt import AttemptRunner
from coinmux.framework.dispatch.pipeline import Dispatcher
from coinmux.framework.plugins.hook_runner import HookRunner
from coinmux.framework.tracing.kinds import Kinds
from coinmux.framework.tracing.spans import headers_out, is_recorded
from coinmux.framework.transport.client import SafeHTTPClient
from coinmux.framework.transport.messages import HeaderLines, Outgoing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Hashable

    from coinmux.framework.archive.archive import Archive, Kept
    from coinmux.framework.cache.answer import Answer as RoutedAnswer
    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.clock import Deadline
    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.framework.dispatch.inputs import Inputs
    from coinmux.framework.health.tracker import Lease
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.candles import CandlesQuery
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.loop_watch import LoopWatch
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.sources.source import Source
    from coinmux.framework.tracing.spans import Tracing
    from coinmux.framework.transport.messages import Answer

#: The source that is being asked, and the hook that asks it.
_ASKED: ContextVar[tuple[str, str]] = ContextVar("coinmux_asked", default=("", ""))
_READ_S = 2.0


def traced_kinds(tracing: Tracing) -> Kinds:
    """The classes whose objects write to `tracing`.

    No span holds a question's parameters, a path or a query string: addresses are private, and some
    sources take their key in the path.
    """

    class TracedCache(AnswerCache):
        """Tells each look-up that is part of a request."""

        def get(self, key: Hashable) -> FetchResult | None:
            if not is_recorded():
                return super().get(key)
            with tracing.span("cache", {}) as span:
                found = super().get(key)
                span.set_attribute("coinmux.found", found is not None)
                return found

    class TracedDispatcher(Dispatcher):
        """Tells each question, and who answered it."""

        async def answer(
            self,
            row: Capability,
            query: Query,
            ask: RequestOptions,
            request_id: str | None,
            trail: DecisionTrail | None,
        ) -> RoutedAnswer:
            about = {"coinmux.capability": row.name, "coinmux.strategy": ask.strategy}
            if ask.provider is not None:
                about["coinmux.pinned"] = ask.provider
            with tracing.span(f"route {row.name}", about) as span:
                answer = await super().answer(row, query, ask, request_id, trail)
                span.set_attribute("coinmux.source", answer.provider)
                span.set_attribute("coinmux.cache", answer.cache)
                return answer

    class TracedHooks(HookRunner):
        """Tells each call of a plugin's function."""

        async def run(
            self,
            hook: Awaitable[Any],
            limit_s: float,
            watch: LoopWatch | None = None,
        ) -> Any:
            source, name = _ASKED.get()
            about: dict[str, str | float] = {"coinmux.source": source, "coinmux.limit_s": limit_s}
            with tracing.span(f"hook {name}", about):
                return await super().run(hook, limit_s, watch)

    class TracedRunner(AttemptRunner):
        """Tells each attempt; those of the health checker are traces of their own."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._hooks = TracedHooks()

        async def ask(
            self,
            source: Source,
            capability: Capability,
            query: Query,
            lease: Lease,
            limit_s: float,
            *,
            ours: bool = False,
            inputs: Inputs | None = None,
            started: float | None = None,
        ) -> Result:
            about: dict[str, str | bool] = {
                "coinmux.source": source.name,
                "coinmux.capability": capability.name,
                "coinmux.probe": lease.probe or ours,
            }
            token = _ASKED.set((source.name, capability.hook))
            try:
                with tracing.span(f"attempt {source.name}", about):
                    return await super().ask(
                        source, capability, query, lease, limit_s,
                        ours=ours, inputs=inputs, started=started,
                    )  # fmt: skip
            finally:
                _ASKED.reset(token)

    class TracedClient(SafeHTTPClient):
        """Tells each request that goes out, and the trace to the sources that may know it."""

        async def send(self, request: Outgoing, deadline: Deadline) -> Answer:
            source, _ = _ASKED.get()
            about = {
                "http.request.method": request.method,
                "server.address": request.origin.host,
                "url.scheme": request.origin.scheme,
                "coinmux.source": source,
            }
            with tracing.span(request.method, about, kind=SpanKind.CLIENT) as span:
                if source in tracing.told:
                    request = _telling(request)
                answer = await super().send(request, deadline)
                span.set_attribute("http.response.status_code", answer.status)
                return answer

    def traced_archive(archive: type[Archive]) -> type[Archive]:
        class TracedArchive(archive):  # type: ignore[misc,valid-type]  # imported late
            """Tells each read of candles."""

            async def candles(self, query: CandlesQuery, within_s: float = _READ_S) -> Kept | None:
                with tracing.span("archive candles", {}) as span:
                    kept: Kept | None = await super().candles(query, within_s)
                    span.set_attribute("coinmux.found", kept is not None)
                    return kept

        return TracedArchive

    return Kinds(TracedCache, TracedClient, TracedRunner, TracedDispatcher, traced_archive, tracing)


def _telling(request: Outgoing) -> Outgoing:
    """The request with the headers that name its span."""
    named = [
        (name.encode("ascii"), value.encode("latin-1")) for name, value in headers_out().items()
    ]
    return Outgoing(
        request.method,
        request.origin,
        request.target,
        HeaderLines([*request.headers.raw, *named]),
        request.body,
        is_feed=request.is_feed,
    )
