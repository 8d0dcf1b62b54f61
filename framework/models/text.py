"""The query for text models, and its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from coinmux.framework.errors import Implausible
from coinmux.framework.models.base import Query, Result

Label = Literal["positive", "neutral", "negative"]
#: Texts of one question, and characters of one text, at most.
MOST_TEXTS = 64
TEXT_CHARS = 2_000
Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS)]


class TextSentimentQuery(Query["TextSentiment"]):
    """How positive or negative each text is."""

    texts: tuple[Text, ...] = Field(min_length=1, max_length=MOST_TEXTS)
    model: str | None = Field(
        default=None, max_length=120, description="One of /api/models/status; any where left out"
    )

    def brief(self) -> Self:
        return self.model_copy(update={"texts": (f"{len(self.texts)} texts",)})


class TextSentimentResult(Result):
    """The sentiment of one text."""

    label: Label
    score: float = Field(ge=-1, le=1, description="-1 is most negative, 1 most positive")
    model: str


class TextSentiment(Result):
    """The sentiment of each text, in the order of the query."""

    results: tuple[TextSentimentResult, ...]

    @classmethod
    def of(
        cls, query: TextSentimentQuery, scores: Sequence[tuple[Label, float]], model: str
    ) -> TextSentiment:
        """The result from `(label, score)` of each text, in the order of the query.

        Raises:
            Implausible: the number of scores is not the number of texts.
        """
        if len(scores) != len(query.texts):
            raise Implausible(f"{len(scores)} readings of {len(query.texts)} texts")
        results = (TextSentimentResult(label=one, score=s, model=model) for one, s in scores)
        return cls(results=tuple(results))

    def check(self, query: Any, now_ms: int) -> Self:
        if len(self.results) != len(query.texts):
            raise Implausible(f"{len(self.results)} readings of {len(query.texts)} texts")
        return super().check(query, now_ms)

    def data_length(self) -> int:
        return len(self.results)

    def size(self) -> int:
        # The cache key contains the texts, which are longer than the answer.
        return 1_000 * len(self.results)
