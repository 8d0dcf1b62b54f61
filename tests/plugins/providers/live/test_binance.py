"""Binance's live feeds: its documented messages, its simulated socket, and ccxt's reading."""

from __future__ import annotations

import json

import pytest

from coinmux import BadStatus, CoinmuxError, RateLimited, Symbol, Ticker, Trade
from coinmux import sockets as s
from coinmux.plugins.providers import binance
from coinmux.plugins.providers.binance.simulated_socket import rest_book
from tests.plugins.live_checks import (
    PAIR,
    Feed,
    PlainBook,
    Walk,
    Wire,
    candle_now,
    ticker_now,
    trades_now,
)
from tests.plugins.live_peers import Peer

TRADE = {
    "e": "trade", "E": 1764000000120, "s": "BTCUSDT", "t": 512, "p": "91000.10", "q": "0.0020",
    "T": 1764000000118, "m": True, "M": True,
}  # fmt: skip
TICKER = {
    "e": "24hrTicker", "E": 1764000000131, "s": "BTCUSDT", "p": "1000.10", "P": "1.111",
    "w": "90500.00", "c": "91000.10", "Q": "0.002", "b": "91000.00", "B": "1.5", "a": "91000.20",
    "A": "0.4", "o": "90000.00", "h": "91500.00", "l": "89500.50", "v": "2100.5",
    "q": "190095250.25", "O": 1763913600120, "C": 1764000000120, "F": 1, "L": 512, "n": 512,
}  # fmt: skip


def wrapped(stream, data):
    return json.dumps({"stream": stream, "data": data})


def test_it_subscribes_and_ends_by_numbered_requests():
    """The frames are those its documentation has."""
    dialect = binance.socket_dialect("")
    assert list(map(json.loads, dialect.subscribe(["btcusdt@trade", "btcusdt@kline_1m"]))) == [
        {"method": "SUBSCRIBE", "params": ["btcusdt@trade", "btcusdt@kline_1m"], "id": 1}
    ]
    assert list(map(json.loads, dialect.unsubscribe(["btcusdt@trade"]))) == [
        {"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 2}
    ]
    assert dialect.read('{"result":null,"id":1}') == [
        s.Subscribed(("btcusdt@trade", "btcusdt@kline_1m"))
    ]
    assert dialect.read('{"result":null,"id":2}') == [s.Alive()]


@pytest.mark.parametrize(
    ("capability", "query", "channel"),
    [
        ("ticker", {}, "btcusdt@ticker"),
        ("trades", {}, "btcusdt@trade"),
        ("order_book", {"depth": 20}, "btcusdt@depth20@100ms"),
        ("order_book", {"depth": 21}, "btcusdt@depth@100ms"),
        ("candles", {"interval": "1M"}, "btcusdt@kline_1M"),
    ],
)
def test_each_question_has_its_stream(capability, query, channel):
    assert Feed("binance", capability, **query).subscription.channels == (channel,)


def test_a_ticker_has_every_figure():
    """One message is the whole of it."""
    feed = Feed("binance", "ticker")
    assert feed.read(wrapped("btcusdt@ticker", TICKER)) == [
        Ticker(
            symbol=PAIR, timestamp=1764000000120, last=91000.1, bid=91000.0, ask=91000.2,
            open=90000.0, high=91500.0, low=89500.5, change_percent=1.111, volume_base=2100.5,
            volume_quote=190095250.25,
        )
    ]  # fmt: skip


def test_a_bad_figure_does_not_lose_a_ticker():
    feed = Feed("binance", "ticker")
    (ticker,) = feed.read(wrapped("btcusdt@ticker", {**TICKER, "b": "often", "h": None}))
    assert (ticker.last, ticker.bid, ticker.high) == (91000.1, None, None)


@pytest.mark.parametrize(("maker", "side"), [(True, "sell"), (False, "buy"), ("yes", None)])
def test_the_taker_sold_where_the_buyer_was_the_maker(maker, side):
    feed = Feed("binance", "trades")
    assert feed.read(wrapped("btcusdt@trade", {**TRADE, "m": maker})) == [
        Trade(id="512", timestamp=1764000000118, side=side, price=91000.1, amount=0.002)
    ]


def test_a_candle_says_whether_it_is_closed():
    feed = Feed("binance", "candles", interval="1m")
    row = {
        "t": 1764000000000, "T": 1764000059999, "s": "BTCUSDT", "i": "1m", "o": "1", "c": "2",
        "h": "3", "l": "0.5", "v": "7", "n": 12, "x": True, "q": "9",
    }  # fmt: skip
    said = {"e": "kline", "E": 1764000060001, "s": "BTCUSDT", "k": row}
    assert feed.read(wrapped("btcusdt@kline_1m", said)) == [
        s.LiveCandle(1764000000000, "1", "3", "0.5", "2", "7", is_closed=True)
    ]


def test_books_are_whole_or_numbered():
    """The whole one names no pair; the other says which changes it holds."""
    whole = {"lastUpdateId": 160, "bids": [["1", "2"]], "asks": [["3", "4"]]}
    assert Feed("binance", "order_book").read(wrapped("btcusdt@depth20@100ms", whole)) == [
        s.BookChange([["1", "2"]], [["3", "4"]], is_whole=True, last=160)
    ]
    change = {
        "e": "depthUpdate", "E": 5, "s": "BTCUSDT", "U": 157, "u": 160, "b": [["1", "0"]], "a": [],
    }  # fmt: skip
    deep = Feed("binance", "order_book", depth=100)
    assert deep.read(wrapped("btcusdt@depth@100ms", change)) == [
        s.BookChange([["1", "0"]], [], first=157, last=160, timestamp=5)
    ]


async def test_the_snapshot_of_a_deep_book_is_asked_by_rest():
    """A thousand levels, at the weight its documentation tells."""
    asked = []

    class HTTP:
        async def get_json(self, path, params, *, weight):
            asked.append((path, params, weight))
            return {"lastUpdateId": 7, "bids": [["1", "2"]], "asks": []}

    rules = Feed("binance", "order_book", depth=500).subscription.book
    assert await rules.snapshot(HTTP()) == s.BookChange([["1", "2"]], [], is_whole=True, last=7)
    assert asked == [("/api/v3/depth", {"symbol": "BTCUSDT", "limit": 1000}, 50)]


def test_refusals_name_the_channels_they_are_about():
    """What is asked too often is asked later; any other is an error of the source."""
    dialect = binance.socket_dialect("")
    dialect.subscribe(["a@trade"])
    (refused,) = dialect.read('{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}')
    assert (refused.channels, type(refused.error)) == (("a@trade",), BadStatus)
    (refused,) = dialect.read('{"code":2,"msg":"Invalid request: unknown variant"}')
    assert (refused.channels, type(refused.error)) == ((), BadStatus)
    dialect.subscribe(["b@trade"])
    (refused,) = dialect.read('{"error":{"code":-1003,"msg":"Too many requests"},"id":2}')
    assert (refused.channels, type(refused.error)) == (("b@trade",), RateLimited)


@pytest.mark.parametrize(
    "frame",
    [
        '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}',
        '{"e":"serverShutdown","E":1}',
    ],
)
def test_a_server_that_shuts_down_is_left(frame):
    (said,) = binance.socket_dialect("").read(frame)
    assert isinstance(said, s.Leaving)


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book", "candles"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire("binance", capability)
    wire.connect()
    broken_frames(wire)


def test_another_pair_is_refused():
    feed = Feed("binance", "trades")
    with pytest.raises(CoinmuxError, match="asked for BTC/USDT"):
        feed.read(wrapped("btcusdt@trade", {**TRADE, "s": "ETHUSDT"}))


def test_a_pair_that_is_not_listed_is_accepted_and_silent():
    """As the exchange does it; one it cannot read is refused."""
    wire = Wire("binance", "trades", {"ETHUSDT": Symbol("ETH/USDT")})
    wire.connect()
    assert wire.confirmed == ["btcusdt@trade"]
    assert wire.follows == {}
    wire.send('{"method":"SUBSCRIBE","params":["?"],"id":9}')
    assert wire.refused == [((), BadStatus)]


def test_the_simulated_socket_is_read_and_agrees_with_ccxt():
    """Tickers, trades and candles of the same frames are the same."""
    peer = Peer("binance", "binance")
    wire = Wire("binance", "ticker")
    wire.connect()
    (ticker,) = wire.tell(ticker_now())
    peer.hear(*wire.sent)
    peer.check_ticker(ticker)

    wire = Wire("binance", "trades")
    wire.connect()
    trades = wire.tell(trades_now(5))
    peer.hear(*wire.sent)
    peer.check_trades("BTC/USDT", trades)
    assert [trade.side for trade in trades] == ["buy", "sell", "buy", "sell", "buy"]

    wire = Wire("binance", "candles", interval="1m")
    wire.connect()
    candles = [
        candle
        for at in range(4)
        for row in (candle_now(at), candle_now(at, is_closed=True))
        for candle in wire.tell(row)
    ]
    peer.hear(*wire.sent)
    peer.check_candles("BTC/USDT", "1m", candles)
    assert [candle.is_closed for candle in candles] == [False, True] * 4


def test_a_deep_book_is_the_exchange_s_after_a_thousand_differences():
    """The rows are those of ccxt as well; a snapshot by REST comes first."""
    wire, walk = Wire("binance", "order_book", depth=100), Walk(seed=7)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    peer = Peer("binance", "binance")
    snapshot = rest_book("/api/v3/depth", {"limit": "1000"}, walk.whole())
    book.apply(
        s.BookChange(
            snapshot["bids"], snapshot["asks"], is_whole=True, last=snapshot["lastUpdateId"]
        )
    )
    peer.start_book("BTC/USDT", *walk.levels, snapshot["lastUpdateId"])
    wire.sent.clear()
    for _ in range(1_000):
        for change in wire.tell(walk.step()):
            book.apply(change)
        assert book.levels == walk.levels
    peer.hear(*wire.sent)
    assert peer.book("BTC/USDT") == walk.levels


def test_a_shallow_book_is_whole_in_each_message():
    wire, walk = Wire("binance", "order_book", depth=20), Walk(seed=3, depth=20)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for _ in range(50):
        walk.step()
        for change in wire.tell(walk.whole()):
            book.apply(change)
        assert book.levels == walk.levels


def test_what_a_fault_refuses_comes_back_as_too_many_requests():
    wire = Wire("binance", "ticker")
    (frame,) = wire.feed.subscribe()
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("btcusdt@ticker",), RateLimited)]


def test_it_ends_what_it_no_longer_follows():
    wire = Wire("binance", "trades")
    wire.connect()
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert wire.follows == {}


def test_streams_may_be_named_in_the_address():
    wire = Wire("binance", "trades")
    (follow,) = wire.server.greeting("/stream?streams=btcusdt@trade/other@trade", 0)
    assert (follow.channel, follow.kind) == ("btcusdt@trade", "trades")
