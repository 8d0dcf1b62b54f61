"""cryptofeed's feed of OKX on lines of JSON, run by the Python of its own environment.

Each line read names a channel and messages of the exchange; each line written is the CPU of one,
and what the callback was given last. A message begins with the bytes of its WebSocket frame, as the
event loop hands them to a connection, and ends in the callback.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import json
import sys
import time
from typing import Any

import uvloop
from cryptofeed.connection import WSAsyncConn
from cryptofeed.defines import L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import OKX
from cryptofeed.symbols import Symbols

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CHANNELS = {"ticker": TICKER, "trades": TRADES, "order_book": L2_BOOK}
_PAIR, _NATIVE = "BTC-USDT", "BTC-USDT"
#: Turns of the loop in which a message reaches the callback, if it reaches it at all.
_TURNS = 6
_BEST = 5


class Feed:
    """One feed that follows one channel, and a callback that does nothing."""

    def __init__(self, kind: str) -> None:
        Symbols.set("OKX", {_PAIR: _NATIVE}, {"instrument_type": {_PAIR: "spot"}})
        self._kind, self._seen, self.last = kind, 0, None
        self._feed = OKX(
            symbols=[_PAIR], channels=[_CHANNELS[kind]], callbacks={_CHANNELS[kind]: self._told}
        )
        self._feed._l2_book = {}
        self._task: asyncio.Task[None] | None = None
        self._receive: Any = None

    async def _told(self, told: Any, received_at: float) -> None:
        self._seen += 1
        self.last = told

    async def open(self) -> None:
        """Connect, as cryptofeed does, to a server that says nothing."""
        server = await asyncio.start_server(_shake_hands, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = WSAsyncConn(
            "wss://peer.example/", "OKX", compression=None, ping_interval=None, max_size=2**23
        )
        # It takes secure addresses only, which cost both sides the same elsewhere.
        connection.address = f"ws://127.0.0.1:{port}/"
        await connection._open()
        self._receive = connection.conn.data_received
        self._task = asyncio.ensure_future(self._read(connection))
        await asyncio.sleep(0.05)

    async def _read(self, connection: Any) -> None:
        """As its connection handler does."""
        async for message in connection.read():
            await self._feed.message_handler(message, connection, connection.last_message)

    async def tell(self, messages: list[bytes]) -> float:
        """CPU of one message in microseconds; each reaches the callback before the next comes."""
        gc.collect()
        begun = time.process_time()
        for message in messages:
            seen = self._seen
            self._receive(message)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
                if self._seen != seen:
                    break
        spent = time.process_time() - begun
        if self._task is not None and self._task.done():
            self._task.result()
        return spent / len(messages) * 1e6

    def known(self) -> Any:
        """The figures it was told last."""
        last = self.last
        if self._kind == "ticker":
            return float(last.bid)
        if self._kind == "trades":
            return float(last.price)
        bids = last.book.bids
        return [[float(part) for part in bids.index(at)] for at in range(_BEST)]


async def _shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")]
    key = lines[0].partition(b":")[2].strip()
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def _framed(text: str) -> bytes:
    data = text.encode()
    if len(data) < 126:
        return b"\x81" + bytes([len(data)]) + data
    if len(data) < 65_536:
        return b"\x81\x7e" + len(data).to_bytes(2, "big") + data
    return b"\x81\x7f" + len(data).to_bytes(8, "big") + data


async def _main() -> None:
    feeds: dict[str, Feed] = {}
    print("ready", flush=True)
    for line in sys.stdin:
        kind, messages = json.loads(line)
        if kind not in feeds:
            feeds[kind] = Feed(kind)
            await feeds[kind].open()
        one_us = await feeds[kind].tell([_framed(text) for text in messages])
        print(json.dumps([one_us, feeds[kind].known()]), flush=True)


if __name__ == "__main__":
    uvloop.run(_main())
