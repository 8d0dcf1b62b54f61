"""Kraken's live feeds: its documented messages, its simulated socket, and ccxt's reading."""

from __future__ import annotations

import json

import pytest

from coinmux import BadStatus, RateLimited, Ticker, Trade, UnknownSymbol
from coinmux import sockets as s
from coinmux.plugins.providers import kraken
from coinmux.plugins.providers.kraken.live import Digits
from tests.plugins.live_checks import (
    PAIR,
    Feed,
    PlainBook,
    Walk,
    Wire,
    candle_now,
    false,
    ticker_now,
    trades_now,
)
from tests.plugins.live_peers import Peer

TICKER = {
    "symbol": "BTC/USDT", "bid": 91000.1, "bid_qty": 0.5, "ask": 91000.2, "ask_qty": 1.0,
    "last": 91000.1, "volume": 2100.5, "vwap": 90500.0, "low": 89500.5, "high": 91500.0,
    "change": -120.5, "change_pct": -0.13, "timestamp": "2026-11-24T00:00:00.123456Z",
}  # fmt: skip
#: The book of the guide to checksums, and the checksum it has there.
ASKS = [
    ("45285.2", "0.00100000"), ("45286.4", "1.54571953"), ("45286.6", "1.54571109"),
    ("45289.6", "1.54560911"), ("45290.2", "0.15890660"), ("45291.8", "1.54553491"),
    ("45294.7", "0.04454749"), ("45296.1", "0.35380000"), ("45297.5", "0.09945542"),
    ("45299.5", "0.18772827"),
]  # fmt: skip
BIDS = [
    ("45283.5", "0.10000000"), ("45283.4", "1.54582015"), ("45282.1", "0.10000000"),
    ("45281.0", "0.10000000"), ("45280.3", "1.54592586"), ("45279.0", "0.07990000"),
    ("45277.6", "0.03310103"), ("45277.5", "0.30000000"), ("45277.3", "1.54602737"),
    ("45276.6", "0.15445238"),
]  # fmt: skip
CHECKSUM = 3310070434


def message(channel, *rows, kind="update"):
    return json.dumps({"channel": channel, "type": kind, "data": rows})


def answer(number, pair="BTC/USDT", error=None, **result):
    said = {"method": "subscribe", "req_id": number, "time_in": "", "time_out": ""}
    if error is not None:
        return json.dumps({**said, "success": False, "error": error, "symbol": pair})
    return json.dumps({**said, "success": True, "result": {**result, "symbol": pair}})


def test_one_request_has_the_pairs_of_a_kind():
    """Depths and intervals are kinds of their own; trades of before are not asked."""
    dialect = kraken.socket_dialect("")
    channels = [
        "ticker:BTC/USD",
        "book.25:BTC/USD",
        "ticker:ETH/USD",
        "ohlc.60:BTC/USD",
        "trade:A/B",
    ]
    assert list(map(json.loads, dialect.subscribe(channels))) == [
        {
            "method": "subscribe", "req_id": 1,
            "params": {"channel": "ticker", "symbol": ["BTC/USD", "ETH/USD"]},
        },
        {
            "method": "subscribe", "req_id": 2,
            "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 25},
        },
        {
            "method": "subscribe", "req_id": 3,
            "params": {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 60},
        },
        {
            "method": "subscribe", "req_id": 4,
            "params": {"channel": "trade", "symbol": ["A/B"], "snapshot": False},
        },
    ]  # fmt: skip
    assert list(map(json.loads, dialect.unsubscribe(["trade:A/B"]))) == [
        {"method": "unsubscribe", "params": {"channel": "trade", "symbol": ["A/B"]}, "req_id": 5}
    ]


def test_each_pair_is_confirmed_by_itself():
    """Under the request's number, or by what it says of itself where it repeats none."""
    dialect = kraken.socket_dialect("")
    dialect.subscribe(["book.25:BTC/USD", "book.25:ETH/USD"])
    assert dialect.read(answer(1, "ETH/USD", channel="book")) == [s.Subscribed(["book.25:ETH/USD"])]
    assert dialect.read(answer(1, "BTC/USD", channel="book")) == [s.Subscribed(["book.25:BTC/USD"])]
    assert dialect.read(answer(None, "BTC/USD", channel="ohlc", interval=5)) == [
        s.Subscribed(["ohlc.5:BTC/USD"])
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("Currency pair not supported XYZ/USD", UnknownSymbol),
        ("Exceeded msg rate", RateLimited),
        ("Something else", BadStatus),
    ],
)
def test_a_refusal_names_its_pair(error, expected):
    dialect = kraken.socket_dialect("")
    dialect.subscribe(["ticker:XYZ/USD", "ticker:BTC/USD"])
    (refused,) = dialect.read(answer(1, "XYZ/USD", error))
    assert (refused.channels, type(refused.error)) == (["ticker:XYZ/USD"], expected)
    assert dialect.read(answer(1, "BTC/USD", "Already subscribed to ticker")) == [
        s.Subscribed(["ticker:BTC/USD"])
    ]


@pytest.mark.parametrize(
    "frame",
    [
        '{"channel":"heartbeat"}',
        '{"method":"pong","req_id":8}',
        '{"method":"unsubscribe","success":true,"result":{}}',
        '{"channel":"status","type":"update","data":[{"system":"post_only"}]}',
    ],
)
def test_signs_of_life_say_nothing_else(frame):
    assert kraken.socket_dialect("").read(frame) == [s.Alive()]


def test_maintenance_ends_the_connection():
    (said,) = kraken.socket_dialect("").read(message("status", {"system": "maintenance"}))
    assert isinstance(said, s.Failed)


def test_its_pairs_have_modern_names():
    """Not those of its REST; old coins keep theirs."""
    assert Feed("kraken", "ticker", symbol="DOGE/USD").subscription.channels == ("ticker:DOGE/USD",)
    assert Feed("kraken", "ticker", symbol="LUNC/USD").subscription.channels == ("ticker:LUNA/USD",)
    with pytest.raises(UnknownSymbol):
        Feed("kraken", "ticker", symbol="UST/USD")


def test_a_ticker_has_its_change_and_its_time():
    """Which its REST has not."""
    assert Feed("kraken", "ticker").read(message("ticker", TICKER, kind="snapshot")) == [
        Ticker(
            symbol=PAIR, timestamp=1795478400123, last=91000.1, bid=91000.1, ask=91000.2,
            open=91120.6, high=91500.0, low=89500.5, change_percent=-0.13, volume_base=2100.5,
            volume_quote=2100.5 * 90500,
        )
    ]  # fmt: skip


def test_an_older_ticker_has_no_time_and_no_bid_is_zero():
    row = {**TICKER, "bid": 0, "vwap": "often"}
    del row["timestamp"]
    (ticker,) = Feed("kraken", "ticker").read(message("ticker", row))
    assert (ticker.timestamp, ticker.bid, ticker.volume_quote) == (None, None, None)
    assert ticker.last == 91000.1


def test_a_bad_trade_does_not_lose_the_others():
    row = {
        "symbol": "BTC/USDT", "side": "sell", "price": 91000.1, "qty": 0.02, "ord_type": "market",
        "trade_id": 4665906, "timestamp": "2026-11-24T00:00:00.123456Z",
    }  # fmt: skip
    rows = [row, {**row, "price": -1}, {**row, "trade_id": 4665908, "side": "?"}]
    assert Feed("kraken", "trades").read(message("trade", *rows)) == [
        Trade(id="4665906", timestamp=1795478400123, side="sell", price=91000.1, amount=0.02),
        Trade(id="4665908", timestamp=1795478400123, side=None, price=91000.1, amount=0.02),
    ]


def test_a_message_of_several_pairs_is_told_apart():
    feed = Feed("kraken", "ticker")
    (ticker,) = feed.read(message("ticker", {**TICKER, "symbol": "ETH/USDT", "last": 1}, TICKER))
    assert ticker.last == 91000.1
    assert [said.channel for said in feed.said] == ["ticker:ETH/USDT"]


def test_a_candle_is_known_by_the_time_it_opens():
    row = {
        "symbol": "BTC/USDT", "open": 1.0, "high": 3.0, "low": 0.5, "close": 2, "trades": 12,
        "volume": 7.50, "vwap": 1.5, "interval_begin": "2026-11-24T00:00:00.000000000Z",
        "interval": 1, "timestamp": "2026-11-24T00:01:00.000000Z",
    }  # fmt: skip
    assert Feed("kraken", "candles", interval="1m").read(message("ohlc", row)) == [
        s.LiveCandle(1795478400000, "1.0", "3.0", "0.5", 2, "7.5")
    ]


def test_a_book_is_whole_first():
    """Its numbers are kept as they are written."""
    frame = (
        '{"channel":"book","type":"%s","data":[{"symbol":"BTC/USDT","bids":[{"price":1.10,'
        '"qty":0.50000000}],"asks":[],"checksum":7,"timestamp":"2026-11-24T00:00:00.5Z"}]}'
    )
    feed = Feed("kraken", "order_book")
    expected = s.BookChange(
        [("1.10", "0.50000000")], [], is_whole=True, checksum=7, timestamp=1795478400500
    )
    assert feed.read(frame % "snapshot") == [expected]
    (change,) = feed.read(frame % "update")
    assert not change.is_whole


@pytest.mark.parametrize(
    ("depth", "socket", "kept"), [(1, "", 25), (25, "", 25), (26, "deep", 500)]
)
def test_books_of_two_depths_have_two_connections(depth, socket, kept):
    """A message does not say of which depth it is."""
    subscription = Feed("kraken", "order_book", depth=depth).subscription
    assert (subscription.socket, subscription.book.depth) == (socket, kept)
    assert subscription.channels == (f"book.{kept}:BTC/USDT",)
    assert socket in kraken.provider_info().sockets


def test_what_still_comes_of_an_ended_book_is_left_out():
    """A book that is asked for anew begins with its snapshot."""
    wire, walk = Wire("kraken", "order_book"), Walk(depth=25)
    wire.connect()
    wire.tell(walk.whole())
    (late,) = wire.server.tell(wire.follows["book:BTC/USDT"], walk.step(), 0)
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert wire.feed.read(late) == []
    for frame in wire.feed.subscribe():
        wire.send(frame)
    (whole,) = wire.tell(walk.whole())
    assert whole.is_whole
    (change,) = wire.tell(walk.step())
    assert not change.is_whole


def test_the_checksum_is_that_of_its_guide():
    """Zeros at the end are put back where they were lost on the way."""
    digits = Digits()
    digits.see(BIDS)
    digits.see(ASKS)
    assert digits.checksum(BIDS, ASKS) == CHECKSUM
    lost = [(price, size.rstrip("0")) for price, size in BIDS]
    assert digits.checksum(lost, ASKS) == CHECKSUM
    assert digits.checksum([("1e-3", "1")], []) == digits.checksum([("0.001", "1")], [])


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book", "candles"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire("kraken", capability)
    wire.connect()
    broken_frames(wire)


def test_the_simulated_socket_refuses_a_pair_it_does_not_list():
    wire = Wire("kraken", "trades", {})
    wire.connect()
    assert wire.refused == [(("trade:BTC/USDT",), UnknownSymbol)]
    assert wire.idle() == []
    assert not [one for one in wire.sent if "heartbeat" in one]


def test_the_simulated_socket_answers_pings_and_beats():
    wire = Wire("kraken", "trades")
    wire.connect()
    wire.send(wire.feed.dialect.keep_alive())
    wire.idle()
    assert json.loads(wire.sent[-2])["method"] == "pong"
    assert wire.feed.said[-2:] == [s.Alive(), s.Alive()]
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert wire.follows == {}
    (frame,) = wire.feed.subscribe()
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("trade:BTC/USDT",), RateLimited)]


@pytest.mark.parametrize(
    "params", [{"channel": "book", "depth": 7}, {"channel": "ohlc", "interval": 7}]
)
def test_the_simulated_socket_refuses_what_the_exchange_has_not(params):
    wire = Wire("kraken", "trades")
    said = {"method": "subscribe", "params": {**params, "symbol": ["BTC/USDT"]}, "req_id": 1}
    wire.send(json.dumps(said))
    assert [error for _, error in wire.refused] == [BadStatus]


def test_the_simulated_socket_is_read_and_agrees_with_ccxt():
    """Tickers, trades and candles of the same frames are the same."""
    peer = Peer("kraken", "kraken", ids={"BTC/USDT": "BTC/USDT"})
    wire = Wire("kraken", "ticker")
    wire.connect()
    (ticker,) = wire.tell(ticker_now())
    peer.hear(*wire.sent)
    peer.check_ticker(ticker)
    assert (ticker.open, ticker.timestamp) == (90000.0, ticker_now().at_ms)

    wire = Wire("kraken", "trades")
    wire.connect()
    trades = wire.tell(trades_now(5))
    peer.hear(*wire.sent)
    peer.check_trades("BTC/USDT", trades)

    wire = Wire("kraken", "candles", interval="1m")
    wire.connect()
    candles = [candle for at in range(4) for candle in wire.tell(candle_now(at))]
    peer.hear(*wire.sent)
    peer.check_candles("BTC/USDT", "1m", candles)


def test_a_book_is_the_exchange_s_after_a_thousand_differences():
    """Every checksum is right, levels that fall out and come back are known, as ccxt knows them."""
    wire, walk = Wire("kraken", "order_book", depth=25), Walk(seed=5, depth=25)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    peer = Peer(
        "kraken", "kraken", ids={"BTC/USDT": "BTC/USDT"},
        options={"watchOrderBook": {"checksum": False}},
    )  # fmt: skip
    row = walk.whole()
    for _ in range(1_001):
        for change in wire.tell(row):
            book.apply(change)
        assert book.levels == walk.levels
        peer.hear(wire.sent[-1])
        row = walk.step()
    assert book.wrong == 0
    assert peer.book("BTC/USDT") == book.levels


def test_a_wrong_checksum_is_seen():
    wire, walk = Wire("kraken", "order_book"), Walk(depth=25)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for row in (walk.whole(), false(walk.step()), walk.step()):
        for change in wire.tell(row):
            book.apply(change)
    assert book.wrong == 1


def test_its_simulated_end_does_not_tell_what_falls_out_of_a_book():
    """As the exchange: who keeps the book cuts it."""
    wire = Wire("kraken", "order_book", depth=25)
    wire.connect()
    (follow,) = wire.follows.values()
    assert (follow.depth, follow.is_fall_told) == (25, False)
    assert wire.feed.subscription.book.depth == 25
