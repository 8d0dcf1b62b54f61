"""A bare fan-out: as many connections get the same bytes, on the same uvicorn, loop and parser.

It parses nothing, checks nothing and knows no reader apart: one future wakes them all. The bytes
are those of an event of ours, with the moment at which its message was sent in place of a volume.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

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
            news, self._news = self._news, None
            if news is not None:
                news.set_result(head + line.strip() + tail)

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


fan = Fan()
