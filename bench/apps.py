"""The yardsticks over HTTP: a bare app that sends given bytes, a minimal proxy, one that reads."""

import json
import os
import time
from pathlib import Path

import aiohttp
import msgspec
from pydantic import BaseModel, ConfigDict

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
            body = self.answer(symbol, await response.read())
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(self, symbol: str, body: bytes) -> bytes:
        """What is sent of what the source sent."""
        return json.dumps({"data": json.loads(body)}).encode()


class Ticker(BaseModel):
    """The fields of ours, from the source's strings."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    timestamp: int
    last: float
    bid: float | None
    ask: float | None
    open: float | None
    high: float | None
    low: float | None
    change_percent: float | None
    volume_base: float | None
    volume_quote: float | None


class Reader(Proxy):
    """A proxy that reads the answer as a ticker, keeps it, and says where and when it is from.

    It has one source, and neither order, health, limits, deadline, record nor check.
    """

    def __init__(self) -> None:
        self.kept = {}

    def answer(self, symbol: str, body: bytes) -> bytes:
        """The ticker with what `meta` must say."""
        began = time.monotonic()
        row = json.loads(body)
        ticker = Ticker(
            symbol=symbol, timestamp=row["closeTime"], last=row["lastPrice"], bid=row["bidPrice"],
            ask=row["askPrice"], open=row["openPrice"], high=row["highPrice"],
            low=row["lowPrice"], change_percent=row["priceChangePercent"],
            volume_base=row["volume"], volume_quote=row["quoteVolume"],
        )  # fmt: skip
        now = time.time()
        elapsed_ms = (time.monotonic() - began) * 1000
        attempt = {"provider": "binance", "outcome": "ok", "elapsed_ms": elapsed_ms}
        self.kept[symbol] = (ticker, now)
        meta = {"provider": "binance", "fetched_at": int(now * 1000), "attempts": [attempt]}
        return msgspec.json.encode({"data": ticker.model_dump(), "meta": meta})


proxy = Proxy()
reader = Reader()
