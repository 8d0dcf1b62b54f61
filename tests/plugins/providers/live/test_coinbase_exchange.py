"""Coinbase Exchange's live feed: its documented messages, its simulated socket, ccxt's reading."""

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
from coinmux.plugins.providers import coinbase_exchange
from coinmux.plugins.providers.coinbase_exchange.simulated_socket import rest_trades
from tests.plugins.live_checks import PAIR, Feed, PlainBook, Walk, Wire, ticker_now, trades_now
from tests.plugins.live_peers import Peer

NAME = "coinbase_exchange"
TICKER = {
    "type": "ticker", "sequence": 1204, "product_id": "BTC-USDT", "price": "91000.10",
    "open_24h": "90000.00", "volume_24h": "2100.5", "low_24h": "89500.50", "high_24h": "91500.00",
    "volume_30d": "70000", "best_bid": "91000.00", "best_bid_size": "1.5", "best_ask": "91000.20",
    "best_ask_size": "0.4", "side": "buy", "time": "2025-11-24T16:00:00.120456Z",
    "trade_id": 8206, "last_size": "0.01",
}  # fmt: skip
MATCH = {
    "type": "match", "trade_id": 8206, "maker_order_id": "a", "taker_order_id": "b",
    "side": "sell", "size": "0.0020", "price": "91000.10", "product_id": "BTC-USDT",
    "sequence": 1205, "time": "2025-11-24T16:00:00.118Z",
}  # fmt: skip
HEARTBEAT = {
    "type": "heartbeat", "sequence": 90, "last_trade_id": 8207, "product_id": "BTC-USDT",
    "time": "2025-11-24T16:00:01Z",
}  # fmt: skip
AT_MS = 1764000000120


def said(dialect, body):
    return list(dialect.read(json.dumps(body)))


def subscribed(**channels):
    listed = [{"name": name, "product_ids": products} for name, products in channels.items()]
    return {"type": "subscriptions", "channels": listed}


def test_it_asks_for_each_channel_by_a_message():
    """Products of one channel are in one message, and the answer lists all there are."""
    dialect = coinbase_exchange.socket_dialect("")
    asked = dialect.subscribe(["matches:BTC-USDT", "heartbeat:BTC-USDT", "matches:ETH-USDT"])
    assert list(map(json.loads, asked)) == [
        {"type": "subscribe", "product_ids": ["BTC-USDT", "ETH-USDT"], "channels": ["matches"]},
        {"type": "subscribe", "product_ids": ["BTC-USDT"], "channels": ["heartbeat"]},
    ]
    products = ["BTC-USDT", "ETH-USDT"]
    assert said(dialect, subscribed(matches=products)) == [
        s.Subscribed(["matches:BTC-USDT", "matches:ETH-USDT"])
    ]
    assert said(dialect, subscribed(matches=products, heartbeat=["BTC-USDT"])) == [
        s.Subscribed(["heartbeat:BTC-USDT"])
    ]
    assert list(map(json.loads, dialect.unsubscribe(["matches:BTC-USDT"]))) == [
        {"type": "unsubscribe", "product_ids": ["BTC-USDT"], "channels": ["matches"]}
    ]
    assert said(dialect, subscribed(heartbeat=["BTC-USDT"])) == [s.Alive()]


def test_data_of_a_channel_confirms_it():
    """Once: the list of channels may come later or name a channel otherwise."""
    dialect = coinbase_exchange.socket_dialect("")
    dialect.subscribe(["ticker:BTC-USDT"])
    message = s.Message("ticker:BTC-USDT", TICKER)
    assert said(dialect, TICKER) == [s.Subscribed(["ticker:BTC-USDT"]), message]
    assert said(dialect, TICKER) == [message]


@pytest.mark.parametrize(
    ("capability", "query", "channels"),
    [
        ("ticker", {}, ("ticker:BTC-USDT",)),
        ("trades", {}, ("matches:BTC-USDT", "heartbeat:BTC-USDT")),
        ("order_book", {"depth": 500}, ("level2_batch:BTC-USDT",)),
        ("ticker", {"symbol": "CELO/USD"}, ("ticker:CGLD-USD",)),
    ],
)
def test_each_question_has_its_channels(capability, query, channels):
    """A coin of another name there is asked for by that name."""
    assert Feed(NAME, capability, **query).subscription.channels == channels


def test_it_has_no_candles():
    """They are made of its trades."""
    assert not hasattr(coinbase_exchange, "stream_candles")


def test_a_ticker_has_all_but_the_quote_volume():
    """One message is the whole of it."""
    assert Feed(NAME, "ticker").read(json.dumps(TICKER)) == [
        Ticker(
            symbol=PAIR, timestamp=AT_MS, last=91000.1, bid=91000.0, ask=91000.2, open=90000.0,
            high=91500.0, low=89500.5, change_percent=(91000.1 / 90000 - 1) * 100,
            volume_base=2100.5,
        )
    ]  # fmt: skip


def test_a_bad_figure_does_not_lose_a_ticker():
    """It is null, as in the answer to a request."""
    body = {**TICKER, "best_bid": "often", "high_24h": None, "time": "noon"}
    (ticker,) = Feed(NAME, "ticker").read(json.dumps(body))
    assert (ticker.last, ticker.bid, ticker.high, ticker.timestamp) == (91000.1, None, None, None)


@pytest.mark.parametrize(("maker", "side"), [("sell", "buy"), ("buy", "sell"), ("both", None)])
def test_the_taker_did_what_the_maker_did_not(maker, side):
    """The side of a match is its maker's."""
    assert Feed(NAME, "trades").read(json.dumps({**MATCH, "side": maker})) == [
        Trade(id="8206", timestamp=1764000000118, side=side, price=91000.1, amount=0.002)
    ]


def test_the_match_before_the_subscription_is_no_news():
    """`last_match` is a sign of life alone."""
    dialect = coinbase_exchange.socket_dialect("")
    assert said(dialect, {**MATCH, "type": "last_match"}) == [s.Alive()]


def test_a_heartbeat_marks_the_newest_trade():
    """Of a product without trades it marks none."""
    feed = Feed(NAME, "trades")
    assert feed.read(json.dumps(HEARTBEAT)) == [s.TradeMark("8207", 1764000001000)]
    assert feed.read(json.dumps({**HEARTBEAT, "last_trade_id": 0})) == []
    assert feed.subscription.ids == "successive"


def test_a_book_is_whole_and_then_changes():
    """Changes of both sides come in one list."""
    feed = Feed(NAME, "order_book")
    whole = {
        "type": "snapshot", "product_id": "BTC-USDT", "asks": [["3", "4"]], "bids": [["1", "2"]],
    }  # fmt: skip
    assert feed.read(json.dumps(whole)) == [s.BookChange([["1", "2"]], [["3", "4"]], is_whole=True)]
    changes = [["buy", "1", "0"], ["sell", "3", "5"], ["buy", "0.5", "7"]]
    update = {"type": "l2update", "product_id": "BTC-USDT", "changes": changes}
    assert feed.read(json.dumps(update | {"time": "2025-11-24T16:00:00.120Z"})) == [
        s.BookChange([(1.0, 0.0), (0.5, 7.0)], [(3.0, 5.0)], timestamp=AT_MS)
    ]


def test_one_bad_product_does_not_cost_the_others():
    """It fails the message; what else was in it is asked for again."""
    dialect = coinbase_exchange.socket_dialect("")
    dialect.subscribe(["ticker:XYZ-USD", "ticker:BTC-USDT"])
    reason = "XYZ-USD is not a valid product"
    body = {"type": "error", "message": "Failed to subscribe", "reason": reason}
    refused, again = said(dialect, body)
    assert (refused.channels, type(refused.error)) == (["ticker:XYZ-USD"], UnknownSymbol)
    assert json.loads(again.frame) == {
        "type": "subscribe", "product_ids": ["BTC-USDT"], "channels": ["ticker"],
    }  # fmt: skip
    assert said(dialect, subscribed(ticker=["BTC-USDT"])) == [s.Subscribed(["ticker:BTC-USDT"])]


def test_an_error_about_no_product_is_about_all_that_wait():
    """Where none waits it ends the connection."""
    dialect = coinbase_exchange.socket_dialect("")
    dialect.subscribe(["ticker:BTC-USDT", "matches:BTC-USDT"])
    body = {"type": "error", "message": "Failed to subscribe", "reason": "Rate limit exceeded"}
    (refused,) = said(dialect, body)
    assert (refused.channels, type(refused.error)) == (
        ["ticker:BTC-USDT", "matches:BTC-USDT"],
        RateLimited,
    )
    (failed,) = said(dialect, {"type": "error", "message": "no", "reason": None})
    assert isinstance(failed, s.Failed)
    assert isinstance(failed.error, BadStatus)


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire(NAME, capability)
    wire.connect()
    broken_frames(wire)


def test_another_pair_is_refused():
    """A message of the channel that is about another product."""
    feed = Feed(NAME, "trades")
    with pytest.raises(OtherSubject):
        list(feed.subscription.read("matches:BTC-USDT", {**MATCH, "product_id": "ETH-USDT"}))


def test_the_simulated_socket_refuses_what_is_not_listed():
    """In the exchange's words."""
    wire = Wire(NAME, "trades", {"ETH-USDT": Symbol("ETH/USDT")})
    wire.connect()
    assert wire.refused == [
        (("matches:BTC-USDT",), UnknownSymbol),
        (("heartbeat:BTC-USDT",), UnknownSymbol),
    ]
    assert not wire.follows


def test_what_a_fault_refuses_is_an_unknown_pair():
    """The words are those of a product that is not listed."""
    wire = Wire(NAME, "ticker")
    (frame,) = wire.feed.subscribe()
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("ticker:BTC-USDT",), UnknownSymbol)]


def test_the_simulated_socket_is_read_and_agrees_with_ccxt():
    """Tickers and trades of the same frames are the same."""
    peer = Peer("coinbaseexchange", NAME)
    wire = Wire(NAME, "ticker")
    wire.connect()
    (ticker,) = wire.tell(ticker_now())
    peer.hear(*wire.sent)
    peer.check_ticker(ticker)

    wire = Wire(NAME, "trades")
    wire.connect()
    trades = wire.tell(trades_now(5))
    peer.hear(*wire.sent)
    peer.check_trades("BTC/USDT", trades)
    assert [trade.side for trade in trades] == ["buy", "sell", "buy", "sell", "buy"]


def test_the_simulated_heartbeat_tells_the_newest_trade():
    """Each second, of each product that asked for it."""
    wire = Wire(NAME, "trades")
    wire.connect()
    wire.tell(trades_now(3, first=512))
    (mark,) = wire.idle()
    assert mark.id == "514"


def test_the_book_is_the_exchange_s_after_a_thousand_differences():
    """The rows are those of ccxt as well."""
    wire, walk = Wire(NAME, "order_book"), Walk(seed=7)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for row in (walk.whole(), *(None for _ in range(1_000))):
        for change in wire.tell(row or walk.step()):
            book.apply(change)
        assert book.levels == walk.levels
    peer = Peer("coinbaseexchange", NAME)
    peer.hear(*wire.sent)
    assert peer.book("BTC/USDT") == walk.levels


def test_it_ends_what_it_no_longer_follows():
    """The list that answers has it no more."""
    wire = Wire(NAME, "trades")
    wire.connect()
    assert wire.confirmed == ["matches:BTC-USDT", "heartbeat:BTC-USDT"]
    for frame in wire.feed.dialect.unsubscribe(wire.feed.subscription.channels):
        wire.send(frame)
    assert not wire.follows
    assert json.loads(wire.sent[-1])["channels"] == []
    assert wire.idle() == []


def test_simulated_requests_tell_the_trades_of_the_feed():
    """With the ids and the sides that the feed has; another request is not theirs."""
    wire = Wire(NAME, "trades")
    wire.connect()
    told, params = wire.tell(trades_now(5)), {"limit": "3"}
    body = rest_trades("/products/BTC-USDT/trades", params, trades_now(5))
    answered = coinbase_exchange.parse_trades(body, TradesQuery(symbol=PAIR))
    assert list(answered.trades) == told[-3:]
    assert rest_trades("/other", params, trades_now(5)) is None
