"""Thetie: its samples, its units, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Implausible, SocialQuery
from coinmux.plugins.providers import thetie
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import samples


@pytest.mark.parametrize("sample", samples("thetie"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("thetie", sample)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=9))
def test_scores_are_from_one_to_five(scores):
    """The mean of those that are; others are left out, and no answer if they are most."""
    rows = [
        {"ticker": "BTC", "timestamp": "2025-11-24 15:30:00", "sentiment_score": score,
         "sentiment_variance": 0.1}
        for score in scores
    ]  # fmt: skip
    query = SocialQuery(asset="BTC")
    scores = [score for score in scores if 1 <= score <= 5]
    if scores and len(scores) * 2 >= len(rows):
        social = thetie.parse_social({"data": rows}, query)
        assert social.metrics["news_sentiment"].value == pytest.approx(sum(scores) / len(scores))
        assert social.timestamp == 1_763_998_200_000
    else:
        with pytest.raises(Implausible):
            thetie.parse_social({"data": rows}, query)


@pytest.mark.parametrize("text", ["2025-11-24", "2025-11-24T15:30:00", None, 7])
def test_times_of_another_form_are_not_guessed_at(text):
    """Documented is one form, in UTC."""
    with pytest.raises(ValueError, match="YYYY"):
        thetie.moment(text)
