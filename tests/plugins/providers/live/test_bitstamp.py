"""Bitstamp's live feeds: its documented messages, its simulated socket, and ccxt's reading."""

from __future__ import annotations

import json

import pytest

from coinmux import BadStatus, Symbol, Trade, UnknownSymbol
from coinmux import sockets as s
from coinmux.plugins.providers import bitstamp
from tests.plugins.live_checks import NOW_MS, Feed, PlainBook, Walk, Wire, trades_now
from tests.plugins.live_peers import Peer

TRADE = {
    "id": 1, "timestamp": "1764000000", "microtimestamp": "1764000000118000", "amount": 0.14,
    "amount_str": "0.14000000", "price": 91000, "price_str": "91000", "type": 0,
    "buy_order_id": 2, "sell_order_id": 3,
}  # fmt: skip
REFUSED = '{"event":"bts:error","channel":"","data":{"code":null,"message":"%s"}}'


def said(event, channel, data):
    return json.dumps({"event": event, "channel": channel, "data": data})


def test_each_message_subscribes_to_one_channel():
    """And confirms or ends one."""
    dialect = bitstamp.socket_dialect("")
    assert list(
        map(json.loads, dialect.subscribe(["live_trades_btcusd", "order_book_btcusd"]))
    ) == [
        {"event": "bts:subscribe", "data": {"channel": "live_trades_btcusd"}},
        {"event": "bts:subscribe", "data": {"channel": "order_book_btcusd"}},
    ]
    assert list(map(json.loads, dialect.unsubscribe(["live_trades_btcusd"]))) == [
        {"event": "bts:unsubscribe", "data": {"channel": "live_trades_btcusd"}}
    ]
    assert dialect.read(said("bts:subscription_succeeded", "order_book_btcusd", {})) == [
        s.Subscribed(["order_book_btcusd"])
    ]
    assert dialect.read(said("bts:unsubscription_succeeded", "live_trades_btcusd", {})) == [
        s.Alive()
    ]


def test_a_refusal_is_about_the_oldest_channel_that_was_not_answered():
    """It names none."""
    dialect = bitstamp.socket_dialect("")
    dialect.subscribe(["live_trades_btcusd", "live_trades_?", "live_trades_ethusd"])
    dialect.read(said("bts:subscription_succeeded", "live_trades_btcusd", {}))
    (refused,) = dialect.read(REFUSED % "Bad subscription string.")
    assert (refused.channels, type(refused.error)) == (["live_trades_?"], UnknownSymbol)
    (refused,) = dialect.read(REFUSED % "Something else.")
    assert (refused.channels, type(refused.error)) == (["live_trades_ethusd"], BadStatus)
    (refused,) = dialect.read(REFUSED % "Bad subscription string.")
    assert (refused.channels, type(refused.error)) == ([], BadStatus)


def test_it_says_when_it_wants_a_new_connection():
    (leaving,) = bitstamp.socket_dialect("").read(said("bts:request_reconnect", "", ""))
    assert leaving == s.Leaving("Bitstamp asks for a new connection", 5.0)


@pytest.mark.parametrize(("kind", "side"), [(0, "buy"), (1, "sell"), (2, None)])
def test_a_trade_tells_the_taker_s_side_and_its_exact_time(kind, side):
    feed = Feed("bitstamp", "trades")
    frame = said("trade", "live_trades_btcusdt", {**TRADE, "type": kind})
    assert feed.read(frame) == [
        Trade(id="1", timestamp=1764000000118, side=side, price=91000.0, amount=0.14)
    ]
    assert feed.subscription.ids == "rising"


def test_a_trade_is_read_without_what_newer_messages_have():
    row = {name: TRADE[name] for name in ("id", "timestamp", "amount", "price", "type")}
    assert Feed("bitstamp", "trades").read(said("trade", "live_trades_btcusdt", row)) == [
        Trade(id="1", timestamp=1764000000000, side="buy", price=91000.0, amount=0.14)
    ]


def test_a_book_is_whole_in_each_message():
    data = {
        "timestamp": "1764000000", "microtimestamp": "1764000000118999", "bids": [["1", "2"]],
        "asks": [["3", "4"]],
    }  # fmt: skip
    expected = s.BookChange([["1", "2"]], [["3", "4"]], is_whole=True, timestamp=1764000000118)
    feed = Feed("bitstamp", "order_book", depth=500)
    assert feed.read(said("data", "order_book_btcusdt", data)) == [expected]
    (change,) = feed.read(said("data", "order_book_btcusdt", {**data, "microtimestamp": "soon"}))
    assert change.timestamp is None


def test_neither_ticker_nor_candles_can_be_followed():
    """It has none on its socket; candles are built from trades, tickers asked for."""
    assert not hasattr(bitstamp, "stream_ticker")
    assert not hasattr(bitstamp, "stream_candles")


@pytest.mark.parametrize("capability", ["trades", "order_book"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire("bitstamp", capability)
    wire.connect()
    broken_frames(wire)


def test_a_pair_that_is_not_listed_is_confirmed_and_silent():
    """As the exchange does it."""
    wire = Wire("bitstamp", "trades", {"ethusd": Symbol("ETH/USD")})
    wire.connect()
    assert wire.confirmed == ["live_trades_btcusdt"]
    assert wire.follows == {}


def test_the_simulated_socket_answers_heartbeats_ends_and_refuses():
    wire = Wire("bitstamp", "trades")
    wire.connect()
    wire.send(wire.feed.dialect.keep_alive())
    assert wire.feed.said[-1] == s.Alive()
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert wire.follows == {}
    (frame,) = wire.feed.subscribe()
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("live_trades_btcusdt",), UnknownSymbol)]
    wire.send('{"event":"bts:subscribe","data":{"channel":"tea"}}')
    assert wire.refused[1:] == [((), BadStatus)]


def test_trades_of_the_simulated_socket_agree_with_ccxt():
    wire, peer = Wire("bitstamp", "trades"), Peer("bitstamp", "bitstamp")
    wire.connect()
    trades = wire.tell(trades_now(5))
    peer.hear(*wire.sent)
    peer.check_trades("BTC/USDT", trades)


def test_a_book_is_the_exchange_s_after_a_thousand_changes():
    """ccxt reads the differences, which another channel has: both come to one book."""
    wire, walk = Wire("bitstamp", "order_book"), Walk(seed=13)
    wire.connect()
    book, peer = PlainBook(wire.feed.subscription.book), Peer("bitstamp", "bitstamp")
    peer.start_book("BTC/USDT", *walk.levels, 0)
    for at in range(1_000):
        step = walk.step()
        bids, asks = ([list(map(str, level)) for level in side] for side in (step.bids, step.asks))
        times = {"timestamp": str(NOW_MS // 1000), "microtimestamp": str(NOW_MS * 1000 + at)}
        peer.hear(said("data", "diff_order_book_btcusdt", {**times, "bids": bids, "asks": asks}))
        for change in wire.tell(walk.whole()):
            book.apply(change)
        assert book.levels == walk.levels
    assert peer.book("BTC/USDT") == book.levels
