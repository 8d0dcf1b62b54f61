"""Bitfinex's live feeds: its documented messages, its simulated socket, and ccxt's reading."""

from __future__ import annotations

import itertools
import json
import zlib

import pytest

from coinmux import BadStatus, RateLimited, SchemaMismatch, Symbol, Ticker, Trade, UnknownSymbol
from coinmux import sockets as s
from coinmux.plugins.providers import bitfinex
from coinmux.plugins.providers.bitfinex.live import checksum
from tests.plugins.live_checks import (
    NOW_MS,
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

INFO = '{"event":"info","version":2,"serverId":"1","platform":{"status":1}}'


def confirmed(capability, number=42, **query):
    """A feed whose channel the exchange confirmed under a number."""
    feed = Feed("bitfinex", capability, **query)
    (frame,) = feed.subscribe()
    feed.read(INFO, json.dumps({**json.loads(frame), "event": "subscribed", "chanId": number}))
    assert feed.said[-1] == s.Subscribed(list(feed.subscription.channels))
    return feed


@pytest.mark.parametrize(
    ("capability", "query", "subject"),
    [
        ("ticker", {}, {"channel": "ticker", "symbol": "tBTCUST"}),
        ("trades", {"symbol": "DOGE/USD"}, {"channel": "trades", "symbol": "tDOGE:USD"}),
        (
            "order_book",
            {"depth": 26},
            {"channel": "book", "symbol": "tBTCUST", "prec": "P0", "freq": "F0", "len": "100"},
        ),
        ("candles", {"interval": "1d"}, {"channel": "candles", "key": "trade:1D:tBTCUST"}),
    ],
)
def test_a_channel_is_subscribed_confirmed_and_ended(capability, query, subject):
    """It is ended by the number under which it was confirmed."""
    feed = confirmed(capability, 7, **query)
    assert list(map(json.loads, feed.subscribe())) == [{"event": "subscribe", **subject}]
    assert list(map(json.loads, feed.dialect.unsubscribe(feed.subscription.channels))) == [
        {"event": "unsubscribe", "chanId": 7}
    ]
    feed.read('{"event":"unsubscribed","status":"OK","chanId":7}')
    assert feed.read("[7,[1,2,3,4,5,6,7,8,9,10]]") == []
    assert feed.dialect.unsubscribe(feed.subscription.channels) == []


def test_a_channel_that_is_ended_before_it_is_confirmed_is_ended_then():
    dialect = bitfinex.socket_dialect("")
    dialect.subscribe(["ticker:tBTCUSD"])
    assert dialect.unsubscribe(["ticker:tBTCUSD"]) == []
    said = {"event": "subscribed", "channel": "ticker", "chanId": 3, "symbol": "tBTCUSD"}
    (reply,) = dialect.read(json.dumps(said))
    assert json.loads(reply.frame) == {"event": "unsubscribe", "chanId": 3}


def test_it_configures_numbers_times_and_checksums_first():
    """And that a book's changes come together."""
    dialect = bitfinex.socket_dialect("")
    assert not dialect.is_ready()
    (frame,) = dialect.opening()
    assert json.loads(frame) == {"event": "conf", "flags": 32768 + 65536 + 131072 + 536870912}
    assert dialect.read(INFO) == [s.Alive()]
    assert dialect.is_ready()


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ('{"event":"info","code":20051,"msg":"Stop"}', s.Leaving),
        ('{"event":"info","code":20060}', s.Failed),
        ('{"event":"info","code":20061}', s.Leaving),
        ('{"event":"info","version":2,"platform":{"status":0}}', s.Failed),
        ('{"event":"conf","status":"OK"}', s.Alive),
        ('{"event":"pong","ts":1}', s.Alive),
        ("[99,[1,2,3]]", s.Alive),
    ],
)
def test_what_is_no_data_is_told_apart(frame, kind):
    (said,) = bitfinex.socket_dialect("").read(frame)
    assert type(said) is kind


@pytest.mark.parametrize(
    ("code", "words", "error"),
    [
        (10300, "symbol: invalid", UnknownSymbol),
        (10305, "subscribe: limit", BadStatus),
        (11010, "ERR_RATE_LIMIT", RateLimited),
        (10301, "subscribe: dup", BadStatus),
    ],
)
def test_a_refusal_names_its_channel(code, words, error):
    said = {"event": "error", "code": code, "msg": words, "channel": "ticker", "symbol": "tABCUSD"}
    (refused,) = bitfinex.socket_dialect("").read(json.dumps(said))
    assert (refused.channels, type(refused.error)) == (["ticker:tABCUSD"], error)
    del said["channel"]
    (refused,) = bitfinex.socket_dialect("").read(json.dumps(said))
    assert refused.channels == []


def test_what_is_subscribed_twice_stays_subscribed():
    feed = confirmed("ticker")
    said = {"event": "error", "code": 10301, "msg": "dup", "channel": "ticker", "symbol": "tBTCUST"}
    assert feed.dialect.read(json.dumps(said)) == [s.Subscribed(["ticker:tBTCUST"])]


def test_a_ticker_has_the_time_of_its_message():
    feed = confirmed("ticker")
    frame = (
        "[42,[91000,1.5,91000.2,0.4,1000.1,0.0111,91000.1,2100.5,91500,89500.5],7,1764000000120]"
    )
    assert feed.read(frame) == [
        Ticker(
            symbol=PAIR, timestamp=1764000000120, last=91000.1, bid=91000.0, ask=91000.2,
            open=90000.0, high=91500.0, low=89500.5, change_percent=1.11, volume_base=2100.5,
        )
    ]  # fmt: skip


def test_arrays_are_read_from_the_front():
    """With neither number nor time, and with fields nobody knows yet."""
    feed = confirmed("ticker")
    row = "[91000,1.5,91000.2,0.4,1000.1,0.0111,91000.1,2100.5,91500,89500.5,null,7]"
    (ticker,) = feed.read(f"[42,{row}]")
    assert (ticker.last, ticker.timestamp) == (91000.1, None)
    (ticker,) = feed.read(f"[42,{row},1764000000120]")
    assert ticker.timestamp == 1764000000120
    (ticker,) = feed.read(f'[42,{row},5,1764000000120,"new"]')
    assert ticker.timestamp == 1764000000120


def test_a_trade_is_told_once():
    """Those of before come newest first; one that was executed is booked a little later."""
    feed = confirmed("trades")
    assert feed.read(
        "[42,[[512,1764000000118,-0.0020,91000.10],[511,1764000000100,1,91000]],1,1764000000120]",
        '[42,"te",[513,1764000000200,0.5,91001],2,1764000000201]',
        '[42,"tu",[513,1764000000200,0.5,91001],3,1764000000202]',
    ) == [
        Trade(id="511", timestamp=1764000000100, side="buy", price=91000.0, amount=1.0),
        Trade(id="512", timestamp=1764000000118, side="sell", price=91000.1, amount=0.002),
        Trade(id="513", timestamp=1764000000200, side="buy", price=91001.0, amount=0.5),
    ]


def test_a_bad_row_does_not_lose_the_others():
    feed = confirmed("trades")
    rows = "[512,1764000000118,0,91000],[511,1764000000100,1,91000],[510,1764000000000,1,5]"
    assert [trade.id for trade in feed.read(f"[42,[{rows}],1,2]")] == ["510", "511"]


def test_candles_of_before_come_newest_first():
    feed = confirmed("candles", interval="1m")
    first, second = "[1764000000000,1,2,3,0.5,7.50]", "[1764000060000,2,2.5,3,2,1]"
    expected = [
        s.LiveCandle(1764000000000, 1, 3, 0.5, 2, 7.5),
        s.LiveCandle(1764000060000, 2, 3, 2, 2.5, 1),
    ]
    assert feed.read(f"[42,[{second},{first}],1,9]", f"[42,{first},2,9]") == [
        *expected, expected[0],
    ]  # fmt: skip
    assert feed.read("[42,[],3,9]") == []
    assert feed.subscription.settles_s == 5


def test_a_book_is_whole_after_each_confirmation():
    """A list that comes later has the changes; a level without orders is removed."""
    feed = confirmed("order_book")
    assert feed.read(
        "[42,[[91000,3,1.50],[91001,1,-1e-7]],1,1764000000120]",
        "[42,[[91000,0,1],[91001,0,-1]],2,1764000000121]",
        "[42,[90999.5,2,0.1],3,1764000000122]",
    ) == [
        s.BookChange(
            [("91000", "1.50")], [("91001", "1e-7")], is_whole=True, timestamp=1764000000120
        ),
        s.BookChange([("91000", "0")], [("91001", "0")], timestamp=1764000000121),
        s.BookChange([("90999.5", "0.1")], [], timestamp=1764000000122),
    ]
    (frame,) = feed.subscribe()
    feed.read(json.dumps({**json.loads(frame), "event": "subscribed", "chanId": 43}))
    assert feed.read("[42,[[1,1,1]],4,9]") == []
    (change,) = feed.read("[43,[],5,1764000000123]")
    assert change.is_whole


def test_a_checksum_comes_by_itself():
    feed = confirmed("order_book")
    assert feed.read('[42,"cs",-1176357100,1,1764000000120]') == [
        s.BookChange((), (), checksum=-1176357100, timestamp=1764000000120)
    ]
    bids, asks = [("6000", "1"), ("5900", "2")], [("6100", "3"), ("6200", "1e-7")]
    text = b"6000:1:6100:-3:5900:2:6200:-1e-7"
    assert checksum(bids, asks) % 2**32 == zlib.crc32(text)
    assert -(2**31) <= checksum(bids, asks) < 2**31
    assert checksum(bids, asks[:1]) != checksum(bids[:1], asks)


@pytest.mark.parametrize(
    "frame", ['[42,"cs","x",1,2]', "[42,[[1,null,1]],1,2]", "[42,[[1,1,null]],1,2]", "[42,3,1,2]"]
)
def test_a_book_is_not_guessed(frame):
    feed = confirmed("order_book")
    with pytest.raises((SchemaMismatch, ValueError, TypeError)):
        feed.read(frame)


def test_a_message_that_did_not_come_ends_the_connection():
    """Every array counts, heartbeats too; one that comes again is left out."""
    dialect = confirmed("trades").dialect
    assert dialect.read('[42,"hb",5,1764000000120]') == [s.Alive()]
    assert isinstance(dialect.read('[42,"te",[1,2,3,4],6,1764000000121]')[0], s.Message)
    assert dialect.read('[42,"te",[1,2,3,4],6,1764000000121]') == [s.Alive()]
    assert dialect.read('[9,"hb",7,1764000000122]') == [s.Alive()]
    (said,) = dialect.read('[42,"hb",9,1764000000123]')
    assert isinstance(said, s.Failed)


@pytest.mark.parametrize("capability", ["ticker", "trades", "order_book", "candles"])
def test_garbage_is_an_error_of_ours(capability, broken_frames):
    """Half a message, and one with each member missing or of another type."""
    wire = Wire("bitfinex", capability)
    wire.connect()
    broken_frames(wire)


def test_the_simulated_socket_refuses_as_the_exchange_does():
    """A pair it has not, what is there already, too many, and what a fault refuses."""
    wire = Wire("bitfinex", "candles", {"tETHUSD": Symbol("ETH/USD")})
    wire.connect()
    assert wire.refused == [(("candles:trade:1h:tBTCUST",), UnknownSymbol)]
    wire = Wire("bitfinex", "ticker")
    wire.connect()
    (frame,) = wire.feed.subscribe()
    wire.send(frame)
    assert wire.refused == []
    assert wire.confirmed == ["ticker:tBTCUST"] * 2
    wire.feed.read(*wire.server.refuse(frame, 0))
    assert wire.refused == [(("ticker:tBTCUST",), RateLimited)]
    for frame in wire.feed.dialect.unsubscribe(["ticker:tBTCUST"]):
        wire.send(frame)
    assert wire.follows == {}


def test_the_simulated_socket_beats_where_it_tells_nothing():
    wire = Wire("bitfinex", "ticker")
    wire.connect()
    assert wire.server.idle(NOW_MS + 14_999) == []
    (frame,) = wire.server.idle(NOW_MS + 15_000)
    assert json.loads(frame)[1] == "hb"
    assert wire.server.idle(NOW_MS + 29_999) == []


def plain(frames):
    """The same messages as a client without our configuration gets them."""
    numbered = 0
    for frame in frames:
        said = json.loads(frame)
        if isinstance(said, dict):
            yield said
            continue
        said = said[: 3 if said[1] in ("te", "tu", "cs") else 2]
        rows = said[1]
        if isinstance(rows, list) and rows and isinstance(rows[0], list):
            numbered += 1
            if numbered > 1:
                yield from ([said[0], row] for row in rows)
                continue
        yield said


def heard(peer, wire):
    for said in plain(wire.sent):
        peer.handle(said)


def test_the_simulated_socket_is_read_and_agrees_with_ccxt():
    """Tickers, trades and candles of the same messages are the same."""
    peer = Peer("bitfinex", "bitfinex")
    wire = Wire("bitfinex", "ticker")
    wire.connect()
    (ticker,) = wire.tell(ticker_now())
    heard(peer, wire)
    peer.check_ticker(ticker)

    peer = Peer("bitfinex", "bitfinex")
    wire = Wire("bitfinex", "trades")
    wire.connect()
    trades = wire.tell(trades_now(5))
    heard(peer, wire)
    peer.check_trades("BTC/USDT", trades)

    peer = Peer("bitfinex", "bitfinex")
    wire = Wire("bitfinex", "candles", interval="1m")
    wire.connect()
    candles = [candle for at in range(4) for candle in wire.tell(candle_now(at))]
    heard(peer, wire)
    peer.check_candles("BTC/USDT", "1m", candles)


def test_a_book_is_the_exchange_s_after_a_thousand_differences():
    """Every checksum is right for us and for ccxt, which raises where one is wrong."""
    wire, walk = Wire("bitfinex", "order_book", depth=25), Walk(seed=11, depth=25, tells_falls=True)
    wire.connect()
    book, peer = PlainBook(wire.feed.subscription.book), Peer("bitfinex", "bitfinex")
    row = walk.whole()
    for _ in range(1_001):
        for change in wire.tell(row):
            book.apply(change)
        assert book.levels == walk.levels
        row = walk.step()
    assert book.wrong == 0
    heard(peer, wire)
    assert peer.book("BTC/USDT", 25) == book.levels


def test_ccxt_loses_a_level_that_comes_before_another_leaves():
    """It cuts a caller's book to its length after each message: what moves up too soon is lost.

    A level that comes into the 25 may be told before the one that leaves them. By the exchange's
    documentation a book is changed level by level and never cut: ours has 25 again afterwards.
    ccxt has 24, so that the next checksum differs; and though its checks are off it drops the book
    then, without a word to its caller, and reads the next difference as a whole book.
    """
    feed = confirmed("order_book", depth=25)
    book = PlainBook(feed.subscription.book)
    peer = Peer("bitfinex", "bitfinex", options={"watchOrderBook": {"checksum": False}})
    confirmation = {"event": "subscribed", "channel": "book", "symbol": "tBTCUST", "chanId": 42}
    peer.handle({**confirmation, "prec": "P0", "freq": "F0", "len": "25"})
    whole = [[100 - at, 1, 2.5] for at in range(25)] + [[101 + at, 1, -2.5] for at in range(25)]

    numbers = itertools.count(1)

    def told(*rows):
        for row in rows:
            for said in feed.read(json.dumps([42, row, next(numbers), NOW_MS])):
                book.apply(said)
            peer.handle([42, row])
            known = peer.book("BTC/USDT")  # as its caller gets it
        return known

    assert told(whole) == book.levels
    (theirs, _), (ours, _) = told([75, 1, 4.5], [90, 0, 1]), book.levels
    assert (len(ours), len(theirs)) == (25, 24)
    assert [row for row in map(list, ours) if row not in map(list, theirs)] == [[75, 4.5]]
    peer.client.subscriptions.setdefault("book:tBTCUST", True)
    peer.handle([42, "cs", checksum(*book.levels)])
    assert "BTC/USDT" not in peer.exchange.orderbooks


def test_a_wrong_checksum_is_seen():
    wire, walk = Wire("bitfinex", "order_book"), Walk(depth=25, tells_falls=True)
    wire.connect()
    book = PlainBook(wire.feed.subscription.book)
    for row in (walk.whole(), false(walk.step()), walk.step()):
        for change in wire.tell(row):
            book.apply(change)
    assert book.wrong == 1


def test_its_simulated_end_tells_trades_of_before_first():
    """Newest first and at once; then each as it is executed, and once more as it is booked."""
    wire = Wire("bitfinex", "trades")
    wire.connect()
    (follow,) = wire.follows.values()
    assert follow.past == 30
    before = wire.tell(trades_now(3))
    (_, rows, *_) = json.loads(wire.sent[-1])
    assert [row[0] for row in rows] == [514, 513, 512]
    assert [trade.id for trade in before] == ["512", "513", "514"]
    assert [trade.id for trade in wire.tell(trades_now(2, first=515))] == ["515", "516"]
    assert [json.loads(one)[1] for one in wire.sent[-4:]] == ["te", "tu", "te", "tu"]
