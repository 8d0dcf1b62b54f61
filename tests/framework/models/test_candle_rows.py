"""A bad row costs a list of candles that row, and the rest is told with a remark."""

import numpy as np
import pytest

from coinmux import Candles, CandlesQuery, Implausible, SchemaMismatch
from coinmux.framework.reference.rows import collecting

HOUR = 3_600_000
START = 1_764_000_000_000 // HOUR * HOUR
QUERY = CandlesQuery(symbol="BTC/USDT", interval="1h")


def rows(count, start=START):
    return [[start + at * HOUR, "10", "12", "9", "11", "5.5"] for at in range(count)]


def read(made, **more):
    with collecting() as damage:
        candles = Candles.from_rows(QUERY, made, **more)
    return candles, damage


@pytest.mark.parametrize(
    "row",
    [
        [START + HOUR, "10", "12", "9", None, "5.5"],
        [START + HOUR, "10", "12", "9", "x", "5.5"],
        [START + HOUR, "10", "12", "9", "", "5.5"],
        [START + HOUR, "10", "12", "9", "nan", "5.5"],
        [START + HOUR, "10", "12", "9", "11", "x"],
        [START + HOUR, "10", "12", "9", "11", -1],
        [START + HOUR, "10", "12", "9", "11", float("inf")],
        [START + HOUR, "10", "9", "12", "11", "5.5"],
        [START + HOUR, "10", "12", "9", "13", "5.5"],
        [START + HOUR, "0", "12", "0", "11", "5.5"],
        [START + HOUR, "-10", "12", "-9", "11", "5.5"],
        [None, "10", "12", "9", "11", "5.5"],
        ["today", "10", "12", "9", "11", "5.5"],
        [START // 1000, "10", "12", "9", "11", "5.5"],
        [10**30, "10", "12", "9", "11", "5.5"],
        [START + HOUR, "10", "12"],
        [],
        None,
        7,
        "1234567",
        {},
    ],
    ids=repr,
)
def test_a_row_that_cannot_be_read_is_left_out_and_reported(row):
    """The other two come as they are."""
    made = rows(3)
    candles, damage = read([made[0], row, made[2]])
    assert candles.to_numpy().tolist() == [[float(c) for c in made[at]] for at in (0, 2)]
    assert damage.rows_left_out == 1
    assert damage.notes()[0].startswith("1 unreadable candles left out: ")


@pytest.mark.parametrize(
    "nothing", [[None] * 4 + [0], [0, 0, 0, 0, 0], ["0", "0.0", "0", "0", "0"], [""] * 4 + [None]]
)
def test_rows_without_prices_are_gaps_however_many_they_are(nothing):
    """Nothing was traded then; that is no reason to doubt the others."""
    made = [[START + at * HOUR, *nothing] for at in range(1, 5)]
    candles, damage = read([rows(1)[0], *made])
    assert list(candles.timestamp) == [START]
    assert damage.rows_left_out == 4


def test_most_rows_bad_refuse_the_answer():
    """More than half is another format, not an accident."""
    bad = [[START + at * HOUR, "x", "12", "9", "11", "1"] for at in range(1, 4)]
    with pytest.raises(ValueError, match="takes a number"):
        Candles.from_rows(QUERY, [*rows(2, START + 9 * HOUR), *bad])


@pytest.mark.parametrize("made", ["text", {"rows": []}, 7, b"x"])
def test_what_is_no_list_is_refused(made):
    with pytest.raises(SchemaMismatch):
        Candles.from_rows(QUERY, made)


def test_null_is_no_candle():
    """As sources write an empty list."""
    assert Candles.from_rows(QUERY, None).is_empty()


def test_prices_outside_by_a_rounding_only_stay():
    """High and low hold them; what is further outside is damage."""
    made = rows(4)
    made[1][1:5] = [0.3, 0.3, 0.29, 0.30000000000000004]
    made[2][1:5] = [0.3, 0.29999999, 0.30000001, 0.3]
    made[3][1:5] = [0.3, 0.3, 0.29, 0.301]
    candles, damage = read(made)
    assert list(candles.high[1:]) == [0.30000000000000004, 0.30000001]
    assert list(candles.low[1:]) == [0.29, 0.29999999]
    assert damage.rows_left_out == 1
    assert any("rounding" in note for note in damage.notes())


def test_rows_may_grow_one_by_one():
    """Columns are read by place, so what follows them is news."""
    made = rows(3)
    made[1] = [*made[1], "new", None]
    candles, damage = read(made)
    assert len(candles) == 3
    assert not damage


def test_a_row_that_lacks_only_its_volume_has_none():
    """Of a source that appended the volume later, both lengths may be in one answer."""
    order = ("timestamp", "", "close", "high", "low", "open", "volume")
    made = [[START, 1, 11, 12, 9, 10, 5], [START + HOUR, 1, 11, 12, 9, 10]]
    candles, damage = read(made, order=order)
    assert candles.close.tolist() == [11, 11]
    assert candles.volume[0] == 5
    assert np.isnan(candles.volume[1])
    assert damage.notes() == ("volume is null: it is missing from the source's answer",)


def test_E7_two_different_candles_of_one_time_are_both_left_out():
    """Which of them is true is not known."""
    other = rows(1)
    other[0][4] = "10.5"
    candles, damage = read(rows(4) + other)
    assert list(candles.timestamp) == [START + at * HOUR for at in (1, 2, 3)]
    assert damage.notes() == ("2 unreadable candles left out: two different candles of one time",)


def test_E7_two_candles_of_the_newest_time_may_differ():
    """It may still be open: the later row is the newer reading."""
    other = rows(2)[1:]
    other[0][4] = "10.5"
    candles, damage = read(rows(2) + other)
    assert candles.close.tolist() == [11, 10.5]
    assert not damage


def test_E7_mostly_contradictory_candles_are_refused():
    other = rows(4)
    for row in other:
        row[4] = "10.5"
    with pytest.raises(Implausible):
        Candles.from_rows(QUERY, rows(4) + other)


def test_mappings_are_read_one_by_one_too():
    """A missing key is a bad row, a missing volume is none."""
    keys = ("id", "o", "h", "l", "c", "v")
    made = [dict(zip(keys, row, strict=True)) for row in rows(4)]
    del made[1]["c"]
    del made[2]["v"]
    candles, damage = read(made, order=keys)
    assert list(candles.timestamp) == [START + at * HOUR for at in (0, 2, 3)]
    assert np.isnan(candles.volume[1])
    assert damage.notes() == (
        "1 unreadable candles left out: c is missing",
        "volume is null: it is missing from the source's answer",
    )


@pytest.mark.parametrize("time", [START // 1000 + 2**60, 2**63, -(2**63), 9_223_372_036_854_775])
def test_a_time_that_overflows_when_scaled_is_no_other_time(time):
    """A product of 64 bits would wrap round."""
    made = [[row[0] // 1000, *row[1:]] for row in rows(3)]
    made[1][0] = time
    candles, damage = read(made, time_unit="s")
    assert list(candles.timestamp) == [START, START + 2 * HOUR]
    assert damage.rows_left_out == 1


def test_one_bad_row_of_a_thousand_costs_one():
    """The rest is read as fast rows would be."""
    made = rows(1000)
    made[500][2] = None
    candles, damage = read(made, notes=["a remark"])
    assert damage.rows_left_out == 1
    assert candles.notes == ("a remark",)
    query = QUERY.model_copy(update={"limit": 1000})
    with collecting():
        assert len(Candles.from_rows(query, made)) == 999
