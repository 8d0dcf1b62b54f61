"""Spans, what they may tell, and their way to the collector."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.reports.base import installed_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coinmux.framework.config.settings import Settings

    Value = str | bool | int | float

#: Of an error's text, after secrets were taken out.
_DETAIL = 300
#: What a collector that does not answer may cost at the end, and each time something is sent.
_CLOSE_S, _SEND_S = 5.0, 5.0
_PATH = "/v1/traces"
_W3C = TraceContextTextMapPropagator()
#: The headers of W3C's Trace Context; more than so many bytes of one are no such header.
TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
_LONGEST = 512


class Tracing:
    """Makes the spans of one gateway and sends them, in a thread of its own, in batches.

    A collector that is away costs spans and no request: what cannot be sent is dropped.

    Args:
        clean: takes secrets out of a text.

    Attributes:
        told: sources that are told the trace.
    """

    def __init__(self, settings: Settings, clean: Callable[[str], str]) -> None:
        assert settings.traces_url is not None
        url = settings.traces_url.rstrip("/")
        self.told = frozenset(settings.traces_to)
        self._clean = clean
        named = {} if "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: "coinmux"}
        self._provider = TracerProvider(
            # A caller's decision to sample holds for the rest of its trace.
            sampler=ParentBased(TraceIdRatioBased(settings.traces_sample)),
            resource=Resource.create({**named, SERVICE_VERSION: installed_version()}),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(
            endpoint=url if url.endswith(_PATH) else url + _PATH, timeout=_SEND_S
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("coinmux", installed_version())

    @contextmanager
    def span(
        self,
        name: str,
        attributes: Mapping[str, Value],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Span]:
        """A span for as long as the block lasts, and its error if it ends with one.

        Args:
            headers: of a request that came in: its span goes on with the trace they name.
        """
        with self._tracer.start_as_current_span(
            name,
            context=None if headers is None else _W3C.extract(headers),
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except CoinmuxError as error:
                self.failed(span, error.code, error.detail)
                raise
            except BaseException as error:
                self.failed(span, type(error).__name__, "")
                raise

    def failed(self, span: Span, code: str, detail: str) -> None:
        """Write into a span how it ended; texts of sources may hold secrets."""
        span.set_attribute("error.type", code)
        span.set_status(Status(StatusCode.ERROR, self._clean(detail)[:_DETAIL] or None))

    async def close(self) -> None:
        """Send what waits, for some seconds at most."""
        sending = asyncio.to_thread(self._provider.shutdown)
        await asyncio.wait({asyncio.ensure_future(sending)}, timeout=_CLOSE_S)


def trace_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of a request that name its trace; one that came twice names none."""
    found: dict[str, str] = {}
    for name, value in raw:
        if name in (b"traceparent", b"tracestate") and len(value) <= _LONGEST:
            key = name.decode("ascii")
            if key in found:
                return {}
            found[key] = value.decode("latin-1")
    return found


def headers_out() -> dict[str, str]:
    """The headers that name the present span to whoever is asked."""
    headers: dict[str, str] = {}
    _W3C.inject(headers)
    return headers


def is_recorded() -> bool:
    """Whether there is a span that a further one would belong to."""
    return get_current_span().is_recording()
