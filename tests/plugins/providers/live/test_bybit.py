"""Bybit's live feed: its documented messages, its simulated socket, and ccxt's reading."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from coinmux import BadStatus, OtherSubject, Symbol, Ticker, Trade, TradesQuery, UnknownSymbol
from coinmux import sockets as s
from coinmux.plugins.providers import bybit
from coinmux.plugins.providers.bybit.simulated_socket import rest_trades
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

AT_MS = 1764000000120
URL = "wss://stream.bybit.com/v5/public/spot"
TICKER = {
    "symbol": "BTCUSDT", "lastPrice": "91000.10", "highPrice24h": "91500.00",
    "lowPrice24h": "89500.50", "prevPrice24h": "90000.00", "volume24h": "2100.5",
    "turnover24h": "190095250.25", "price24hPcnt": "0.0111", "usdIndexPrice": "91000",
}  # fmt: skip
BEST = {"s": "BTCUSDT", "b": [["91000.00", "1.5"]], "a": [["91000.20", "0.4"]], "u": 7, "seq": 9}
TRADE = {
    "T": AT_MS, "s": "BTCUSDT", "S": "Sell", "v": "0.0020", "p": "91000.10",
    "i": "2290000000512", "BT": False, "RPI": False, "seq": 9,
}  # fmt: skip
BOOK = {"s": "BTCUSDT", "b": [["91000", "0"]], "a": [], "u": 185, "seq": 796}
CANDLE = {
    "start": 1764000000000, "end": 1764000059999, "interval": "1", "open": "1", "close": "2",
    "high": "3", "low": "0.5", "volume": "7", "turnover": "9", "confirm": True, "timestamp": AT_MS,
}  # fmt: skip


def told(topic, body, kind="snapshot", **more):
    return json.dumps({"topic": topic, "type": kind, "ts": AT_MS, **more, "data": body})


def answer(number, message="subscribe", *, success=True):
    body = {"success": success, "ret_msg": message, "conn_id": "c", "op": "subscribe"}
    return json.dumps(body | {"req_id": number})


def test_it_subscribes_and_ends_by_numbered_requests():
    """The answer has the number alone."""
    dialect = bybit.socket_dialect("")
    topics = ["tickers.BTCUSDT", "orderbook.1.BTCUSDT"]
    assert [json.loads(one) for one in dialect.subscribe(topics)] == [
        {"op": "subscribe", "args": topics, "req_id": "1"}
    ]
    assert [json.loads(one) for one in dialect.unsubscribe(topics[:1])] == [
        {"op": "unsubscribe", "args": topics[:1], "req_id": "2"}
    ]
    assert list(dialect.read(answer("1"))) == [s.Subscribed(topics)]
    assert list(dialect.read(answer("1"))) == [s.Alive()]
    assert bybit.provider_info().sockets[""].batch == 10


def test_a_ping_is_answered_in_kind():
    """The answer is a sign of life."""
    dialect = bybit.socket_dialect("")
    assert json.loads(dialect.keep_alive()) == {"op": "ping"}
    pong = {"success": True, "ret_msg": "pong", "conn_id": "c", "op": "ping"}
    assert list(dialect.read(json.dumps(pong))) == [s.Alive()]


@pytest.mark.parametrize(
    ("capability", "query", "channels"),
    [
        ("ticker", {}, ("tickers.BTCUSDT", "orderbook.1.BTCUSDT")),
        ("trades", {}, ("publicTrade.BTCUSDT",)),
        ("order_book", {"depth": 1}, ("orderbook.50.BTCUSDT",)),
        ("order_book", {"depth": 51}, ("orderbook.200.BTCUSDT",)),
        ("order_book", {"depth": 500}, ("orderbook.1000.BTCUSDT",)),
        ("candles", {"interval": "1m"}, ("kline.1.BTCUSDT",)),
        ("candles", {"interval": "1M"}, ("kline.M.BTCUSDT",)),
    ],
)
def test_each_question_has_its_topics(capability, query, channels):
    """A book is the smallest that is deep enough, and never the one of the ticker."""
    assert Feed("bybit", capability, **query).subscription.channels == channels


def test_a_ticker_is_told_with_the_best_levels():
    """Its own message has neither bid nor ask: until they come, they are null."""
    feed = Feed("bybit", "ticker")
    assert feed.read(told("orderbook.1.BTCUSDT", {**BEST, "b": []})) == []
    figures = {
        "symbol": PAIR, "timestamp": AT_MS, "last": 91000.1, "open": 90000.0, "high": 91500.0,
        "low": 89500.5, "change_percent": 1.11, "volume_base": 2100.5,
        "volume_quote": 190095250.25,
    }  # fmt: skip
    assert feed.read(told("tickers.BTCUSDT", TICKER)) == [Ticker(**figures, ask=91000.2)]
    assert feed.read(told("orderbook.1.BTCUSDT", BEST)) == [
        Ticker(**figures, bid=91000.0, ask=91000.2)
    ]
    gone = {**BEST, "a": [["91000.20", "0"]]}
    assert feed.read(told("orderbook.1.BTCUSDT", gone)) == [Ticker(**figures, bid=91000.0)]


def test_a_change_of_a_ticker_keeps_the_rest_of_it():
    """A whole one forgets what was there before."""
    feed = Feed("bybit", "ticker")
    feed.read(told("tickers.BTCUSDT", TICKER))
    change = {"symbol": "BTCUSDT", "lastPrice": "91001"}
    (ticker,) = feed.read(told("tickers.BTCUSDT", change, "delta"))
    assert (ticker.last, ticker.high) == (91001.0, 91500.0)
    (ticker,) = feed.read(told("tickers.BTCUSDT", change))
    assert (ticker.last, ticker.high) == (91001.0, None)


def test_a_bad_figure_does_not_lose_a_ticker():
    """It is null, as in the answer to a request."""
    body = {**TICKER, "highPrice24h": "often", "price24hPcnt": "often"}
    (ticker,) = Feed("bybit", "ticker").read(told("tickers.BTCUSDT", body))
    assert (ticker.last, ticker.high, ticker.change_percent) == (91000.1, None, None)


def test_trades_come_in_lists():
    """A row that cannot be read does not cost the others."""
    rows = [TRADE, {**TRADE, "T": "noon"}, {**TRADE, "i": "b", "S": "Both"}]
    assert Feed("bybit", "trades").read(told("publicTrade.BTCUSDT", rows)) == [
        Trade(id="2290000000512", timestamp=AT_MS, side="sell", price=91000.1, amount=0.002),
        Trade(id="b", timestamp=AT_MS, side=None, price=91000.1, amount=0.002),
    ]


@pytest.mark.parametrize(
    ("kind", "number", "is_whole"),
    [("snapshot", 185, True), ("delta", 185, False), ("delta", 1, True)],
)
def test_a_book_is_whole_or_numbered(kind, number, is_whole):
    """A service that began anew sends the whole of it with the number 1."""
    feed = Feed("bybit", "order_book")
    body = {**BOOK, "u": number}
    assert feed.read(told("orderbook.50.BTCUSDT", body, kind, cts=AT_MS - 5)) == [
        s.BookChange(
            [[91000.0, 0.0]], [], is_whole=is_whole, first=number, last=number,
            timestamp=AT_MS - 5,
        )
    ]  # fmt: skip
    assert feed.subscription.book == s.BookRules(link="adjacent", depth=50)


@pytest.mark.parametrize(("confirm", "is_closed"), [(True, True), (False, False), ("yes", None)])
def test_a_candle_says_whether_it_is_closed(confirm, is_closed):
    """Anything but true and false is not known."""
    feed = Feed("bybit", "candles", interval="1m")
    assert feed.read(told("kline.1.BTCUSDT", [{**CANDLE, "confirm": confirm}])) == [
        s.LiveCandle(1764000000000, "1", "3", "0.5", "2", "7", is_closed=is_closed)
    ]


def test_one_bad_topic_does_not_cost_the_others():
    """It refuses the request; what else was in it is asked for again."""
    dialect = bybit.socket_dialect("")
    dialect.subscribe(["tickers.XUSDT", "tickers.XUSDTX", "tickers.BTCUSDT"])
    message = "error:handler not found,topic:tickers.XUSDT"
    refused, again = dialect.read(answer("1", message, success=False))
    assert (refused.channels, type(refused.error)) == (["tickers.XUSDT"], UnknownSymbol)
    assert refused.error.symbol == "XUSDT"
    assert json.loads(again.frame)["args"] == ["tickers.XUSDTX", "tickers.BTCUSDT"]
    (refused,) = dialect.read('{"success":false,"ret_msg":"no","conn_id":"c","op":""}')
    assert (refused.channels, type(refused.error)) == ([], BadStatus)


def test_where_no_topic_is_named_each_is_asked_for_alone():
    """So it is found which of them is refused, and why."""
    dialect = bybit.socket_dialect("")
    dialect.subscribe(["tickers.XUSDT", "tickers.BTCUSDT"])
    again = dialect.read(answer("1", "Invalid symbol", success=False))
    assert [json.loads(one.frame) for one in again] == [
        {"op": "subscribe", "args": ["tickers.XUSDT"], "req_id": "2"},
        {"op": "subscribe", "args": ["tickers.BTCUSDT"], "req_id": "3"},
    ]
    (refused,) = dialect.read(answer("2", "Invalid symbol", success=False))
    assert (refused.channels, type(refused.error)) == (["tickers.XUSDT"], UnknownSymbol)
    (refused,) = dialect.read(answer("3", "busy", success=False))
    assert (refused.channels, type(refused.error)) == (["tickers.BTCUSDT"], BadStatus)


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book", "candles"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire("bybit", capability)
    wire.connect()
    broken_frames(wire)


@pytest.mark.parametrize(
    ("capability", "topic", "body"),
    [
        ("ticker", "tickers.BTCUSDT", {**TICKER, "symbol": "ETHUSDT"}),
        ("ticker", "orderbook.1.BTCUSDT", {**BEST, "s": "ETHUSDT"}),
        ("trades", "publicTrade.BTCUSDT", [{**TRADE, "s": "ETHUSDT"}]),
        ("order_book", "orderbook.50.BTCUSDT", {**BOOK, "s": "ETHUSDT"}),
    ],
)
def test_another_pair_is_refused(capability, topic, body):
    """A message of the topic that is about another pair."""
    with pytest.raises(OtherSubject):
        Feed("bybit", capability).read(told(topic, body))


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book", "candles"])
def test_the_simulated_socket_refuses_what_is_not_listed(capability):
    """In the exchange's words; the feed ends up with every topic refused."""
    wire = Wire("bybit", capability, {"ETHUSDT": Symbol("ETH/USDT")})
    wire.connect()
    for said in wire.feed.said:
        if isinstance(said, s.Reply):
            wire.send(said.frame)
    assert wire.refused == [((topic,), UnknownSymbol) for topic in wire.feed.subscription.channels]
    assert not wire.follows


def test_the_simulated_socket_takes_ten_topics_and_no_nonsense():
    """A request it cannot read is an error without a number."""
    wire = Wire("bybit", "ticker")
    topics = ["tickers.BTCUSDT"] * 11
    wire.send(json.dumps({"op": "subscribe", "args": topics, "req_id": "9"}))
    wire.send("hello")
    wire.send('{"op":"hello","req_id":"8"}')
    wire.send('{"op":"subscribe","args":["orderbook.7.BTCUSDT"],"req_id":"7"}')
    assert wire.refused == [((), BadStatus)] * 4
    wire.send('{"op":"ping"}')
    assert json.loads(wire.sent[-1])["ret_msg"] == "pong"


def test_what_a_fault_refuses_is_an_unknown_pair():
    """The words are those of a topic there is not."""
    wire = Wire("bybit", "trades")
    (frame,) = wire.feed.subscribe()
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("publicTrade.BTCUSDT",), UnknownSymbol)]


def test_the_simulated_socket_is_read_and_agrees_with_ccxt():
    """Tickers, trades and candles of the same frames are the same."""
    peer = Peer("bybit", "bybit", url=URL)
    wire = Wire("bybit", "ticker")
    wire.connect()
    wire.tell(ticker_now())
    (ticker,) = wire.tell(whole_of_best())
    peer.hear(*wire.sent)
    peer.check_ticker(ticker)
    assert (ticker.bid, ticker.ask) == (91000.0, 91000.2)

    wire = Wire("bybit", "trades")
    wire.connect()
    trades = wire.tell(trades_now(5))
    peer.hear(*wire.sent)
    peer.check_trades("BTC/USDT", trades)
    assert [trade.side for trade in trades] == ["buy", "sell", "buy", "sell", "buy"]

    wire = Wire("bybit", "candles", interval="1m")
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


def whole_of_best():
    """A book of one level."""
    levels = ([(Decimal("91000.00"), Decimal("1.5"))], [(Decimal("91000.20"), Decimal("0.4"))])
    return replace(Walk().whole(), bids=levels[0], asks=levels[1])


def test_the_book_is_the_exchange_s_after_a_thousand_differences():
    """The rows are those of ccxt as well."""
    wire, walk = Wire("bybit", "order_book", depth=200), Walk(seed=7)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for row in (walk.whole(), *(None for _ in range(1_000))):
        for change in wire.tell(row or walk.step()):
            book.apply(change)
        assert book.levels == walk.levels
    peer = Peer("bybit", "bybit", url=URL)
    peer.hear(*wire.sent)
    assert peer.book("BTC/USDT") == walk.levels


def test_a_difference_that_was_not_told_leaves_a_gap_in_the_numbers():
    """The simulated socket counts messages, as the exchange does."""
    wire, walk = Wire("bybit", "order_book"), Walk()
    wire.connect()
    (whole,) = wire.tell(walk.whole())
    (first,) = wire.tell(walk.step())
    walk.step()
    (late,) = wire.tell(walk.step())
    assert first.first == whole.last + 1
    assert late.first > first.last + 1


def test_it_ends_what_it_no_longer_follows():
    """Both topics of a ticker."""
    wire = Wire("bybit", "ticker")
    wire.connect()
    assert wire.confirmed == ["tickers.BTCUSDT", "orderbook.1.BTCUSDT"]
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert not wire.follows


def test_simulated_requests_tell_the_trades_of_the_feed():
    """With the ids and the sides that the feed has; another request is not theirs."""
    wire = Wire("bybit", "trades")
    wire.connect()
    told, params = wire.tell(trades_now(5)), {"symbol": "BTCUSDT", "limit": "3"}
    body = rest_trades("/v5/market/recent-trade", params, trades_now(5))
    answered = bybit.parse_trades(body, TradesQuery(symbol=PAIR))
    assert list(answered.trades) == told[-3:]
    assert rest_trades("/other", params, trades_now(5)) is None
