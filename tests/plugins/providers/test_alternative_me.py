"""Alternative.me: the fear and greed index, strings and seconds made numbers and milliseconds."""

from __future__ import annotations

import pytest

from coinmux import BadStatus, FearGreedQuery
from coinmux.plugins.providers import alternative_me
from tests.plugins.sample_replay import mapped, play, recording, samples


@pytest.mark.parametrize("sample", samples("alternative_me"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("alternative_me", sample)


def test_the_documented_example():
    """The vendor's own example: 40 is Fear, 47 the day before."""
    body = recording("alternative_me", "sentiment_fng")["response"]["body"]
    index = alternative_me.parse_fear_greed(body, FearGreedQuery(limit=2))
    assert (index.value, index.classification) == (40.0, "Fear")
    assert index.timestamp == 1_551_157_200_000
    assert index.history == ((1_551_157_200_000, 40.0), (1_551_070_800_000, 47.0))


def test_newest_first_and_no_more_than_asked():
    """Days are put newest first whatever order they come in, and cut to the number asked."""
    data = [
        {"value": str(at), "value_classification": "Fear", "timestamp": str(1_764_000_000 + at)}
        for at in (1, 3, 2)
    ]
    index = alternative_me.parse_fear_greed({"data": data}, FearGreedQuery(limit=2))
    assert [value for _, value in index.history] == [3.0, 2.0]
    assert index.value == 3.0


def test_an_error_in_the_metadata():
    """An error with status 200 is one; a null is none."""
    assert isinstance(mapped("alternative_me", 200, {"metadata": {"error": "x"}}), BadStatus)
    assert mapped("alternative_me", 200, {"metadata": {"error": None}}) is None
    assert type(mapped("alternative_me", 502, "Bad Gateway")) is BadStatus
