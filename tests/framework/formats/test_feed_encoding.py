"""Encodings of feeds: what the bytes are counts before what is said of them."""

import pytest

from coinmux import Malformed
from coinmux.framework.formats.feed_encoding import decoded

CYRILLIC = "\u0411\u0438\u0442\u043a\u043e\u0438\u043d"


def document(text: str, declared: str | None) -> str:
    return f"<?xml version='1.0' encoding='{declared}'?><rss>{text}</rss>" if declared else text


@pytest.mark.parametrize(
    ("declared", "sent", "charset", "text"),
    [
        ("us-ascii", "utf-8", "", "Caf\u00e9"),
        ("iso-8859-1", "utf-8", "", "Caf\u00e9"),
        ("utf-16", "utf-8", "", "Caf\u00e9"),
        ("windows-1251", "cp1251", "", CYRILLIC),
        ("koi8-r", "koi8-r", "", CYRILLIC),
        ("iso-8859-2", "iso-8859-2", "", "\u0141\u00f3d\u017a"),
        ("shift_jis", "shift_jis", "", "\u30d3\u30c3\u30c8"),
        ("euc-kr", "euc-kr", "", "\ube44\ud2b8\ucf54\uc778"),
        ("GB2312", "gb2312", "", "\u6bd4\u7279\u5e01"),
        ("big5", "big5", "", "\u6bd4\u7279\u5e63"),
        ("iso-2022-jp", "iso-2022-jp", "", "\u30d3\u30c3\u30c8"),
        ("iso-8859-1", "cp1252", "", "\u201cquoted\u201d"),
        (None, "cp1251", "text/xml; charset=windows-1251", CYRILLIC),
        (None, "iso-8859-1", 'application/rss+xml; charset="ISO-8859-1"', "Caf\u00e9"),
        ("windows-1251", "cp1251", "text/xml; charset=utf-8", CYRILLIC),
        ("x-unheard-of", "utf-8", "", "Caf\u00e9"),
        ("x-unheard-of", "cp1251", "text/xml; charset=cp1251", CYRILLIC),
        ("utf-8", "utf-8-sig", "", "Caf\u00e9"),
        ("utf-16", "utf-16", "", "Caf\u00e9"),
        ("utf-16", "utf-16-le", "", "Caf\u00e9"),
        ("utf-16-be", "utf-16-be", "", "Caf\u00e9"),
        ("utf-32", "utf-32", "", "Caf\u00e9"),
        ("windows-874", "cp874", "", "\u0e1a\u0e34\u0e17"),
        ("Windows-31J", "cp932", "", "\u2460\u30d3"),
        ("shift_jis", "cp932", "", "\u2460\u30d3"),
        ("x-sjis", "shift_jis", "", "\u30d3\u30c3\u30c8"),
        ("x-euc-jp", "euc-jp", "", "\u30d3\u30c3\u30c8"),
        ("gb2312", "gbk", "", "\u6bd4\u7279\u9555"),
        ("x-gbk", "gbk", "", "\u6bd4\u7279\u5e01"),
        ("euc-kr", "cp949", "", "\ubdc1"),
        ("windows-949", "cp949", "", "\ube44\ud2b8"),
        ("x-cp1251", "cp1251", "", CYRILLIC),
        ("win-1251", "cp1251", "", CYRILLIC),
        (None, "cp1251", "text/xml; charset=cp-1251", CYRILLIC),
        ("iso-8859-8-i", "iso8859-8", "", "\u05e9\u05dc\u05d5\u05dd"),
        ("iso-8859-9", "cp1254", "", "\u201c\u0130\u201d"),
        ("x-mac-roman", "mac-roman", "", "Caf\u00e9"),
    ],
)
def test_the_text_is_found(declared, sent, charset, text):
    """Valid UTF-8 first, then the declaration, then the header."""
    found = decoded(document(text, declared).encode(sent), charset)
    assert text in found.text
    assert found.lost == 0


def test_a_declaration_after_blank_lines_counts():
    """Themes write before it."""
    body = b"\r\n\n" + document(CYRILLIC, "windows-1251").encode("cp1251")
    assert CYRILLIC in decoded(body).text


def test_latin_letters_in_what_is_called_utf_8_are_read():
    """They stand inside words, where a text that was cut has nothing; it is said which they are."""
    found = decoded(document("Caf\u00e9s \u201cx\u201d", "utf-8").encode("cp1252"))
    assert "Caf\u00e9s \u201cx\u201d" in found.text
    assert (found.lost, found.assumed) == (0, "windows-1252")
    cyrillic = decoded(document(CYRILLIC, "utf-8").encode("cp1251"))
    assert cyrillic.lost
    assert not cyrillic.assumed


def test_a_nul_in_a_text_goes():
    """As other characters do that XML forbids."""
    assert "Ab" in decoded(b"<rss>A\x00b" + b" " * 200 + b"</rss>").text


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        (b"<rss>A\xff</rss>", 1),
        ("<rss>\u00e9\ufffd".encode() + b"\xe2\x80</rss>", 1),
        ("<?xml version='1.0' encoding='euc-kr'?><rss>\ube44".encode("euc-kr") + b"\xff</rss>", 1),
    ],
)
def test_bytes_without_a_meaning_are_replaced_and_counted(body, lost):
    """Publishers cut texts in the middle of a character."""
    found = decoded(body)
    assert found.lost == lost
    assert "\ufffd" in found.text


@pytest.mark.parametrize(
    "body",
    [
        b"<?xml version='1.0' encoding='x-unheard-of'?><rss>\xff</rss>",
        b"<?xml version='1.0' encoding='utf-7'?><rss/>",
        b"<?xml version='1.0' encoding='punycode'?><rss/>",
        b"<?xml version='1.0' encoding='unicode_escape'?><rss/>",
        b"<?xml version='1.0' encoding='rot13'?><rss>\xff</rss>",
        "<!DOCTYPE rss [<!ENTITY a 'b'>]><rss>&a;</rss>".encode("utf-16-le"),
        b"<rss>A\x00B</rss>",
    ],
)
def test_encodings_for_other_things_and_nul_bytes_are_refused(body):
    """No guess, and no parser that recognises what we did not."""
    with pytest.raises(Malformed):
        decoded(body)
