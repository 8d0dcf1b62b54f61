"""Candles of another interval are refused; those of a market that seldom trades are not."""

import itertools
import random

import numpy as np
import pytest

from coinmux import Candles, CandlesQuery, Implausible
from coinmux.framework.models.candle_checks import contradiction, sound
from coinmux.framework.reference.rows import collecting

MINUTE = 60_000
START = 1_764_000_000_000 // 86_400_000 * 86_400_000
DAY = 86_400_000


def candles(times, interval):
    query = CandlesQuery(symbol="BTC/USDT", interval=interval)
    rows = [[time, 10, 12, 9, 11, 1] for time in times]
    return Candles.from_rows(query, rows), query


def checked(times, interval, now=None):
    made, query = candles(times, interval)
    with collecting() as damage:
        kept = made.check(query, times[-1] + DAY if now is None else now)
    return list(kept.timestamp), damage


def after(gaps, unit=MINUTE):
    times = [START]
    for gap in gaps:
        times.append(times[-1] + gap * unit)
    return times


@pytest.mark.parametrize(
    ("gaps", "interval"),
    [
        ([4, 5, 6, 3, 8, 7, 6, 3, 8, 7, 8], "1m"),
        ([2, 4], "1m"),
        ([2, 4, 2, 6, 2], "1m"),
        ([60], "1m"),
        ([10, 15, 20, 45, 10, 15, 30, 10, 25, 40, 35], "5m"),
        ([120, 180, 300], "1h"),
        ([2880, 4320, 7200, 2880], "1d"),
        ([1] * 50, "1m"),
        ([7 * 1440, 14 * 1440], "1w"),
    ],
)
def test_markets_that_seldom_trade_have_gaps_of_any_length(gaps, interval):
    """No two of the candles need be neighbours."""
    times = after(gaps)
    assert checked(times, interval)[0] == times


def test_minutes_of_a_thin_market_are_never_another_interval():
    """Times drawn by chance, as trades are."""
    chance = random.Random(13)
    for _ in range(300):
        times = sorted(chance.sample(range(3000), chance.randint(12, 200)))
        gaps = [b - a for a, b in itertools.pairwise(times)]
        checked(after(gaps), "1m")


@pytest.mark.parametrize(
    ("gaps", "interval"),
    [
        ([5] * 2, "1m"),
        ([5, 10, 5, 5, 5], "1m"),
        ([5, 10, 15, 10, 25], "1m"),
        ([2, 4, 2, 2, 4, 6, 2, 4, 2], "1m"),
        ([60, 120, 60], "1m"),
        ([180, 60, 120, 60, 60, 180, 240, 60, 120], "30m"),
        ([1440, 2880, 1440, 1440], "1h"),
        ([7 * 1440, 7 * 1440, 14 * 1440, 7 * 1440, 7 * 1440], "1d"),
    ],
)
def test_another_interval_shows_in_what_all_gaps_are_multiples_of(gaps, interval):
    """Gaps among its candles do not hide it."""
    with pytest.raises(Implausible, match="s apart"):
        checked(after(gaps), interval)


def test_months_are_counted_as_months():
    """They differ in length; a quarter is three of them."""
    months = [30, 31, 31, 30, 31, 30, 31, 31, 28, 31]
    assert checked(after(months, DAY), "1M")[0] == after(months, DAY)
    thin = [61, 31, 92, 30, 61]
    assert checked(after(thin, DAY), "1M")[0] == after(thin, DAY)
    for wrong in ([91, 92, 92, 90, 91, 91], [7, 7, 7]):
        with pytest.raises(Implausible):
            checked(after(wrong, DAY), "1M")


def test_a_candle_between_the_others_is_left_out():
    """One bad time costs its row; where most stand apart, the interval is another."""
    times = after([1] * 9)
    odd = [*times[:4], times[4] + 17_000, *times[5:]]
    kept, damage = checked(odd, "1m")
    assert kept == [*times[:4], *times[5:]]
    assert damage.notes() == ("1 unreadable candles left out: it stands between the others",)
    with pytest.raises(Implausible):
        checked([START + at * 17_000 for at in range(10)], "1m")


def test_a_candle_of_the_future_is_left_out():
    """One bad time costs its row; where most are of the future, a clock is wrong."""
    times = after([1] * 4)
    kept, damage = checked([*times, times[-1] + DAY], "1m", now=times[-1])
    assert kept == times
    assert damage.rows_left_out == 1
    with pytest.raises(Implausible, match="future"):
        checked(times, "1m", now=times[0] - DAY)


def test_columns_are_judged_as_single_candles_are():
    """Every order of prices, no number and a volume below zero mean the same by either way."""
    cells = (0.0, 1.0, 2.0, -1.0, np.nan, np.inf)
    rows = np.array(list(itertools.product(cells, cells, cells, cells, (0.0, -1.0, np.nan))))
    assert sound(*rows.T).tolist() == [contradiction(*row) is None for row in rows.tolist()]
