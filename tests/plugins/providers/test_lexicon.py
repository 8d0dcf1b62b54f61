"""The local model: its rules, its words, and how often it is right."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import TextSentimentQuery
from coinmux.plugins.providers import lexicon

ROOT = Path(__file__).parents[3]
LABELS = ("positive", "negative", "neutral")


def headlines():
    """Headlines with the label a reader gave them; none was used to choose the words."""
    text = (Path(__file__).with_name("headlines.tsv")).read_text()
    return [tuple(line.split("\t")) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Bitcoin soars", "positive"),
        ("Bitcoin does not soar", "negative"),
        ("Exchange hacked", "negative"),
        ("A strong start, but the price collapsed", "negative"),
        ("Developers meet in Prague", "neutral"),
        ("🙂", "neutral"),
        ("...", "neutral"),
    ],
)
def test_words_negation_and_contrast(text, label):
    """What VADER's rules make of our words."""
    assert lexicon.score(text)[0] == label


@given(st.text(min_size=1, max_size=300))
def test_any_text_has_a_label_and_a_score(text):
    """Hostile text included."""
    label, score = lexicon.score(text)
    assert label in LABELS
    assert -1 <= score <= 1
    assert (label == "positive") == (score >= lexicon.THRESHOLD)


def test_every_word_has_a_valence_on_the_scale():
    """From -4 to 4, in lower case, and never nothing."""
    words = lexicon.words()
    assert len(words) > 700
    assert all(-4 <= valence <= 4 and valence and word == word.lower()
               for word, valence in words.items())  # fmt: skip


def test_readings_are_in_the_order_asked():
    """One each, with the model's name."""
    query = TextSentimentQuery(texts=("Exchange hacked", "Bitcoin soars"))
    results = lexicon.fetch_text_sentiment(query).results
    assert [one.label for one in results] == ["negative", "positive"]
    assert {one.model for one in results} == {"lexicon"}


def test_its_accuracy_is_the_documented_one():
    """`docs/models.md` says how often it is right, for each label and in all."""
    rows = headlines()
    assert len(rows) >= 200
    assert len({text for _, text in rows}) == len(rows)
    right = Counter(label for label, text in rows if lexicon.score(text)[0] == label)
    every = Counter(label for label, _ in rows)
    told = (ROOT / "docs" / "models.md").read_text()
    for label in LABELS:
        assert f"| {label} | {every[label]} | {right[label] / every[label]:.0%} |" in told
    assert f"| all | {len(rows)} | {right.total() / len(rows):.0%} |" in told
    assert right.total() / len(rows) > 1.5 * max(every.values()) / len(rows)
