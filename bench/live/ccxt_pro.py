"""ccxt's reading of the same bytes, by its own client, loop and parsers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import ccxt.pro
from aiohttp import WSMessage, WSMsgType, web
from ccxt.async_support.base.ws.client import Client

from bench.live.exchange import PAIR, Exchange
from bench.live.wire import framed

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import Frame


def _bare_rows(frame: Frame) -> list[Frame]:
    """A message of Bitfinex as clients get it who ask neither for numbers and times nor for bulks.

    Levels that changed together come one by one then, those that leave first: its caller's book is
    cut to its length after each message, and would lose a level that comes before another leaves.
    """
    said = json.loads(frame)
    if isinstance(said, dict):
        return [frame]
    said = said[: 3 if said[1] in ("te", "tu", "cs") else 2]
    rows = said[1]
    if isinstance(rows, list) and rows and isinstance(rows[0], list) and len(rows) < _WHOLE:
        return [json.dumps([said[0], row]) for row in sorted(rows, key=lambda row: row[1] != 0)]
    return [json.dumps(said)]


def _as_it_is(frame: Frame) -> list[Frame]:
    return [frame]


@dataclass(frozen=True, slots=True)
class Peer:
    """How ccxt reads one exchange.

    Attributes:
        exchange: its id there.
        native: how its socket spells the pair, where that is not as by REST.
        ticker: a part of the name of the channel whose messages `watch_ticker` reads.
        kinds: what it reads of the frames that ours read.
        url: of its socket, by which it tells kinds of markets apart.
        is_packed: whether frames are gzip.
        params: what its callers name besides the pair, by kind.
        as_sent: the messages in place of a frame, without what only our subscription asks for.
    """

    exchange: str
    native: str | None = None
    ticker: str = ""
    kinds: tuple[str, ...] = ("ticker", "trades", "order_book")
    url: str = "wss://peer.example/stream"
    is_packed: bool = False
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    as_sent: Callable[[Frame], list[Frame]] = _as_it_is


#: A list of so many rows is a whole book.
_WHOLE = 20
#: What callers wait with.
WATCHES = {"ticker": "watch_ticker", "trades": "watch_trades", "order_book": "watch_order_book"}
#: Turns of the loop in which a message reaches its caller, if it reaches one at all: ccxt's loop
#: of receiving takes three of them.
TURNS = 4
#: By provider. Of Gemini ccxt follows another socket, of Bitstamp another book and no ticker, and
#: the trades that ours follows of OKX it follows with a key alone.
PEERS = {
    # Its callers choose the figures that ours are read from: its own default has fewer.
    "binance": Peer("binance", params={"ticker": {"name": "ticker"}}),
    "okx": Peer("okx", kinds=("ticker", "order_book")),
    "bybit": Peer("bybit", ticker="tickers.", url="wss://stream.bybit.com/v5/public/spot"),
    "coinbase_exchange": Peer("coinbaseexchange", ticker="ticker"),
    "kraken": Peer("kraken", native="BTC/USDT"),
    "kucoin": Peer("kucoin", ticker="snapshot"),
    "gateio": Peer("gate"),
    "htx": Peer("htx", ticker=".detail", is_packed=True),
    "mexc": Peer("mexc", ticker="bookTicker"),
    "bitfinex": Peer("bitfinex", as_sent=_bare_rows),
    "bitstamp": Peer("bitstamp", kinds=("trades",)),
}


class Theirs:
    """ccxt's client of one exchange, from the message its connection hands it on."""

    def __init__(self, peer: Peer, exchange: Exchange) -> None:
        self._peer = peer
        self.exchange = getattr(ccxt.pro, peer.exchange)({
            "enableRateLimit": False, "apiKey": "-", "secret": "LQ==", "password": "-",
            "options": {"checksum": False, "watchOrderBook": {"checksum": False}},
        })  # fmt: skip
        native = peer.native or exchange.native
        base, quote = str(PAIR).split("/")
        self.exchange.set_markets([
            self.exchange.safe_market_structure({
                "id": native, "lowercaseId": native.lower(), "symbol": str(PAIR), "base": base,
                "quote": quote, "baseId": base,
                "quoteId": quote, "type": "spot", "spot": True, "active": True,
                "precision": {"price": 1e-8, "amount": 1e-8}, "limits": {}, "info": {},
            })
        ])  # fmt: skip
        self.exchange.open()
        self._client = _Client(
            peer.url, self.exchange.handle_message, _nothing, _nothing, _nothing,
            {"gunzip": peer.is_packed, "decompressBinary": peer.exchange != "mexc"},
        )  # fmt: skip
        self._client.connected.resolve(peer.url)
        self.exchange.client = lambda _: self._client
        self.exchange.negotiate = self._negotiate
        self._task: asyncio.Task[None] | None = None
        self._open = AsyncExitStack()
        self._receive: Callable[[bytes], None] | None = None
        self._seen = 0
        self.last: Any = None

    async def _negotiate(self, *_: Any) -> str:
        return self._peer.url

    async def _watch(self, kind: str) -> None:
        """A caller, as its documentation has it."""
        watch = getattr(self.exchange, WATCHES[kind])
        params = dict(self._peer.params.get(kind, {}))
        while True:
            self.last = await watch(str(PAIR), params=params)
            self._seen += 1

    async def follow(self, kind: str) -> None:
        """Begin to wait for messages."""
        connection = await self._open.enter_async_context(_connected())
        self._client.connection = connection
        # As ccxt itself goes to the queue of its connection.
        self._receive = connection._conn.protocol.data_received  # type: ignore[union-attr]
        self._client.asyncio_loop = asyncio.get_running_loop()
        self._client.receive_loop()
        self._task = asyncio.ensure_future(self._watch(kind))
        await asyncio.sleep(0.05)

    async def close(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._client.futures.clear()
        self._client.is_left = True
        await self._open.aclose()
        await self.exchange.close()

    def messages(self, frames: list[Frame]) -> list[bytes]:
        """Frames as they come from the connection."""
        return [framed(part) for one in frames for part in self._peer.as_sent(one)]

    def begin(self, exchange: Exchange) -> None:
        """What came before the first message that is measured."""
        whole = exchange.whole
        if whole is not None and self._peer.exchange in ("binance", "htx", "mexc"):
            book = self.exchange.order_book({}, None)
            levels = ([list(map(float, one)) for one in side] for side in (whole.bids, whole.asks))
            bids, asks = levels
            book.reset({"symbol": str(PAIR), "bids": bids, "asks": asks, "nonce": whole.last})
            self.exchange.orderbooks[str(PAIR)] = book
            return
        for frame in (part for one in exchange.head for part in self._peer.as_sent(one)):
            kind = WSMsgType.TEXT if isinstance(frame, str) else WSMsgType.BINARY
            self._client.handle_message(WSMessage(kind, frame, None))

    async def tell(self, messages: list[bytes]) -> None:
        """These bytes came, one after the other: each reaches the caller before the next."""
        receive = self._receive
        assert receive is not None
        for message in messages:
            seen = self._seen
            receive(message)
            for _ in range(TURNS):
                await asyncio.sleep(0)
                if self._seen != seen:
                    break
        if self._task is not None and self._task.done():
            self._task.result()

    def compared(self, kind: str, ours: Any) -> tuple[object, object]:
        """The same figures of the market, as we know them now and as it does."""
        last = self.last
        if kind == "ticker":
            ticker = last
            name = "bid" if ticker["last"] is None else "last"
            return getattr(ours, name), ticker[name]
        if kind == "trades":
            return ours.trades[-1].price, last[-1]["price"]
        best = [row[:2] for row in last["bids"][:5]]
        return [list(level) for level in ours.bids[:5]], best


@asynccontextmanager
async def _connected() -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection as ccxt opens it, to a server that says nothing."""

    async def listen(request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse(compress=False)
        await answer.prepare(request)
        async for _ in answer:
            pass
        return answer

    app = web.Application()
    app.router.add_get("/", listen)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with aiohttp.ClientSession() as session:
            options: dict[str, Any] = {"autoping": False, "autoclose": False, "compress": 15}
            yield await session.ws_connect(url, max_msg_size=10_485_760, **options)
    finally:
        await runner.cleanup()


class _Client(Client):  # type: ignore[misc]
    """Whose errors are not kept for a caller who waits, as nobody does.

    Attributes:
        is_left: whether nothing is received any more.
    """

    is_left = False

    def receive_loop(self) -> None:
        """As long as it is not left."""
        if not self.is_left:
            super().receive_loop()

    def reject(self, result: Any, message_hash: Any = None) -> Any:
        raise result

    async def send(self, message: Any) -> None:
        """What it subscribes with was said before."""

    def reset(self, error: Any) -> None:
        raise error


def _nothing(*_: Any) -> None:
    """Connections come and go elsewhere."""
