"""A plugin reads the JSON of a socket's message without losing a digit."""

import pytest

from coinmux import Malformed, SchemaMismatch
from coinmux.sockets import read_json, read_object


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
