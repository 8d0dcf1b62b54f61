"""Answers of exchanges as the field has seen them: bad rows, missing figures, rows that grew."""

import copy
import json
from pathlib import Path

import pytest

from coinmux import (
    CAPABILITIES,
    CoinmuxError,
    OrderBookQuery,
    OtherSubject,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.framework.reference.rows import collecting
from coinmux.plugins.providers import (
    binance,
    bitfinex,
    bitstamp,
    bybit,
    coinbase_exchange,
    gateio,
    gemini,
    htx,
    kraken,
    kucoin,
    mexc,
    okx,
)

EXCHANGES = (
    binance, bitfinex, bitstamp, bybit, coinbase_exchange, gateio, gemini, htx, kraken, kucoin,
    mexc, okx,
)  # fmt: skip
#: The way to a list of trades, and within a row to its id and its side.
TRADES = {
    binance: ((), "id", "isBuyerMaker"),
    bitfinex: ((), 0, None),
    bitstamp: ((), "tid", "type"),
    bybit: (("result", "list"), "execId", "side"),
    coinbase_exchange: ((), "trade_id", "side"),
    gateio: ((), "id", "side"),
    gemini: ((), "tid", "type"),
    kraken: (("result", "XBTUSDT"), 6, 3),
    kucoin: (("data",), "sequence", "side"),
    mexc: ((), "id", "isBuyerMaker"),
    okx: (("data",), "tradeId", "side"),
}


def short(module):
    return module.__name__.rpartition(".")[2]


def sample(module, stem):
    file = Path(module.__file__).parent / "samples" / f"{stem}.json"
    held = json.loads(file.read_text())
    query = CAPABILITIES[held["capability"]].query.model_validate(held["query"])
    return [copy.deepcopy(one["response"]["body"]) for one in held["exchanges"]], query


def inside(body, way):
    for key in way:
        body = body[key]
    return body


def read(module, kind, bodies, query):
    """What the exchange's parser makes of the bodies, and what was left out."""
    with collecting() as damage:
        return getattr(module, f"parse_{kind}")(*bodies, query), damage


@pytest.mark.parametrize(
    ("module", "none"),
    # Bitfinex's ids are numbers.
    [(one, none) for one in TRADES for none in (None, "") if one is not bitfinex or none is None],
    ids=lambda value: short(value) if hasattr(value, "__name__") else repr(value),
)
def test_a_trade_without_an_id_has_none(module, none):
    """Never the text "None", nor an empty one."""
    way, id_, _ = TRADES[module]
    bodies, query = sample(module, "trades")
    for row in inside(bodies[0], way):
        row[id_] = none
    trades, damage = read(module, "trades", bodies, query)
    assert trades.trades
    assert {trade.id for trade in trades.trades} == {None}
    assert not damage


@pytest.mark.parametrize("none", [None, ""], ids=["null", "empty"])
@pytest.mark.parametrize("module", [m for m in TRADES if TRADES[m][2] is not None], ids=short)
def test_a_trade_without_a_side_is_a_trade(module, none):
    """Made in an auction, say; the other trades keep theirs."""
    way, _, side = TRADES[module]
    bodies, query = sample(module, "trades")
    whole, _ = read(module, "trades", copy.deepcopy(bodies), query)
    inside(bodies[0], way)[0][side] = none
    trades, damage = read(module, "trades", bodies, query)
    assert len(trades.trades) == len(whole.trades)
    sides = [trade.side for trade in trades.trades]
    assert sides.count(None) == 1 + [trade.side for trade in whole.trades].count(None)
    assert not damage


@pytest.mark.parametrize("module", TRADES, ids=short)
def test_a_bad_trade_costs_itself(module):
    """A row of nothing and a row of another kind, among good ones."""
    way, _, _ = TRADES[module]
    bodies, query = sample(module, "trades")
    whole, _ = read(module, "trades", copy.deepcopy(bodies), query)
    rows = inside(bodies[0], way)
    rows[1:1] = [None, "damaged"]
    trades, damage = read(module, "trades", bodies, query)
    assert trades == whole
    assert damage.rows_left_out == 2


def test_groups_of_trades_of_htx_are_read_one_by_one():
    """A group that is none costs itself, and so does a trade within a group."""
    bodies, query = sample(htx, "trades")
    whole, _ = read(htx, "trades", copy.deepcopy(bodies), query)
    bodies[0]["data"].insert(1, {"id": 1})
    bodies[0]["data"][0]["data"][0]["direction"] = ""
    bodies[0]["data"][0]["data"].append({"id": 2})
    trades, damage = read(htx, "trades", bodies, query)
    assert [t.price for t in trades.trades] == [t.price for t in whole.trades]
    assert [t.side for t in trades.trades].count(None) == 1
    assert damage.rows_left_out == 2


def test_bitfinex_trades_of_nothing_are_left_out():
    """The sign of an amount is the side, and 0 has none."""
    bodies, query = sample(bitfinex, "trades")
    whole, _ = read(bitfinex, "trades", copy.deepcopy(bodies), query)
    bodies[0][0][2] = 0
    trades, damage = read(bitfinex, "trades", bodies, query)
    assert len(trades.trades) == len(whole.trades) - 1
    assert damage.rows_left_out == 1


def test_kraken_trades_without_the_seventh_column():
    """Old answers have no id."""
    bodies, query = sample(kraken, "trades")
    for row in bodies[0]["result"]["XBTUSDT"]:
        del row[6:]
    trades, _ = read(kraken, "trades", bodies, query)
    assert trades.trades
    assert {trade.id for trade in trades.trades} == {None}


@pytest.mark.parametrize("module", EXCHANGES, ids=short)
def test_every_side_figure_of_a_ticker_may_be_missing_or_null(module):
    """The last price stays what it is, whatever else of the ticker is damaged."""
    bodies, query = sample(module, "ticker")
    whole, _ = read(module, "ticker", copy.deepcopy(bodies), query)
    costly = []
    for at, body in enumerate(bodies):
        for way in leaves(body, ()):
            for bad in (None, "", "nan", [], {}, -1):
                changed = copy.deepcopy(bodies)
                inside(changed[at], way[:-1])[way[-1]] = bad
                try:
                    ticker, _ = read(module, "ticker", changed, query)
                except (CoinmuxError, ValueError, KeyError, TypeError) as error:
                    costly.append((way, type(error).__name__))
                    continue
                assert ticker.last == whole.last, (way, bad)
    # The last price, the pair's own name, and what tells one pair from another.
    ways = {way for way, _ in costly}
    assert len(ways) <= 4, ways


def leaves(body, way):
    items = body.items() if isinstance(body, dict) else enumerate(body)
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*way, key))
        else:
            yield (*way, key)


@pytest.mark.parametrize("none", [None, "", 0, "0", "0.00000000"], ids=repr)
def test_a_last_price_of_none_is_an_unknown_pair(none):
    """Listed and never traded: another source is asked, and this one is not marked down."""
    for module, way in (
        (binance, ("lastPrice",)), (bybit, ("result", "list", 0, "lastPrice")),
        (coinbase_exchange, ("price",)), (gateio, (0, "last")), (gemini, ("close",)),
        (htx, ("tick", "close")), (kucoin, ("data", "last")), (mexc, ("lastPrice",)),
        (okx, ("data", 0, "last")), (bitstamp, ("last",)), (bitfinex, (6,)),
        (kraken, ("result", "XBTUSDT", "c", 0)),
    ):  # fmt: skip
        bodies, query = sample(module, "ticker")
        inside(bodies[0], way[:-1])[way[-1]] = none
        with pytest.raises(UnknownSymbol):
            read(module, "ticker", bodies, query)


def test_no_letter_of_a_text_is_taken_for_the_first_of_a_list():
    """Where a list of figures became one figure, its first digit is no price."""
    bodies, query = sample(kraken, "ticker")
    row = bodies[0]["result"]["XBTUSDT"]
    row["b"] = "88000.1"
    ticker, damage = read(kraken, "ticker", bodies, query)
    assert ticker.bid is None
    assert damage.fields
    row["c"] = "88000.1"
    with pytest.raises(Exception, match=r"c\.0 is missing"):
        read(kraken, "ticker", bodies, query)


def test_a_ticker_of_bitfinex_may_grow():
    """Figures stand at documented places; what follows is news."""
    query = TickerQuery(symbol="GRW/USD")
    body = [1.0, 500, 1.01, 400, 0.01, 0.01, 1.005, 1000, 1.1, 0.9, None, "news"]
    ticker, damage = read(bitfinex, "ticker", [body], query)
    assert (ticker.last, ticker.bid, ticker.ask, ticker.high, ticker.low) == (
        1.005, 1.0, 1.01, 1.1, 0.9,
    )  # fmt: skip
    assert not damage


def test_levels_of_bitfinex_may_grow_and_one_may_be_bad():
    body = [[10, 1, 2, "new"], [11, 1, -3, "new"], [9, 1], [9, 1, 0]]
    book, damage = read(bitfinex, "order_book", [body], OrderBookQuery(symbol="BTC/USD"))
    assert (book.bids, book.asks) == (((10, 2),), ((11, 3),))
    assert damage.rows_left_out == 1


def test_volumes_of_gemini_may_have_more_members():
    """Both coins of the pair must be among them, as they tell one pair from another."""
    bodies, query = sample(gemini, "ticker")
    bodies[1]["volume"]["notional"] = "1"
    ticker, damage = read(gemini, "ticker", bodies, query)
    assert ticker.volume_base
    assert not damage
    bodies[1]["volume"] = {"BTCU": "1", "SDT": "2", "timestamp": 3}
    with pytest.raises(OtherSubject):
        read(gemini, "ticker", bodies, query)


@pytest.mark.parametrize(
    ("module", "bids", "asks"),
    [
        (binance, ("bids",), ("asks",)),
        (bitstamp, ("bids",), ("asks",)),
        (bybit, ("result", "b"), ("result", "a")),
        (coinbase_exchange, ("bids",), ("asks",)),
        (gateio, ("bids",), ("asks",)),
        (gemini, ("bids",), ("asks",)),
        (htx, ("tick", "bids"), ("tick", "asks")),
        (kraken, ("result", "XBTUSDT", "bids"), ("result", "XBTUSDT", "asks")),
        (kucoin, ("data", "bids"), ("data", "asks")),
        (mexc, ("bids",), ("asks",)),
        (okx, ("data", 0, "bids"), ("data", 0, "asks")),
    ],
    ids=lambda value: short(value) if hasattr(value, "__name__") else None,
)
def test_a_book_with_one_side_null_has_the_other(module, bids, asks):
    """Nobody sells, or nobody buys."""
    bodies, query = sample(module, "order_book")
    whole, _ = read(module, "order_book", copy.deepcopy(bodies), query)
    for side, other in ((bids, "asks"), (asks, "bids")):
        changed = copy.deepcopy(bodies)
        inside(changed[0], side[:-1])[side[-1]] = None
        book, damage = read(module, "order_book", changed, query)
        gone = "bids" if other == "asks" else "asks"
        assert getattr(book, gone) == ()
        assert getattr(book, other) == getattr(whole, other)
        assert not damage


def test_a_dead_order_is_not_the_best_bid():
    """An amount of 0 above the best bid makes no crossed book."""
    body = {
        "ch": "market.deadusdt.depth.step0", "status": "ok", "ts": 1_764_000_000_000,
        "tick": {"bids": [[101.5, 0.0], [100.0, 2.0], [99.5, 1]], "asks": [[100.2, 0], [100.5, 3]]},
    }  # fmt: skip
    book, _ = read(htx, "order_book", [body], OrderBookQuery(symbol="DEAD/USDT"))
    assert (book.bids, book.asks) == (((100, 2), (99.5, 1)), ((100.5, 3),))


@pytest.mark.parametrize("depth", [1, 5, 7])
@pytest.mark.parametrize("module", EXCHANGES, ids=short)
def test_a_book_has_no_more_levels_than_asked(module, depth):
    """Cut in one place, for every source."""
    bodies, query = sample(module, "order_book")
    asked = OrderBookQuery(symbol=query.symbol, depth=depth)
    book, _ = read(module, "order_book", bodies, asked)
    cut = book.check(asked, 1_900_000_000_000)
    assert len(cut.bids) == min(depth, len(book.bids))
    assert len(cut.asks) == min(depth, len(book.asks))


def test_figures_that_gate_calls_nan_are_none():
    """It writes so where there was no trade; a change of 0 is a figure."""
    row = {
        "currency_pair": "FLAT_USDT", "last": "3", "lowest_ask": "3.01", "highest_bid": "2.99",
        "change_percentage": "nan", "base_volume": "nan", "quote_volume": "30", "high_24h": "nan",
        "low_24h": "2.9",
    }  # fmt: skip
    query = TickerQuery(symbol="FLAT/USDT")
    ticker, damage = read(gateio, "ticker", [[row]], query)
    assert (ticker.high, ticker.change_percent, ticker.volume_base) == (None, None, None)
    assert not damage
    ticker, _ = read(gateio, "ticker", [[{**row, "change_percentage": "0"}]], query)
    assert ticker.change_percent == 0


@pytest.mark.parametrize("bad", [None, "", "traded", 0])
@pytest.mark.parametrize("module", [binance, mexc], ids=short)
def test_a_maker_that_is_not_told_makes_no_side(module, bad):
    """Null is not false."""
    rows = [{"id": 1, "time": 1_764_000_000_000, "price": "1", "qty": "2", "isBuyerMaker": bad}]
    trades, _ = read(module, "trades", [rows], TradesQuery(symbol="BTC/USDT"))
    assert trades.trades[0].side is None
