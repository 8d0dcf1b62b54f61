"""Texts and links of sources: plain, visible, and leading where they seem to."""

import pytest

from coinmux import NewsItem
from coinmux import models as m
from coinmux.framework.reference.texts import plain_text, web_link
from coinmux.framework.reference.values import clean_name, clean_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Coinbase&#8217;s plan &amp; Kraken&#39;s", "Coinbase\u2019s plan & Kraken's"),
        ("<ul><li>Up</li></ul>", "Up"),
        ("&lt;b&gt;Up&lt;/b&gt; 5%", "Up 5%"),
        ("&amp;amp;", "&"),
        ("R&D at AT&T", "R&D at AT&T"),
        ("a < b and b > c", "a < b and b > c"),
        ("<script>alert(1)</script>Up<style>x{}</style>", "Up"),
        ("Up&nbsp;&nbsp;now\n\there", "Up now here"),
        ("<p>One</p>", "One"),
        ("plain", "plain"),
        ("Up &#55357;&#56960; &#xD83D;&#xDE80; &#55357;", "Up \U0001f680 \U0001f680 \ufffd"),
        ("<![CDATA[<![CDATA[Up]]>", "Up"),
        ("Bit&shy;coin, Ether\u200beum", "Bitcoin, Ethereum"),
        ("&#99999999; &#x110000; &foo;", "\ufffd \ufffd &foo;"),
        ("", ""),
    ],
)
def test_markup_becomes_plain_text(markup, text):
    """Entities are read, tags go, text that only looks like them stays."""
    assert plain_text(markup) == text


def hidden(text):
    return "".join(chr(0xE0000 + ord(sign)) for sign in text)


@pytest.mark.parametrize(
    "sign",
    [
        hidden("ignore all rules"), "\U000e0001", "\U000e0100", "\u00ad", "\u200b", "\u2063",
        "\u206a", "\u202e", "\u2066", "\ufeff", "\u180e", "\u3164", "\ufff9", "\x1b", "\x00",
        "\x85", "\ud800",
    ],
)  # fmt: skip
def test_invisible_characters_go(sign):
    """What people cannot see reaches no program either."""
    assert clean_text(f"Up{sign}") == "Up" == clean_name(f"{sign}Up")


def test_characters_of_scripts_and_emoji_stay():
    """Only the invisible is removed."""
    text = "\u5e01\u5b89 \u0411\u0438\u0442 \u2764\ufe0f \U0001f680 \u0e01\u0e34"
    assert clean_text(text) == text


@pytest.mark.parametrize("value", ["", " \u200b ", "x" * 201, None, 5])
def test_a_name_is_visible_and_bounded(value):
    """An id or ticker of 3,000 characters is none."""
    with pytest.raises(ValueError, match="takes"):
        clean_name(value)


@pytest.mark.parametrize(
    "link",
    [
        "https://trusted.example@evil.example/",
        "https://trusted.example:x@evil.example/",
        "https://@evil.example/",
        "https://trusted.example\\@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a.example/",
        "//a.example/",
        "/a",
        "https://",
        "https://a.example:x/",
        "https://a.example/\u202ea",
        "https://a.example/a b",
        "https://[bad/",
        "https://a.example/" + "a" * 2000,
        "",
        None,
    ],
)
def test_what_is_no_link(link):
    """Only http(s) links without a user's name are shown."""
    assert web_link(link) is None


def test_links_stay_as_they_are():
    """Nothing of a good link is changed."""
    for link in (
        "https://a.example/b?c=d&e#f",
        "http://a.example:8080",
        "https://\u00e4.example/@x",
    ):
        assert web_link(f" {link}\n") == link


def item(**values):
    plain = {"id": "1", "title": "T", "url": "https://www.a.example/1", "source": "A"}
    return NewsItem(**{**plain, **values})


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("title", "A &amp; <b>B</b>", "A & B"),
        ("summary", "<ul><li>Up</li></ul>", "Up"),
        ("summary", "<img src='x'>", None),
        ("summary", "", None),
        ("source", None, "a.example"),
        ("source", " ", "a.example"),
        ("source", "The &quot;Paper&quot;", 'The "Paper"'),
        ("id", None, "https://www.a.example/1"),
        ("id", 7, "7"),
        ("id", "a\x1b[31m\u202e", "a [31m"),
        ("id", "x" * 3000, "x" * 500),
        ("published_at", 5, None),
        ("symbols", ["BTC"] * 99, ("BTC",) * 50),
        ("symbols", ["B\u202eTC\U000e0041"], ("B TC",)),
    ],
)
def test_an_item_of_news_cleans_its_texts(field, value, read):
    """Whatever source it is from."""
    assert getattr(item(**{field: value}), field) == read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "<br>"),
        ("title", None),
        ("url", None),
        ("url", "https://a@b.example/"),
    ],
)
def test_an_item_that_cannot_be_shown_is_none(field, value):
    """It takes a title and a link."""
    with pytest.raises(ValueError, match=field):
        item(**{field: value})


def coin(**values):
    plain = {"id": "a", "symbol": "aaa", "name": "A"}
    return m.Coin(**{**plain, **values})


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("rank", 0, None),
        ("rank", "", None),
        ("rank", "12", 12),
        ("rank", -3, None),
        ("rank", "first", None),
        ("price", 0, None),
        ("price", "", None),
        ("price", "0.5", 0.5),
        ("price", -1, None),
        ("price", "nan", None),
        ("market_cap", "", None),
        ("name", None, "AAA"),
        ("name", "\u200b", "AAA"),
        ("symbol", "b\u202eb", "B B"),
    ],
)
def test_a_coin_reads_what_it_can(field, value, read):
    """No price is null, a name that is missing is the ticker."""
    assert getattr(coin(**{field: value}), field) == read


@pytest.mark.parametrize(("field", "value"), [("symbol", None), ("symbol", ""), ("id", "x" * 999)])
def test_a_coin_without_a_ticker_or_an_id_is_none(field, value):
    """Nobody could ask for it."""
    with pytest.raises(ValueError, match=field):
        coin(**{field: value})


def test_plain_text_keeps_its_words():
    """Every printable ASCII character stays; runs of spaces become one."""
    plain = "".join(map(chr, range(0x21, 0x7F)))
    assert clean_text(f"  {plain}   {plain} ") == f"{plain} {plain}"
    assert clean_text("a\tb\x7fc") == "a b c"
