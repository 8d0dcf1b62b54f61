"""The query for news, and its result."""

from __future__ import annotations

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from coinmux.framework.models.base import FUTURE_MS, Query, Result
from coinmux.framework.reference.rows import field_left_out
from coinmux.framework.reference.texts import (
    PlainText,
    PlainTextOrNone,
    beginning,
    plain_text,
    web_link,
)
from coinmux.framework.reference.tickers import Asset
from coinmux.framework.reference.values import CleanName, CleanText, Timestamp

#: Coins that one item may list; a longer list is of a page about everything.
_MOST_SYMBOLS = 50


def _link(value: Any) -> str:
    link = web_link(value)
    if link is None:
        raise ValueError("takes an http(s) link without a user's name")
    return link


def _symbols(value: Any) -> Any:
    return tuple(value)[:_MOST_SYMBOLS] if isinstance(value, (list, tuple)) else value


#: A link that a page may show.
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

    label: CleanName
    score: float
    model: CleanName


class NewsItem(Result):
    """One piece of news. Text is plain, never markup."""

    id: CleanText = Field(min_length=1, description="The source's own; its link if it has none")
    title: PlainText = Field(min_length=1)
    url: Link
    source: PlainText = Field(
        min_length=1, description="The publisher; the host of the link if it is not named"
    )
    published_at: Timestamp | None = None
    summary: PlainTextOrNone = None
    symbols: Annotated[tuple[CleanName, ...], BeforeValidator(_symbols)] = ()
    sentiment: NewsSentiment | None = None

    @model_validator(mode="before")
    @classmethod
    def _names_itself(cls, values: Any) -> Any:
        """What it has stands for what is missing.

        Its link for an id, the link's host for a publisher, its summary's beginning for a title.
        """
        if not isinstance(values, dict):
            return values
        link = web_link(values.get("url"))
        if link is None:
            return values
        named = dict(values)
        if named.get("id") in (None, ""):
            named["id"] = link
        elif type(named["id"]) is int:
            named["id"] = str(named["id"])
        if not isinstance(named.get("source"), str) or not named["source"].strip():
            named["source"] = (urlsplit(link).hostname or "").removeprefix("www.")
        title, summary = named.get("title"), named.get("summary")
        if not (isinstance(title, str) and plain_text(title)) and isinstance(summary, str):
            named["title"] = beginning(plain_text(summary))
        return named


class News(Result):
    """News, newest first."""

    items: tuple[NewsItem, ...]

    def check(self, query: Any, now_ms: int) -> Self:
        """The news; an item dated in the future loses its date and is sorted last."""
        super().check(query, now_ms)
        latest = now_ms + FUTURE_MS
        if all((item.published_at or 0) <= latest for item in self.items):
            return self
        for item in self.items:
            if (item.published_at or 0) > latest:
                field_left_out("published_at", "it is in the future")
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
