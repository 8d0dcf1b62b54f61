"""MEXC's live feeds: protobuf by hand, its simulated socket, and ccxt's reading."""

from __future__ import annotations

import json

import pytest
from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    CoinmuxError,
    Malformed,
    NotOffered,
    OtherSubject,
    SchemaMismatch,
    Symbol,
    Ticker,
    Trade,
    TradesQuery,
)
from coinmux import sockets as s
from coinmux.framework.reference.rows import BAD_ROW
from coinmux.plugins.providers import mexc
from coinmux.plugins.providers.mexc import protobuf
from coinmux.plugins.providers.mexc.simulated_socket import rest_book, rest_trades, written
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

DAY = "spot@public.miniTicker.v3.api.pb@BTCUSDT@UTC+0"
BEST = "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT"
DEALS = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"
KLINE = "spot@public.kline.v3.api.pb@BTCUSDT@Min1"
WHOLE = "spot@public.limit.depth.v3.api.pb@BTCUSDT@20"
CHANGES = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"
MINI = {
    "symbol": "BTCUSDT", "price": "91000.1", "rate": "0.0111", "zonedRate": "0.01",
    "high": "91500", "low": "89500.5", "volume": "190095250.25", "quantity": "2100.5",
}  # fmt: skip


def packed(channel, kind, part, symbol="BTCUSDT", at=1764000000131):
    """A message as Google's own library writes it."""
    said = {"channel": channel, "symbol": symbol, "sendTime": str(at), kind: part}
    return ParseDict(said, PushDataV3ApiWrapper()).SerializeToString()


def unpacked(*frames):
    """What ccxt makes of frames before it reads them."""
    return [MessageToDict(PushDataV3ApiWrapper.FromString(frame)) for frame in frames]


def hear(peer, messages):
    """Hand ccxt messages that are decoded already."""
    for message in messages:
        peer.exchange.handle_protobuf_message(peer.client, message)


def binary(wire):
    return [frame for frame in wire.sent if isinstance(frame, bytes)]


def test_it_subscribes_and_ends_in_lists():
    """The frames are those its documentation has; an answer names the channels."""
    dialect = mexc.socket_dialect("")
    (frame,) = dialect.subscribe([DEALS, KLINE])
    assert json.loads(frame) == {"method": "SUBSCRIPTION", "params": [DEALS, KLINE]}
    assert dialect.read(json.dumps({"id": 0, "code": 0, "msg": f"{DEALS},{KLINE}"})) == [
        s.Subscribed([DEALS, KLINE])
    ]
    (frame,) = dialect.unsubscribe([KLINE])
    assert json.loads(frame) == {"method": "UNSUBSCRIPTION", "params": [KLINE]}
    assert dialect.read(json.dumps({"id": 0, "code": 0, "msg": KLINE})) == [s.Alive()]
    assert json.loads(dialect.keep_alive()) == {"method": "PING"}
    assert dialect.read('{"id":0,"code":0,"msg":"PONG"}') == [s.Alive()]
    assert dialect.read('{"method":"PING"}') == [s.Reply('{"method":"PONG"}')]


def test_channels_may_be_confirmed_one_by_one():
    dialect = mexc.socket_dialect("")
    dialect.subscribe([DEALS, KLINE])
    for channel in (KLINE, DEALS):
        said = json.dumps({"id": 0, "code": 0, "msg": channel})
        assert dialect.read(said) == [s.Subscribed([channel])]


def test_a_refusal_names_the_channels_it_is_about():
    """It says that it is blocked of whatever it does not give, so that is all that is known."""
    dialect = mexc.socket_dialect("")
    dialect.subscribe([DEALS, KLINE])
    text = f"Not Subscribed successfully! [{KLINE}].  Reason： Blocked! "  # noqa: RUF001
    (refused,) = dialect.read(json.dumps({"id": 0, "code": 0, "msg": text}))
    assert refused.channels == [KLINE]
    assert type(refused.error) is NotOffered


@pytest.mark.parametrize(
    ("capability", "query", "channels"),
    [
        ("ticker", {}, (DAY, BEST)),
        ("trades", {}, (DEALS,)),
        ("order_book", {"depth": 3}, (WHOLE.replace("@20", "@5"),)),
        ("order_book", {"depth": 20}, (WHOLE,)),
        ("order_book", {"depth": 21}, (CHANGES,)),
        ("candles", {"interval": "1h"}, (KLINE.replace("Min1", "Min60"),)),
    ],
)
def test_each_question_has_its_channels(capability, query, channels):
    assert Feed("mexc", capability, **query).subscription.channels == channels


def test_every_interval_of_rest_has_its_length_on_the_socket():
    for interval in mexc.INTERVALS:
        assert Feed("mexc", "candles", interval=interval).subscription.channels


def test_a_ticker_is_made_of_two_channels():
    feed = Feed("mexc", "ticker")
    best = packed(
        BEST, "publicAggreBookTicker",
        {"bidPrice": "91000", "bidQuantity": "1", "askPrice": "91000.2", "askQuantity": "2"},
        at=1764000000500,
    )  # fmt: skip
    day = packed(DAY, "publicMiniTicker", MINI)
    assert feed.read(best) == []
    assert feed.read(day) == [
        Ticker(
            symbol=PAIR, timestamp=1764000000500, last=91000.1, bid=91000.0, ask=91000.2,
            high=91500.0, low=89500.5, change_percent=1.11, volume_base=2100.5,
            volume_quote=190095250.25,
        )
    ]  # fmt: skip


def test_a_bad_figure_does_not_lose_a_ticker():
    feed = Feed("mexc", "ticker")
    part = {**MINI, "high": "often", "rate": ""}
    (ticker,) = feed.read(packed(DAY, "publicMiniTicker", part))
    assert (ticker.last, ticker.high, ticker.change_percent) == (91000.1, None, None)


def test_trades_come_in_lists_without_ids():
    """A row that cannot be read costs no other; the side is the taker's."""
    row = {"price": "91000.1", "quantity": "0.002", "tradeType": 2, "time": "1764000000118"}
    rows = [row, {**row, "tradeType": 1}, {**row, "tradeType": 7}, {**row, "price": "often"}]
    assert Feed("mexc", "trades").read(packed(DEALS, "publicAggreDeals", {"deals": rows})) == [
        Trade(timestamp=1764000000118, side=side, price=91000.1, amount=0.002)
        for side in ("sell", "buy", None)
    ]


def test_a_candle_is_told_in_seconds():
    part = {
        "interval": "Min1", "windowStart": "1764000000", "openingPrice": "1", "closingPrice": "2",
        "highestPrice": "3", "lowestPrice": "0.5", "volume": "7", "amount": "9",
        "windowEnd": "1764000060",
    }  # fmt: skip
    feed = Feed("mexc", "candles", interval="1m")
    assert feed.read(packed(KLINE, "publicSpotKline", part)) == [
        s.LiveCandle(1764000000000, "1", "3", "0.5", "2", "7")
    ]


def test_books_are_whole_or_numbered():
    level = {"price": "1", "quantity": "2"}
    sides = {"bids": [level], "asks": [{"price": "3", "quantity": "0"}]}
    whole = packed(WHOLE, "publicLimitDepths", {**sides, "version": "160"})
    assert Feed("mexc", "order_book").read(whole) == [
        s.BookChange([("1", "2")], [("3", "0")], True, last=160, timestamp=1764000000131)
    ]
    part = {**sides, "fromVersion": "157", "toVersion": "160"}
    changes = Feed("mexc", "order_book", depth=100).read(packed(CHANGES, "publicAggreDepths", part))
    assert changes == [
        s.BookChange([("1", "2")], [("3", "0")], first=157, last=160, timestamp=1764000000131)
    ]


async def test_the_snapshot_of_a_deep_book_is_asked_by_rest():
    asked = []

    class HTTP:
        async def get_json(self, path, params):
            asked.append((path, params))
            return {"lastUpdateId": 7, "bids": [["1", "2"]], "asks": []}

    rules = Feed("mexc", "order_book", depth=500).subscription.book
    assert (rules.link, rules.snapshot_levels) == ("adjacent", 1000)
    assert await rules.snapshot(HTTP()) == s.BookChange([["1", "2"]], [], is_whole=True, last=7)
    assert asked == [("/api/v3/depth", {"symbol": "BTCUSDT", "limit": 1000})]


@pytest.mark.parametrize(
    "frame",
    [packed(DAY, "publicMiniTicker", MINI, symbol="ETHUSDT"),
     packed(DAY, "publicAggreBookTicker", {"bidPrice": "1"}),
     packed(DAY, "publicMiniTicker", MINI, symbol="")],
)  # fmt: skip
def test_a_message_about_something_else_is_refused(frame):
    with pytest.raises((OtherSubject, SchemaMismatch)):
        Feed("mexc", "ticker").read(frame)


def read_or_refuse(feed, frame):
    """Read a frame; any error but ours is a failure."""
    try:
        for said in feed.dialect.read(frame):
            if isinstance(said, s.Message):
                channel = feed.subscription.channels[0]
                list(feed.subscription.read(channel, said.body))
    except (CoinmuxError, *BAD_ROW):
        return False
    return True


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    """The reader raises nothing of its own, and what it gives is within the bytes."""
    try:
        found = protobuf.fields(data)
    except Malformed:
        return
    values = [value for values in found.values() for value in values]
    assert sum(len(value) for value in values if isinstance(value, bytes)) <= len(data)
    read_or_refuse(Feed("mexc", "ticker"), data)


@given(st.data())
def test_a_damaged_message_is_read_or_refused(data):
    """One byte of a good message is another, or its end is missing."""
    capability, query, frame = data.draw(
        st.sampled_from(
            [
                ("ticker", {}, packed(DAY, "publicMiniTicker", MINI)),
                ("candles", {"interval": "1m"}, packed(
                    KLINE, "publicSpotKline", {"windowStart": "1764000000", "openingPrice": "1"},
                )),
                ("order_book", {"depth": 100}, packed(
                    CHANGES, "publicAggreDepths",
                    {"bids": [{"price": "1", "quantity": "2"}], "fromVersion": "1",
                     "toVersion": "2"},
                )),
            ]
        )
    )  # fmt: skip
    at = data.draw(st.integers(0, len(frame) - 1))
    other = bytes([data.draw(st.integers(0, 255))])
    for damaged in (frame[:at] + other + frame[at + 1 :], frame[:at]):
        read_or_refuse(Feed("mexc", capability, **query), damaged)


@given(
    st.dictionaries(
        st.integers(1, 2**29 - 1),
        st.lists(st.integers(0, 2**63 - 1) | st.binary(max_size=20), min_size=1, max_size=3),
        max_size=5,
    )
)
def test_what_was_written_is_read(fields):
    pairs = [(number, value) for number, values in fields.items() for value in values]
    assert protobuf.fields(written(pairs)) == fields


@given(
    st.binary(max_size=40)
    | st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.text(max_size=3)), max_size=3).map(written)
    | st.tuples(st.text(max_size=150), st.text(max_size=150)).map(
        lambda texts: written(enumerate(texts, 1))
    )
)
def test_a_level_is_read_as_any_message_is(data):
    """The short way and the long way come to the same, or to an error both."""
    try:
        row = protobuf.fields(data)
        level = (protobuf.text(row, 1), protobuf.text(row, 2))
    except CoinmuxError as error:
        with pytest.raises(type(error)):
            protobuf.pairs({1: [data]}, 1)
    else:
        assert protobuf.pairs({1: [data]}, 1) == [level]


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x08" + b"\xff" * 11, b"\x0a\x05abc", b"\x0b", b"\x0d\x00", b"\x09\x00"],
)
def test_what_is_cut_off_or_no_protobuf_is_refused(data):
    with pytest.raises(Malformed):
        protobuf.fields(data)


def test_fields_of_fixed_length_are_passed_over():
    """It has none today; a new one would cost no message."""
    assert protobuf.fields(b"\x0d\x00\x00\x00\x00\x11" + b"\x00" * 8 + b"\x18\x07") == {3: [7]}


def test_the_simulated_socket_is_read_back():
    """What it tells comes out as it was, and Google's library reads it."""
    trades, candle = trades_now(), candle_now()
    wire = Wire("mexc", "ticker")
    wire.connect()
    assert wire.confirmed == [DAY, BEST]
    ticker = wire.tell(ticker_now())[-1]
    assert (ticker.last, ticker.bid, ticker.ask) == (91000.1, 91000.0, 91000.2)
    assert (ticker.high, ticker.volume_quote, ticker.timestamp) == (91500.0, 190095250.25, NOW_MS)
    assert unpacked(*binary(wire))[0]["publicMiniTicker"]["price"] == "91000.10"

    wire = Wire("mexc", "trades")
    wire.connect()
    read = wire.tell(trades)
    assert [(t.timestamp, t.side, t.price, t.amount) for t in read] == [
        (t.at_ms, t.side, float(t.price), float(t.size)) for t in trades
    ]
    body = rest_trades("/api/v3/trades", {"limit": "2"}, trades)
    assert list(mexc.parse_trades(body, TradesQuery(symbol=PAIR)).trades) == read[-2:]

    wire = Wire("mexc", "candles", interval="1m")
    wire.connect()
    figures = (candle.open, candle.high, candle.low, candle.close, candle.volume_base)
    assert wire.tell(candle) == [s.LiveCandle(candle.opens_ms, *(f"{x:f}" for x in figures))]


def test_it_is_refused_what_the_exchange_does_not_list():
    """Only the channel of the unknown pair."""
    wire = Wire("mexc", "trades", pairs={"ETHUSDT": Symbol("ETH/USDT")})
    wire.connect()
    assert wire.refused == [((DEALS,), NotOffered)]
    (frame,) = wire.feed.subscribe()
    (answer,) = wire.server.refuse(frame, 1)
    assert isinstance(wire.feed.dialect.read(answer)[0], s.Refused)


def test_pings_and_the_end_of_a_channel_are_answered():
    wire = Wire("mexc", "trades")
    wire.connect()
    wire.send(wire.feed.dialect.keep_alive())
    assert json.loads(wire.sent[-1])["msg"] == "PONG"
    (frame,) = wire.feed.dialect.unsubscribe([DEALS])
    wire.send(frame)
    assert wire.follows == {}


async def test_books_stay_equal_to_the_exchanges_and_to_ccxts():
    """A thousand random changes of a book asked for by REST, levels gone and back among them."""
    wire, peer, walk = Wire("mexc", "order_book", depth=100), Peer("mexc", "mexc"), Walk()
    wire.connect()
    rules = wire.feed.subscription.book
    book, whole = PlainBook(rules), walk.whole()
    assert wire.tell(whole) == []

    class HTTP:
        async def get_json(self, path, params):
            return rest_book(path, {key: str(value) for key, value in params.items()}, whole)

    book.apply(await rules.snapshot(HTTP()))
    peer.start_book("BTC/USDT", *book.levels, number=whole.last)
    for change in (walk.step() for _ in range(1_000)):
        for read in wire.tell(change):
            book.apply(read)
        assert book.levels == walk.levels
    peer.client.subscriptions["orderbook:BTC/USDT"] = {}
    for message in unpacked(*binary(wire)):
        peer.exchange.handle_order_book(peer.client, message)
    assert peer.book("BTC/USDT") == book.levels


def test_whole_books_are_read_back():
    wire, walk = Wire("mexc", "order_book"), Walk(depth=20)
    wire.connect()
    book = PlainBook(s.BookRules())
    (read,) = wire.tell(walk.whole())
    book.apply(read)
    assert book.levels == walk.levels


def test_ccxt_reads_the_same():
    """Trades, candles and best prices of the same frames; ccxt reads no figures of 24 hours."""
    peer = Peer("mexc", "mexc")
    trades = Wire("mexc", "trades")
    trades.connect()
    ours = [trade for at in range(5) for trade in trades.tell(trades_now(first=512 + 3 * at))]
    hear(peer, unpacked(*binary(trades)))
    peer.check_trades("BTC/USDT", ours)

    candles = Wire("mexc", "candles", interval="1m")
    candles.connect()
    ours = [row for at in range(3) for row in candles.tell(candle_now(at))]
    hear(peer, unpacked(*binary(candles)))
    peer.check_candles("BTC/USDT", "1m", ours)

    ticker = Wire("mexc", "ticker")
    ticker.connect()
    (ours,) = ticker.tell(ticker_now())[-1:]
    hear(peer, unpacked(binary(ticker)[-1]))
    theirs = peer.exchange.tickers["BTC/USDT"]
    assert (ours.bid, ours.ask, ours.timestamp) == (
        theirs["bid"], theirs["ask"], theirs["timestamp"],
    )  # fmt: skip
