"""Feeds: what a headline needs comes out as plain text, whatever went in."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import Empty, Malformed, NewsItem, NotJSON, ProviderError, TooLarge
from coinmux.framework.formats import feeds
from coinmux.framework.formats.feeds import MAX_BYTES, FeedEntry, parse_feed, read_feed

RSS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<rss version="2.0" {spaces}><channel>{items}</channel></rss>'
)
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
)
LINK = "<link>https://news.example/a</link>"


def rss(*items: str) -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return RSS.format(spaces=SPACES, items=body).encode()


def only(body: bytes) -> FeedEntry:
    (entry,) = parse_feed(body)
    return entry


def test_rss_entry_is_read_in_full():
    """Every part of an RSS 2.0 item lands in its field."""
    entry = only(
        rss(
            "<title><![CDATA[Fees &amp; blocks: <b>up</b>]]></title>"
            "<link><![CDATA[https://news.example/fees?utm_source=rss&id=7&utm_medium=x]]></link>"
            '<guid isPermaLink="false">abc-1</guid>'
            "<pubDate>Mon, 23 Nov 2026 10:00:00 +0100</pubDate>"
            '<description>&lt;p&gt;&lt;img src="https://x.example/1.jpg"&gt;Fees rose.&lt;/p&gt;'
            "</description>"
            "<dc:creator>Ann Example</dc:creator>"
            "<category>Bitcoin</category><category>Markets</category><category>Bitcoin</category>"
        )
    )
    assert entry == FeedEntry(
        id="abc-1",
        title="Fees & blocks: up",
        link="https://news.example/fees?id=7",
        published_ms=1_795_424_400_000,
        summary="Fees rose.",
        categories=("Bitcoin", "Markets"),
        author="Ann Example",
    )


def test_atom_entry_is_read_in_full():
    """Atom links by `rel`, nested authors and XHTML content are understood."""
    entry = only(
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed</title><entry>'
        b'<title type="html">A &amp;amp; B</title><id>urn:x:1</id>'
        b'<link rel="self" href="https://news.example/self"/>'
        b'<link rel="alternate" href="https://news.example/a"/>'
        b"<published>2026-11-23T10:00:00Z</published><updated>2026-11-23T11:00:00Z</updated>"
        b"<author><name>Ann</name><email>ann@news.example</email></author>"
        b'<category term="Ethereum"/><source><title>Other</title></source>'
        b'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>two</p></div>'
        b"</content></entry></feed>"
    )
    assert (entry.id, entry.title, entry.link) == ("urn:x:1", "A & B", "https://news.example/a")
    assert entry.published_ms == 1_795_428_000_000
    assert entry.summary == "One two"
    assert entry.categories == ("Ethereum",)
    assert entry.author == "Ann"


def test_rdf_items_outside_the_channel_are_found():
    """RSS 1.0 puts its items beside the channel."""
    entry = only(
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        b'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        b"<channel><title>C</title></channel><item><title>T</title>"
        b"<link>https://news.example/a</link><dc:date>2026-11-23T10:00:00+00:00</dc:date>"
        b"</item></rdf:RDF>"
    )
    assert (entry.title, entry.published_ms) == ("T", 1_795_428_000_000)


def test_elements_of_other_namespaces_do_not_replace_ours():
    """`media:title` is not the title."""
    entry = only(rss(f"<title>Ours</title>{LINK}<media:title>Theirs</media:title>"))
    assert entry.title == "Ours"


@pytest.mark.parametrize(
    "item",
    [
        LINK,
        f"<title>  </title>{LINK}",
        "<title>T</title>",
        "<title>T</title><link>javascript:alert(1)</link>",
        "<title>T</title><link>data:text/html,x</link>",
        "<title>T</title><link>//news.example/a</link>",
        "<title>T</title><link>https://[bad/a</link>",
        "<title>T</title><link>https://news.example/&#x202e;a</link>",
        f"<title>T</title><link>https://news.example/{'a' * 2000}</link>",
        '<title>T</title><guid isPermaLink="true">ftp://news.example/a</guid>',
    ],
)
def test_entries_without_title_or_link_are_skipped(item: str):
    """An entry that nobody can show or open is left out, the others stay."""
    assert [e.title for e in parse_feed(rss(item, f"<title>Good</title>{LINK}"))] == ["Good"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<script>alert(1)</script>Up", "Up"),
        ("a &lt; b", "a < b"),
        ("Price &amp;amp;lt;script&amp;amp;gt;x", "Price"),
        ("<img src=x onerror=alert(1)>Up", "Up"),
        ("Up\u202edown\u200b\u2066 end", "Up down end"),
        ("&amp;#8217;tis", "\u2019tis"),
        ("line\n\n two", "line two"),
    ],
)
def test_titles_come_out_as_plain_text(markup: str, text: str):
    """Tags, entities, control and bidi characters go (`faults.md` S7)."""
    escaped = markup.replace("<", "&lt;").replace(">", "&gt;")
    title = only(rss(f"<title>x {escaped}</title>{LINK}")).title
    assert title == f"x {text}" or (text == "Price" and "<" not in title)


def test_text_is_cut_to_500_characters():
    """No text is longer than what a model takes."""
    entry = only(rss(f"<title>{'t' * 900}</title>{LINK}<description>{'d ' * 9000}</description>"))
    assert len(entry.title) == 500
    assert len(entry.summary) <= 500


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("Mon, 23 Nov 2026 10:00:00 GMT", 1_795_428_000_000),
        ("Mon, 23 Nov 2026 05:00:00 EST", 1_795_428_000_000),
        ("23 Nov 2026 10:00 -0000", 1_795_428_000_000),
        ("2026-11-23T10:00:00.500Z", 1_795_428_000_500),
        ("Mon, 23 Nov 2026 10:00:00 CEST", None),
        ("2026-11-23T10:00:00", None),
        ("2026-11-23", None),
        ("yesterday", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("9" * 64, None),
        ("", None),
    ],
)
def test_dates_are_read_or_left_out_never_guessed(text: str, ms: int | None):
    """Only a date with a known zone becomes a time."""
    assert only(rss(f"<title>T</title>{LINK}<pubDate>{text}</pubDate>")).published_ms == ms


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", Empty),
        (b" \r\n\t", Empty),
        (b"\xef\xbb\xbf", Empty),
        (b"<!DOCTYPE html><html><body>Moved</body></html>", NotJSON),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', NotJSON),
        (b'<?xml version="1.0"?><!-- x --><HTML></HTML>', NotJSON),
        (b"<svg/>", NotJSON),
        (b'{"error": "moved"}', NotJSON),
        (b"rate limited", NotJSON),
        (b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss/>', Malformed),
        (b"<!-- hidden --><!DOCTYPE rss SYSTEM 'file:///etc/passwd'><rss/>", Malformed),
        ("\ufeff<!DOCTYPE rss [<!ENTITY a 'b'>]><rss/>".encode("utf-16"), Malformed),
        (b"<rss><!DOCTYPE x><channel/></rss>", Malformed),
        (b'<!ENTITY a "b"><rss/>', Malformed),
        (b"<rss><channel><item><title>T</title>", Malformed),
        (b"<rss><channel></rss></channel>", Malformed),
        (b"<rss/><rss/>", Malformed),
        (b"<rss><title>&unknown;</title></rss>", Malformed),
        (b"<rss>\xff</rss>", Malformed),
        (b"<rss>\x00</rss>", Malformed),
        (b'<?xml version="1.0" encoding="utf-7"?><rss/>', Malformed),
        (b"<rss>" + b"<a>" * 100_000, Malformed),
        (b"<rss>" + b"<a/>" * 300_000 + b"</rss>", Malformed),
        (b" " * (MAX_BYTES + 1), TooLarge),
    ],
)
def test_what_is_no_feed_is_refused(body: bytes, error: type[ProviderError]):
    """Each kind of wrong document has its error."""
    with pytest.raises(error):
        parse_feed(body)


@pytest.mark.parametrize("codec", ["utf-16", "iso-8859-1", "windows-1252"])
def test_declared_encodings_are_honoured(codec: str):
    """The declaration decides how bytes are read."""
    text = (
        f'<?xml version="1.0" encoding="{codec}"?>'
        + rss(f"<title>caf\u00e9</title>{LINK}")[38:].decode()
    )
    assert only(text.encode(codec)).title == "caf\u00e9"


def test_a_feed_without_entries_is_empty():
    """No news is an answer."""
    assert parse_feed(rss()) == []


def test_entries_past_the_cap_are_cut():
    """The first 500 are kept, in order."""
    entries = parse_feed(rss(*(f"<title>T{n}</title>{LINK}" for n in range(700))))
    assert [e.title for e in entries] == [f"T{n}" for n in range(500)]


_ITEM = b"<item><title>T</title><link>https://news.example/a</link>%s</item>"


@pytest.mark.parametrize(
    "inside",
    [
        b"<author>" + b"a.a-a" * 800_000 + b"</author>",
        b"".join(b"<category>%d</category>" % n for n in range(100_000)),
        b"<tags>" + b",".join(b"%d" % n for n in range(500_000)) + b"</tags>",
        b"<description><![CDATA[" + b"<div>" * 800_000 + b"]]></description>",
        b"<title>" + b"\n" * 4_000_000 + b"</title>",
        b"<pubDate>" + b"1 " * 2_000_000 + b"</pubDate>",
        b"<source url='x'/>" * 100_000,
        b"<x " + b" ".join(b"a%d=''" % n for n in range(300_000)) + b"/>",
        b"<x " + b" ".join(b"xmlns:a%d='u%d'" % (n, n) for n in range(150_000)) + b"/>",
    ],
    ids=["author", "categories", "tags", "markup", "space", "date", "sources", "attributes", "ns"],
)
def test_hostile_entries_take_bounded_time(inside: bytes):
    """Nothing within the byte cap keeps a thread for longer than the time limit."""
    body = b'<rss version="2.0"><channel>' + _ITEM % inside + b"</channel></rss>"
    assert len(body) <= MAX_BYTES
    start = time.process_time()
    assert [e.title for e in parse_feed(body)] == ["T"]
    assert time.process_time() - start < feeds.TIMEOUT_S


async def test_read_feed_leaves_the_event_loop_free():
    """Parsing happens in a worker."""
    seen: list[int] = []
    original = feeds.parse_feed

    def spy(body: bytes) -> list[FeedEntry]:
        seen.append(threading.get_ident())
        return original(body)

    feeds.parse_feed = spy
    try:
        entries = await read_feed(rss(f"<title>T</title>{LINK}"))
    finally:
        feeds.parse_feed = original
    assert [e.title for e in entries] == ["T"]
    assert seen != [threading.get_ident()]


async def test_read_feed_gives_up_at_its_time_limit(monkeypatch: pytest.MonkeyPatch):
    """A parse that hangs is reported as malformed."""
    release = threading.Event()
    monkeypatch.setattr(feeds, "TIMEOUT_S", 0.01)
    monkeypatch.setattr(feeds, "parse_feed", lambda _body: release.wait(5))
    with pytest.raises(Malformed):
        await read_feed(b"<rss/>")
    release.set()
    await asyncio.sleep(0)


def _parse_or_refuse(body: bytes) -> None:
    try:
        entries = parse_feed(body)
    except ProviderError:
        return
    for entry in entries:
        NewsItem(
            id=entry.id,
            title=entry.title,
            url=entry.link,
            source="x",
            published_at=entry.published_ms,
            summary=entry.summary,
        )


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_raise_provider_errors_only(body: bytes):
    """Whatever a source sends, the caller sees entries or a ProviderError."""
    _parse_or_refuse(body)


_PLAIN = ("item", "entry", "title", "link", "guid", "id", "pubDate", "updated", "description")
_SPACED = ("content:encoded", "dc:creator", "media:title", "geo:where")
_OTHERS = ("author", "name", "category", "image", "textinput", "source")
_NAMES = st.sampled_from((*_PLAIN, *_SPACED, *_OTHERS))
_TEXT = st.one_of(
    st.sampled_from(["https://a.example/?utm_x=1&b=2", "2026-11-23T10:00:00Z", "https://[x", "1"]),
    st.text(max_size=20),
)


@st.composite
def _elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(_NAMES)
    attribute = draw(
        st.sampled_from(["", ' href="https://a.example/"', ' rel="self"', ' type="x"'])
    )
    if depth and draw(st.booleans()):
        inner = "".join(draw(st.lists(_elements(depth - 1), max_size=4)))
    else:
        text = draw(_TEXT)
        inner = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<{name}{attribute}>{inner}</{name}>"


@given(st.lists(_elements(), max_size=5), st.sampled_from(["rss", "feed"]))
@settings(max_examples=150, deadline=None)
def test_arbitrary_feeds_give_entries_a_model_takes(items: list[str], root: str):
    """Every entry that comes out of any tree of elements is a valid news item."""
    spaces = SPACES + ' xmlns:geo="http://www.georss.org/georss"'
    body = f"<{root} {spaces}><item>{''.join(items)}</item>{''.join(items)}</{root}>"
    _parse_or_refuse(body.encode("utf-8", "replace"))
