"""Candles made of trades: they are those of all trades, or they are missing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import Candles, CandlesQuery
from coinmux.framework.models.market import Trade
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.streams.trade_candles import TradeCandles
from coinmux.framework.streams.trade_gaps import MissingTrades
from coinmux.framework.streams.trade_line import TradeLine

BTC = Symbol("BTC/USDT")
MINUTE = 60_000
T0 = 1_790_000_040_000


def at(minute, second=0):
    return T0 + minute * MINUTE + second * 1_000


def trade(time, price=10, amount=1, id_=None):
    return Trade(id=id_, timestamp=time, side="buy", price=price, amount=amount)


def made(since_ms=T0, **more):
    return TradeCandles(BTC, Interval("1m"), since_ms=since_ms, **more)


def figures(row):
    return [row.open, row.high, row.low, row.close, row.volume]


def test_trades_make_candles_that_the_next_or_the_clock_closes():
    candles = made(settles_s=0)
    told = candles.trade([trade(at(0, 1), 10), trade(at(0, 2), 12, 2)], (), at(0, 2))
    assert [(figures(row), row.is_closed) for row in told] == [([10, 12, 10, 12, 3], False)]
    told = candles.trade([trade(at(0, 59), 9), trade(at(1, 0), 11)], (), at(1))
    assert [(figures(row), row.is_closed) for row in told] == [
        ([10, 12, 9, 9, 4], False), ([10, 12, 9, 9, 4], True), ([11, 11, 11, 11, 1], False),
    ]  # fmt: skip
    assert [row.is_closed for row in candles.tick(at(2, 5))] == [True]


def test_a_minute_without_trades_is_not_missing():
    candles = made()
    candles.trade([trade(at(0, 1))], (), at(0, 1))
    candles.trade([trade(at(3, 1))], (), at(3, 1))
    assert [row.timestamp for row in candles.tick(at(9))] == [at(3)]
    assert candles.missing() == ()


def test_a_candle_that_was_not_seen_from_its_beginning_is_missing_when_it_is_over():
    candles = made(since_ms=at(0, 30), settles_s=0)
    told = candles.trade([trade(at(0, 40), 10)], (), at(0, 40))
    assert told[0].is_partial
    assert candles.told(told).notes == ("the candle of 2026-09-21T14:14:00Z was not seen whole",)
    query = CandlesQuery(symbol=BTC, interval="1m")
    candles.complete(Candles.from_rows(query, [[at(0), 8, 20, 7, 10, 5]]))
    told = candles.trade([trade(at(0, 50), 11)], (), at(0, 50))
    assert figures(told[0])[:4] == [8, 20, 7, 11]
    assert candles.told(told).encode().count(b"null") == 1
    told = candles.trade([trade(at(1, 0), 12)], (), at(1))
    assert [(row.timestamp, row.is_partial) for row in told] == [(at(1), False)]
    assert [one.first_ms for one in candles.missing()] == [at(0)]


def test_candles_within_which_trades_are_missing_are_missing_too():
    candles = made(settles_s=0)
    candles.trade([trade(at(0, 1))], (), at(0, 1))
    hole = MissingTrades("1", at(0, 1), "9", at(2, 5))
    candles.trade([trade(at(2, 5))], [hole], at(2, 5))
    assert candles.trade([trade(at(3, 5))], [hole], at(3, 5))[-1].timestamp == at(3)
    assert [(one.first_ms, one.count) for one in candles.missing()] == [(at(0), 3)]
    assert [row.timestamp for row in candles.trade([trade(at(4))], (), at(4))] == [at(3), at(4)]


def test_a_candle_whose_missing_trades_came_is_whole():
    candles = made()
    hole = MissingTrades("1", at(0, 1), None, None)
    assert candles.trade([trade(at(0, 1))], [hole], at(0, 1))[0].is_partial
    told = candles.trade([trade(at(0, 0), 5), trade(at(0, 9), 7)], (), at(0, 9))
    assert (told[0].is_partial, figures(told[0])) == (False, [5, 10, 5, 7, 3])
    assert candles.tick(at(1, 5))[0].is_closed


def test_trades_that_will_not_come_leave_their_candles_missing():
    candles = made()
    candles.trade([trade(at(0, 1))], (), at(0, 1))
    candles.lost([MissingTrades("1", at(0, 1), None, None)], at(1, 30))
    candles.trade([trade(at(1, 40))], (), at(1, 40))
    candles.trade([trade(at(2, 10))], (), at(2, 10))
    assert [row.timestamp for row in candles.tick(at(3, 9))] == [at(2)]
    assert [(one.first_ms, one.count) for one in candles.missing()] == [(at(0), 2)]


def test_trades_of_a_closed_candle_are_counted_and_change_nothing():
    candles = made(settles_s=1)
    candles.trade([trade(at(0, 1))], (), at(0, 1))
    assert candles.trade([trade(at(1, 0))], (), at(1)) == []
    assert candles.trade([trade(at(0, 59), 30)], (), at(1)) == []
    told = candles.tick(at(1, 1))
    assert [figures(row) for row in told] == [[10, 30, 10, 30, 2], [10, 10, 10, 10, 1]]
    assert candles.trade([trade(at(0, 59), 50)], (), at(1, 2)) == []
    assert candles.late == 1


@pytest.mark.parametrize(
    ("interval", "first"),
    [("1w", 1_789_948_800_000), ("1d", 1_789_948_800_000), ("1M", 1_788_220_800_000)],
)
def test_long_candles_begin_as_the_calendar_has_it(interval, first):
    candles = TradeCandles(BTC, Interval(interval), since_ms=0)
    assert candles.trade([trade(T0)], (), T0)[0].timestamp == first


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["", "", "", "drop", "lose", "swap", "fill", "give_up", "tick"]),
            st.integers(0, 25), st.integers(1, 9),
        ), min_size=1, max_size=60,
    )
)  # fmt: skip
def test_whatever_is_lost_a_closed_candle_is_that_of_all_its_trades(steps):
    line, candles = TradeLine(BTC, "successive"), made(settles_s=1)
    source, told, now = [], [], at(0)

    def make(seconds, price):
        nonlocal now
        now += seconds * 1_000
        source.append(trade(now, price, price, id_=str(len(source) + 1)))
        return source[-1]

    def true(time):
        inside = [one for one in source if time <= one.timestamp < time + MINUTE]
        prices = [one.price for one in inside]
        return [prices[0], max(prices), min(prices), prices[-1], sum(prices)]

    line.hear([make(1, 5)])
    candles.trade(source, (), now)
    for fault, seconds, price in steps:
        new, one = [], make(seconds, price)
        if fault == "drop":
            continue
        if fault == "lose":
            line.begin()
            continue
        if fault == "give_up":
            candles.lost(line.give_up(), now)
        if fault == "swap":
            new += line.hear([make(0, price + 1)])
        new += line.hear([one])
        if fault == "fill":
            new += line.fill(source[-20:], "x").trades
        told += candles.trade(new, line.missing(), now)
        if fault == "tick":
            told += candles.tick(now)
        closed = [row for row in told if row.is_closed]
        assert len({row.timestamp for row in closed}) == len(closed)
        for row in closed:
            assert figures(row) == true(row.timestamp)
        over = {row.timestamp for row in closed} | set(candles.latest(2).timestamp.tolist())
        for time in {one.timestamp // MINUTE * MINUTE for one in source[:-1]}:
            if time < now // MINUTE * MINUTE and time not in over:
                assert any(gap.first_ms <= time <= gap.last_ms for gap in candles.missing())
