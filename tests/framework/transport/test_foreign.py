"""Any httpx transport under our client: what is enforced from outside, and its errors."""

from __future__ import annotations

import ssl

import httpx
import pytest

from coinmux import (
    BadEncoding,
    BlockedAddress,
    Disconnected,
    ProtocolViolation,
    Redirected,
    TLSFailure,
    TooLarge,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.clock import Deadline, SystemClock
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.bind import outbound
from coinmux.framework.testing.raw_server import Peer, RawServer, response
from coinmux.framework.transport.choice import transport_named
from coinmux.framework.transport.client import ClientLimits, SafeHTTPClient
from coinmux.framework.transport.endpoint import Endpoint
from coinmux.framework.transport.guarded import GuardedTransport
from coinmux.framework.transport.httpx_objects import LIMIT, ORIGIN, UNTIL
from coinmux.framework.transport.httpx_transport import HTTPXTransport


async def over(handler, *, limits: ClientLimits | None = None, timeout_s: float = 1.0):
    transport = httpx.MockTransport(handler)
    client = SafeHTTPClient(SystemClock(), Redactor(), limits, transport=transport)
    async with (
        client,
        outbound("http://mock.example", client=client, timeout_s=timeout_s) as http,
    ):
        return await http.post_json("/x", {"a": 1}, params={"q": "1"})


async def test_mock_transport_carries_our_requests():
    """A mock of httpx sees the request and its answer is treated as any other."""

    def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://mock.example/x?q=1"
        assert request.read() == b'{"a":1}'
        return httpx.Response(200, json={"ok": 1}, headers={"Set-Cookie": "a=1"})

    assert await over(handler) == {"ok": 1}


def _failing(error: Exception):
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("x"), Unreachable),
        (httpx.ReadTimeout("x"), UpstreamTimeout),
        (httpx.ReadError("x"), Disconnected),
        (httpx.RemoteProtocolError("x"), ProtocolViolation),
        (httpx.ProxyError("x"), Unreachable),
        (httpx.InvalidURL("x"), ProtocolViolation),
    ],
)
async def test_httpx_errors_become_ours(error, expected):
    """Errors of a foreign transport get our names."""
    with pytest.raises(expected):
        await over(_failing(error))


async def test_limits_hold_for_a_foreign_transport():
    """Size and coding are checked whoever carried the bytes."""
    with pytest.raises(TooLarge):
        await over(
            lambda request: httpx.Response(200, content=b" " * 2000),
            limits=ClientLimits(wire_bytes=1000),
        )
    with pytest.raises(BadEncoding):
        await over(
            lambda request: httpx.Response(
                200, stream=httpx.ByteStream(b"x"), headers={"Content-Encoding": "zstd"}
            )
        )


async def test_deadline_holds_for_a_foreign_transport():
    """A transport that hangs ends at the deadline."""
    async with RawServer(Peer.hang) as server, httpx.AsyncHTTPTransport() as transport:
        client = SafeHTTPClient(SystemClock(), Redactor(), transport=transport)
        async with outbound(server.url, client=client, timeout_s=0.1) as http:
            with pytest.raises(UpstreamTimeout):
                await http.get_json("/x")


async def test_tls_failure_of_a_foreign_transport():
    """A refused certificate is a TLS failure, whatever wraps it."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("x") from ssl.SSLError(1, "refused")

    with pytest.raises(TLSFailure):
        await over(handler)


async def test_redirect_of_a_foreign_transport():
    """A redirect is reported, not followed."""
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://other.example/"})

    with pytest.raises(Redirected):
        await over(handler)
    assert asked == ["mock.example"]


async def test_declared_size_is_refused_unread():
    """An answer that declares too many bytes is refused before it is read."""

    class Unreadable(httpx.AsyncByteStream):
        async def __aiter__(self):
            raise AssertionError("read")
            yield b""

    with pytest.raises(TooLarge):
        await over(
            lambda request: httpx.Response(
                200, stream=Unreadable(), headers={"Content-Length": "1000000000"}
            )
        )


async def test_private_address_is_refused_as_spelled():
    """A private address that no operator named is refused before a foreign transport sees it."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    client = SafeHTTPClient(SystemClock(), Redactor(), transport=transport)
    async with client, outbound(None, client=client) as http:
        await http.get_json("/x", empty_ok=True)  # the declared address passes
        endpoint = Endpoint.of("https://10.0.0.1/")
        request = endpoint.request("GET", "", None, endpoint.headers)
        with pytest.raises(BlockedAddress):
            await client.send(request, Deadline.after(SystemClock(), 1))


async def test_terms_travel_in_the_extensions():
    """A transport finds deadline, size limit and origin in the request, and httpx's timeout."""
    seen = {}

    def handler(request: httpx.Request) -> httpx.Response:
        seen.update(request.extensions)
        return httpx.Response(200, json={"ok": 1})

    await over(handler, limits=ClientLimits(wire_bytes=1000), timeout_s=1.0)
    assert seen[LIMIT] == 1000
    assert seen[ORIGIN].netloc == "mock.example"
    assert isinstance(seen[UNTIL], float)
    assert 0 < seen["timeout"]["read"] <= 1.0
    assert seen["timeout"].keys() == {"connect", "read", "write", "pool"}


async def test_instrumentation_around_our_connections():
    """A transport that wraps the guarded one may add headers, and the guard still holds."""

    class Traced(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.inner = GuardedTransport()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.headers["traceparent"] = "00-1"
            return await self.inner.handle_async_request(request)

        async def aclose(self) -> None:
            await self.inner.aclose()

    async with RawServer.answering(response(b'{"ok":1}')) as server:
        async with outbound(server.url, transport=Traced()) as http:
            assert await http.get_json("/x") == {"ok": 1}
        assert b"traceparent: 00-1\r\n" in server.requests[0]


async def test_the_environments_proxy(monkeypatch):
    """The httpx transport asks through `HTTP_PROXY`, and directly what `NO_PROXY` names."""
    async with (
        RawServer.answering(response(b'{"proxy":1}')) as proxy,
        RawServer.answering(response(b'{"direct":1}')) as server,
    ):
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with outbound(server.url, transport=HTTPXTransport()) as http:
            assert await http.get_json("/x") == {"direct": 1}
        async with outbound("http://node.example", transport=HTTPXTransport()) as http:
            assert await http.get_json("/x") == {"proxy": 1}
        assert proxy.requests[0].startswith(b"GET http://node.example/x HTTP/1.1\r\n")


async def test_transports_by_name():
    """`HTTP_TRANSPORT` names the two."""
    assert transport_named("guarded") is None  # a client's own connections
    transport = transport_named("httpx")
    assert type(transport) is HTTPXTransport
    await transport.aclose()
