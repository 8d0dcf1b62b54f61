"""HTX's live feeds: packed frames, books asked for on the socket, and ccxt's reading."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    BadEncoding,
    BadStatus,
    CoinmuxError,
    RateLimited,
    SchemaMismatch,
    Symbol,
    Ticker,
    TooLarge,
    Trade,
    TradesQuery,
    UnknownSymbol,
)
from coinmux import sockets as s
from coinmux.framework.reference.rows import BAD_ROW
from coinmux.framework.streams.book_line import BookLine, BookState
from coinmux.plugins.providers import htx
from coinmux.plugins.providers.htx.live import FRAME_BYTES, unpacked
from coinmux.plugins.providers.htx.simulated_socket import rest_trades
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

DETAIL = {
    "id": 209988464418, "low": 89500.5, "high": 91500.0, "open": 90000.0, "close": 91000.1,
    "vol": 190095250.25, "amount": 2100.5, "version": 209988464418, "count": 265673,
}  # fmt: skip
BBO = {
    "seqId": 161499562790, "ask": 91000.2, "askSize": 0.4, "bid": 91000.0, "bidSize": 1.5,
    "quoteTime": 1764000000499, "symbol": "btcusdt",
}  # fmt: skip
TRADE = {
    "id": 105004645372712345678901, "ts": 1764000000118, "tradeId": 102090727790,
    "amount": 0.002, "price": 91000.1, "direction": "sell",
}  # fmt: skip
BOOK = "market.btcusdt.mbp.150"


def packed(value):
    # Without the time of packing: the bytes name tests, which every worker must name alike.
    return gzip.compress(json.dumps(value).encode(), mtime=0)


def told(channel, tick, ts=1764000000131):
    return packed({"ch": channel, "ts": ts, "tick": tick})


def sent_by(wire):
    """What the exchange sent, unpacked."""
    return [json.loads(gzip.decompress(frame)) for frame in wire.sent]


def data_of(wire):
    return [json.dumps(said) for said in sent_by(wire) if "ch" in said]


def test_it_subscribes_to_one_channel_a_message():
    """The frames are those its documentation has; a book by differences is asked for as well."""
    dialect = htx.socket_dialect("")
    assert list(map(json.loads, dialect.subscribe(["market.btcusdt.bbo", BOOK]))) == [
        {"sub": "market.btcusdt.bbo", "id": "1"},
        {"sub": BOOK, "id": "2"},
        {"req": BOOK, "id": "3"},
    ]
    assert dialect.read(packed({"id": "2", "status": "ok", "subbed": BOOK, "ts": 1})) == [
        s.Subscribed([BOOK])
    ]
    assert list(map(json.loads, dialect.unsubscribe([BOOK]))) == [{"unsub": BOOK, "id": "4"}]
    assert dialect.read(packed({"id": "4", "status": "ok", "unsubbed": BOOK})) == [s.Alive()]


def test_its_ping_is_answered_in_kind():
    dialect = htx.socket_dialect("")
    assert dialect.read(packed({"ping": 1764000000000})) == [s.Reply('{"pong":1764000000000}')]
    with pytest.raises(SchemaMismatch):
        dialect.read(packed({"ping": '1"}'}))


@pytest.mark.parametrize(
    ("code", "text", "error"),
    [
        ("bad-request", "invalid symbol xyzusdt", UnknownSymbol),
        ("bad-request", "invalid topic market.xyzusdt.bbo", UnknownSymbol),
        ("bad-request", "invalid mbp.150.symbol xyzusdt", UnknownSymbol),
        ("bad-request", "too many requests", RateLimited),
        ("internal-error", "something", BadStatus),
    ],
)
def test_a_refusal_is_about_the_channel_that_was_asked(code, text, error):
    dialect = htx.socket_dialect("")
    dialect.subscribe(["market.xyzusdt.bbo"])
    said = {"status": "error", "ts": 1, "id": "1", "err-code": code, "err-msg": text}
    (refused,) = dialect.read(packed(said))
    assert refused.channels == ["market.xyzusdt.bbo"]
    assert type(refused.error) is error


@pytest.mark.parametrize(
    ("capability", "query", "channels", "socket"),
    [
        ("ticker", {}, ("market.btcusdt.detail", "market.btcusdt.bbo"), ""),
        ("trades", {}, ("market.btcusdt.trade.detail",), ""),
        ("order_book", {"depth": 6}, ("market.btcusdt.mbp.refresh.10",), ""),
        ("order_book", {"depth": 20}, ("market.btcusdt.mbp.refresh.20",), ""),
        ("order_book", {"depth": 21}, (BOOK,), "feed"),
        ("order_book", {"depth": 500}, ("market.btcusdt.mbp.400",), "feed"),
        ("candles", {"interval": "1h"}, ("market.btcusdt.kline.60min",), ""),
    ],
)
def test_each_question_has_its_channels(capability, query, channels, socket):
    subscription = Feed("htx", capability, **query).subscription
    assert (subscription.channels, subscription.socket) == (channels, socket)
    assert socket in htx.provider_info().sockets


def test_a_ticker_is_made_of_two_channels():
    feed = Feed("htx", "ticker")
    assert feed.read(told("market.btcusdt.bbo", BBO, ts=1764000000500)) == []
    assert feed.read(told("market.btcusdt.detail", DETAIL)) == [
        Ticker(
            symbol=PAIR, timestamp=1764000000500, last=91000.1, bid=91000.0, ask=91000.2,
            open=90000.0, high=91500.0, low=89500.5, change_percent=(91000.1 / 90000 - 1) * 100,
            volume_base=2100.5, volume_quote=190095250.25,
        )
    ]  # fmt: skip


def test_a_bad_figure_does_not_lose_a_ticker():
    feed = Feed("htx", "ticker")
    bad = {**DETAIL, "high": "often", "open": None}
    (ticker,) = feed.read(told("market.btcusdt.detail", bad))
    assert (ticker.last, ticker.high, ticker.open) == (91000.1, None, None)


def test_a_trade_is_known_by_the_id_that_rest_has():
    """A row that cannot be read costs no other."""
    rows = [TRADE, {**TRADE, "price": None}, {**TRADE, "direction": "buy"}]
    tick = {"id": 1, "ts": 1, "data": rows}
    assert Feed("htx", "trades").read(told("market.btcusdt.trade.detail", tick)) == [
        Trade(id="102090727790", timestamp=1764000000118, side=side, price=91000.1, amount=0.002)
        for side in ("sell", "buy")
    ]


def test_a_candle_has_its_volume_in_the_base():
    tick = {
        "id": 1764000000, "open": 1, "close": 2, "low": 0.5, "high": 3, "amount": 7, "vol": 9,
        "count": 3,
    }  # fmt: skip
    feed = Feed("htx", "candles", interval="1m")
    assert feed.read(told("market.btcusdt.kline.1min", tick)) == [
        s.LiveCandle(1764000000000, 1, 3, 0.5, 2, 7)
    ]


def test_books_are_whole_or_linked_to_the_change_before():
    """The answer to the request is whole."""
    sides = {"bids": [[1, 2]], "asks": [[3, 4]]}
    whole = told("market.btcusdt.mbp.refresh.20", {"seqNum": 7, **sides})
    assert Feed("htx", "order_book").read(whole) == [
        s.BookChange([[1, 2]], [[3, 4]], True, last=7, timestamp=1764000000131)
    ]
    feed = Feed("htx", "order_book", depth=100)
    assert feed.read(told(BOOK, {"seqNum": 9, "prevSeqNum": 7, "bids": [[1, 0]]})) == [
        s.BookChange([[1, 0]], [], last=9, previous=7, timestamp=1764000000131)
    ]
    answer = {"id": "2", "rep": BOOK, "status": "ok", "ts": 1764000000131}
    assert feed.read(packed({**answer, "data": {"seqNum": 9, **sides}})) == [
        s.BookChange([[1, 2]], [[3, 4]], True, last=9, timestamp=1764000000131)
    ]
    assert feed.subscription.book == s.BookRules(link="previous", depth=150)


def test_a_small_frame_of_many_bytes_is_refused_before_it_is_unpacked():
    """It takes little more memory than the bound, however much it would become."""
    bomb = gzip.compress(bytes(64 * FRAME_BYTES))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            unpacked(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * FRAME_BYTES
    finally:
        tracemalloc.stop()
    assert len(unpacked(gzip.compress(bytes(FRAME_BYTES)))) == FRAME_BYTES


@pytest.mark.parametrize(
    "frame",
    [b"", b"{}", packed({"ping": 1})[:-1], packed({"ping": 1}) + b"x", packed({}) * 2],
)
def test_a_frame_that_is_no_whole_gzip_is_refused(frame):
    with pytest.raises(BadEncoding):
        unpacked(frame)


def read_or_refuse(feed, frame):
    """Read a frame; any error but ours is a failure."""
    try:
        for said in feed.dialect.read(frame):
            if isinstance(said, s.Message):
                list(feed.subscription.read(said.channel, said.body))
    except (CoinmuxError, *BAD_ROW):
        return


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    """Of packed bytes as well."""
    for frame in (data, gzip.compress(data)):
        read_or_refuse(Feed("htx", "ticker"), frame)


@given(st.data())
def test_a_damaged_frame_is_read_or_refused(data):
    """One byte of a good frame is another, or its end is missing."""
    frame = told("market.btcusdt.detail", DETAIL)
    at = data.draw(st.integers(0, len(frame) - 1))
    other = bytes([data.draw(st.integers(0, 255))])
    for damaged in (frame[:at] + other + frame[at + 1 :], frame[:at]):
        read_or_refuse(Feed("htx", "ticker"), damaged)


@pytest.mark.parametrize("capability", ["ticker", "trades", "candles", "order_book"])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["tick", "data", "bids", "asks", "ts", "close", "id", "seqNum"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_values_are_read_or_refused(capability, value):
    """Whatever stands where a tick is due."""
    query = {"interval": "1m"} if capability == "candles" else {}
    feed = Feed("htx", capability, **query)
    (channel, *_) = feed.subscription.channels
    read_or_refuse(feed, packed({"ch": channel, "ts": 1, "tick": value}))


def test_the_simulated_socket_is_read_back():
    """What it tells comes out as it was."""
    trades, candle = trades_now(), candle_now()
    wire = Wire("htx", "ticker")
    wire.connect()
    assert wire.confirmed == list(wire.feed.subscription.channels)
    ticker = wire.tell(ticker_now())[-1]
    assert (ticker.last, ticker.bid, ticker.ask) == (91000.1, 91000.0, 91000.2)
    assert (ticker.open, ticker.volume_quote) == (90000.0, 190095250.25)

    wire = Wire("htx", "trades")
    wire.connect()
    read = wire.tell(trades)
    assert [(t.id, t.timestamp, t.side, t.price, t.amount) for t in read] == [
        (str(t.id), t.at_ms, t.side, float(t.price), float(t.size)) for t in trades
    ]
    params = {"symbol": "btcusdt", "size": "2"}
    body = rest_trades("/market/history/trade", params, trades)
    assert list(htx.parse_trades(body, TradesQuery(symbol=PAIR)).trades) == read[-2:]

    wire = Wire("htx", "candles", interval="1m")
    wire.connect()
    figures = (candle.open, candle.high, candle.low, candle.close, candle.volume_base)
    assert wire.tell(candle) == [s.LiveCandle(candle.opens_ms, *map(float, figures))]


def test_it_pings_and_is_answered():
    """Each five seconds, not each second."""
    wire = Wire("htx", "trades")
    wire.connect()
    wire.idle()
    wire.idle()
    (reply,) = [said for said in wire.feed.said if isinstance(said, s.Reply)]
    assert wire.send(reply.frame) == []


def test_it_is_refused_what_the_exchange_does_not_list():
    wire = Wire("htx", "trades", pairs={"ethusdt": Symbol("ETH/USDT")})
    wire.connect()
    assert wire.refused == [(("market.btcusdt.trade.detail",), UnknownSymbol)]
    assert sent_by(wire)[-1]["err-msg"] == "invalid symbol btcusdt"
    (frame,) = wire.feed.subscribe()
    (answer,) = wire.server.refuse(frame, 1)
    assert isinstance(wire.feed.dialect.read(answer)[0], s.Refused)


def test_the_end_of_a_channel_is_confirmed():
    wire = Wire("htx", "order_book", depth=100)
    wire.connect()
    (frame,) = wire.feed.dialect.unsubscribe([BOOK])
    wire.send(frame)
    assert wire.follows == {}
    assert sent_by(wire)[-1]["unsubbed"] == BOOK


@pytest.mark.parametrize("depth", [150, 400])
def test_books_stay_equal_to_the_exchanges_and_to_ccxts(depth):
    """A thousand random changes of the book it was asked for, levels gone and back among them."""
    wire, walk = Wire("htx", "order_book", depth=depth), Walk()
    peer = Peer("htx", "htx")
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for at in range(1_001):
        change = walk.step() if at else walk.whole()
        for read in wire.tell(change):
            book.apply(read)
        assert book.levels == walk.levels
        if change.is_whole:
            peer.start_book("BTC/USDT", *book.levels, number=change.last)
    peer.hear(*data_of(wire))
    assert peer.book("BTC/USDT") == book.levels


def test_a_book_that_is_asked_for_again_is_told_with_the_next_change():
    """The change comes first, then the whole book of the same number."""
    wire, walk = Wire("htx", "order_book", depth=100), Walk()
    wire.connect()
    wire.tell(walk.whole())
    wire.tell(walk.step())
    for frame in wire.feed.subscribe():
        wire.send(frame)
    changed, whole = wire.tell(walk.step())
    assert (changed.is_whole, whole.is_whole) == (False, True)
    assert changed.last == whole.last
    book = PlainBook(s.BookRules())
    book.apply(whole)
    assert book.levels == walk.levels


def test_changes_before_the_whole_book_are_no_gap():
    """On the socket some come between the request and its answer, older ones and newer ones."""
    feed = Feed("htx", "order_book", depth=100)
    line = BookLine(PAIR, feed.subscription.book)
    whole = {"seqNum": 7, "bids": [[10, 1], [9, 1]], "asks": [[11, 1]]}
    frames = [
        *(told(BOOK, {"seqNum": at, "prevSeqNum": at - 1, "bids": [[10, at]]}) for at in (6, 7, 8)),
        packed({"id": "2", "rep": BOOK, "status": "ok", "ts": NOW_MS, "data": whole}),
        told(BOOK, {"seqNum": 9, "prevSeqNum": 8, "bids": [[9, 0]], "asks": []}),
    ]
    for change in feed.read(*frames):
        line.apply(change)
    assert line.state is BookState.TRUE
    book = line.book(5)
    assert (book.bids, book.asks) == (((10.0, 8.0),), ((11.0, 1.0),))


def test_ccxt_reads_the_same():
    """Tickers, trades and candles of the same frames.

    ccxt knows a trade by `id`, which no answer of REST repeats.
    """
    peer = Peer("htx", "htx")
    ticker = Wire("htx", "ticker")
    ticker.connect()
    ticker.follows.pop("market.btcusdt.bbo")
    (ours,) = ticker.tell(ticker_now())
    peer.hear(*data_of(ticker))
    peer.check_ticker(ours)

    trades = Wire("htx", "trades")
    trades.connect()
    ours = [trade for at in range(5) for trade in trades.tell(trades_now(first=512 + 3 * at))]
    peer.hear(*data_of(trades))
    for row in peer.exchange.trades["BTC/USDT"]:
        assert row["id"] == str(row["info"]["id"])
        row["id"] = str(row["info"]["tradeId"])
    peer.check_trades("BTC/USDT", ours)

    candles = Wire("htx", "candles", interval="1m")
    candles.connect()
    ours = [row for at in range(3) for row in candles.tell(candle_now(at))]
    peer.hear(*data_of(candles))
    peer.check_candles("BTC/USDT", "1m", ours)
