"""A sentiment model that runs here: VADER's rules over a word list of ours. No key, no network.

The rules (negation, intensifiers, capitals, "but", punctuation) are NLTK's implementation of VADER;
the words are `words.txt`, written for headlines about crypto assets. It knows no context: irony,
figures and words it does not hold read as neutral. Its accuracy on labelled headlines stands in
`docs/models.md`, measured by a test.

Source: Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social
Media Text", ICWSM 2014; https://www.nltk.org/api/nltk.sentiment.vader.html, read 2026-11-23.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING, Literal

from coinmux import ProviderInfo, hookimpl
from coinmux import models as m

if TYPE_CHECKING:
    from nltk.sentiment.vader import SentimentIntensityAnalyzer

NAME = "lexicon"
#: Beyond it a compound score is positive, below its negative negative: VADER's own threshold.
THRESHOLD = 0.05


@hookimpl
def provider_info() -> ProviderInfo:
    """One model, always on."""
    return ProviderInfo(
        name=NAME,
        title="Local lexicon model",
        category="model",
        base_url="",
        models={NAME: ""},
        priority=90,
        homepage="https://www.nltk.org",
        docs_url="https://www.nltk.org/api/nltk.sentiment.vader.html",
        docs_read="2026-11-23",
        notes="Runs here, asks nobody. Accuracy in docs/models.md.",
    )


@hookimpl
def fetch_text_sentiment(query: m.TextSentimentQuery) -> m.TextSentiment:
    """Computed in a thread; some 50 microseconds a headline."""
    return m.TextSentiment.of(query, [score(text) for text in query.texts], NAME)


def score(text: str) -> tuple[Literal["positive", "neutral", "negative"], float]:
    """The label, and the compound score from -1 to 1."""
    compound = float(_analyzer().polarity_scores(text)["compound"])
    if compound >= THRESHOLD:
        return "positive", compound
    if compound <= -THRESHOLD:
        return "negative", compound
    return "neutral", compound


def words() -> dict[str, float]:
    """The word list: word -> valence from -4 to 4."""
    text = resources.files(__name__).joinpath("words.txt").read_text(encoding="utf-8")
    held: dict[str, float] = {}
    for line in text.splitlines():
        valence, _, listed = line.partition("#")[0].partition(":")
        held.update(dict.fromkeys(listed.split(), float(valence or 0)))
    return held


@functools.cache
def _analyzer() -> SentimentIntensityAnalyzer:
    # NLTK takes a third of a second to import, which nobody who asks no model should wait for.
    from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants

    # Its constructor would look for NLTK's own word list, which is a download.
    analyzer = SentimentIntensityAnalyzer.__new__(SentimentIntensityAnalyzer)
    analyzer.lexicon = words()
    analyzer.constants = VaderConstants()
    return analyzer
