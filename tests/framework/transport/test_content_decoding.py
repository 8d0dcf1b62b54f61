"""Content codings are undone whole, once and under a limit."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import BadEncoding, ProviderError, TooLarge
from coinmux.framework.transport.content_decoding import decode


@given(st.binary(max_size=5000), st.sampled_from(["gzip", "zlib", "raw"]))
def test_round_trip(body, form):
    """What was packed comes out, byte for byte."""
    packed = gzip.compress(body) if form == "gzip" else zlib.compress(body)
    if form == "raw":
        packed = packed[2:-4]
    assert decode(packed, "gzip" if form == "gzip" else "deflate", 5000) == body


@given(st.binary(min_size=1, max_size=400), st.data())
def test_truncated(body, data):
    """No proper beginning of a stream passes."""
    packed = gzip.compress(body)
    cut = data.draw(st.integers(min_value=1, max_value=len(packed) - 1))
    with pytest.raises(BadEncoding):
        decode(packed[:cut], "gzip", 1000)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "identity", "br", ""]))
def test_arbitrary_bytes(body, coding):
    """Anything else ends in bytes within the limit or in an error of ours."""
    with contextlib.suppress(ProviderError):
        assert len(decode(body, coding, 1000)) <= 1000


def test_limit():
    """The limit itself passes, one byte more does not."""
    assert len(decode(gzip.compress(b"a" * 1000), "gzip", 1000)) == 1000
    with pytest.raises(TooLarge):
        decode(gzip.compress(b"a" * 1001), "gzip", 1000)


def test_second_member():
    """A second gzip member is bytes after the end."""
    with pytest.raises(BadEncoding):
        decode(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 1000)


def test_no_body():
    """A coding over nothing is nothing."""
    assert decode(b"", "gzip", 10) == b""
