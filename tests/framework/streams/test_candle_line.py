"""Candles of a live feed: closed once, never going back, and true or missing."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import Candles, CandlesQuery
from coinmux.framework.errors import Implausible, SchemaMismatch
from coinmux.framework.models.live import LiveCandle
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.streams.candle_line import CandleLine

BTC = Symbol("BTC/USDT")
MINUTE = 60_000
T0 = 1_790_000_040_000
assert T0 % MINUTE == 0


def at(minute, second=0):
    return T0 + minute * MINUTE + second * 1_000


def candle(minute, close=10, *, volume=1, is_closed=None, high=20):
    return LiveCandle(at(minute), "10", high, "5", close, volume, is_closed)


def answer(*rows, interval="1m", last_closed=True):
    query = CandlesQuery(symbol=BTC, interval=interval)
    made = Candles.from_rows(query, [[at(minute), 10, 30, 1, close, 1] for minute, close in rows])
    return made.model_copy(update={"last_closed": last_closed})


def line(**more):
    return CandleLine(BTC, Interval("1m"), **more)


def said(rows):
    """`(minute, close, is closed)` of each row."""
    return [((row.timestamp - T0) // MINUTE, row.close, row.is_closed) for row in rows]


def spans(candles):
    return [((one.first_ms - T0) // MINUTE, one.count) for one in candles.missing()]


def test_a_source_that_says_so_closes_its_candle_once():
    candles = line()
    assert said(candles.hear(candle(0, 11, is_closed=False), at(0, 5))) == [(0, 11, False)]
    assert said(candles.hear(candle(0, 12, is_closed=True), at(1))) == [(0, 12, True)]
    assert candles.hear(candle(0, 12, is_closed=True), at(1)) == []
    assert candles.hear(candle(0, 11, is_closed=False), at(1)) == []
    assert (candles.repeated, candles.revised) == (2, 0)
    assert said(candles.hear(candle(1, 13, is_closed=False), at(1, 1))) == [(1, 13, False)]
    assert candles.missing() == ()


def test_without_a_word_of_the_source_the_next_candle_closes():
    candles = line()
    candles.hear(candle(0, 11), at(0, 5))
    told = candles.hear(candle(1, 12), at(1, 1))
    assert said(told) == [(0, 11, True), (1, 12, False)]
    assert candles.tick(at(2, 4)) == []
    assert said(candles.tick(at(2, 5))) == [(1, 12, True)]
    assert candles.tick(at(9)) == []
    assert candles.hear(candle(1, 12), at(9)) == []


def test_a_candle_whose_last_message_was_lost_is_missing_and_not_closed_wrongly():
    candles = line()
    candles.hear(candle(0, 11, is_closed=False), at(0, 5))
    assert said(candles.hear(candle(1, 12, is_closed=False), at(1, 1))) == [(1, 12, False)]
    assert spans(candles) == [(0, 1)]
    assert said(candles.hear(candle(0, 15, is_closed=True), at(1, 2))) == [(0, 15, True)]
    assert candles.missing() == ()
    assert candles.tick(at(2, 9)) == []
    assert spans(candles) == [(1, 1)]
    filled = candles.fill(answer((0, 1), (1, 14), (2, 1), last_closed=False), "kraken")
    assert (said(filled.rows), filled.by, filled.missing) == ([(1, 14, True)], "kraken", ())


def test_what_closed_during_a_loss_is_missing():
    candles = line()
    candles.hear(candle(0, 11), at(0, 5))
    candles.begin()
    assert said(candles.hear(candle(3, 12), at(3, 5))) == [(3, 12, False)]
    assert spans(candles) == [(0, 3)]
    assert str(candles.missing()[0]) == (
        "3 candles from 2026-09-21T14:14:00Z to 2026-09-21T14:16:00Z"
    )
    filled = candles.fill(answer((0, 21), (2, 22), (3, 1)), "x")
    assert said(filled.rows) == [(0, 21, True), (2, 22, True)]
    assert (filled.empty, filled.missing) == ((at(1),), ())


def test_a_candle_that_is_heard_of_after_a_loss_is_whole():
    candles = line()
    candles.hear(candle(0, 11), at(0, 5))
    candles.begin()
    candles.hear(candle(0, 12, volume=2), at(0, 50))
    assert said(candles.hear(candle(1), at(1, 5))) == [(0, 12, True), (1, 10, False)]
    candles.begin()
    assert candles.tick(at(2, 30)) == []
    assert spans(candles) == [(1, 1)]


def test_an_answer_says_nothing_of_what_lies_outside_it_or_is_still_open():
    candles = line(after_ms=at(0))
    candles.hear(candle(4), at(4, 5))
    assert spans(candles) == [(1, 3)]
    filled = candles.fill(answer((2, 5), (3, 6), last_closed=False), "x")
    assert said(filled.rows) == [(2, 5, True)]
    assert spans(candles) == [(1, 1), (3, 1)]
    assert [str(one) for one in candles.give_up()] == [
        "1 candle of 2026-09-21T14:15:00Z", "1 candle of 2026-09-21T14:17:00Z",
    ]  # fmt: skip
    assert candles.missing() == ()
    with pytest.raises(Implausible, match="5m"):
        candles.fill(answer((0, 1), interval="5m"), "x")


def test_a_source_that_changes_a_closed_candle_is_counted_and_not_told():
    candles = line()
    candles.hear(candle(0, 11), at(0, 5))
    candles.hear(candle(1), at(1, 1))
    assert candles.hear(candle(0, 12, volume=2), at(1, 2)) == []
    assert (candles.revised, candles.revision.close) == (1, 12)
    assert candles.hear(candle(0, 12, volume=0.5), at(1, 2)) == []
    assert (candles.revised, candles.repeated) == (1, 1)
    assert candles.latest(5).close.tolist() == [11, 10]


def test_a_source_that_changes_candles_late_has_them_closed_late_and_in_order():
    candles = line(settles_s=2)
    candles.hear(candle(0, 11), at(0, 5))
    assert candles.hear(candle(1, 20, high=30), at(1, 0)) == []
    assert candles.hear(candle(0, 12, volume=2), at(1, 1)) == []
    assert candles.hear(candle(0, 13, volume=1), at(1, 1)) == []
    assert said(candles.tick(at(1, 2))) == [(0, 12, True), (1, 20, False)]
    assert candles.repeated == 1
    candles.hear(candle(2), at(2, 0))
    assert said(candles.tick(at(3, 9))) == [(1, 20, True), (2, 10, True)]
    candles.hear(candle(4), at(4, 0))
    candles.hear(candle(5), at(5, 0))
    candles.begin()
    assert spans(candles) == [(3, 2)]


def test_an_older_message_does_not_change_the_open_candle():
    candles = line()
    candles.hear(candle(1, 11, volume=2), at(1, 5))
    assert candles.hear(candle(1, 12, volume=1), at(1, 6)) == []
    assert candles.hear(candle(1, 12, volume=2, high=19), at(1, 6)) == []
    assert candles.hear(candle(0, 12), at(1, 6)) == []
    assert candles.repeated == 3


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (LiveCandle(T0, 1, 1, 2, 1), Implausible),
        (LiveCandle(T0, 1, 2, 1, 3), Implausible),
        (LiveCandle(T0, -1, 2, -1, 1), Implausible),
        (LiveCandle(T0, 1, 2, 1, 1, -5), Implausible),
        (LiveCandle(T0 + 1, 1, 2, 1, 1), Implausible),
        (LiveCandle(T0 // 1000, 1, 2, 1, 1), Implausible),
        (LiveCandle(at(3), 1, 2, 1, 1), Implausible),
        (LiveCandle(at(1), 1, 2, 1, 1, 1, True), Implausible),
        (LiveCandle(T0, "x", 2, 1, 1), SchemaMismatch),
        (LiveCandle(T0, 1, 2, 1, math.nan), SchemaMismatch),
    ],
)
def test_what_can_be_no_candle_is_refused(bad, error):
    with pytest.raises(error):
        line().hear(bad, at(0, 30))


def test_a_row_without_prices_is_no_candle():
    assert line().hear(LiveCandle(T0, 0, "", None, 0), at(0)) == []


def test_candles_are_told_as_answers():
    candles = line()
    assert len(candles.latest(3)) == 0
    candles.hear(LiveCandle(T0, "10", 10.00000001, 5, 10, None), at(0, 5))
    told = candles.told(candles.hear(candle(1), at(1, 1)))
    assert msgspec.json.decode(told.encode())["rows"] == [
        [at(0), 10, 10.00000001, 5, 10, None], [at(1), 10, 20, 5, 10, 1],
    ]  # fmt: skip
    assert (told.last_closed, told.notes) == (False, ())
    assert told == Candles(**{name: told.__dict__[name] for name in Candles.model_fields})
    with pytest.raises(ValueError, match="read-only"):
        told.close[0] = 1


def test_a_line_goes_on_from_what_a_request_gave():
    candles = line()
    candles.hear(candle(3), at(3, 5))
    candles.seed(answer((0, 1), (1, 2), (2, 3), (3, 4), last_closed=False))
    assert candles.latest(3).close.tolist() == [2, 3, 10]
    assert candles.missing() == ()
    candles = line()
    candles.seed(answer((0, 1), (1, 2), last_closed=False))
    assert candles.latest(3).close.tolist() == [1, 2]
    assert said(candles.hear(candle(2), at(2, 5))) == [(2, 10, False)]
    assert spans(candles) == [(1, 1)]


@pytest.mark.parametrize(
    ("interval", "times", "missing"),
    [
        ("1M", (1_788_220_800_000, 1_793_491_200_000), [1_790_812_800_000]),
        ("1w", (1_789_344_000_000, 1_790_553_600_000), [1_789_948_800_000]),
    ],
)
def test_weeks_and_months_follow_each_other_by_the_calendar(interval, times, missing):
    candles = CandleLine(BTC, Interval(interval))
    for time in times:
        candles.hear(LiveCandle(time, 1, 1, 1, 1), times[1])
    assert [one.first_ms for one in candles.missing()] == missing


def test_memory_is_bounded():
    candles = line()
    for minute in range(5_000):
        candles.hear(candle(minute), at(minute, 1))
    assert 1_000 < len(candles.latest(5_000)) <= 2_001


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "", "quiet", "lose", "repeat", "swap", "drop", "tick", "fill"]),
        st.integers(-3, 3),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize("has_flags", [True, False])
@settings(max_examples=300, deadline=None)
@given(steps=STEPS, settles_s=st.sampled_from([0, 3]))
def test_whatever_goes_wrong_a_closed_candle_is_the_sources_own(has_flags, steps, settles_s):
    """Trades every 20 seconds or none make the source's candles, which it tells after each."""
    candles = line(settles_s=settles_s)
    source, told = {}, []
    now, first, place = at(0), None, 0

    def trade(price, size):
        minute = (now - T0) // MINUTE
        known = source.get(minute)
        if known is None:
            source[minute] = [price, price, price, price, size]
        else:
            known[1], known[2] = max(known[1], price), min(known[2], price)
            known[3], known[4] = price, known[4] + size

    def message(minute, is_closed):
        flag = is_closed if has_flags else None
        return LiveCandle(at(minute), *source[minute], flag)

    def follow(call, *given):
        """What a call tells goes on where the line is, but for candles that were missing."""
        nonlocal place
        missing = candles.missing()
        for row in call(*given):
            if not any(gap.first_ms <= row.timestamp <= gap.last_ms for gap in missing):
                assert row.timestamp >= place
                place = row.timestamp
            told.append(row)

    def hear(one):
        nonlocal first
        first = (one.timestamp - T0) // MINUTE if first is None else first
        follow(candles.hear, one, now)

    def is_known(minute):
        closed = {row.timestamp for row in told if row.is_closed}
        missing = [(gap.first_ms, gap.last_ms) for gap in candles.missing()]
        latest = candles.latest(3)
        newest = latest.timestamp.tolist()
        if newest and latest.last_closed is False:
            newest.append(newest[-1] + MINUTE)  # held back until the one before is closed
        return at(minute) in closed or at(minute) in newest or any(
            low <= at(minute) <= high for low, high in missing
        )  # fmt: skip

    price, newest = 100, -1
    for fault, move, size in steps:
        before, now = now, now + 20_000
        minute = (now - T0) // MINUTE
        messages = []
        ended = (before - T0) // MINUTE
        if has_flags and ended != minute and ended in source:
            messages.append(message(ended, True))
        if fault != "quiet":
            price += move
            trade(price, size)
            messages.append(message(minute, False))
            if fault == "swap" and not (settles_s == 0 and not has_flags):
                trade(price + 1, size)
                messages.insert(0, message(minute, False))
        if fault == "lose":
            candles.begin()
            continue
        if fault == "drop" and has_flags:
            continue
        for one in messages * (2 if fault == "repeat" else 1):
            hear(one)
        if messages:
            newest = minute if messages[-1].timestamp == at(minute) else ended
        if fault == "tick":
            follow(candles.tick, now)
        if fault == "fill" and source:
            rows = [[at(one), *source[one]] for one in sorted(source)]
            query = CandlesQuery(symbol=BTC, interval="1m", limit=1_000)
            whole = Candles.from_rows(query, rows).model_copy(update={"last_closed": False})
            told += candles.fill(whole, "x").rows
        closed = [row for row in told if row.is_closed]
        assert len({row.timestamp for row in closed}) == len(closed)
        for row in closed:
            own = source[(row.timestamp - T0) // MINUTE]
            assert [row.open, row.high, row.low, row.close, row.volume] == own
        assert candles.revised == 0
        for one in source:
            if first is not None and first <= one <= newest:
                assert is_known(one)


def test_a_candle_of_which_a_message_could_not_be_read_is_missing_when_the_next_begins():
    """Unless a later message told of it."""
    candles = line()
    candles.hear(candle(0, 11), at(0, 5))
    candles.unsure()
    assert said(candles.hear(candle(1, 12), at(1, 1))) == [(1, 12, False)]
    assert spans(candles) == [(0, 1)]
    candles.unsure()
    candles.hear(candle(1, 13, volume=2), at(1, 5))
    assert said(candles.hear(candle(2, 14), at(2, 1))) == [(1, 13, True), (2, 14, False)]


def test_a_candle_that_may_still_change_is_the_last_of_the_latest():
    """With the next one after it, it would look closed."""
    candles = line(settles_s=2)
    candles.hear(candle(0, 11), at(0, 5))
    candles.hear(candle(1, 12), at(1, 0))
    latest = candles.latest(3)
    assert (latest.close.tolist(), latest.last_closed) == ([11], False)
    candles.tick(at(1, 3))
    assert candles.latest(3).close.tolist() == [11, 12]
