"""OKX's live feeds: their documented messages, the simulated sockets, and ccxt's reading."""

from __future__ import annotations

import json

import pytest

from coinmux import (
    BadStatus,
    OtherSubject,
    RateLimited,
    Symbol,
    Ticker,
    Trade,
    TradesQuery,
    UnknownSymbol,
)
from coinmux import sockets as s
from coinmux.plugins.providers import okx
from coinmux.plugins.providers.okx.simulated_socket import rest_trades
from tests.plugins.live_checks import (
    NOW_MS,
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
TICKER = {
    "instType": "SPOT", "instId": "BTC-USDT", "last": "91000.10", "lastSz": "0.01",
    "askPx": "91000.20", "askSz": "0.4", "bidPx": "91000.00", "bidSz": "1.5",
    "open24h": "90000.00", "high24h": "91500.00", "low24h": "89500.50", "sodUtc0": "90500",
    "sodUtc8": "90400", "volCcy24h": "190095250.25", "vol24h": "2100.5", "ts": str(AT_MS),
}  # fmt: skip
TRADE = {
    "instId": "BTC-USDT", "tradeId": "512", "px": "91000.10", "sz": "0.0020", "side": "sell",
    "source": "0", "ts": str(AT_MS),
}  # fmt: skip
BOOK = {
    "asks": [["91000.2", "0.4", "0", "3"]], "bids": [["91000", "1.5", "0", "9"]],
    "ts": str(AT_MS), "checksum": 0, "seqId": 123457, "prevSeqId": 123456,
}  # fmt: skip
CANDLE = ["1764000000000", "1", "3", "0.5", "2", "7", "9", "9", "0"]


def data(channel, *rows, **more):
    arg = {"channel": channel, "instId": "BTC-USDT"}
    return json.dumps({"arg": arg, **more, "data": rows})


def test_it_subscribes_and_ends_by_arguments():
    """One message has several; each is confirmed alone."""
    dialect = okx.socket_dialect("")
    asked = ["tickers:BTC-USDT", "books:ETH-USDT"]
    args = [
        {"channel": "tickers", "instId": "BTC-USDT"},
        {"channel": "books", "instId": "ETH-USDT"},
    ]
    assert [json.loads(one) for one in dialect.subscribe(asked)] == [
        {"op": "subscribe", "args": args}
    ]
    assert [json.loads(one) for one in dialect.unsubscribe(asked)] == [
        {"op": "unsubscribe", "args": args}
    ]
    confirmed = {"event": "subscribe", "arg": args[0], "connId": "a4d3ae55"}
    assert dialect.read(json.dumps(confirmed)) == [s.Subscribed(["tickers:BTC-USDT"])]
    assert dialect.read(json.dumps({**confirmed, "event": "unsubscribe"})) == [s.Alive()]


def test_pings_are_texts():
    """They are no JSON in either direction."""
    dialect = okx.socket_dialect("business")
    assert dialect.keep_alive() == "ping"
    assert dialect.read("pong") == [s.Alive()]
    assert dialect.read("ping") == [s.Reply("pong")]


@pytest.mark.parametrize(
    ("capability", "query", "channel", "socket"),
    [
        ("ticker", {}, "tickers:BTC-USDT", ""),
        ("trades", {}, "trades-all:BTC-USDT", "business"),
        ("order_book", {"depth": 500}, "books:BTC-USDT", ""),
        ("candles", {"interval": "1m"}, "candle1m:BTC-USDT", "business"),
        ("candles", {"interval": "1d"}, "candle1Dutc:BTC-USDT", "business"),
    ],
)
def test_each_question_has_its_channel_and_socket(capability, query, channel, socket):
    """Trades and candles are on the other socket than tickers and books."""
    subscription = Feed("okx", capability, **query).subscription
    assert (subscription.channels, subscription.socket) == ((channel,), socket)
    assert socket in okx.provider_info().sockets


def test_a_ticker_has_every_figure():
    """The change is computed from the price of the day before."""
    assert Feed("okx", "ticker").read(data("tickers", TICKER)) == [
        Ticker(
            symbol=PAIR, timestamp=AT_MS, last=91000.1, bid=91000.0, ask=91000.2, open=90000.0,
            high=91500.0, low=89500.5, change_percent=(91000.1 / 90000 - 1) * 100,
            volume_base=2100.5, volume_quote=190095250.25,
        )
    ]  # fmt: skip


def test_a_bad_figure_does_not_lose_a_ticker():
    """It is null, as in the answer to a request."""
    row = {**TICKER, "bidPx": "often", "high24h": ""}
    (ticker,) = Feed("okx", "ticker").read(data("tickers", row))
    assert (ticker.last, ticker.bid, ticker.high) == (91000.1, None, None)


def test_each_fill_is_a_trade():
    """A row that cannot be read does not cost the others."""
    feed = Feed("okx", "trades")
    rows = [TRADE, {**TRADE, "px": "often"}, {**TRADE, "tradeId": "513", "side": "both"}]
    assert feed.read(data("trades-all", *rows)) == [
        Trade(id="512", timestamp=AT_MS, side="sell", price=91000.1, amount=0.002),
        Trade(id="513", timestamp=AT_MS, side=None, price=91000.1, amount=0.002),
    ]
    assert feed.subscription.ids == "rising"


def test_a_book_is_whole_and_then_linked():
    """The checksum, which is always 0, is not looked at."""
    feed = Feed("okx", "order_book")
    levels = ([[91000.0, 1.5, 0.0, 9.0]], [[91000.2, 0.4, 0.0, 3.0]])
    whole = {**BOOK, "prevSeqId": -1}
    assert feed.read(data("books", whole, action="snapshot")) == [
        s.BookChange(*levels, is_whole=True, last=123457, timestamp=AT_MS)
    ]
    assert feed.read(data("books", BOOK, action="update")) == [
        s.BookChange(*levels, last=123457, previous=123456, timestamp=AT_MS)
    ]
    assert feed.subscription.book == s.BookRules(link="previous", depth=400)


def test_a_book_with_a_further_column_of_words_is_read():
    """As the source wrote it."""
    feed = Feed("okx", "order_book")
    row = [*BOOK["bids"][0], "new"]
    (change,) = feed.read(data("books", {**BOOK, "bids": [row]}, action="update"))
    assert change.bids == [row]
    assert change.asks == BOOK["asks"]


@pytest.mark.parametrize(
    ("row", "is_closed"),
    [
        (CANDLE, False),
        ([*CANDLE[:8], "1"], True),
        ([*CANDLE[:8], "often"], None),
        (CANDLE[:7], None),
    ],
)
def test_a_candle_may_say_whether_it_is_closed(row, is_closed):
    """Older rows have no such column."""
    feed = Feed("okx", "candles", interval="1m")
    assert feed.read(data("candle1m", row)) == [
        s.LiveCandle(1764000000000, "1", "3", "0.5", "2", "7", is_closed=is_closed)
    ]


@pytest.mark.parametrize(
    ("code", "message", "channels", "error"),
    [
        (
            "60018",
            "Wrong URL or channel:tickers,instId:XYZ-USDT doesn't exist.",
            ["tickers:XYZ-USDT"],
            UnknownSymbol,
        ),
        ("60018", "something doesn't exist", [], BadStatus),
        ("60012", "Illegal request: {}", [], BadStatus),
        ("60014", "Requests too frequent", [], RateLimited),
    ],
)
def test_refusals_name_the_channel_they_are_about(code, message, channels, error):
    """One that names none is about all that are not confirmed."""
    body = {"event": "error", "code": code, "msg": message, "connId": "a4d3ae55"}
    (refused,) = okx.socket_dialect("").read(json.dumps(body))
    assert (refused.channels, type(refused.error)) == (channels, error)


def test_a_server_that_is_upgraded_is_left():
    """Other notices are signs of life."""
    body = {"event": "notice", "code": "64008", "msg": "The connection will soon be closed"}
    (said,) = okx.socket_dialect("").read(json.dumps(body))
    assert isinstance(said, s.Leaving)
    assert okx.socket_dialect("").read(json.dumps({**body, "code": "1"})) == [s.Alive()]


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book", "candles"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire("okx", capability)
    wire.connect()
    broken_frames(wire)


@pytest.mark.parametrize(
    ("capability", "channel", "row", "more"),
    [
        ("ticker", "tickers", TICKER, {}),
        ("trades", "trades-all", TRADE, {}),
        ("order_book", "books", BOOK, {"action": "update"}),
    ],
)
def test_another_pair_is_refused(capability, channel, row, more):
    """A row of the channel that is about another instrument; books do not always name theirs."""
    with pytest.raises(OtherSubject):
        Feed("okx", capability).read(data(channel, {**row, "instId": "ETH-USDT"}, **more))


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book", "candles"])
def test_the_simulated_sockets_refuse_what_is_not_listed(capability):
    """In the exchange's words, each channel alone."""
    wire = Wire("okx", capability, {"ETH-USDT": Symbol("ETH/USDT")})
    wire.connect()
    assert wire.refused == [(wire.feed.subscription.channels, UnknownSymbol)]
    assert not wire.follows


@pytest.mark.parametrize(("socket", "channel"), [("", "candle1m"), ("business", "tickers")])
def test_each_simulated_socket_has_its_own_channels(socket, channel):
    """One of the other socket does not exist."""
    wire = Wire("okx", "candles" if socket else "ticker")
    arg = {"channel": channel, "instId": "BTC-USDT"}
    wire.send(json.dumps({"op": "subscribe", "args": [arg]}))
    assert wire.refused == [((f"{channel}:BTC-USDT",), UnknownSymbol)]


def test_what_a_fault_refuses_is_an_unknown_pair():
    """The words are those of an instrument that is not listed."""
    wire = Wire("okx", "ticker")
    (frame,) = wire.feed.subscribe()
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("tickers:BTC-USDT",), UnknownSymbol)]


def test_the_simulated_socket_answers_pings_and_refuses_nonsense():
    """A request it cannot read is illegal."""
    wire = Wire("okx", "ticker")
    wire.send("ping")
    wire.send("hello")
    wire.send('{"op":"hello","args":[{"channel":"tickers","instId":"BTC-USDT"}]}')
    assert wire.sent[0] == "pong"
    assert wire.refused == [((), BadStatus), ((), BadStatus)]


def test_the_simulated_sockets_are_read_and_agree_with_ccxt():
    """Tickers, trades and candles of the same frames are the same."""
    peer = Peer("okx", "okx")
    wire = Wire("okx", "ticker")
    wire.connect()
    (ticker,) = wire.tell(ticker_now())
    peer.hear(*wire.sent)
    peer.check_ticker(ticker)

    wire = Wire("okx", "trades")
    wire.connect()
    trades = wire.tell(trades_now(5))
    peer.hear(*wire.sent)
    peer.check_trades("BTC/USDT", trades)
    assert [trade.side for trade in trades] == ["buy", "sell", "buy", "sell", "buy"]

    wire = Wire("okx", "candles", interval="1m")
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


def test_the_book_is_the_exchange_s_after_a_thousand_differences():
    """The rows are those of ccxt as well."""
    wire, walk = Wire("okx", "order_book"), Walk(seed=7)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for row in (walk.whole(), *(None for _ in range(1_000))):
        for change in wire.tell(row or walk.step()):
            book.apply(change)
        assert book.levels == walk.levels
    peer = Peer("okx", "okx")
    peer.hear(*wire.sent)
    assert peer.book("BTC/USDT") == walk.levels


def test_a_book_that_does_not_change_is_said_to_be_the_same():
    """After a minute, by an update without levels that follows itself."""
    wire, walk = Wire("okx", "order_book"), Walk()
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for change in wire.tell(walk.whole(), NOW_MS - 60_000):
        book.apply(change)
    (same,) = wire.idle()
    book.apply(same)
    assert (same.bids, same.asks, same.previous) == ([], [], same.last)
    assert book.levels == walk.levels
    assert wire.idle() == []


def test_it_ends_what_it_no_longer_follows():
    """Neither is it told that such a book is the same."""
    wire = Wire("okx", "order_book")
    wire.connect()
    wire.tell(Walk().whole(), NOW_MS - 60_000)
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert not wire.follows
    assert wire.idle() == []


def test_simulated_requests_tell_the_trades_of_the_feed():
    """With the ids and the sides that the feed has; another request is not theirs."""
    wire = Wire("okx", "trades")
    wire.connect()
    told, params = wire.tell(trades_now(5)), {"instId": "BTC-USDT", "limit": "3"}
    body = rest_trades("/api/v5/market/trades", params, trades_now(5))
    answered = okx.parse_trades(body, TradesQuery(symbol=PAIR))
    assert list(answered.trades) == told[-3:]
    assert rest_trades("/other", params, trades_now(5)) is None
