"""A market followed by our gateway, on an exchange in this process: bytes in, event out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import httpx

from bench.live.ccxt_pro import TURNS
from bench.live.exchange import DEPTH, PAIR, Exchange
from bench.live.wire import framed, receiver
from coinmux import Gateway
from coinmux.framework.plugins.discovery import PluginLoader

_PATIENCE_S = 60.0


class Ours:
    """The way of a message from the connection to the reader's queue, as in real use."""

    def __init__(self, exchange: Exchange, stream: Any) -> None:
        self._exchange = exchange
        self._stream = stream

        self._seen = 0
        self._task = asyncio.ensure_future(self._read())
        self.last: Any = None
        #: Set once the socket tells it, and not an answer by REST.
        self.live = asyncio.Event()

    async def _read(self) -> None:
        async for event in self._stream:
            self.last = event.data
            self._seen += 1
            if event.meta.live:
                self.live.set()
                break
        # From here on a caller, as ccxt's is.
        async for event in self._stream:
            if event.data is not None:  # a gap tells no figures
                self.last = event.data
            self._seen += 1

    def messages(self, frames: list[str | bytes]) -> list[bytes]:
        """Frames as they come from the connection."""
        return list(map(framed, frames))

    async def tell(self, messages: list[bytes]) -> None:
        """These bytes came, one after the other: each reaches the reader before the next."""
        receive = self._exchange.receive
        assert receive is not None
        for message in messages:
            seen = self._seen
            receive(message)
            for _ in range(TURNS):
                await asyncio.sleep(0)
                if self._seen != seen:
                    break

    async def close(self) -> None:
        """End."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._stream.close()


@asynccontextmanager
async def followed(name: str, exchange: Exchange) -> AsyncIterator[Ours]:
    """`exchange` followed as in real use; only the socket and REST are not of the network."""

    async def open_socket(pool: Any, address: Any, on_frame: Any, on_lost: Any, **_: Any) -> Any:
        exchange.receive = receiver(on_frame, on_lost)
        return exchange.connect(on_frame, address.target)

    gateway = Gateway.from_env(
        None,
        environ={"CHECKER": "off", "ARCHIVE": "off"},
        found=PluginLoader().discover(allow=[name]),
        transport=httpx.MockTransport(exchange.rest),
    )
    depth = DEPTH if exchange.kind == "order_book" else None
    with patch("coinmux.framework.streams.wires.open_socket", open_socket):
        async with gateway:
            stream = gateway.stream(exchange.kind, PAIR, depth=depth, provider=name)
            opening = asyncio.ensure_future(stream.open())
            async with asyncio.timeout(_PATIENCE_S):
                while not opening.done():
                    exchange.begin()
                    if exchange.kind == "trades" and exchange.hear is not None:
                        _tell_one(exchange)
                    await asyncio.sleep(0.01)
            await opening
            made = Ours(exchange, stream)
            async with asyncio.timeout(_PATIENCE_S):
                await made.live.wait()
            yield made
            await made.close()


def _tell_one(exchange: Exchange) -> None:
    """A feed of trades begins with one, where its latest are not known by REST."""
    try:
        frames = exchange.frames(1)
    except StopIteration:
        return
    for frame in frames:
        exchange.head.append(frame)
        if exchange.hear is not None:
            exchange.hear(frame)
