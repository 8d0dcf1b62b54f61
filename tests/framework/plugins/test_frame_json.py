"""A plugin reads the JSON of a socket's message without losing a digit."""

import json
from typing import Any, Generic, TypeVar

import msgspec
import pytest

from coinmux import Malformed, SchemaMismatch
from coinmux.sockets import Shape, read_json, read_object

Row = TypeVar("Row")


class Book(msgspec.Struct, Generic[Row]):
    """A book as a source may send it."""

    bids: list[Row]
    number: int = 0
    rest: msgspec.Raw = msgspec.Raw()


BOOK = Shape(Book[list[float]], Book[Any])


@pytest.mark.parametrize("frame", ['{"a":[1.50,2,1e-7,-0.10]}', b'{"a":[1.50,2,1e-7,-0.10]}'])
def test_numbers_may_stay_as_they_were_written(frame):
    """A checksum is made of the digits, the last zeros among them."""
    assert read_json(frame, as_written=True) == {"a": ["1.50", 2, "1e-7", "-0.10"]}
    assert read_json(frame) == {"a": [1.5, 2, 1e-7, -0.1]}


@pytest.mark.parametrize("frame", ["", "{", "ping", b"\x1f\x8b\x08", "[" * 100_000, '"\ud800"'])
def test_what_is_no_json_is_malformed(frame):
    """Half a message, another encoding, or one that is nested without end."""
    with pytest.raises(Malformed):
        read_json(frame)


@pytest.mark.parametrize("frame", ['{"a": 1}', b'{"a": 1}'])
def test_text_and_binary_messages_hold_an_object(frame):
    """Either kind of frame is read."""
    assert read_object(frame) == {"a": 1}


@pytest.mark.parametrize("frame", ["[1]", "1", "null", '"a"'])
def test_another_value_than_an_object_is_refused(frame):
    """Half a message is malformed, as ever."""
    with pytest.raises(SchemaMismatch):
        read_object(frame)
    with pytest.raises(Malformed):
        read_object('{"a": 1')


@pytest.mark.parametrize("rows", ['[["91000.10","1"]]', "[[91000.1, 1]]", '[["91000.1", 1e0]]'])
@pytest.mark.parametrize("kind", [str, str.encode])
def test_numbers_come_from_text_too(rows, kind):
    book = BOOK.read(kind(f'{{"bids": {rows}, "number": "7", "new": 1}}'))
    assert (book.bids, book.number) == ([[91000.1, 1.0]], 7)
    assert BOOK.of(read_json(f'{{"bids": {rows}, "number": 7}}')) == book


def test_what_does_not_fit_is_read_as_it_is_written():
    """A further column of words, or a decimal that is no JSON number."""
    row = ["91000.10", ".5", "new"]
    assert BOOK.read(json.dumps({"bids": [row]})).bids == [row]
    assert BOOK.of({"bids": [row]}).bids == [row]


def test_a_part_of_a_message_is_read_by_who_knows_what_it_is():
    body = BOOK.read('{"bids": [], "rest": [{"bids": [["1", "2"]]}]}')
    assert Shape(list[Book[list[float]]]).read(body.rest)[0].bids == [[1.0, 2.0]]
    assert read_json(body.rest) == [{"bids": [["1", "2"]]}]


@pytest.mark.parametrize(
    "frame", ['{"bids": 1}', '{"number": 1}', "[]", '{"bids": [], "number": "x"}']
)
def test_another_shape_is_refused_with_its_place(frame):
    with pytest.raises(SchemaMismatch, match=r"bids|number|array"):
        BOOK.read(frame)
    with pytest.raises(SchemaMismatch):
        BOOK.of(read_json(frame))


@pytest.mark.parametrize("frame", ["", "{", b"\x1f\x8b\x08", '"\ud800"', '{"bids": [[1'])
def test_a_shape_finds_no_json_malformed(frame):
    with pytest.raises(Malformed):
        BOOK.read(frame)
