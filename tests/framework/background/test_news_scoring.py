"""News scored by whichever text model answers, each text once."""

import pytest

from coinmux import News, NewsItem, NoProviderAvailable, TextSentiment
from coinmux.framework.background.news_scoring import NewsScorer
from coinmux.framework.models.text import MOST_TEXTS
from coinmux.framework.testing.clock import FakeClock


class Model:
    """A text model that remembers what it was asked; fails when told."""

    def __init__(self):
        self.asked = []
        self.failing = False

    async def __call__(self, query, within_s):
        self.asked.append(query.texts)
        if self.failing:
            raise NoProviderAvailable("no model", candidates=[])
        scores = [("positive", 0.5) if "up" in text else ("neutral", 0.0) for text in query.texts]
        self.data = TextSentiment.of(query, scores, "m")
        return self


def news(*titles):
    items = [
        NewsItem(id=str(at), title=title, url=f"https://a.example/{at}", source="a")
        for at, title in enumerate(titles)
    ]
    return News(items=tuple(items))


@pytest.fixture
def model():
    return Model()


async def test_each_title_gets_its_reading(model):
    """In place, with the model's name."""
    scored = await NewsScorer(FakeClock(), model).scored(news("It goes up", "A meeting"), 5)
    readings = [(item.sentiment.label, item.sentiment.model) for item in scored.items]
    assert readings == [("positive", "m"), ("neutral", "m")]


async def test_a_text_is_asked_once_a_day(model):
    """The next list has mostly the same headlines; a model may cost money."""
    clock = FakeClock()
    scorer = NewsScorer(clock, model)
    await scorer.scored(news("a", "b", "a"), 5)
    scored = await scorer.scored(news("b", "c"), 5)
    assert model.asked == [("a", "b"), ("c",)]
    assert all(item.sentiment is not None for item in scored.items)
    clock.advance(86_401)
    await scorer.scored(news("a"), 5)
    assert model.asked[-1] == ("a",)


async def test_long_lists_are_asked_in_batches(model):
    """Of as many texts as one question takes."""
    titles = [f"title {n}" for n in range(MOST_TEXTS + 1)]
    await NewsScorer(FakeClock(), model).scored(news(*titles), 5)
    assert [len(texts) for texts in model.asked] == [MOST_TEXTS, 1]


async def test_news_is_served_when_no_model_answers(model):
    """Unscored, and it says so."""
    model.failing = True
    scored = await NewsScorer(FakeClock(), model).scored(news("a"), 5)
    assert scored.items[0].sentiment is None
    assert scored.notes == ("some items are not scored: no model",)
