"""Bare fan-outs: as many connections get the same bytes, on the same uvicorn, loop and parser.

They check nothing and know no reader apart: one future wakes all their connections.

- `fan` reads a line for each event and writes the bytes of an event of ours, with the moment at
  which its message was sent in place of a volume.
- `reading_fan` reads what ours reads: the exchange's own messages over a WebSocket. It makes the
  event of their figures, with the members of ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

#: What stands in BENCH_BODY where the moment goes.
MARK = b"@moment@"


class Fan:
    """The ASGI application."""

    def __init__(self) -> None:
        self._source: asyncio.Task[None] | None = None
        self._news: asyncio.Future[bytes] | None = None

    async def _follow(self) -> None:
        body = Path(os.environ["BENCH_BODY"]).read_bytes()  # noqa: ASYNC240 - once, at start
        head, _, tail = body.partition(MARK)
        reader, _ = await asyncio.open_connection("127.0.0.1", int(os.environ["BENCH_PLAIN"]))
        while line := await reader.readline():
            self._tell(head + line.strip() + tail)

    def _tell(self, event: bytes) -> None:
        news, self._news = self._news, None
        if news is not None:
            news.set_result(event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if self._source is None:
            self._source = asyncio.ensure_future(self._follow())
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            if self._news is None:
                self._news = asyncio.get_running_loop().create_future()
            chunk = await self._news
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


class ReadingFan(Fan):
    """It reads the exchange's messages."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    async def _follow(self) -> None:
        url = f"ws://127.0.0.1:{os.environ['BENCH_SOCKET']}/reading"
        async with connect(url, compression=None) as socket:
            await socket.send('{"method":"SUBSCRIBE","params":["btcusdt@ticker"],"id":1}')
            async for text in socket:
                said = json.loads(text)
                if "data" in said:
                    self._tell(self._event(said["data"]))

    def _event(self, told: dict[str, Any]) -> bytes:
        self._number += 1
        now_ms = time.time_ns() // 1_000_000
        data = {
            "symbol": "BTC/USDT",
            "timestamp": told["E"],
            "last": float(told["c"]),
            "bid": float(told["b"]),
            "ask": float(told["a"]),
            "open": float(told["o"]),
            "high": float(told["h"]),
            "low": float(told["l"]),
            "change_percent": float(told["P"]),
            "volume_base": float(told["v"]),
            "volume_quote": float(told["q"]),
        }
        meta = {
            "provider": "binance",
            "live": True,
            "received_at": now_ms,
            "lag_ms": now_ms - told["E"],
            "filled_by": None,
            "missed": None,
            "dropped": 0,
            "sources": [],
            "outliers": [],
            "notes": [],
            "simulated": False,
        }
        told_as = {"subject": "BTC/USDT", "data": data, "meta": meta}
        text = json.dumps(told_as, separators=(",", ":"))
        return f"id: 01234567-{self._number}\nevent: update\ndata: {text}\n\n".encode()


fan = Fan()
reading_fan = ReadingFan()
