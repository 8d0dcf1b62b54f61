"""Questions to text models, and their answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from framework.models.base import Query, Result

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class TextSentimentQuery(Query):
    """How positive or negative each text is."""

    texts: tuple[Text, ...] = Field(min_length=1, max_length=64)
    model: str | None = Field(default=None, max_length=120)

    def brief(self) -> TextSentimentQuery:
        return self.model_copy(update={"texts": (f"{len(self.texts)} texts",)})


class TextSentimentResult(Result):
    """One text's reading."""

    label: Literal["positive", "neutral", "negative"]
    score: float = Field(ge=-1, le=1, description="-1 is most negative, 1 most positive")
    model: str


class TextSentiment(Result):
    """One reading a text, in the order asked."""

    results: tuple[TextSentimentResult, ...]

    def data_length(self) -> int:
        return len(self.results)

    def size(self) -> int:
        # The texts asked are the key, and longer than the answer.
        return 1_000 * len(self.results)
