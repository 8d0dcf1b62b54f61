"""The yardsticks over HTTP: a bare ASGI app that sends given bytes, and a minimal proxy."""

import json
import os
from pathlib import Path

import aiohttp

BODY = b""
UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")


async def bare(scope, receive, send):
    """Sends BENCH_BODY's bytes to everybody."""
    global BODY
    if scope["type"] != "http":
        return
    if not BODY:
        BODY = Path(os.environ["BENCH_BODY"]).read_bytes()  # noqa: ASYNC240 - once, at start
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


class Proxy:
    """One aiohttp GET, decode, encode."""

    session: aiohttp.ClientSession | None = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return
        if self.session is None:
            self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
        symbol = scope["query_string"].decode().partition("symbol=")[2].partition("&")[0]
        url = f"{UPSTREAM}/api/v3/ticker/24hr?symbol={symbol.replace('/', '')}"
        async with self.session.get(url) as response:
            data = json.loads(await response.read())
        body = json.dumps({"data": data}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


proxy = Proxy()
