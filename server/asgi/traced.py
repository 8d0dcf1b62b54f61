"""The outermost layer with a span around each request, where traces are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, get_current_span

from coinmux.framework.tracing.spans import Tracing, trace_headers
from coinmux.server.asgi.middleware import Middleware
from coinmux.server.asgi.scope import STATE

if TYPE_CHECKING:
    from coinmux.server.asgi.scope import Receive, RequestState, Scope, Send
    from coinmux.server.asgi.sent_response import SentResponse

#: Asked by machines all the time, or open for hours: their spans would tell nothing.
_UNTOLD = ("/healthz", "/readyz", "/metrics", "/api/stream")


def traced_middleware(tracing: Tracing) -> type[Middleware]:
    """The class whose objects write a span for each request; it goes on with the caller's trace."""

    class TracedMiddleware(Middleware):
        """Tells each request: its route, its status and its id."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] in _UNTOLD:
                await super().__call__(scope, receive, send)
                return
            state: RequestState | None = scope.get(STATE)
            if state is not None:
                # One that is known by its bytes would be answered without coming here.
                state.raw = b""
            about = {"http.request.method": scope["method"], "url.scheme": scope["scheme"]}
            headers = trace_headers(scope["headers"])
            with tracing.span(scope["method"], about, kind=SpanKind.SERVER, headers=headers):
                await super().__call__(scope, receive, send)

        def _record(
            self, method: str, reply: SentResponse, state: RequestState, started: float
        ) -> None:
            super()._record(method, reply, state, started)
            span = get_current_span()
            if not span.is_recording() or reply.scope["path"] in _UNTOLD:
                return
            template = reply.scope.get("path_template")
            if template:
                span.update_name(f"{method} {template}")
                span.set_attribute("http.route", template)
            span.set_attribute("http.response.status_code", reply.status)
            span.set_attribute("coinmux.request_id", state.request_id)
            if reply.status >= 500:
                tracing.failed(span, reply.code or str(reply.status), "")

    return TracedMiddleware
