"""Gate's live feeds: its documented messages, its simulated socket, and ccxt's reading."""

from __future__ import annotations

import json

import pytest

from coinmux import BadStatus, CoinmuxError, Symbol, Ticker, Trade, TradesQuery, UnknownSymbol
from coinmux import sockets as s
from coinmux.plugins.providers import gateio
from coinmux.plugins.providers.gateio.simulated_socket import rest_trades
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

TICKER = {
    "currency_pair": "BTC_USDT", "last": "91000.1", "lowest_ask": "91000.2",
    "highest_bid": "91000", "change_percentage": "1.1112", "base_volume": "2100.5",
    "quote_volume": "190095250.25", "high_24h": "91500", "low_24h": "89500.5",
}  # fmt: skip
TRADE = {
    "id": 3130257995, "create_time": 1764000000, "create_time_ms": "1764000000118.9",
    "side": "sell", "currency_pair": "BTC_USDT", "amount": "0.002", "price": "91000.1",
}  # fmt: skip
CANDLE = {
    "t": "1764000000", "v": "9", "c": "2", "h": "3", "l": "0.5", "o": "1", "n": "1m_BTC_USDT",
    "a": "7",
}  # fmt: skip
BOOK = "spot.obu:ob.BTC_USDT.50"


def told(channel, result):
    said = {"time": 1764000000, "time_ms": 1764000000131, "channel": channel, "event": "update"}
    return json.dumps({**said, "result": result})


class HTTP:
    """Tells the time."""

    def now_ms(self):
        return 1_764_000_000_999


async def test_it_subscribes_to_one_channel_a_message():
    """An unknown pair then costs no other; the frames are those its documentation has."""
    dialect = gateio.socket_dialect("")
    assert await dialect.address(HTTP(), "wss://x.example/") == "wss://x.example/"
    channels = ["spot.tickers:BTC_USDT", "spot.candlesticks:1m,BTC_USDT"]
    asked = {"time": 1764000000, "event": "subscribe"}
    assert list(map(json.loads, dialect.subscribe(channels))) == [
        {**asked, "id": 1, "channel": "spot.tickers", "payload": ["BTC_USDT"]},
        {**asked, "id": 2, "channel": "spot.candlesticks", "payload": ["1m", "BTC_USDT"]},
    ]
    ok = {"time": 1, "id": 2, "event": "subscribe", "error": None, "result": {"status": "success"}}
    assert dialect.read(json.dumps(ok)) == [s.Subscribed([channels[1]])]
    (frame,) = dialect.unsubscribe(channels[:1])
    assert json.loads(frame) == {
        "time": 1764000000, "id": 3, "channel": "spot.tickers", "event": "unsubscribe",
        "payload": ["BTC_USDT"],
    }  # fmt: skip
    assert json.loads(dialect.keep_alive()) == {"time": 1764000000, "channel": "spot.ping"}
    assert dialect.read('{"time":1,"channel":"spot.pong","event":"","error":null}') == [s.Alive()]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 2, "message": "unknown currency pair: XYZ_USDT"}, UnknownSymbol),
        ({"code": 1, "message": "invalid argument"}, BadStatus),
        ("often", BadStatus),
    ],
)
def test_a_refusal_is_about_the_channel_that_was_asked(error, kind):
    dialect = gateio.socket_dialect("")
    dialect.subscribe(["spot.trades:XYZ_USDT"])
    said = {"id": 1, "channel": "spot.trades", "event": "subscribe", "error": error}
    (refused,) = dialect.read(json.dumps(said))
    assert refused.channels == ["spot.trades:XYZ_USDT"]
    assert type(refused.error) is kind


@pytest.mark.parametrize(
    ("capability", "query", "channel"),
    [
        ("ticker", {}, "spot.tickers:BTC_USDT"),
        ("trades", {}, "spot.trades:BTC_USDT"),
        ("order_book", {"depth": 50}, BOOK),
        ("order_book", {"depth": 51}, "spot.obu:ob.BTC_USDT.400"),
        ("order_book", {"depth": 500}, "spot.obu:ob.BTC_USDT.400"),
        ("candles", {"interval": "1w"}, "spot.candlesticks:7d,BTC_USDT"),
    ],
)
def test_each_question_has_its_channel(capability, query, channel):
    assert Feed("gateio", capability, **query).subscription.channels == (channel,)


@pytest.mark.parametrize("result", [TICKER, [TICKER]])
def test_a_ticker_has_the_time_of_its_message(result):
    assert Feed("gateio", "ticker").read(told("spot.tickers", result)) == [
        Ticker(
            symbol=PAIR, timestamp=1764000000131, last=91000.1, bid=91000.0, ask=91000.2,
            high=91500.0, low=89500.5, change_percent=1.1112, volume_base=2100.5,
            volume_quote=190095250.25,
        )
    ]  # fmt: skip


def test_a_bad_figure_does_not_lose_a_ticker():
    bad = {**TICKER, "highest_bid": "nan", "high_24h": None}
    (ticker,) = Feed("gateio", "ticker").read(told("spot.tickers", bad))
    assert (ticker.last, ticker.bid, ticker.high) == (91000.1, None, None)


@pytest.mark.parametrize("result", [TRADE, [TRADE, {**TRADE, "amount": None}, TRADE]])
def test_trades_come_alone_or_in_lists(result):
    """A row that cannot be read costs no other; the fraction of the time is cut off."""
    trade = Trade(id="3130257995", timestamp=1764000000118, side="sell", price=91000.1,
                  amount=0.002)  # fmt: skip
    read = Feed("gateio", "trades").read(told("spot.trades", result))
    assert read == [trade] * (2 if isinstance(result, list) else 1)


def test_rows_of_several_pairs_go_each_to_its_channel():
    rows = [TRADE, {**TRADE, "currency_pair": "ETH_USDT"}, TRADE]
    said = gateio.socket_dialect("").read(told("spot.trades", rows))
    assert [(one.channel, len(one.body["rows"])) for one in said] == [
        ("spot.trades:BTC_USDT", 2), ("spot.trades:ETH_USDT", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("closed", "known"), [({}, None), ({"w": True}, True), ({"w": False}, False), ({"w": 1}, None)]
)
def test_a_candle_may_say_whether_it_is_closed(closed, known):
    """`v` is in the quote, `a` in the base."""
    feed = Feed("gateio", "candles", interval="1m")
    assert feed.read(told("spot.candlesticks", {**CANDLE, **closed})) == [
        s.LiveCandle(1764000000000, "1", "3", "0.5", "2", "7", is_closed=known)
    ]


def test_a_book_is_whole_at_first_and_then_changes_by_numbers():
    """A side that did not change may be missing."""
    feed = Feed("gateio", "order_book")
    row = {"t": 5, "s": "ob.BTC_USDT.50", "u": 160, "b": [["1", "2"]], "a": [["3", "4"]]}
    assert feed.read(told("spot.obu", {**row, "full": True})) == [
        s.BookChange([[1.0, 2.0]], [[3.0, 4.0]], True, last=160, timestamp=5)
    ]
    change = {"t": 6, "s": "ob.BTC_USDT.50", "U": 161, "u": 163, "b": [["1", "0"]]}
    assert feed.read(told("spot.obu", change)) == [
        s.BookChange([[1.0, 0.0]], [], first=161, last=163, timestamp=6)
    ]
    assert feed.subscription.book == s.BookRules(link="adjacent", depth=50)


@pytest.mark.parametrize("capability", ["ticker", "trades", "candles", "order_book"])
def test_damaged_messages_raise_errors_of_ours(capability, broken_frames):
    query = {"interval": "1m"} if capability == "candles" else {}
    wire = Wire("gateio", capability, **query)
    wire.connect()
    broken_frames(wire)


@pytest.mark.parametrize("frame", ["", "{", "[]", "\ud800", b"\xff", '{"event":"update"', "1"])
def test_what_is_no_message_is_refused(frame):
    with pytest.raises(CoinmuxError):
        gateio.socket_dialect("").read(frame)


def test_the_simulated_socket_is_read_back():
    """What it tells comes out as it was."""
    trades, candle = trades_now(), candle_now(is_closed=True)
    wire = Wire("gateio", "ticker")
    wire.connect()
    assert wire.confirmed == ["spot.tickers:BTC_USDT"]
    (ticker,) = wire.tell(ticker_now())
    assert (ticker.last, ticker.bid, ticker.ask) == (91000.1, 91000.0, 91000.2)
    assert (ticker.volume_quote, ticker.timestamp) == (190095250.25, NOW_MS)

    wire = Wire("gateio", "trades")
    wire.connect()
    read = wire.tell(trades)
    assert [(t.id, t.timestamp, t.side, t.price, t.amount) for t in read] == [
        (str(t.id), t.at_ms, t.side, float(t.price), float(t.size)) for t in trades
    ]
    body = rest_trades("/spot/trades", {"currency_pair": "BTC_USDT", "limit": "2"}, trades)
    assert list(gateio.parse_trades(body, TradesQuery(symbol=PAIR)).trades) == read[-2:]

    wire = Wire("gateio", "candles", interval="1m")
    wire.connect()
    figures = (candle.open, candle.high, candle.low, candle.close, candle.volume_base)
    assert wire.tell(candle) == [
        s.LiveCandle(candle.opens_ms, *(f"{x:f}" for x in figures), is_closed=True)
    ]


def test_it_is_refused_what_the_exchange_does_not_list():
    """In the words the exchange has for it."""
    wire = Wire("gateio", "order_book", pairs={"ETH_USDT": Symbol("ETH/USDT")})
    wire.connect()
    assert wire.refused == [((BOOK,), UnknownSymbol)]
    assert json.loads(wire.sent[-1])["error"]["message"] == "unknown currency pair: BTC_USDT"
    (frame,) = wire.feed.subscribe()
    (answer,) = wire.server.refuse(frame, 1)
    assert isinstance(wire.feed.dialect.read(answer)[0], s.Refused)


@pytest.mark.parametrize(
    ("capability", "query"), [("candles", {"interval": "1m"}), ("order_book", {}), ("trades", {})]
)
def test_pings_and_the_end_of_a_channel_are_answered(capability, query):
    wire = Wire("gateio", capability, **query)
    wire.connect()
    wire.send(wire.feed.dialect.keep_alive())
    assert json.loads(wire.sent[-1])["channel"] == "spot.pong"
    (frame,) = wire.feed.dialect.unsubscribe(wire.feed.subscription.channels)
    wire.send(frame)
    assert wire.follows == {}


@pytest.mark.parametrize(("query", "depth"), [({}, 50), ({"depth": 100}, 400)])
def test_books_stay_equal_to_the_exchanges_and_to_ccxts(query, depth):
    """A thousand random changes, levels that go and come back among them.

    That levels fall out of the 50 is not told here; ccxt keeps them, so it is not asked.
    """
    wire, walk = Wire("gateio", "order_book", **query), Walk(depth=depth)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for at in range(1_001):
        for read in wire.tell(walk.step() if at else walk.whole()):
            book.apply(read)
        assert book.levels == walk.levels
    if depth == 400:
        peer = Peer("gate", "gateio")
        peer.hear(*wire.sent[1:])
        assert peer.book("BTC/USDT", depth) == book.levels


def test_ccxt_reads_the_same():
    """Tickers, trades and candles of the same frames.

    ccxt computes an open of the change; the exchange tells none. And it takes the volume in the
    quote for that of a candle, which by REST it does not.
    """
    peer = Peer("gate", "gateio")
    ticker = Wire("gateio", "ticker")
    ticker.connect()
    (ours,) = ticker.tell(ticker_now())
    peer.hear(ticker.sent[-1])
    peer.check_ticker(ours, but=["open"])

    trades = Wire("gateio", "trades")
    trades.connect()
    ours = [trade for at in range(5) for trade in trades.tell(trades_now(first=512 + 3 * at))]
    peer.hear(*trades.sent[1:])
    peer.check_trades("BTC/USDT", ours)

    candles = Wire("gateio", "candles", interval="1m")
    candles.connect()
    ours = [row for at in range(3) for row in candles.tell(candle_now(at))]
    peer.hear(*candles.sent[1:])
    for row in peer.exchange.ohlcvs["BTC/USDT"]["1m"]:
        assert row[5] == float(candle_now().volume_quote)
        row[5] = float(candle_now().volume_base)
    peer.check_candles("BTC/USDT", "1m", ours)
