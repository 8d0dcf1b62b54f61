"""Hugging Face: labels of three models made ours, nestings, and a model that is loading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Implausible, TextSentimentQuery
from coinmux.plugins.providers import huggingface
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import samples

ONE = TextSentimentQuery(texts=("Bitcoin is going up",))


@pytest.mark.parametrize("sample", samples("huggingface"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("huggingface", sample)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.permutations([0, 1, 2]))
def test_a_score_lies_between_minus_one_and_one(positive, neutral, negative, order):
    """Whatever the probabilities and the order of the labels."""
    row = [
        {"label": "Bullish", "score": positive},
        {"label": "Neutral", "score": neutral},
        {"label": "Bearish", "score": negative},
    ]
    label, score = huggingface.read_labels([row[at] for at in order])
    assert -1 <= score <= 1
    assert score == pytest.approx(positive - negative, abs=1e-6)
    top = max(positive, neutral, negative)
    assert {"positive": positive, "neutral": neutral, "negative": negative}[label] == top


def test_a_label_no_model_has_is_not_guessed_at():
    """`LABEL_0` means one thing to one model and another to the next."""
    with pytest.raises(KeyError):
        huggingface.read_labels([{"label": "LABEL_0", "score": 1.0}])


@pytest.mark.parametrize("row", [[], [{"label": "positive", "score": 7}]])
def test_what_is_no_probability_is_refused(row):
    """None, or more than certain."""
    with pytest.raises(Implausible):
        huggingface.read_labels(row)


def test_a_single_text_may_come_unnested():
    """Both nestings have been seen."""
    row = [{"label": "positive", "score": 0.9}, {"label": "negative", "score": 0.1}]
    flat = huggingface.parse(row, ONE, "m")
    assert flat == huggingface.parse([row], ONE, "m")
    assert (flat.results[0].label, flat.results[0].score) == ("positive", 0.8)


@pytest.mark.parametrize(
    ("positive", "negative", "score"),
    [(1.0000001192092896, 1e-8, 1.0), (1.0009, -0.0009, 1.0), (-1e-7, 1.0000002, -1.0)],
)
def test_rounding_beyond_a_probability_is_one(positive, negative, score):
    """Single precision ends a little outside 0 to 1."""
    row = [{"label": "positive", "score": positive}, {"label": "negative", "score": negative}]
    assert huggingface.read_labels(row)[1] == pytest.approx(score, abs=1e-6)
    assert -1 <= huggingface.read_labels(row)[1] <= 1


@pytest.mark.parametrize("chance", [1.01, -0.01, 2])
def test_more_than_rounding_is_no_probability(chance):
    """A score of another kind is refused."""
    with pytest.raises(Implausible):
        huggingface.read_labels([{"label": "positive", "score": chance}])
