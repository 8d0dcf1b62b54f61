"""The query for news, and its result."""

from __future__ import annotations

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from coinmux.framework.models.base import FUTURE_MS, Query, Result
from coinmux.framework.reference.tickers import Asset
from coinmux.framework.reference.values import CleanText, Timestamp


def _link(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("takes an http(s) link")
    text = value.strip()
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(text) > 2000:
        raise ValueError("takes an http(s) link")
    if any(ord(sign) < 33 for sign in text):
        raise ValueError("takes a link without white space")
    return text


#: A link that a page may show: http or https only.
Link = Annotated[str, BeforeValidator(_link)]


class NewsQuery(Query["News"]):
    """The latest news, of one asset or of all."""

    asset: Asset | None = Field(default=None, description="Ticker, BTC")
    limit: int = Field(default=50, ge=1, le=200)
    sentiment: bool = Field(
        default=False, description="Whether a text model scores each title; sources see no word"
    )


class NewsSentiment(Result):
    """The sentiment of an item, from a text model."""

    label: str
    score: float
    model: str


class NewsItem(Result):
    """One piece of news. Text is plain, never markup."""

    id: str
    title: CleanText = Field(min_length=1)
    url: Link
    source: CleanText
    published_at: Timestamp | None = None
    summary: CleanText | None = None
    symbols: tuple[str, ...] = ()
    sentiment: NewsSentiment | None = None


class News(Result):
    """News, newest first."""

    items: tuple[NewsItem, ...]

    def check(self, query: Any, now_ms: int) -> Self:
        """The news; an item dated in the future loses its date and is sorted last."""
        super().check(query, now_ms)
        latest = now_ms + FUTURE_MS
        if all((item.published_at or 0) <= latest for item in self.items):
            return self
        items = [
            item.model_copy(update={"published_at": None})
            if (item.published_at or 0) > latest
            else item
            for item in self.items
        ]
        items.sort(key=lambda item: -(item.published_at or 0))
        return self.model_copy(update={"items": tuple(items)})

    def is_empty(self) -> bool:
        return not self.items

    def data_length(self) -> int:
        return len(self.items)
