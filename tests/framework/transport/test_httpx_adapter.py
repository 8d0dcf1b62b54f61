"""The border to httpx: our connections under its client, its transports under ours."""

from __future__ import annotations

import gzip

import httpx
import pytest

from coinmux import (
    BadEncoding,
    Disconnected,
    ProtocolViolation,
    TooLarge,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.clock import Deadline, SystemClock
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.bind import outbound
from coinmux.framework.testing.raw_server import Peer, RawServer, response
from coinmux.framework.transport.address_guard import Origin
from coinmux.framework.transport.client import ClientLimits, SafeHTTPClient
from coinmux.framework.transport.httpx_adapter import GuardedTransport, HTTPXCarrier
from coinmux.framework.transport.pool import Pool


class Loopback(Pool):
    """A pool that treats every origin as named by the operator."""

    async def exchange(self, request, until, limit):
        origin = request.origin
        request.origin = Origin("http", origin.host, origin.port, allowed=True)
        return await super().exchange(request, until, limit)


async def get(server: RawServer, **options) -> httpx.Response:
    url = server.url.replace("http:", "https:")
    async with httpx.AsyncClient(transport=GuardedTransport(Loopback(), **options)) as client:
        return await client.get(url + "/x?a=1", headers={"X-A": "1"})


async def test_httpx_client_over_our_connections():
    """An httpx client reads what our pool brought, coding undone by httpx."""
    page = response(gzip.compress(b'{"ok":1}'), headers=[("Content-Encoding", "gzip")])
    async with RawServer.answering(page) as server:
        got = await get(server)
        assert got.json() == {"ok": 1}
        assert server.requests[0].startswith(b"GET /x?a=1 HTTP/1.1\r\n")
        assert b"X-A: 1\r\n" in server.requests[0]


async def test_httpx_post():
    """A body goes out with its length, once."""
    async with RawServer.answering(response()) as server:
        url = server.url.replace("http:", "https:")
        async with httpx.AsyncClient(transport=GuardedTransport(Loopback())) as client:
            await client.post(url, json={"a": 1})
        assert server.requests[0].lower().count(b"content-length: 7") == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"garbage\r\n\r\n", httpx.RemoteProtocolError),
        (response(length=99), httpx.ReadError),
        (response(b" " * 2000), httpx.TransportError),
    ],
)
async def test_faults_are_httpx_errors(data, expected):
    """Faults come out as httpx names them."""
    async with RawServer.answering(data, close=True) as server:
        with pytest.raises(expected):
            await get(server, limit=1000)


async def test_guard_holds_under_httpx():
    """Addresses that are not public are refused under an httpx client too."""
    async with (
        RawServer.answering(response()) as server,
        httpx.AsyncClient(transport=GuardedTransport()) as client,
    ):
        with pytest.raises(httpx.TransportError, match="blocked_address"):
            await client.get(f"https://127.0.0.1:{server.port}/")
        with pytest.raises(httpx.TransportError, match="https"):
            await client.get(server.url)


async def over(handler, *, limits: ClientLimits | None = None, timeout_s: float = 1.0):
    transport = httpx.MockTransport(handler)
    client = SafeHTTPClient(SystemClock(), Redactor(), limits, carrier=HTTPXCarrier(transport))
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
    ],
)
async def test_httpx_errors_become_ours(error, expected):
    """Errors of a foreign transport are told by our names."""
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
        clock = SystemClock()
        client = SafeHTTPClient(clock, Redactor(), carrier=HTTPXCarrier(transport))
        async with outbound(server.url, client=client, timeout_s=0.1) as http:
            with pytest.raises(UpstreamTimeout):
                await http.get_json("/x")
        assert Deadline.after(clock, 0).remaining_s() == 0
