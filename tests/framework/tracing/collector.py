"""A collector of traces on loopback: takes OTLP over HTTP, and keeps the spans it was sent."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

_WAIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it came: ids in hex, times in nanoseconds.

    Attributes:
        resource: what is said of the process that sent it.
        failed: whether its status is an error.
    """

    name: str
    trace: str
    id: str
    parent: str
    kind: str
    start: int
    end: int
    attributes: dict[str, object]
    resource: dict[str, object]
    failed: bool
    status: str


class Collector:
    """A server in a thread; `close` must follow.

    Attributes:
        url: for `TRACES_URL`.
        requests: the body of each request.
    """

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            """Takes what is sent to the path of the protocol, as protobuf."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                is_ours = self.path == "/v1/traces"
                if is_ours and self.headers["content-type"] == "application/x-protobuf":
                    collector.requests.append(body)
                    self.send_response(200)
                else:
                    self.send_response(404)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def spans(self) -> list[Span]:
        """Every span so far, the earliest first."""
        found = []
        for body in list(self.requests):
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = _plain(group.resource.attributes)
                for scope in group.scope_spans:
                    found += [
                        Span(
                            name=one.name,
                            trace=one.trace_id.hex(),
                            id=one.span_id.hex(),
                            parent=one.parent_span_id.hex(),
                            kind=one.SpanKind.Name(one.kind).removeprefix("SPAN_KIND_"),
                            start=one.start_time_unix_nano,
                            end=one.end_time_unix_nano,
                            attributes=_plain(one.attributes),
                            resource=resource,
                            failed=one.status.code == one.status.STATUS_CODE_ERROR,
                            status=one.status.message,
                        )
                        for one in scope.spans
                    ]
        return sorted(found, key=lambda span: span.start)

    def wait(self, count: int) -> list[Span]:
        """The spans, once there are so many.

        Raises:
            TimeoutError: there are not.
        """
        until = time.monotonic() + _WAIT_S
        while len(self.spans) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self.spans)} of {count} spans came")
            time.sleep(0.05)
        return self.spans


def _plain(attributes: object) -> dict[str, object]:
    pairs: list[KeyValue] = list(attributes)  # type: ignore[call-overload]  # a protobuf container
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in pairs}
