"""Read RSS and Atom feeds from untrusted bytes.

feedparser knows the dialects, but it gets only the document that `feed_sanitizer.reduced` writes,
since a hostile feed can occupy it for minutes; the worst reduced documents found take about a
second, within the limit of three. Its results still have markup in texts and unchecked links,
which this module cleans.

Source: feedparser 6 documentation, RFC 5322 and ISO 8601 for dates, read 2026-11-23.
"""

from __future__ import annotations

import asyncio
import html
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import feedparser
import nh3

from coinmux.framework.errors import Malformed, TooLarge
from coinmux.framework.formats.feed_sanitizer import MAX_LINK, reduced
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS, clean_text

#: Larger than any news feed, and small enough to parse while requests run (`faults.md` S8).
MAX_BYTES = 4 * 1024 * 1024
#: A feed that takes longer to parse is hostile (`faults.md` S8).
TIMEOUT_S = 3.0
_TAG = re.compile(r"<[a-zA-Z!/?]")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed, plain text.

    Attributes:
        id: the feed's own id of the entry, else its link.
        title: at most 500 characters, never empty.
        link: http or https, without `utm_*` parameters.
        published_ms: Unix ms; None if the feed gives no date, or an unreadable one.
        summary: at most 500 characters, "" if there is none.
        categories, author: as the feed words them.
    """

    id: str
    title: str
    link: str
    published_ms: int | None
    summary: str
    categories: tuple[str, ...] = ()
    author: str = ""


async def read_feed(body: bytes) -> list[FeedEntry]:
    """`parse_feed` in a worker thread.

    Raises:
        Malformed: parsing took longer than `TIMEOUT_S`. The thread cannot be stopped; the limits of
            this module ensure that it ends soon.
        ProviderError: as `parse_feed`.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await asyncio.to_thread(parse_feed, body)
    except TimeoutError:
        raise Malformed(f"the feed took longer than {TIMEOUT_S:g} s to read") from None


def parse_feed(body: bytes) -> list[FeedEntry]:
    """The entries of an RSS or Atom document in the document's order, at most 500.

    Entries without a title or an http(s) link are left out.

    Raises:
        TooLarge: more than 4 MiB.
        Empty: nothing but white space.
        NotJSON: HTML, plain text or XML of another kind.
        Malformed: not well-formed, with a DTD, in an unknown encoding, or outside the limits.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"a feed of {len(body)} bytes; at most {MAX_BYTES} are read")
    small = reduced(body)
    try:
        found = feedparser.parse(
            io.BytesIO(small),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:
        raise Malformed(f"the feed cannot be read: {type(error).__name__}") from error
    return [entry for entry in map(_entry, found["entries"]) if entry is not None]


def _entry(found: Any) -> FeedEntry | None:
    title = plain_text(_string(found, "title"))
    link = _web_link(_string(found, "link"))
    if not title or link is None:
        return None
    own_id = clean_text(_string(found, "id"))
    categories = (plain_text(str(tag.get("term") or "")) for tag in found.get("tags", ()))
    return FeedEntry(
        id=_web_link(own_id) or own_id or link,
        title=title,
        link=link,
        published_ms=_published(_string(found, "published") or _string(found, "updated")),
        summary=plain_text(_string(found, "summary")),
        categories=tuple(dict.fromkeys(name for name in categories if name)),
        author=plain_text(_string(found, "author")),
    )


def _string(found: Any, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def plain_text(markup: str) -> str:
    """Text without tags, entities, control or bidi characters; one line, at most 500 characters.

    Entities are decoded twice if the feed escaped its text twice.
    """
    text = markup
    for _ in range(2):
        text = html.unescape(nh3.clean(text, tags=set()))
        if not _TAG.search(text):
            break
    return clean_text(text)


def _web_link(text: str) -> str | None:
    """An http(s) link without `utm_*` parameters; None if `text` is no such link."""
    text = text.strip()
    if not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        fields = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return None
    kept = [(key, value) for key, value in fields if not key.lower().startswith("utm_")]
    query = parts.query if len(kept) == len(fields) else urlencode(kept)
    link = urlunsplit(parts._replace(query=query))
    return link if len(link) <= MAX_LINK else None


def _published(text: str) -> int | None:
    """Unix ms of an RFC 822 or ISO 8601 date; None for anything else or one without a zone."""
    try:
        if text[:1].isdigit() and text[4:5] == "-":
            when = datetime.fromisoformat(text)
        else:
            when = parsedate_to_datetime(text)
            if when.tzinfo is None and text.endswith("-0000"):
                when = when.replace(tzinfo=UTC)
        if when.tzinfo is None:
            return None
        stamp = int(when.timestamp() * 1000)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return stamp if EARLIEST_MS <= stamp <= LATEST_MS else None
