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
from coinmux.framework.reference.rows import collecting

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
        f"<title><![CDATA[<img src='x'>]]></title>{LINK}<description> </description>",
        "<title>T</title><link>https://trusted.example@evil.example/</link>",
        "<title>T</title><link>https://trusted.example\\@evil.example/</link>",
        "<title>T</title><link>www.news.example/a</link>",
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
        ("Mon, 23 Nov 2026 11:00:00 CET", 1_795_428_000_000),
        ("Mon, 23 Nov 2026 10:00:00 IST", None),
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
        b"<" * 4_000_000,
        b"&" * 4_000_000,
        b'<a "' + b"x" * 4_000_000,
        b"<title>" + b"<![CDATA[x]]>" * 190_000 + b"</title>",
        b"<a b='c' xmlns:d='e'/>" * 150_000,
    ],
    ids=[
        "author",
        "categories",
        "tags",
        "markup",
        "space",
        "date",
        "sources",
        "attributes",
        "ns",
        "signs",
        "ampersands",
        "quote",
        "sections",
        "declarations",
    ],
)
def test_hostile_entries_take_bounded_time(inside: bytes):
    """Nothing within the byte cap keeps a thread for longer than the time limit."""
    body = b'<rss version="2.0"><channel>' + _ITEM % inside + b"</channel></rss>"
    assert len(body) <= MAX_BYTES
    start = time.process_time()
    assert [e.title for e in parse_feed(body)] == ["T"]
    assert time.process_time() - start < feeds.TIMEOUT_S


@pytest.mark.parametrize(
    "inside",
    [b"<a " * 1_300_000, b'<a "' * 1_000_000, b"<?a?>" * 800_000, b"</a>" * 1_000_000],
    ids=["no end", "open quotes", "instructions", "ends"],
)
def test_documents_of_too_many_tags_are_refused_in_time(inside: bytes):
    """What only looks like a tag counts as one."""
    start = time.process_time()
    with pytest.raises(Malformed, match="tags"):
        parse_feed(b'<rss version="2.0"><channel>' + inside + b"</channel></rss>")
    assert time.process_time() - start < feeds.TIMEOUT_S


def titles(body: bytes, content_type: str = "", address: str = "") -> list[str]:
    return [entry.title for entry in parse_feed(body, content_type, address)]


def item(title: str, name: str = "a") -> str:
    return f"<item><title>{title}</title><link>https://news.example/{name}</link></item>"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"\r\n\n<?xml version='1.0'?><rss><channel>{item('A')}</channel></rss>", ["A"]),
        (f"\ufeff\ufeff <?xml version='1.0'?>\n<rss>{item('A')}</rss>", ["A"]),
        (
            f"<br />\n<b>Warning</b>: x in /y on line 3<br /><?xml version='1.0'?>"
            f"<rss>{item('A')}</rss>",
            ["A"],
        ),
        (f"<!-- cached --> <rss version='2.0'>{item('A')}</rss>", ["A"]),
        (f"<?xml-stylesheet href='x'?><rss>{item('A')}</rss>\n<!-- 0.2 s -->", ["A"]),
        (
            f"<rss>{item('Profit & loss at R&D')}{item('B', 'b')}</rss>",
            ["Profit & loss at R&D", "B"],
        ),
        (
            f"<rss>{item('Bit' + chr(8) + 'coin')}{item(chr(0x1B) + 'B' + chr(0xFFFF), 'b')}</rss>",
            ["Bitcoin", "B"],
        ),
        (
            f"<rss>{item('A&nbsp;B &mdash; C&rsquo;s &hellip;')}</rss>",
            ["A B \u2014 C\u2019s \u2026"],
        ),
        (f"<rss>{item('A &unknown; B')}</rss>", ["A &unknown; B"]),
        (f"<rss>{item('&#x1F680; &#8217; &#99999999;')}</rss>", ["\U0001f680 \u2019 \ufffd"]),
        (f"<rss>{item('Fees < 1 USD <3')}{item('B', 'b')}</rss>", ["Fees < 1 USD <3", "B"]),
        (f"<rss>{item('A<br>B <b>bold')}{item('C', 'c')}</rss>", ["A B bold", "C"]),
        (f"<rss><channel><snf:logo><url>x</url></snf:logo>{item('A')}</channel></rss>", ["A"]),
        (f"<rss><channel a=1 b='x' a=2>{item('A')}</channel></rss>", ["A"]),
        (f"<RSS><Channel>{item('A')}</channel></rss>", ["A"]),
        ("<rss><item><title>A</Title><link>https://n.example/a</LINK></item></rss>", ["A"]),
        (
            f"<rss><item><title>A</title><link>https://n.example/1</link>{item('B')}</rss>",
            ["A", "B"],
        ),
        (f"<rss><channel>{item('A')}</channel></rss></rss>", ["A"]),
        (f"<rss><channel>{item('A')}<item><title>cut off he", ["A"]),
        (f"<rss><channel>{item('A')}<item><title><![CDATA[cut off he", ["A"]),
        (f"<rss><channel>{item('A')}<item><link>https://news.exam", ["A"]),
        (
            '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
            f'"http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss>{item("A")}</rss>',
            ["A"],
        ),
        (f"<!DOCTYPE rss><rss>{item('A')}</rss>", ["A"]),
        (f"<?xml version='1.0' encoding='utf-8'><rss>{item('A')}</rss>", ["A"]),
        (f"<?xml version=\u201c1.0\u201d?><rss>{item('A')}</rss>", ["A"]),
        (f"<rss>{item('<![cdata[A]]>')}{item('<! [CDATA[B]]>', 'b')}</rss>", ["A", "B"]),
        (f"<rss>{item('<![CDATA[<![CDATA[A]]]]><![CDATA[>]]>')}</rss>", ["A"]),
        (f"<rss>{item('<![CDATA[A ]]> and B ]]>')}</rss>", ["A and B"]),
        (f"<rss>{item('Up &#55357;&#56960;')}</rss>", ["Up \U0001f680"]),
        (f"<rss>{item('Bit&#8203;coin &shy;up')}</rss>", ["Bitcoin up"]),
        ("<rss><item><dc:title>A</dc:title><link>https://n.example/a</link></item></rss>", ["A"]),
        (
            "<rss><item><media:title>A</media:title><link>https://n.example/a</link></item></rss>",
            ["A"],
        ),
        (
            "<rss><item><title>A</title><link>https://n.example/a</link><description>"
            "<!DOCTYPE html><html><p>B</p></html></description></item></rss>",
            ["A"],
        ),
    ],
)
def test_what_is_not_well_formed_is_read(text: str, found: list[str]):
    """Each slip costs what it damages, never the feed."""
    assert titles(text.encode()) == found


@pytest.mark.parametrize(
    ("root", "title"),
    [
        ('<rss xmlns="https://cyber.harvard.edu/rss/rss.html"><channel>{}</channel></rss>', "A"),
        ('<rss xmlns="http://blogs.law.harvard.edu/tech/rss">{}</rss>', "A"),
        ('<rss><channel xmlns="urn:mine">{}</channel></rss>', "A"),
        ('<x:rss xmlns:x="urn:mine"><x:channel>{}</x:channel></x:rss>', "A"),
        ('<rss version="0.91"><channel>{}</channel></rss>', "A"),
        ('<RDF xmlns="http://my.netscape.com/rdf/simple/0.9/">{}</RDF>', "A"),
        ('<rdf:RDF xmlns="http://purl.org/rss/1.0/"><channel/>{}</rdf:RDF>', "A"),
        ('<Channel xmlns="http://purl.org/net/rss1.1#"><items>{}</items></Channel>', "A"),
        ('<feed xmlns="https://www.w3.org/2005/Atom/">{}</feed>', "A"),
    ],
)
def test_dialects_are_read(root: str, title: str):
    """The default namespace of root, channel or item is the feed's own."""
    assert titles(root.format(item("A")).encode()) == [title]


def test_entries_that_share_an_id_are_told_apart_by_their_links():
    """Some themes give every entry the id of the site."""
    shared = "<title>A</title><guid isPermaLink='false'>1</guid><link>https://n.example/{}</link>"
    own = "<title>B</title><guid isPermaLink='false'>2</guid><link>https://n.example/c</link>"
    entries = parse_feed(rss(shared.format("a"), shared.format("b"), own))
    assert [entry.id for entry in entries] == ["https://n.example/a", "https://n.example/b", "2"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "JSON in place"),
        (b"<head><title>Just a moment...</title></head>", "an HTML page in place"),
        (b"Service unavailable", "plain text in place"),
        (b"<opml version='2.0'><body/></opml>", "an XML document of 'opml'"),
    ],
)
def test_what_came_in_place_of_a_feed_is_said(body: bytes, words: str):
    """An operator sees what a publisher sends."""
    with pytest.raises(NotJSON, match=words):
        parse_feed(body)


def test_entities_stay_refused_whatever_hides_them():
    """Neither an encoding without its mark nor NUL bytes let one through."""
    text = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss>{}</rss>'.format(" " * 300)
    for body in (text.encode("utf-16-le"), text.replace("ENT", "E\0NT").encode()):
        with pytest.raises(Malformed, match="document type"):
            parse_feed(body)


def test_atom_of_2003_is_read():
    """Version 0.3 has other names for its dates."""
    entry = only(
        b'<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>A</title>'
        b'<link rel="alternate" type="text/html" href="https://news.example/a"/>'
        b"<id>tag:x</id><issued>2026-11-23T10:00:00Z</issued></entry></feed>"
    )
    assert (entry.id, entry.published_ms) == ("tag:x", 1_795_428_000_000)


def test_prefixes_that_nobody_declared_mean_what_they_usually_mean():
    """`dc:date` is a date, `media:title` no title."""
    entry = only(
        b"<rss><item><media:title>No</media:title><title>A</title>"
        b"<atom:link rel='alternate' href='https://news.example/a'/>"
        b"<dc:date>2026-11-23T10:00:00Z</dc:date><content:encoded>Text</content:encoded>"
        b"</item></rss>"
    )
    assert (entry.title, entry.link, entry.summary) == ("A", "https://news.example/a", "Text")
    assert entry.published_ms == 1_795_428_000_000


CHANNEL = "<rss><channel><link>https://wire.example/news/</link>{}</channel></rss>"
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" {}>{}<entry{}><title>A</title>{}</entry></feed>'


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (CHANNEL.format("<item><title>A</title><link>/1</link></item>"), "https://wire.example/1"),
        (
            CHANNEL.format("<item><title>A</title><link>1?b=2</link></item>"),
            "https://wire.example/news/1?b=2",
        ),
        (
            CHANNEL.format("<item><title>A</title><link>//other.example/1</link></item>"),
            "https://other.example/1",
        ),
        (
            CHANNEL.format(
                "<item xml:base='https://base.example/'><title>A</title><link>1</link></item>"
            ),
            "https://base.example/1",
        ),
        (
            "<rss><channel><item><title>A</title><link>1</link></item></channel></rss>",
            "https://feeds.example/wire/1",
        ),
        (
            "<rss><channel><link>/home/</link><item><title>A</title><link>1</link></item>"
            "</channel></rss>",
            "https://feeds.example/home/1",
        ),
        (
            "<rss><channel><item><title>A</title><link>1</link></item>"
            "<link>https://late.example/</link></channel></rss>",
            "https://late.example/1",
        ),
        (
            "<rss><channel><image><link>https://img.example/</link></image><item><title>A</title>"
            "<link>1</link></item></channel></rss>",
            "https://feeds.example/wire/1",
        ),
        (
            ATOM.format('xml:base="https://base.example/x/"', "", "", '<link href="1"/>'),
            "https://base.example/x/1",
        ),
        (
            ATOM.format(
                'xml:base="https://base.example/x/"', "", ' xml:base="y/"', '<link href="1"/>'
            ),
            "https://base.example/x/y/1",
        ),
        (
            ATOM.format(
                "",
                '<link rel="self" href="https://no.example/"/>'
                '<link rel="alternate" href="https://yes.example/"/>',
                "",
                '<link href="/1"/>',
            ),
            "https://yes.example/1",
        ),
        (
            ATOM.format("", "", "", '<link href="1" xml:base="https://own.example/"/>'),
            "https://own.example/1",
        ),
        (
            ATOM.format("", "", "", "<id>https://news.example/by-id</id>"),
            "https://news.example/by-id",
        ),
        (
            "<rss><item><title>A</title><guid>https://news.example/guid</guid></item></rss>",
            "https://news.example/guid",
        ),
        (
            "<rss><item><title>A</title><guid isPermaLink='true'>/1</guid></item></rss>",
            "https://feeds.example/1",
        ),
        (
            "<rdf:RDF><rss:item rdf:about='https://news.example/about'><rss:title>A</rss:title>"
            "</rss:item></rdf:RDF>",
            "https://news.example/about",
        ),
        (
            ATOM.format("", "", "", '<content type="text/html" src="/text.html"/>'),
            "https://feeds.example/text.html",
        ),
        (
            ATOM.format(
                "",
                "",
                "",
                '<link rel="alternate" type="application/json" href="/a.json"/>'
                '<link rel="alternate" type="text/html" href="/a"/>',
            ),
            "https://feeds.example/a",
        ),
        (
            ATOM.format(
                "",
                "",
                "",
                '<link rel="http://www.iana.org/assignments/relation/alternate" href="/a"/>',
            ),
            "https://feeds.example/a",
        ),
        (
            CHANNEL.format(
                "<item><title>A</title><link>https://ads.example/~r/1</link>"
                "<feedburner:origLink>https://wire.example/1</feedburner:origLink></item>"
            ),
            "https://wire.example/1",
        ),
        *(
            (
                CHANNEL.format(f"<item><title>A</title><link>{written}</link></item>"),
                "https://wire.example/a",
            )
            for written in (
                "https:/wire.example/a",
                "https//wire.example/a",
                "https:///wire.example/a",
                "http://https://wire.example/a",
                "wire.example/a",
                "https://wire.example/\n    a",
            )
        ),
        (
            CHANNEL.format("<item><title>A</title><link>/a b</link></item>"),
            "https://wire.example/a%20b",
        ),
        (
            "<rss><item><title>A</title><link>https://news.example/?a=1&copy=2&lt=3</link></item>"
            "</rss>",
            "https://news.example/?a=1&copy=2&lt=3",
        ),
    ],
)
def test_links_are_made_whole(text: str, link: str):
    """By `xml:base`, else by the channel's page, else by the feed's own address."""
    (entry,) = parse_feed(text.encode(), "", "https://feeds.example/wire/rss.xml")
    assert entry.link == link


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        ("<description>&lt;p&gt;Miners sold more.&lt;/p&gt;</description>", "Miners sold more."),
        ("<title/><content:encoded><![CDATA[<p>Text</p>]]></content:encoded>", "Text"),
        ("<title>&lt;b&gt;&lt;/b&gt;</title><summary>Sum</summary>", "Sum"),
        (f"<description>{'word ' * 60}</description>", f"{('word ' * 24)[:-1]}\u2026"),
        ("<title> </title><description>Note</description>", "Note"),
    ],
)
def test_an_entry_without_a_title_is_shown_by_its_text(inside: str, title: str):
    """RSS asks for a title or a description."""
    assert only(rss(f"{LINK}{inside}")).title == title


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (f"<rss>{item('A')}<item><title>cut".encode(), "it ends in the middle"),
        (f"<rss>{item('A')}<item><title>B</link></item></rss>".encode(), "its tags do not match"),
        (f"<rss>{item('A')}</rss><rss/>".encode(), "something follows its end"),
        (
            f"<rss>{item('A')}</rss>".encode().replace(b"A", b"A\xff"),
            "1 bytes without a meaning",
        ),
    ],
)
def test_what_was_lost_is_said(text: bytes, remark: str):
    """A damaged feed is served with a remark."""
    with collecting() as damage:
        assert parse_feed(text)[0].title[0] == "A"
    assert remark in " ".join(damage.notes())


def test_entries_left_out_are_counted():
    """One without a link is missed by somebody."""
    with collecting() as damage:
        parse_feed(rss("<title>T</title>", f"<title>Good</title>{LINK}"))
    assert damage.rows_left_out == 1
    assert damage.notes() == ("1 unreadable entries left out: an entry without a link",)


def test_a_feed_of_which_most_cannot_be_read_is_refused():
    """Silence would look like no news."""
    with pytest.raises(ProviderError, match="an entry without a link"):
        parse_feed(rss("<title>T</title>", "<title>U</title>", f"<title>Good</title>{LINK}"))


async def test_read_feed_leaves_the_event_loop_free():
    """Parsing happens in a worker."""
    seen: list[int] = []
    original = feeds.parse_feed

    def spy(body: bytes, content_type: str, address: str) -> list[FeedEntry]:
        seen.append(threading.get_ident())
        return original(body, content_type, address)

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
    monkeypatch.setattr(feeds, "parse_feed", lambda *_: release.wait(5))
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
