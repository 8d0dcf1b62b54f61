"""Market models refuse nonsense (`faults.md` rows D and E)."""

import json

import pytest
from pydantic import ValidationError

from coinmux import (
    Coin,
    Coins,
    CoinsQuery,
    Implausible,
    Market,
    Markets,
    OrderBook,
    OrderBookQuery,
    Symbol,
    Ticker,
    TickerQuery,
    Trade,
    Trades,
    TradesQuery,
    UnknownSymbol,
    last_price,
    price_or_none,
)
from coinmux.framework.reference.rows import collecting

HOUR = 3_600_000
START = 1_764_000_000_000 // HOUR * HOUR


def ticker(**more):
    return Ticker(**{"symbol": "BTC/USDT", "last": "10", "timestamp": START, **more})


@pytest.mark.parametrize("last", ["-1", "0", 0, -5.0])
def test_E1_prices_must_be_positive(last):
    with pytest.raises(Implausible):
        ticker(last=last)


@pytest.mark.parametrize(
    ("one", "other", "wrong", "right"),
    [("bid", "ask", ("10.6", "10"), ("10.4", "10")), ("high", "low", ("9", "10"), ("10", "10"))],
)
def test_E1_side_figures_that_contradict_each_other_are_null(one, other, wrong, right):
    """Which of the two is wrong is not known; the last price does not depend on them."""
    with collecting() as damage:
        doubted = ticker(**dict(zip((one, other), wrong, strict=True)))
    assert (doubted.last, getattr(doubted, one), getattr(doubted, other)) == (10, None, None)
    assert damage.notes()[0].startswith(f"{one} and {other} is null: ")
    kept = ticker(**dict(zip((one, other), right, strict=True)))
    assert [getattr(kept, one), getattr(kept, other)] == [float(value) for value in right]


@pytest.mark.parametrize("time", [START // 1000, START * 1000, 0, -1])
def test_E3_times_in_another_unit_are_refused(time):
    """A trade without a time is none; a ticker is still the price."""
    with pytest.raises(Implausible):
        Trade(timestamp=time, side="buy", price=1, amount=1)
    with collecting() as damage:
        assert ticker(timestamp=time).timestamp is None
    assert damage.fields


@pytest.mark.parametrize(
    "text", ["1,234.5", "65 000", "0x1F", "--", "", "1_000", "nan", "Infinity", True]
)
def test_D11_numbers_are_never_guessed(text):
    with pytest.raises(ValidationError):
        ticker(last=text)


@pytest.mark.parametrize(
    ("text", "value"), [("6.5e4", 65000.0), ("1.50", 1.5), (3, 3.0), (".5", 0.5)]
)
def test_D11_decimal_strings_are_numbers(text, value):
    assert ticker(last=text).last == value


def test_what_a_source_does_not_have_is_null():
    assert json.loads(ticker().encode())["volume_base"] is None


def test_order_books_are_best_first_and_not_crossed():
    book = OrderBook(
        symbol="BTC/USDT", bids=[["9", "1"], ["10", "2"]], asks=[["12", "1"], ["11", "1"]]
    )
    assert book.bids[0] == (10, 2)
    assert book.asks[0] == (11, 1)
    assert book.cut(1).data_length() == 2
    with pytest.raises(Implausible):
        OrderBook(symbol="BTC/USDT", bids=[["20", "1"]], asks=[["10", "1"]])


def test_trades_are_the_newest_of_those_given_newest_last():
    made = [
        Trade(id=str(at), timestamp=START + at, side="buy", price=1, amount=1) for at in (3, 1, 2)
    ]
    trades = Trades.latest(TradesQuery(symbol="BTC/USDT", limit=2), made)
    assert [trade.id for trade in trades.trades] == ["2", "3"]


@pytest.mark.parametrize(
    ("told", "price"), [(None, None), ("", None), ("0.00", None), ("7.5", 7.5)]
)
def test_a_price_that_is_none(told, price):
    """Sources say so by null, by nothing and by zero; of a last price it means never traded."""
    assert price_or_none(told) == price
    if price is None:
        with pytest.raises(UnknownSymbol):
            last_price("NEW/EUR", told)
    else:
        assert last_price("NEW/EUR", told) == price


def of(**figures):
    return Ticker.of(TickerQuery(symbol="BTC/USDT"), **figures)


@pytest.mark.parametrize("bad", ["nan", "-", "1,5", {}, [], True, float("inf"), "9" * 400])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("open", "open"),
        ("moved", "open"),
        ("change_fraction", "change_percent"),
        ("change_percent", "change_percent"),
        ("timestamp", "timestamp"),
        ("timestamp_s", "timestamp"),
        ("bid", "bid"),
        ("ask", "ask"),
        ("high", "high"),
        ("low", "low"),
        ("volume_base", "volume_base"),
        ("volume_quote", "volume_quote"),
    ],
)
def test_a_bad_side_figure_costs_a_ticker_that_figure(name, field, bad):
    """The last price stays, and the figure is reported by its name."""
    with collecting() as damage:
        read = of(last="10", **{name: bad})
    assert read.last == 10
    assert getattr(read, field) is None
    assert [known for known, _ in damage.fields] == [field]


@pytest.mark.parametrize("bad", [-1, "-1"])
def test_a_negative_price_or_volume_is_none(bad):
    """A change may be below zero, a price may not."""
    names = ("bid", "ask", "open", "high", "low", "volume_base", "volume_quote")
    with collecting() as damage:
        read = of(last="10", change_percent=bad, **dict.fromkeys(names, bad))
    assert [getattr(read, name) for name in names] == [None] * len(names)
    assert read.change_percent == -1
    assert damage.fields.total() == len(names)


@pytest.mark.parametrize("none", [None, "", 0, "0", "0.000"])
def test_a_side_price_of_none_is_null_and_no_damage(none):
    """So sources say that they have none."""
    with collecting() as damage:
        read = of(last="10", open=none, bid=none, ask=none, high=none, low=none)
    assert not damage
    assert (read.open, read.bid, read.ask, read.high, read.low) == (None,) * 5


def test_a_change_of_zero_is_a_figure():
    """Prices of 0 are none, changes of 0 are flat days."""
    assert of(last="3", change_percent="0").change_percent == 0
    assert of(last="3", change_fraction="0.0000").change_percent == 0
    assert of(last="3", moved="0").open == 3


def test_levels_of_no_size_are_no_orders():
    """They are left out before the best is chosen and before the book is tested for sense."""
    with collecting() as damage:
        book = OrderBook(
            symbol="BTC/USDT",
            bids=[[101.5, 0.0], [100, 2], [99.5, 1]],
            asks=[["100.2", "0"], [100.5, 3], ["90", "0.000"]],
        )
    assert book.bids == ((100, 2), (99.5, 1))
    assert book.asks == ((100.5, 3),)
    assert not damage


@pytest.mark.parametrize("none", [None, "", []])
@pytest.mark.parametrize("side", ["bids", "asks"])
def test_a_book_without_one_side_has_the_other(side, none):
    other = "asks" if side == "bids" else "bids"
    book = OrderBook(symbol="BTC/USDT", **{side: none, other: [[10, 1]]})
    assert getattr(book, side) == ()
    assert getattr(book, other) == ((10, 1),)


@pytest.mark.parametrize(
    "level",
    [
        ["x", 1], [1, "x"], [None, 1], [1, None], [-1, 1], [0, 1], [1, -1], [1], [], None, "12",
        7, {}, [1, float("nan")], ["9" * 400, 1],
    ],
    ids=repr,
)  # fmt: skip
def test_a_level_that_cannot_be_read_is_left_out_and_reported(level):
    with collecting() as damage:
        book = OrderBook(symbol="BTC/USDT", bids=[[10, 1], level, [9, 2]], asks=[])
    assert book.bids == ((10, 1), (9, 2))
    assert damage.rows_left_out == 1


def test_levels_may_grow():
    """Price and amount stand first, whatever follows."""
    book = OrderBook(symbol="BTC/USDT", bids=[[10, 1, 1764, "new"], ["9", "2"]], asks=[])
    assert book.bids == ((10, 1), (9, 2))


def test_mostly_bad_levels_refuse_the_book():
    """Of both sides together: a side that is all bad does not cost the other."""
    with pytest.raises((ValueError, Implausible)):
        OrderBook(symbol="BTC/USDT", bids=[["x", 1], ["y", 1], [9, 2]], asks=[["z", 1], [10, 1]])
    with collecting() as damage:
        book = OrderBook(symbol="BTC/USDT", bids=[["0", "5"]], asks=[[10, 1], [11, 1]])
    assert (book.bids, book.asks) == ((), ((10, 1), (11, 1)))
    assert damage.rows_left_out == 1


def test_a_level_that_is_there_twice_is_one():
    book = OrderBook(symbol="BTC/USDT", bids=[[9, 2], [9, 2], [8, 2]], asks=[[10, 1]])
    assert book.bids == ((9, 2), (8, 2))
    assert book.notes == ("1 duplicate levels dropped",)


def trade(at, id_="1", price=1):
    return Trade(id=id_, timestamp=START + at, side="buy", price=price, amount=1)


def test_a_trade_that_is_there_twice_is_one():
    """Two of one id that differ are two, and so are equal ones without an id."""
    query = TradesQuery(symbol="BTC/USDT")
    same = [trade(1), trade(1), trade(1, price=2), trade(2, None), trade(2, None)]
    trades = Trades.read(query, same, lambda row: row)
    assert len(trades.trades) == 4
    assert trades.notes == ("1 duplicate trades dropped",)


def test_trades_of_the_future_are_left_out_before_the_list_is_cut():
    query = TradesQuery(symbol="BTC/USDT", limit=2)
    made = Trades.read(query, [trade(at) for at in (1, 2, 3, 3_000_000)], lambda row: row)
    with collecting() as damage:
        trades = made.check(query, START + 4)
    assert [one.timestamp - START for one in trades.trades] == [2, 3]
    assert damage.rows_left_out == 1
    with pytest.raises(Implausible):
        made.check(query, START - 1_000_000)


def test_a_list_of_trades_that_is_null_has_none():
    trades = Trades.read(TradesQuery(symbol="BTC/USDT"), None, lambda row: row)
    assert trades.trades == ()
    assert trades.notes


def test_what_is_left_out_is_counted_once_when_a_field_beside_it_is_bad():
    """The model reads its fields again without the bad one."""
    with collecting() as damage:
        book = OrderBook(
            symbol="BTC/USDT", timestamp="now", bids=[[10, 1], ["x", 1], [9, 2]], asks=[]
        )
    assert book.timestamp is None
    assert damage.rows_left_out == 1
    assert damage.fields.total() == 1


def test_books_trades_and_coins_are_cut_to_what_was_asked():
    """Whatever a plugin gives."""
    levels = [[10 - at, 1] for at in range(9)]
    book = OrderBook(symbol="BTC/USDT", bids=levels, asks=[[11 + at, 1] for at in range(9)])
    cut = book.check(OrderBookQuery(symbol="BTC/USDT", depth=2), START)
    assert cut.bids == ((10, 1), (9, 1))
    assert cut.asks == ((11, 1), (12, 1))
    made = [Trade(timestamp=START + at, price=1, amount=1) for at in range(9)]
    trades = Trades(symbol="BTC/USDT", trades=made)
    kept = trades.check(TradesQuery(symbol="BTC/USDT", limit=2), START + 9)
    assert [trade.timestamp for trade in kept.trades] == [START + 7, START + 8]
    coins = Coins(
        page=1, per_page=2, coins=[Coin(id=str(at), symbol="A", name="A") for at in "123"]
    )
    assert len(coins.check(CoinsQuery(per_page=2), START).coins) == 2


@pytest.mark.parametrize(
    ("told", "id_"), [(None, None), ("", None), (7, "7"), ("7a", "7a"), (0, "0"), (1.5, None)]
)
def test_the_id_of_a_trade(told, id_):
    """What is none is null, never the text "None"."""
    assert Trade(id=told, timestamp=START, price=1, amount=1).id == id_


@pytest.mark.parametrize("side", ["", None, "none", 0, True, "BUY"])
def test_a_trade_whose_side_is_not_known_is_a_trade(side):
    """In an opening auction nobody is the taker."""
    assert Trade(timestamp=START, side=side, price=1, amount=1).side is None


def test_bad_trades_are_left_out():
    """Those with a price, an amount and a time stay."""
    rows = [{"p": 1}, {"p": "x"}, {"p": -1}, {}, {"p": 2}, {"p": 3}, {"p": 4}]

    def one(row):
        return Trade(timestamp=START, price=row["p"], amount=1)

    with collecting() as damage:
        trades = Trades.read(TradesQuery(symbol="BTC/USDT"), rows, one)
    assert [trade.price for trade in trades.trades] == [1, 2, 3, 4]
    assert damage.rows_left_out == 3


def test_bad_markets_are_left_out_and_told_from_those_of_other_kinds():
    """A list is not lost to one row, and pairs we cannot write are no damage."""

    def one(row):
        if row["kind"] == "future":
            return None
        return Market(symbol=Symbol(row["pair"]), native=row["pair"], active=True)

    rows = [
        {"kind": "spot", "pair": "BTC/USD"},
        {"kind": "future", "pair": "BTC/USD"},
        {"kind": "spot", "pair": "A.B*/USD"},
        {"kind": "spot"},
        None,
        {"kind": "spot", "pair": "ETH/USD"},
    ]
    with collecting() as damage:
        markets = Markets.read(rows, one)
    assert [market.symbol for market in markets.markets] == ["BTC/USD", "ETH/USD"]
    assert markets.notes == (
        "1 entries that are no spot pairs left out",
        "1 pairs that our names cannot ask for left out",
    )
    assert damage.rows_left_out == 2
