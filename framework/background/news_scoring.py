"""News items scored by a text model, each text once a day."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.models.news import News, NewsItem, NewsQuery, NewsSentiment
from coinmux.framework.models.text import MOST_TEXTS, TEXT_CHARS, TextSentiment, TextSentimentQuery

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query, Result

#: Asks for the sentiment of texts, within so many seconds.
AskForScores = Callable[[TextSentimentQuery, float], Awaitable["Answer[TextSentiment]"]]

_KEPT = 10_000


class NewsScorer:
    """Adds a text model's sentiment to each news item.

    Args:
        ask: asks whichever model can answer.
    """

    def __init__(self, clock: Clock, ask: AskForScores) -> None:
        self._clock = clock
        self._ask = ask
        self._known: OrderedDict[str, tuple[NewsSentiment, float]] = OrderedDict()
        self._good_s = CAPABILITIES["text_sentiment"].freshness.fresh_s

    async def finish(self, query: Query, result: Result, within_s: float) -> Result:
        """Score news for a caller that wants sentiment; any other result stays as it is."""
        if isinstance(query, NewsQuery) and query.sentiment and isinstance(result, News):
            return await self.scored(result, within_s)
        return result

    async def scored(self, news: News, within_s: float) -> News:
        """`news` with a reading of each title; where no model answers, without, and a note."""
        now = self._clock.monotonic()
        texts = list(dict.fromkeys(_text(item) for item in news.items))
        unknown = [text for text in texts if not self._is_known(text, now)]
        notes = news.notes
        try:
            for at in range(0, len(unknown), MOST_TEXTS):
                left_s = within_s - (self._clock.monotonic() - now)
                batch = tuple(unknown[at : at + MOST_TEXTS])
                answer = await self._ask(TextSentimentQuery(texts=batch), left_s)
                self._remember(batch, answer.data, now)
        except CoinmuxError as error:
            notes += (f"some items are not scored: {error.detail or error.code}",)
        items = tuple(
            item.model_copy(update={"sentiment": self._reading(_text(item))}) for item in news.items
        )
        return news.model_copy(update={"items": items, "notes": notes})

    def _is_known(self, text: str, now: float) -> bool:
        scored = self._known.get(text)
        return scored is not None and now - scored[1] < self._good_s

    def _reading(self, text: str) -> NewsSentiment | None:
        scored = self._known.get(text)
        return None if scored is None else scored[0]

    def _remember(self, texts: tuple[str, ...], scores: TextSentiment, now: float) -> None:
        for text, one in zip(texts, scores.results, strict=True):
            reading = NewsSentiment(label=one.label, score=one.score, model=one.model)
            self._known[text] = (reading, now)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def _text(item: NewsItem) -> str:
    return item.title[:TEXT_CHARS]
