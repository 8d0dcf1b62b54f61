"""Rows of numbers are columns at once, and whatever is unusual is read as it always was."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import CandlesQuery, CoinmuxError
from coinmux import models as m
from coinmux.framework.formats import number_rows, strict_json
from coinmux.framework.reference.number_rows import NumberRows
from coinmux.framework.reference.rows import collecting

HOUR = 3_600_000
START = 1_764_000_000_000 // HOUR * HOUR
QUERY = CandlesQuery(symbol="BTC/USDT", interval="1h")
COLUMNS = m.CANDLE_COLUMNS
#: What sources put around their rows.
ENVELOPES = (
    "%s",
    ' {"code": "0", "msg": "", "data": %s}\n',
    '{"error":[],"result":{"XXBTZUSD":%s,"last":1764000000}}',
    '{"result":{"symbol":"BTCUSDT","list":%s},"retExtInfo":{},"more":[[2],1]}',
)
#: Cells that a damaged or strange source may put in the place of a number.
STRANGE = (
    "null", "true", '""', '"x"', '"nan"', '"inf"', '"NaN"', '"1_0"', '" 1"', '".5"', '"5."', '"+1"',
    "-1", "0", '"0"', "1e999", "1e-999", '"1e2"', "1e2", "1.5", "1E+3", "9" * 30, "9" * 4400,
    f'"{"9" * 400}"', "[]", "[1]", "{}", '{"a":1,"a":2}', '"\\u0031"', '"\\ud800"', '"\u0661"',
    '"["', '"]]"', '"[["', "01", "NaN", "", str(2**53 + 1), str(START / 1000), f"{START}.0",
    f"{START}.5", f'"{START}"', "[" * 70 + "]" * 70, '"true"', '"e5"', "1.0", "tru",
)  # fmt: skip


def row(at, *more):
    return [START + at * HOUR, "10.5", 12, "9", 11.25, "5.5", *more]


def body(*rows, envelope="%s"):
    return (envelope % json.dumps(rows)).encode()


def found_in(document):
    """The rows in the document of an envelope."""
    if not isinstance(document, dict):
        return document
    if "data" in document:
        return document["data"]
    result = document["result"]
    return result["list"] if "list" in result else result["XXBTZUSD"]


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_rows_become_columns_and_the_rest_of_the_document_stays(envelope):
    """They are the same rows to whoever asks for one of them."""
    sent = body(row(0, "x"), row(1, "y"), envelope=envelope)
    document, plain = number_rows.parse(sent, COLUMNS), strict_json.parse(sent)
    rows = found_in(document)
    assert isinstance(rows, NumberRows)
    assert rows.cells.tolist() == [[float(cell) for cell in row(at)] for at in (0, 1)]
    assert list(rows) == found_in(plain)
    assert (len(rows), rows[1], rows[:1]) == (2, row(1, "y"), [row(0, "x")])
    if isinstance(document, dict):
        assert {**document, "data": 0, "result": 0} == {**plain, "data": 0, "result": 0}


def test_good_rows_are_visited_once(monkeypatch):
    """Neither a generic decoder nor the reader of single rows sees them, nor pydantic."""
    sent = body(*[row(at, 7, "x") for at in range(500)])
    monkeypatch.setattr(strict_json, "parse", pytest.fail)
    monkeypatch.setattr("coinmux.framework.models.candle_rows.read_rows", pytest.fail)
    monkeypatch.setattr(m.Candles, "model_validate", pytest.fail)
    candles = m.Candles.from_rows(
        CandlesQuery(symbol="BTC/USDT", interval="1h", limit=500), number_rows.parse(sent, COLUMNS)
    )
    assert len(candles) == 500


def test_prices_are_packed_once_and_never_copied(monkeypatch):
    """The candles look into the one buffer of the rows, which nobody can make writable."""
    packed = []
    real = number_rows._columns
    monkeypatch.setattr(
        number_rows, "_columns", lambda *given: packed.append(real(*given)) or packed[-1]
    )
    rows = number_rows.parse(body(*[row(at, 7, "x") for at in range(50)]), COLUMNS)
    candles = m.Candles.from_rows(QUERY, rows)
    assert len(packed) == 1
    for name in COLUMNS[1:]:
        assert np.shares_memory(getattr(candles, name), packed[0])
        with pytest.raises(ValueError, match="WRITEABLE"):
            getattr(candles, name).setflags(write=True)


def test_rows_without_letters_are_looked_through_once(monkeypatch):
    """One count of what is no digit shows that nothing in them needs a closer look."""
    looked = []
    real = number_rows._is_harmless
    monkeypatch.setattr(
        number_rows, "_is_harmless", lambda *given: looked.append(1) or real(*given)
    )
    assert isinstance(number_rows.parse(body(row(0, "7.5", -3)), COLUMNS), NumberRows)
    assert not looked
    for more in ("x", True, None, "1e-7"):
        number_rows.parse(body(row(0, more)), COLUMNS)
    assert len(looked) == 4


@pytest.mark.parametrize("columns", [2, 15, 16, 40])
@pytest.mark.parametrize("count", [1, 15, 16, 300])
def test_rows_of_any_length_and_number_keep_every_bit(columns, count):
    """Their places in the packed bytes depend on both, and no float is rounded twice."""
    numbers = [[START + at + place / 7 for place in range(columns)] for at in range(count)]
    for line in numbers:
        line[0] = int(line[0])
    names = ("timestamp", *(f"c{place}" for place in range(1, columns)))
    rows = number_rows.parse(json.dumps(numbers).encode(), names)
    assert isinstance(rows, NumberRows)
    assert rows.cells.tolist() == numbers


@pytest.mark.parametrize(
    "sent",
    [
        b'{"msg":"[[1764000000000,1,1,1,1,1]]"}',
        b'{"a":7426381920417263801,"data":[[1764000000000,1,1,1,1,1]]}',
        b'{"a":[[1764000000000,1,1,1,1,1]],"a":5}',
        b'{"a":[[1764000000000,1,1,1,1,1]],"b":[[1764000000000,1,1,1,1,1]]}',
        b'{"a":[0,[[1764000000000,1,1,1,1,1]]],"b":7426381920417263801}',
        b'{"a":-[[1764000000000,1,1,1,1,1]]}',
        b"[[1764000000000,1,1,1,1,1]]5",
        b"[[1764000000000,1,1,1,1,1]] x",
        b"[[1764000000000,1,1,1,1]]",
        b"[[1764000000000,1,1,1,1,1,[2]]]",
        b'[[1764000000000,1,1,1,1,1,{"a":1,"a":2}]]',
        b'[[1764000000000,1,1,1,1,1,"\xff"]]',
        b"[[1764000000000.5,1,1,1,1,1]]",
        b"[[]]",
        b"[]",
        b"",
        b"]][[",
        b"\xef\xbb\xbf[[1764000000000,1,1,1,1,1]]",
    ],
)
def test_what_is_no_plain_list_of_rows_is_read_in_the_usual_way(sent):
    """A text with brackets is no list, and an error is the one that any other body gives."""
    assert _read(lambda: number_rows.parse(sent, COLUMNS)) == _read(lambda: strict_json.parse(sent))


def test_rows_of_other_columns_than_the_shape_are_read_by_their_places():
    """The order a plugin asks for with its candles counts, not the one it asked the client for."""
    sent = body([START, "5.5", "11", "12", "9", "10"])
    order = ("timestamp", "volume", "close", "high", "low", "open")
    candles = m.Candles.from_rows(QUERY, number_rows.parse(sent, COLUMNS), order=order)
    assert candles.to_numpy().tolist() == [[START, 10, 12, 9, 11, 5.5]]


def test_columns_may_be_skipped_and_the_volume_missing():
    """A skipped column is no part of a candle, and a volume that no column holds is nan."""
    order = ("timestamp", "", "open", "high", "low", "close")
    rows = number_rows.parse(body([START // 1000, "77", 10, 12, 9, 11]), order)
    assert isinstance(rows, NumberRows)
    candles = m.Candles.from_rows(QUERY, rows, order=order, time_unit="s")
    assert candles.to_numpy()[0, :5].tolist() == [START, 10, 12, 9, 11]
    assert np.isnan(candles.volume[0])


def test_the_oldest_time_is_the_same_of_columns_and_of_lists():
    """0 is none."""
    sent = body(row(3), row(1), row(2))
    assert m.oldest_time(number_rows.parse(sent, COLUMNS)) == START + HOUR
    assert m.oldest_time(strict_json.parse(sent)) == START + HOUR
    assert m.oldest_time(None) == m.oldest_time([]) == m.oldest_time([[0], ["1"], None]) == 0
    assert m.oldest_time(number_rows.parse(body([0, 1, 1, 1, 1, 1]), COLUMNS)) == 0


def _read(read):
    try:
        return "value", _plain(read())
    except CoinmuxError as error:
        return type(error), error.detail


def _plain(value):
    if isinstance(value, NumberRows):
        return list(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _candles(parse, sent, order):
    """What an answer is in the end: values and notes, or the error; and what was left out."""
    with collecting() as damage:
        try:
            candles = m.Candles.from_rows(QUERY, found_in(parse(sent)), order=order)
        except (CoinmuxError, KeyError, TypeError) as error:
            return type(error), str(error), damage.notes()
    return candles.to_numpy().tobytes(), candles.notes, candles.sent, damage.notes()


cells = st.sampled_from(STRANGE)
places = st.tuples(st.integers(0, 5), st.integers(0, 8), cells)


@settings(max_examples=400, deadline=None)
@given(
    envelope=st.sampled_from(ENVELOPES),
    changes=st.lists(places, max_size=3),
    order=st.sampled_from([COLUMNS, ("timestamp", "open", "high", "low", "close", "", "volume")]),
    turned=st.booleans(),
    cut=st.none() | st.integers(1, 400),
)
def test_a_damaged_body_means_the_same_by_either_way(envelope, changes, order, turned, cut):
    """Values, notes, rows left out and errors are equal, whatever stands in a cell."""
    texts = [[json.dumps(cell) for cell in row(at, "7.5", "y", 3)] for at in range(6)]
    for at, place, cell in changes:
        texts[at][place] = cell
    lines = ["[" + ",".join(line) + "]" for line in texts]
    rows = "[" + ",".join(reversed(lines) if turned else lines) + "]"
    sent = (envelope % rows).encode()[:cut]
    fast = _candles(lambda one: number_rows.parse(one, order), sent, order)
    assert fast == _candles(strict_json.parse, sent, order)
