"""Read RSS and Atom feeds from untrusted bytes, as publishers write them.

`feed_encoding` decodes, `feed_markup` splits, `feed_document` finds the entries and their parts;
this module makes plain text, links and times of them. Damage costs what it damages: a bad byte a
character, an entry without a link itself, a cut document its last entry. All of it is reported.

Source: RSS 2.0 (rssboard.org), RFC 4287 and RFC 5322, read 2026-11-24.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from coinmux.framework.errors import Malformed, SchemaMismatch, TooLarge
from coinmux.framework.formats.feed_dates import feed_time
from coinmux.framework.formats.feed_document import Document, Entry, Part, read_document
from coinmux.framework.formats.feed_encoding import decoded
from coinmux.framework.reference.rows import read_rows, remark
from coinmux.framework.reference.texts import plain_text, web_link
from coinmux.framework.reference.values import clean_text

#: Larger than any news feed, and small enough to parse while requests run (`faults.md` S8).
MAX_BYTES = 4 * 1024 * 1024
#: A feed that takes longer to parse is hostile (`faults.md` S8).
TIMEOUT_S = 3.0
#: Characters of a text that stand for a missing title.
TITLE_CHARS = 120
_DATES = ("published", "pubdate", "issued", "dc:date", "created", "updated", "modified")
_TITLES = ("title", "dc:title", "media:title")
#: `rel` of a link to the page itself, as the registry of relations writes it as well.
_ALTERNATE = ("", "alternate", "http://www.iana.org/assignments/relation/alternate")
_HTML = ("", "text/html", "application/xhtml+xml")
#: The scheme of a link, written with too few or too many marks, or twice.
_SCHEME = re.compile(r"(?:https?:?/*(?=https?:))?(https?)(?::/*|//+)(?=[^/:\s]+\.)", re.IGNORECASE)
_BREAK = re.compile(r"\s*[\r\n\t]\s*")
_SUMMARIES = ("description", "summary", "content", "content:encoded")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed, plain text.

    Attributes:
        id: the feed's own id of the entry; its link if it has none, or shares it with another.
        title: at most 500 characters, never empty; the beginning of the text if there is none.
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


async def read_feed(body: bytes, content_type: str = "", address: str = "") -> list[FeedEntry]:
    """`parse_feed` in a worker thread.

    Raises:
        Malformed: parsing took longer than `TIMEOUT_S`. The thread cannot be stopped; the limits of
            this package ensure that it ends soon.
        ProviderError: as `parse_feed`.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await asyncio.to_thread(parse_feed, body, content_type, address)
    except TimeoutError:
        raise Malformed(f"the feed took longer than {TIMEOUT_S:g} s to read") from None


def parse_feed(body: bytes, content_type: str = "", address: str = "") -> list[FeedEntry]:
    """The entries of an RSS or Atom document in the document's order, at most 500.

    Entries without an http(s) link, or without any text, are left out and counted.

    Args:
        content_type: of the HTTP answer, for its charset.
        address: of the feed, at which relative links begin if the feed names no other place.

    Raises:
        TooLarge: more than 4 MiB.
        Empty: nothing but white space.
        NotJSON: HTML, plain text or XML of another kind.
        SchemaMismatch: most of its entries cannot be read.
        Malformed: with a DTD, in an unknown encoding, outside the limits, or too damaged to have a
            complete entry.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"a feed of {len(body)} bytes; at most {MAX_BYTES} are read")
    text, lost, assumed = decoded(body, content_type)
    document = read_document(text)
    if lost and not document.entries:
        raise Malformed(f"{lost} bytes of the feed have no meaning in its encoding")
    base = _base(document, address)
    entries = read_rows(document.entries, lambda entry: _entry(entry, base), kind="entries")
    ids = Counter(entry.id for entry in entries)
    entries = [entry if ids[entry.id] == 1 else replace(entry, id=entry.link) for entry in entries]
    host = urlsplit(address).hostname
    feed = f"the feed of {host}" if host else "the feed"
    for fault in document.faults:
        remark(f"{feed} is damaged: {fault}")
    if assumed:
        remark(f"{feed} is not in the encoding it names; read as {assumed}")
    if lost:
        remark(f"{feed} has {lost} bytes without a meaning in its encoding, shown as \ufffd")
    return entries


def _base(document: Document, address: str) -> str:
    """Where relative links begin: at the channel's own page, else at the feed."""
    pages = _links(document.links, address)
    return next((page for page in pages if page), address)


def _entry(entry: Entry, base: str) -> FeedEntry:
    link = next((link for link in _links_of(entry, base) if link), None)
    if link is None:
        raise SchemaMismatch("an entry without a link")
    link = _without_tracking(link)
    summary = next(filter(None, (plain_text(_text(entry, name)) for name in _SUMMARIES)), "")
    titles = (plain_text(_text(entry, name)) for name in _TITLES)
    title = next(filter(None, titles), "") or _beginning(summary)
    if not title:
        raise SchemaMismatch("an entry without a title or a text")
    own_id = clean_text(_text(entry, "guid") or _text(entry, "id"))
    id_link = web_link(own_id)
    categories = (
        plain_text(part.attributes.get("term") or part.text) for part in entry.get("category", ())
    )
    times = (feed_time(_text(entry, name)) for name in _DATES)
    return FeedEntry(
        id=(_without_tracking(id_link) if id_link else own_id) or link,
        title=title,
        link=link,
        published_ms=next((time for time in times if time is not None), None),
        summary=summary,
        categories=tuple(dict.fromkeys(name for name in categories if name)),
        author=plain_text(_text(entry, "author") or _text(entry, "dc:creator")),
    )


def _text(entry: Entry, name: str) -> str:
    parts = entry.get(name)
    return parts[0].text if parts else ""


def _beginning(text: str) -> str:
    """The first words of a text, as its title."""
    if len(text) <= TITLE_CHARS:
        return text
    words = text[:TITLE_CHARS].rsplit(" ", 1)[0]
    return f"{words}\u2026"


def _links_of(entry: Entry, base: str) -> Iterator[str | None]:
    """The places an entry may lead to, best first: its link, a permanent id, where its text is."""
    for part in entry.get("feedburner:origlink", ()):
        yield web_link(part.text)
    yield from _links(entry.get("link", ()), base)
    for part in entry.get("guid", ()):
        is_permanent = part.attributes.get("ispermalink", "").strip().lower()
        if is_permanent == "true":
            yield _joined(part.text, part.base, base)
        elif not is_permanent:
            yield web_link(part.text)
    for part in (*entry.get("id", ()), *entry.get("about", ())):
        yield web_link(part.text)
    for part in entry.get("content", ()):
        if part.attributes.get("type", "").lower() in _HTML:
            yield _joined(part.attributes.get("src", ""), part.base, base)


def _links(parts: Sequence[Part] | Iterable[Part], base: str) -> Iterator[str | None]:
    """The targets of `link` elements that lead to a page, of RSS (text) and Atom (`href`)."""
    pages = [p for p in parts if p.attributes.get("rel", "").strip().lower() in _ALTERNATE]
    for part in sorted(pages, key=lambda p: p.attributes.get("type", "").lower() not in _HTML):
        yield _joined(part.text or part.attributes.get("href", ""), part.base, base)


def _joined(reference: str, own_base: str, base: str) -> str | None:
    """An absolute link; `own_base` is the `xml:base` of the element, `base` that of the feed."""
    # Browsers drop breaks of lines in a link, and write its spaces as `%20`.
    reference = _BREAK.sub("", reference.strip()).replace(" ", "%20")
    if (scheme := _SCHEME.match(reference)) is not None:
        reference = f"{scheme[1]}://{reference[scheme.end() :]}"
    if not reference or reference.lower().startswith("www."):
        return None  # no path of this site, and it does not say what it is
    try:
        start = urljoin(base, own_base)
        host = (urlsplit(start).hostname or "").removeprefix("www.")
        if host and reference.partition("/")[0].lower() == host:
            reference = f"//{reference}"  # its own host, without a scheme
        link = web_link(urljoin(start, reference))
        return None if link is None or "%" in urlsplit(link).netloc else link
    except ValueError:
        return None


def _without_tracking(link: str) -> str:
    """A link without the `utm_*` parameters, which say where a reader came from."""
    parts = urlsplit(link)
    try:
        fields = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return link
    kept = [(key, value) for key, value in fields if not key.lower().startswith("utm_")]
    if len(kept) == len(fields):
        return link
    return urlunsplit(parts._replace(query=urlencode(kept)))
