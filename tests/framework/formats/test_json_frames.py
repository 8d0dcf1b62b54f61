"""The object in a WebSocket message."""

import pytest

from coinmux import Malformed, SchemaMismatch
from coinmux import sockets as s


@pytest.mark.parametrize("frame", ['{"a": 1}', b'{"a": 1}'])
def test_text_and_binary_messages_hold_an_object(frame):
    """Either kind of frame is read."""
    assert s.read_object(frame) == {"a": 1}


@pytest.mark.parametrize("frame", ["", "pong", '{"a": 1', b"\x1f\x8b\x00", "\ud800"])
def test_what_is_no_json_is_refused(frame):
    """Empty, cut and compressed frames are errors of the source."""
    with pytest.raises(Malformed):
        s.read_object(frame)


@pytest.mark.parametrize("frame", ["[1]", "1", "null", '"a"'])
def test_other_values_than_objects_are_refused(frame):
    """A message is an object."""
    with pytest.raises(SchemaMismatch):
        s.read_object(frame)
