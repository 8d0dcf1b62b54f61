"""HTTP transports side by side: CPU per request, and the faults each one lets through.

    python -m bench.transports            # CPU time of one small GET
    python -m bench.transports --faults   # what each makes of broken answers

The upstream runs in another process and sends a 24 h ticker of 600 bytes with the headers an
exchange sends. CPU time is that of this process (`time.process_time`), 32 requests at once, best of
five rounds in which the transports take turns. Times depend on the machine; compare ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import multiprocessing
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.connection import Connection

import aiohttp
import httpx

from coinmux.framework.clock import Deadline, SystemClock
from coinmux.framework.models.base import Query
from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.secrets import Redactor
from coinmux.framework.sources.binding import BoundSource
from coinmux.framework.sources.http import HTTP
from coinmux.framework.testing.bind import OpenGate
from coinmux.framework.testing.raw_server import Peer, RawServer, chunked, response
from coinmux.framework.transport.client import ClientLimits, SafeHTTPClient
from coinmux.framework.transport.endpoint import Endpoint

PATH = "/api/v3/ticker/24hr?symbol=BTCUSDT"
AT_ONCE = 32
REQUESTS = 3_200
ROUNDS = 5
FAULT_S = 0.7

Call = Callable[[], Awaitable[object]]

TICKER = {
    "symbol": "BTCUSDT",
    **dict.fromkeys(("lastPrice", "bidPrice", "askPrice", "openPrice"), "73346.14000000"),
    **dict.fromkeys(("priceChange", "priceChangePercent", "lastQty", "bidQty"), "0.00500000"),
    **dict.fromkeys(("highPrice", "lowPrice", "prevClosePrice", "askQty"), "73999.99000000"),
    "volume": "18931.52200000",
    "quoteVolume": "1388530211.12345678",
    "weightedAvgPrice": "73345.12345678",
    "openTime": 1_763_913_600_000,
    "closeTime": 1_764_000_000_000,
    "firstId": 5_500_000_000,
    "lastId": 5_500_999_999,
    "count": 999_999,
}
HEADERS = (
    ("Date", "Mon, 24 Nov 2025 16:00:00 GMT"),
    ("Server", "nginx"),
    ("Connection", "keep-alive"),
    ("Vary", "Accept-Encoding"),
    ("x-mbx-uuid", "7e1c3f84-1a9f-4b1b-b8a0-0b0b0b0b0b0b"),
    ("x-mbx-used-weight", "4"),
    ("x-mbx-used-weight-1m", "4"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubdomains"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Access-Control-Allow-Origin", "*"),
)


class Upstream(asyncio.Protocol):
    """Answers each request with the ticker."""

    page = response(json.dumps(TICKER).encode(), headers=HEADERS)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._got = b""

    def data_received(self, data: bytes) -> None:
        *asked, self._got = (self._got + data).split(b"\r\n\r\n")
        for _ in asked:
            self._transport.write(self.page)


def serve(pipe: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@asynccontextmanager
async def transports(url: str) -> AsyncIterator[dict[str, Call]]:
    """Each way of making one GET of `url` and reading all of its answer."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = await stack.enter_async_context(httpx.AsyncClient())

        async def bare_aiohttp() -> bytes:
            async with session.get(url) as reply:
                return await reply.read()

        async def default_httpx() -> bytes:
            return (await client.get(url)).content

        async def objects_only() -> bytes:
            request = httpx.Request("GET", url)
            raw = [(b"Content-Type", b"application/json")] * 14
            return httpx.Response(200, headers=raw, content=b"{}", request=request).content

        calls: dict[str, Call] = {"bare aiohttp": bare_aiohttp, "httpx, default": default_httpx}
        for name, transport in _third_party():
            await stack.enter_async_context(transport)
            calls[name] = _direct(transport, url)
        calls["httpx.Request and httpx.Response alone, no I/O"] = objects_only
        clock = SystemClock()
        ours = await stack.enter_async_context(
            SafeHTTPClient(clock, Redactor(), ClientLimits(connect_s=FAULT_S))
        )
        calls["ours: bytes"] = _lean(ours, clock, url)
        calls["ours: HTTP.get_json, parsed and checked"] = _whole(ours, clock, url)
        yield calls


def _third_party() -> list[tuple[str, httpx.AsyncBaseTransport]]:
    from httpx_aiohttp import AiohttpTransport
    from pyreqwest.compatibility.httpx import HttpxTransport

    return [
        ("httpx-aiohttp's transport, called directly", AiohttpTransport()),
        ("pyreqwest's transport, called directly", HttpxTransport()),
    ]


def _direct(transport: httpx.AsyncBaseTransport, url: str) -> Call:
    async def call() -> bytes:
        reply = await transport.handle_async_request(httpx.Request("GET", url))
        try:
            return await reply.aread()
        finally:
            await reply.aclose()

    return call


def _lean(client: SafeHTTPClient, clock: SystemClock, url: str) -> Call:
    endpoint = Endpoint.of(url, allowed=True)

    async def call() -> bytes:
        request = endpoint.request("GET", "", None, endpoint.headers)
        return (await client.send(request, Deadline.after(clock, FAULT_S))).body

    return call


def _whole(client: SafeHTTPClient, clock: SystemClock, url: str) -> Call:
    source = BoundSource.of(
        ProviderInfo(name="acme", title="Acme", category="market", base_url="https://a.example"),
        base_url_override=url.split("/api", 1)[0],
        gate=OpenGate(),
        assets=None,
        clock=clock,
    )
    path, params = PATH.split("?")[0], {"symbol": "BTCUSDT"}
    query = Query()

    async def call() -> object:
        http = HTTP(source, client, Deadline.after(clock, 4), query)
        return await http.get_json(path, params)

    return call


async def cpu_ms(call: Call, requests: int) -> float:
    async def work(count: int) -> None:
        for _ in range(count):
            await call()

    await asyncio.gather(*(work(2) for _ in range(AT_ONCE)))
    started = time.process_time()
    await asyncio.gather(*(work(requests // AT_ONCE) for _ in range(AT_ONCE)))
    return (time.process_time() - started) * 1_000 / requests


async def speed(port: int) -> None:
    best: dict[str, float] = {}
    async with transports(f"http://127.0.0.1:{port}{PATH}") as calls:
        for _ in range(ROUNDS):
            for name, call in calls.items():
                took = await cpu_ms(call, REQUESTS)
                best[name] = min(best.get(name, took), took)
    base = best["bare aiohttp"]
    for name, took in best.items():
        print(f"{name:48} {took:8.4f} ms  {took / base:6.2f} x")


def _endless(data: bytes, *, first: bytes = b"", pause_s: float = 0.0) -> RawServer:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(first)
        await peer.loop(data, pause_s=pause_s)

    return RawServer(handle)


def _once(data: bytes) -> RawServer:
    return RawServer.answering(data, close=True)


def faults() -> dict[str, RawServer]:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    streamed = head + b"Transfer-Encoding: chunked\r\n\r\n"
    coded = [("Content-Encoding", "gzip")]
    packed = gzip.compress(json.dumps(TICKER).encode())
    bomb = gzip.compress(b" " * (64 << 20))
    return {
        "A9 body drips": _endless(b" ", first=head + b"\r\n", pause_s=0.05),
        "A10 headers never end": _endless(b"X-n: a\r\n", first=head),
        "A11 endless 103": _endless(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        "A12 chunk extensions": _endless(b"1;" + b"e" * 4096 + b"\r\n \r\n", first=streamed),
        "B17 HTTP/2.0 in text": _once(b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        "B17 status 000": _once(response(status="000 No")),
        "B18 two lengths": _once(head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
        "B18 NUL in a header": _once(response(headers=[("X", "a\0b")])),
        "B18 5000 headers": _once(response(headers=[("X", "a")] * 5_000)),
        "B18 length and chunked": _once(
            head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        ),
        "B20 body cut off": _once(response(length=99)),
        "B20 chunks cut off": _once(chunked(b'{"ok":1}', end=b"")),
        "B21 bytes after the body": _once(response(b'{"a":1}{"a":2}', length=7)),
        "B22 chunk size not hex": _once(streamed + b"zz\r\n{}\r\n0\r\n\r\n"),
        "C1 1 GB declared": _endless(
            b" " * 65_536, first=head + b"Content-Length: 1000000000\r\n\r\n"
        ),
        "C2 1 GB undeclared": _endless(b" " * 65_536, first=head + b"\r\n"),
        "C3 gzip bomb": _once(response(bomb, headers=coded)),
        "C4 zstd": _once(response(b"\x28\xb5\x2f\xfd", headers=[("Content-Encoding", "zstd")])),
        "C5 gzip cut off": _once(response(packed[:-20], headers=coded)),
        "C5 bytes after gzip": _once(response(packed + b"more", headers=coded)),
        "C6 gzip checksum": _once(response(packed[:-8] + b"\0" * 8, headers=coded)),
    }


async def outcome(call: Call) -> str:
    started = time.monotonic()
    try:
        async with asyncio.timeout(FAULT_S + 0.3):
            got = await call()
    except TimeoutError:
        return "no end"
    except Exception as exc:  # noqa: BLE001 - whatever a library raises is its answer
        late = time.monotonic() - started > FAULT_S * 0.9
        return f"deadline ({type(exc).__name__})" if late else type(exc).__name__
    return f"TAKEN, {len(got)} bytes" if isinstance(got, bytes) else "TAKEN"


async def compare_faults() -> None:
    rows: dict[str, dict[str, str]] = {}
    for fault, server in faults().items():
        async with server, transports(f"{server.url}{PATH}") as calls:
            for name, call in calls.items():
                if "alone" not in name and "get_json" not in name:
                    rows.setdefault(fault, {})[name] = await outcome(call)
    for fault, row in rows.items():
        print(fault)
        for name, text in row.items():
            print(f"    {name:46} {text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", action="store_true", help="compare faults, not speed")
    parser.add_argument("--uvloop", action="store_true", help="run the client side on uvloop")
    options = parser.parse_args()
    if options.uvloop:
        import uvloop

        run = uvloop.run
    else:
        run = asyncio.run
    if options.faults:
        run(compare_faults())
        return
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(theirs,), daemon=True
    )
    process.start()
    try:
        run(speed(ours.recv()))
    finally:
        process.terminate()


if __name__ == "__main__":
    sys.exit(main())
