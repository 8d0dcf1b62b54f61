"""The guarded transport under an httpx client: our connections, its interface."""

from __future__ import annotations

import gzip

import httpx
import pytest

from coinmux.framework.testing.raw_server import RawServer, response
from coinmux.framework.transport.address_guard import Origin
from coinmux.framework.transport.guarded import GuardedTransport
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
