"""What ccxt's own live parsers make of the frames that a provider's feed reads.

No connection is made: frames go to `exchange.handle_message` as ccxt's client would hand them, and
what it keeps is compared with ours, field by field. Only tests use it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any

import ccxt.pro

from coinmux import Symbol, Ticker, Trade
from tests.plugins.exchange_checks import TICKER, TRADE, _same
from tests.plugins.sample_replay import provider

Rows = Sequence[Sequence[float]]


class Client:
    """What ccxt's parsers need of a client: subscriptions, and where results and errors go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.subscriptions: dict[str, Any] = {}
        self.futures: dict[str, Any] = {}
        self.rejections: dict[str, Any] = {}
        self.lastPong = self.last_pong = self.keepAlive = None
        self.sent: list[Any] = []
        self.error: Exception | None = None

    def resolve(self, result: Any, message_hash: str | None = None) -> Any:
        return result

    def reject(self, error: Exception, message_hash: str | None = None) -> None:
        raise error

    def reset(self, error: Exception) -> None:
        raise error

    async def send(self, message: Any) -> None:
        self.sent.append(message)


class Peer:
    """ccxt's reading of one exchange's socket.

    Args:
        exchange: ccxt's id.
        name: the provider, whose spelling gives the ids of the markets.
        symbols: the markets it knows.
        url: the socket's address, where ccxt tells kinds of sockets apart by it.
        ids: symbol -> ccxt's id of a market, where it is not the provider's spelling.
        options: ccxt's options.
    """

    def __init__(
        self,
        exchange: str,
        name: str,
        symbols: Iterable[str] = ("BTC/USDT",),
        *,
        url: str = "wss://peer.example/stream",
        ids: dict[str, str] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.exchange = getattr(ccxt.pro, exchange)({"options": options or {}})
        style = provider(name).provider_info().symbols
        self.exchange.set_markets(
            [
                self._market(symbol, (ids or {}).get(symbol) or style.native(Symbol(symbol)))
                for symbol in symbols
            ]
        )
        self.client = Client(url)

    def _market(self, symbol: str, native: str) -> Any:
        base, quote = symbol.split("/")
        return self.exchange.safe_market_structure(
            {
                "id": native,
                "symbol": symbol,
                "base": base,
                "quote": quote,
                "baseId": base,
                "quoteId": quote,
                "type": "spot",
                "spot": True,
                "active": True,
                "precision": {"price": 1e-8, "amount": 1e-8},
                "limits": {},
                "info": {},
            }
        )

    def hear(self, *frames: str | bytes) -> None:
        """Frames as the exchange sent them, in order."""
        for frame in frames:
            self.handle(json.loads(frame))

    def handle(self, message: Any) -> None:
        """One message that is decoded already."""
        found = self.exchange.handle_message(self.client, message)
        assert not asyncio.iscoroutine(found), "this message needs ccxt to ask the exchange"

    def start_book(self, symbol: str, bids: Rows, asks: Rows, number: int | None = None) -> None:
        """The whole book, where the exchange gives it by REST."""
        book = self.exchange.order_book({}, None)
        book.reset({"symbol": symbol, "bids": bids, "asks": asks, "nonce": number})
        self.exchange.orderbooks[symbol] = book

    def book(self, symbol: str, depth: int | None = None) -> tuple[Rows, Rows]:
        """Its bids and asks, best first, as price and size."""
        book = self.exchange.orderbooks[symbol].limit()
        bids, asks = ([row[:2] for row in book[side]][:depth] for side in ("bids", "asks"))
        return bids, asks

    def check_ticker(self, ours: Ticker, *, but: Iterable[str] = ()) -> None:
        """Every figure ccxt has is ours as well, except `but`, which must differ.

        Raises:
            AssertionError: they differ.
        """
        theirs = self.exchange.tickers[str(ours.symbol)]
        differ = {
            field: (getattr(ours, field), theirs[name])
            for field, name in TICKER.items()
            if theirs.get(name) is not None and not _same(getattr(ours, field), theirs[name])
        }
        assert differ.keys() == set(but), differ

    def check_trades(self, symbol: str, ours: Sequence[Trade]) -> None:
        """The trades are the same, in the same order.

        Raises:
            AssertionError: they differ.
        """
        theirs = list(self.exchange.trades[symbol])
        assert [[getattr(trade, field) for field in TRADE] for trade in ours] == [
            [trade[field] for field in TRADE] for trade in theirs
        ]

    def check_candles(self, symbol: str, interval: str, ours: Iterable[Any]) -> None:
        """The newest state of each candle is the same; `ours` are `LiveCandle`s.

        Raises:
            AssertionError: they differ.
        """
        newest = {
            candle.timestamp: [
                candle.timestamp,
                *map(float, (candle.open, candle.high, candle.low, candle.close)),
                None if candle.volume is None else float(candle.volume),
            ]
            for candle in ours
        }
        theirs = [list(row) for row in self.exchange.ohlcvs[symbol][interval]]
        assert sorted(newest.values()) == theirs
