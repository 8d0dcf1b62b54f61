"""Gemini's live feed, version 3: its documented messages, and its simulated socket.

ccxt 4.5.90 speaks the version before it, so that its reading of the same frames is not compared.
"""

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
from coinmux.plugins.providers import gemini
from coinmux.plugins.providers.gemini.simulated_socket import rest_trades
from tests.plugins.live_checks import PAIR, Feed, PlainBook, Walk, Wire, ticker_now, trades_now

AT_MS = 1764000000120
AT_NS = AT_MS * 1_000_000 + 456_789
TRADE = {"E": AT_NS, "s": "btcusdt", "t": 512, "p": "91000.10", "q": "0.0020", "m": True}
BEST = {
    "u": 7, "E": AT_NS, "s": "btcusdt", "b": "91000.00", "B": "1.5", "a": "91000.20", "A": "0.4",
}  # fmt: skip
BOOK = {
    "e": "depthUpdate", "E": AT_NS, "s": "btcusdt", "U": 157, "u": 160, "b": [["91000", "1.5"]],
    "a": [["91000.2", "0.4"]],
}  # fmt: skip
DEPTH = "btcusdt@depth@100ms"


def said(dialect, body):
    return list(dialect.read(json.dumps(body)))


def refusal(number, status=400, words="Invalid symbol"):
    return {"id": number, "status": status, "error": {"code": -1121, "msg": words}}


def test_it_subscribes_and_ends_by_numbered_requests():
    """The answer has the number and no streams."""
    dialect = gemini.socket_dialect("")
    streams = ["btcusdt@trade", DEPTH]
    assert [json.loads(one) for one in dialect.subscribe(streams)] == [
        {"method": "SUBSCRIBE", "params": streams, "id": 1}
    ]
    assert [json.loads(one) for one in dialect.unsubscribe(streams[:1])] == [
        {"method": "UNSUBSCRIBE", "params": streams[:1], "id": 2}
    ]
    assert said(dialect, {"id": 1, "status": 200}) == [s.Subscribed(streams)]
    assert said(dialect, {"id": 2, "status": 200}) == [s.Alive()]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("wss://ws.gemini.com", "wss://ws.gemini.com?snapshot=-1"),
        ("wss://ws.gemini.com?snapshot=-1", "wss://ws.gemini.com?snapshot=-1"),
        ("wss://own.example/?a=b", "wss://own.example/?a=b&snapshot=-1"),
    ],
)
async def test_its_address_asks_for_whole_books(url, address):
    """An operator's own address too."""
    assert await gemini.socket_dialect("").address(None, url) == address


@pytest.mark.parametrize(
    ("capability", "channels"),
    [
        ("ticker", ("btcusdt@trade", "btcusdt@bookTicker")),
        ("trades", ("btcusdt@trade",)),
        ("order_book", (DEPTH,)),
    ],
)
def test_each_question_has_its_streams(capability, channels):
    """There are none of candles, which are made of trades."""
    assert Feed("gemini", capability).subscription.channels == channels
    assert not hasattr(gemini, "stream_candles")


def test_a_ticker_has_the_last_trade_and_the_best_levels_alone():
    """Before a trade there is none, and no figure of a day is made up."""
    feed = Feed("gemini", "ticker")
    assert feed.read(json.dumps(BEST)) == []
    assert feed.read(json.dumps(TRADE)) == [
        Ticker(symbol=PAIR, timestamp=AT_MS, last=91000.1, bid=91000.0, ask=91000.2)
    ]
    assert feed.read(json.dumps({**BEST, "b": "often", "E": None})) == [
        Ticker(symbol=PAIR, last=91000.1, ask=91000.2)
    ]


@pytest.mark.parametrize(("maker", "side"), [(True, "sell"), (False, "buy"), ("yes", None)])
def test_the_taker_sold_where_the_buyer_was_the_maker(maker, side):
    """Times are in nanoseconds."""
    feed = Feed("gemini", "trades")
    assert feed.read(json.dumps({**TRADE, "m": maker})) == [
        Trade(id="512", timestamp=AT_MS, side=side, price=91000.1, amount=0.002)
    ]


def test_the_first_book_of_a_connection_is_whole():
    """Nothing in the message says so."""
    feed = Feed("gemini", "order_book")
    levels = (BOOK["b"], BOOK["a"])
    for is_whole in (True, False, False):
        assert feed.read(json.dumps(BOOK)) == [
            s.BookChange(*levels, is_whole=is_whole, first=157, last=160, timestamp=AT_MS)
        ]
    assert feed.subscription.book == s.BookRules(link="adjacent")


def test_a_book_that_was_whole_on_a_connection_takes_another():
    """Whoever follows it again is led to a new connection, once."""
    dialect = gemini.socket_dialect("")
    dialect.subscribe([DEPTH])
    assert [type(one) for one in said(dialect, BOOK)] == [s.Message]
    dialect.unsubscribe([DEPTH])
    dialect.subscribe([DEPTH])
    assert [type(one) for one in said(dialect, BOOK)] == [s.Leaving, s.Message]
    assert [type(one) for one in said(dialect, BOOK)] == [s.Message]


def test_where_several_are_refused_each_is_asked_for_alone():
    """It does not say which of them it does not know."""
    dialect = gemini.socket_dialect("")
    dialect.subscribe(["xusd@trade", "btcusdt@trade"])
    again = said(dialect, refusal(1))
    assert [json.loads(one.frame)["params"] for one in again] == [["xusd@trade"], ["btcusdt@trade"]]
    (refused,) = said(dialect, refusal(2))
    assert (refused.channels, type(refused.error)) == (["xusd@trade"], UnknownSymbol)
    assert refused.error.symbol == "xusd"
    assert said(dialect, {"id": 3, "status": 200}) == [s.Subscribed(["btcusdt@trade"])]


@pytest.mark.parametrize(
    ("body", "channels", "error"),
    [
        (refusal(1, 500, "trouble"), ["btcusdt@trade"], BadStatus),
        (refusal(1, 429, "slow down"), ["btcusdt@trade"], RateLimited),
        ({"id": 1, "error": "trouble"}, ["btcusdt@trade"], BadStatus),
        (refusal(None, 400, "trouble"), [], BadStatus),
    ],
)
def test_other_refusals_say_nothing_of_the_pair(body, channels, error):
    """One without a number is about all that are not confirmed."""
    dialect = gemini.socket_dialect("")
    dialect.subscribe(["btcusdt@trade"])
    (refused,) = said(dialect, body)
    assert (refused.channels, type(refused.error)) == (channels, error)


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire("gemini", capability)
    wire.connect()
    broken_frames(wire)


@pytest.mark.parametrize(
    ("capability", "body"), [("ticker", BEST), ("trades", TRADE), ("order_book", (True, BOOK))]
)
def test_another_pair_is_refused(capability, body):
    """A message that comes to a feed and is about another pair."""
    feed = Feed("gemini", capability, symbol="ETH/USDT")
    with pytest.raises(OtherSubject):
        list(feed.subscription.read("ethusdt@trade", body))


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book"])
def test_the_simulated_socket_refuses_what_is_not_listed(capability):
    """The feed ends up with every stream refused."""
    wire = Wire("gemini", capability, {"ethusdt": Symbol("ETH/USDT")})
    wire.connect()
    for one in wire.feed.said:
        if isinstance(one, s.Reply):
            wire.send(one.frame)
    assert wire.refused == [
        ((stream,), UnknownSymbol) for stream in wire.feed.subscription.channels
    ]
    assert not wire.follows


def test_the_simulated_socket_takes_no_nonsense():
    """Requests it cannot read, and streams there are not."""
    wire = Wire("gemini", "trades")
    wire.send("hello")
    wire.send('{"id":7,"method":"HELLO","params":[]}')
    wire.send('{"id":8,"method":"SUBSCRIBE","params":["btcusdt@hello"]}')
    assert wire.refused == [((), BadStatus)] * 3
    assert not wire.follows


def test_what_a_fault_refuses_is_an_unknown_pair():
    """The words are those of a stream there is not."""
    wire = Wire("gemini", "trades")
    (frame,) = wire.feed.subscribe()
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("btcusdt@trade",), UnknownSymbol)]


def test_the_simulated_socket_is_read():
    """Tickers and trades come back as they were told."""
    wire = Wire("gemini", "ticker")
    wire.connect()
    assert wire.tell(ticker_now()) == []
    (ticker,) = wire.tell(trades_now(1))
    assert (ticker.last, ticker.bid, ticker.ask) == (91000.1, 91000.0, 91000.2)

    wire = Wire("gemini", "trades")
    wire.connect()
    rows, trades = trades_now(5), wire.tell(trades_now(5))
    assert [(one.id, one.side, one.timestamp) for one in trades] == [
        (str(row.id), row.side, row.at_ms) for row in rows
    ]
    assert [(one.price, one.amount) for one in trades] == [
        (float(row.price), float(row.size)) for row in rows
    ]


def test_the_book_is_the_exchange_s_after_a_thousand_differences():
    """The whole book comes once a connection."""
    wire, walk = Wire("gemini", "order_book"), Walk(seed=7)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for row in (walk.whole(), *(None for _ in range(1_000))):
        for change in wire.tell(row or walk.step()):
            book.apply(change)
        assert book.levels == walk.levels
    assert wire.tell(walk.whole()) == []


def test_it_ends_what_it_no_longer_follows():
    """Both streams of a ticker."""
    wire = Wire("gemini", "ticker")
    wire.connect()
    assert wire.confirmed == ["btcusdt@trade", "btcusdt@bookTicker"]
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert not wire.follows


def test_simulated_requests_tell_the_trades_of_the_feed():
    """With the ids and the sides that the feed has; another request is not theirs."""
    wire = Wire("gemini", "trades")
    wire.connect()
    told, params = wire.tell(trades_now(5)), {"limit_trades": "3"}
    body = rest_trades("/v1/trades/btcusdt", params, trades_now(5))
    answered = gemini.parse_trades(body, TradesQuery(symbol=PAIR))
    assert list(answered.trades) == told[-3:]
    assert rest_trades("/other", params, trades_now(5)) is None
