"""KuCoin's live feeds: its token, its documented messages, its simulated socket, ccxt's reading."""

from __future__ import annotations

import json

import pytest

from coinmux import (
    BadStatus,
    RateLimited,
    SchemaMismatch,
    Symbol,
    Ticker,
    Trade,
    TradesQuery,
    UnknownSymbol,
)
from coinmux import sockets as s
from coinmux.plugins.providers import kucoin
from coinmux.plugins.providers.kucoin.simulated_socket import rest_address, rest_trades
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

SNAPSHOT = {
    "trading": True, "symbol": "BTC-USDT", "buy": 91000.0, "sell": 91000.2,
    "volValue": 190095250.25, "datetime": 1764000000131, "high": 91500.0, "vol": 2100.5,
    "low": 89500.5, "changePrice": 1000.1, "changeRate": 0.0111, "lastTradedPrice": 91000.1,
}  # fmt: skip
BEST = {
    "bestAsk": "91000.9", "bestAskSize": "0.4", "bestBid": "91000.8", "bestBidSize": "1.5",
    "price": "91000.8", "sequence": "1621383371852", "size": "0.002", "time": 1764000000500,
}  # fmt: skip
MATCH = {
    "sequence": "512", "symbol": "BTC-USDT", "side": "sell", "size": "0.002", "price": "91000.1",
    "time": "1764000000118436443", "type": "match", "tradeId": "512",
}  # fmt: skip


def told(topic, data):
    return json.dumps({"type": "message", "topic": topic, "subject": "x", "data": data})


class HTTP:
    """Answers the request for a token."""

    def __init__(self, endpoint="wss://ws-api-spot.kucoin.com/", token="2neA+/=="):
        servers = [{"endpoint": endpoint, "pingInterval": 18000, "pingTimeout": 10000}]
        self.body = {"code": "200000", "data": {"token": token, "instanceServers": servers}}
        self.asked = []

    async def post_json(self, path, body, *, weight):
        self.asked.append((path, body, weight))
        return self.body


async def test_a_token_leads_to_its_endpoint():
    """The token is asked for by REST and encoded; it is part of the address alone."""
    http = HTTP()
    address = await kucoin.socket_dialect("").address(http, "")
    assert address == "wss://ws-api-spot.kucoin.com/?token=2neA%2B%2F%3D%3D"
    assert http.asked == [("/api/v1/bullet-public", {}, 10)]


@pytest.mark.parametrize(
    ("url", "address"),
    [("wss://own.example/ws", "wss://own.example/ws?token=t"),
     ("wss://own.example/ws?a=1", "wss://own.example/ws?a=1&token=t")],
)  # fmt: skip
async def test_the_operators_address_wins_over_the_endpoint(url, address):
    http = HTTP("wss://anywhere.example/", "t")
    assert await kucoin.socket_dialect("").address(http, url) == address


@pytest.mark.parametrize(
    "body",
    [{"code": "200000", "data": {}}, {"code": "200000", "data": {"token": ""}},
     {"code": "200000", "data": {"token": "t", "instanceServers": []}},
     {"code": "200000", "data": {"token": "t", "instanceServers": [{"endpoint": None}]}}],
)  # fmt: skip
async def test_an_answer_without_token_or_endpoint_is_refused(body):
    http = HTTP()
    http.body = body
    with pytest.raises(SchemaMismatch):
        await kucoin.socket_dialect("").address(http, "")


def test_it_subscribes_to_one_topic_a_message_once_it_was_greeted():
    """An unknown pair then costs no other; the frames are those its documentation has."""
    dialect = kucoin.socket_dialect("")
    assert not dialect.is_ready()
    assert dialect.read('{"id":"hQvf8jkno","type":"welcome"}') == [s.Alive()]
    assert dialect.is_ready()
    topics = ["/market/match:BTC-USDT", "/market/match:ETH-USDT"]
    assert list(map(json.loads, dialect.subscribe(topics))) == [
        {"id": str(at), "type": "subscribe", "topic": topic, "response": True}
        for at, topic in enumerate(topics, 1)
    ]
    assert dialect.read('{"id":"2","type":"ack"}') == [s.Subscribed([topics[1]])]
    assert list(map(json.loads, dialect.unsubscribe(topics[:1]))) == [
        {"id": "3", "type": "unsubscribe", "topic": topics[0], "response": True}
    ]
    assert dialect.read('{"id":"3","type":"ack"}') == [s.Alive()]
    assert json.loads(dialect.keep_alive()) == {"id": "4", "type": "ping"}
    assert dialect.read('{"id":"4","type":"pong","timestamp":1}') == [s.Alive()]


@pytest.mark.parametrize(
    ("code", "error"), [(404, UnknownSymbol), (509, RateLimited), (415, BadStatus)]
)
def test_a_refusal_is_about_the_topic_that_was_asked(code, error):
    dialect = kucoin.socket_dialect("")
    dialect.subscribe(["/market/match:XYZ-USDT"])
    said = {"id": "1", "type": "error", "code": code, "data": "topic is not found"}
    (refused,) = dialect.read(json.dumps(said))
    assert refused.channels == ["/market/match:XYZ-USDT"]
    assert type(refused.error) is error


def test_a_token_that_is_over_ends_the_connection_and_is_not_quoted():
    said = {"id": "1", "type": "error", "code": 401, "data": "token 2neA is invalid"}
    (failed,) = kucoin.socket_dialect("").read(json.dumps(said))
    assert isinstance(failed, s.Failed)
    assert "2neA" not in str(failed.error)


@pytest.mark.parametrize(
    ("capability", "query", "channels"),
    [
        ("ticker", {}, ("/market/snapshot:BTC-USDT", "/market/ticker:BTC-USDT")),
        ("trades", {}, ("/market/match:BTC-USDT",)),
        ("order_book", {"depth": 5}, ("/spotMarket/level2Depth5:BTC-USDT",)),
        ("order_book", {"depth": 6}, ("/spotMarket/level2Depth50:BTC-USDT",)),
        ("order_book", {"depth": 500}, ("/spotMarket/level2Depth50:BTC-USDT",)),
        ("candles", {"interval": "1M"}, ("/market/candles:BTC-USDT_1month",)),
    ],
)
def test_each_question_has_its_topics(capability, query, channels):
    assert Feed("kucoin", capability, **query).subscription.channels == channels


def test_a_ticker_is_made_of_two_topics():
    """Nothing is told before the figures of 24 hours are there; the newer prices win."""
    feed = Feed("kucoin", "ticker")
    day = Ticker(
        symbol=PAIR, timestamp=1764000000131, last=91000.1, bid=91000.0, ask=91000.2,
        open=90000.0, high=91500.0, low=89500.5, change_percent=1.11, volume_base=2100.5,
        volume_quote=190095250.25,
    )  # fmt: skip
    assert feed.read(told("/market/ticker:BTC-USDT", {**BEST, "time": 1764000000100})) == []
    snapshot = told("/market/snapshot:BTC-USDT", {"sequence": "1", "data": SNAPSHOT})
    assert feed.read(snapshot) == [day]
    (newer,) = feed.read(told("/market/ticker:BTC-USDT", BEST))
    assert (newer.last, newer.bid, newer.ask) == (91000.8, 91000.8, 91000.9)
    assert (newer.timestamp, newer.high) == (1764000000500, 91500.0)
    assert feed.read(snapshot) == [newer]


def test_a_bad_figure_does_not_lose_a_ticker():
    feed = Feed("kucoin", "ticker")
    data = {**SNAPSHOT, "buy": "often", "high": None, "changeRate": []}
    (ticker,) = feed.read(told("/market/snapshot:BTC-USDT", {"data": data}))
    assert (ticker.last, ticker.bid, ticker.high) == (91000.1, None, None)


def test_a_trade_has_the_number_that_it_has_by_rest():
    """Its time is in nanoseconds."""
    feed = Feed("kucoin", "trades")
    assert feed.read(told("/market/match:BTC-USDT", {**MATCH, "tradeId": "5e35"})) == [
        Trade(id="512", timestamp=1764000000118, side="sell", price=91000.1, amount=0.002)
    ]


def test_a_candle_has_close_before_high_and_low():
    row = ["1764000000", "1", "2", "3", "0.5", "7", "9"]
    data = {"symbol": "BTC-USDT", "candles": row, "time": 1764000030000000000}
    feed = Feed("kucoin", "candles", interval="1m")
    assert feed.read(told("/market/candles:BTC-USDT_1min", data)) == [
        s.LiveCandle(1764000000000, "1", "3", "0.5", "2", "7")
    ]


def test_each_message_is_the_whole_book():
    data = {"asks": [["3", "4"]], "bids": [["1", "2"]], "timestamp": 1764000000131}
    assert Feed("kucoin", "order_book").read(told("/spotMarket/level2Depth50:BTC-USDT", data)) == [
        s.BookChange([["1", "2"]], [["3", "4"]], is_whole=True, timestamp=1764000000131)
    ]


@pytest.mark.parametrize("capability", ["ticker", "trades", "candles", "order_book"])
def test_damaged_messages_raise_errors_of_ours(capability, broken_frames):
    query = {"interval": "1m"} if capability == "candles" else {}
    wire = Wire("kucoin", capability, **query)
    wire.connect()
    broken_frames(wire)


def test_the_simulated_socket_is_read_back():
    """What it tells comes out as it was."""
    now, trades, candle = ticker_now(), trades_now(), candle_now()
    wire = Wire("kucoin", "ticker")
    wire.connect()
    assert wire.confirmed == list(wire.feed.subscription.channels)
    ticker = wire.tell(now)[-1]
    assert (ticker.last, ticker.bid, ticker.ask) == (91000.1, 91000.0, 91000.2)
    assert (ticker.open, ticker.volume_quote, ticker.timestamp) == (
        90000.0,
        190095250.25,
        now.at_ms,
    )

    wire = Wire("kucoin", "trades")
    wire.connect()
    read = wire.tell(trades)
    assert [(t.id, t.timestamp, t.side, t.price, t.amount) for t in read] == [
        (str(t.id), t.at_ms, t.side, float(t.price), float(t.size)) for t in trades
    ]
    body = rest_trades("/api/v1/market/histories", {}, trades)
    assert list(kucoin.parse_trades(body, TradesQuery(symbol=PAIR)).trades) == read

    wire = Wire("kucoin", "candles", interval="1m")
    wire.connect()
    (read,) = wire.tell(candle)
    assert read == s.LiveCandle(
        candle.opens_ms, *(f"{x:f}" for x in (candle.open, candle.high, candle.low, candle.close)),
        volume="3.20000000",
    )  # fmt: skip


def test_it_is_refused_what_the_exchange_does_not_list():
    """In the words the exchange has for it; so it is where a fault says so."""
    wire = Wire("kucoin", "trades", pairs={"ETH-USDT": Symbol("ETH/USDT")})
    wire.connect()
    assert wire.refused == [(("/market/match:BTC-USDT",), UnknownSymbol)]
    assert json.loads(wire.sent[-1])["data"] == "topic /market/match:BTC-USDT is not found"
    (frame,) = wire.feed.subscribe()
    (answer,) = wire.server.refuse(frame, 1)
    assert isinstance(wire.feed.dialect.read(answer)[0], s.Refused)


def test_pings_and_the_end_of_a_channel_are_answered():
    wire = Wire("kucoin", "trades")
    wire.connect()
    wire.send(wire.feed.dialect.keep_alive())
    assert json.loads(wire.sent[-1])["type"] == "pong"
    (frame,) = wire.feed.dialect.unsubscribe(wire.feed.subscription.channels)
    wire.send(frame)
    assert wire.follows == {}


async def test_the_simulator_gives_a_token():
    """Which the dialect takes."""
    http = HTTP()
    http.body = rest_address("/api/v1/bullet-public")
    address = await kucoin.socket_dialect("").address(http, "")
    assert address == "wss://ws-api-spot.kucoin.com/?token=simulated"
    assert rest_address("/api/v1/market/stats") is None


def test_books_stay_equal_to_the_exchanges_and_to_ccxts():
    """A thousand random changes, levels that go and come back among them."""
    wire, peer, walk = Wire("kucoin", "order_book"), Peer("kucoin", "kucoin"), Walk(depth=50)
    wire.connect()
    book = PlainBook(s.BookRules())
    for change in [walk.whole(), *(walk.step() for _ in range(1_000))]:
        bids, asks = change.all_bids, change.all_asks
        whole = type(change)(
            PAIR, change.at_ms, change.first, change.last, change.previous, True,
            bids, asks, bids, asks,
        )  # fmt: skip
        for read in wire.tell(whole):
            book.apply(read)
        assert book.levels == (
            [[float(p), float(q)] for p, q in bids], [[float(p), float(q)] for p, q in asks]
        )  # fmt: skip
    peer.hear(wire.sent[-1])
    assert peer.book("BTC/USDT") == book.levels


def test_ccxt_reads_the_same():
    """Tickers, trades and candles of the same frames.

    ccxt divides nanoseconds as floats, which may lose a millisecond.
    """
    peer = Peer("kucoin", "kucoin")
    ticker = Wire("kucoin", "ticker")
    ticker.connect()
    ticker.follows.pop("/market/ticker:BTC-USDT")
    (ours,) = ticker.tell(ticker_now())
    peer.hear(ticker.sent[-1])
    peer.check_ticker(ours)

    trades = Wire("kucoin", "trades")
    trades.connect()
    ours = [trade for at in range(5) for trade in trades.tell(trades_now(first=512 + 3 * at))]
    peer.hear(*trades.sent[-15:])
    theirs = peer.exchange.trades["BTC/USDT"]
    for trade, row in zip(ours, theirs, strict=True):
        assert trade.timestamp - row["timestamp"] in (0, 1)
        row["timestamp"] = trade.timestamp
    peer.check_trades("BTC/USDT", ours)

    candles = Wire("kucoin", "candles", interval="1m")
    candles.connect()
    ours = [row for at in range(3) for row in candles.tell(candle_now(at))]
    peer.hear(*candles.sent[-3:])
    peer.check_candles("BTC/USDT", "1m", ours)
