"""Decode the bytes of a feed: by what they are, then by what the feed and its server say.

Publishers name encodings that their bytes are not in. Bytes that are valid UTF-8 are UTF-8, since
text in another encoding almost never is. All other bytes are read by the XML declaration, then by
the charset of the HTTP header. UTF-16 and UTF-32 show in the first bytes.

Source: XML 1.0 appendix F, RFC 7303, the labels of the WHATWG Encoding Standard and the codecs of
Python, read 2026-11-24.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from coinmux.framework.errors import Empty, Malformed

#: Characters before the XML declaration or the root element that are searched for it.
LEADING = 4096
_ENCODING = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']\s*([A-Za-z0-9._:+-]{1,40})""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9._:+-]{1,40})""", re.IGNORECASE)
#: Characters that XML does not allow.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]+")
#: Codecs of Python that are no character sets of documents; idna and punycode are quadratic.
_NOT_FOR_DOCUMENTS = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7", "mbcs"}
)
#: Codecs that write every text in seven bits, so that it is valid UTF-8 too.
_SEVEN_BITS = ("iso2022", "hz")
#: The encoding of Windows that browsers and feed readers take a name for: it has all characters of
#: the one that is named, and publishers write those it has beside them.
_WIDER = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
    "euc_kr": "cp949", "big5": "big5hkscs",
}  # fmt: skip
#: Names that Python does not know, without `x-`.
_OTHER_NAMES = {
    "windows-31j": "cp932", "sjis": "cp932", "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8", "mac-roman": "mac-roman", "mac-cyrillic": "mac-cyrillic",
    "csgb2312": "gb18030", "csshiftjis": "cp932", "cseuckr": "cp949", "csbig5": "big5hkscs",
}  # fmt: skip
#: `windows-949`, `win-1251`, `x-cp1251`, `cp-1251`, `dos-874`.
_CODE_PAGE = re.compile(r"(?:windows|win|cp|dos|ibm|ms)[-_]?(\d{3,4})", re.ASCII)
#: The first bytes of a document in UTF-16 without a mark.
_UNMARKED = {
    b"<\x00?\x00": "utf-16-le",
    b"<\x00r\x00": "utf-16-le",
    b"<\x00f\x00": "utf-16-le",
    b"\x00<\x00?": "utf-16-be",
    b"\x00<\x00r": "utf-16-be",
    b"\x00<\x00f": "utf-16-be",
}
#: Of the characters of a text, one in so many may be NUL; more are no text.
_ONE_NUL_IN = 100
#: A letter of Latin-1 inside a word: text that was cut in the middle of a character has none.
_LATIN_LETTER = re.compile(rb"[\x00-\x7f][\x80-\xff]{1,2}(?=[a-z])")
_HIGH = re.compile(rb"[\x80-\xff]{3}")


class Decoded(NamedTuple):
    """The text of a feed.

    Attributes:
        lost: bytes that had no meaning in the encoding; U+FFFD stands in their place.
        assumed: the encoding that nobody named, by which it was read; "" if one was named.
    """

    text: str
    lost: int = 0
    assumed: str = ""


def decoded(body: bytes, content_type: str = "") -> Decoded:
    """The text of `body`.

    Args:
        content_type: of the HTTP answer; its charset counts where the document names none.

    Raises:
        Empty: nothing but white space.
        Malformed: many NUL bytes, or an encoding nobody knows.
    """
    found = _decoded(body, content_type)
    if found.text.count("\x00") * _ONE_NUL_IN > len(found.text):
        raise Malformed("a feed with NUL bytes")
    found = found._replace(text=_FORBIDDEN.sub("", found.text))
    if not found.text.strip("\ufeff \t\r\n"):
        raise Empty("an empty feed")
    return found


def _decoded(body: bytes, content_type: str) -> Decoded:
    if body.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _replacing(body, "utf-32")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _replacing(body, "utf-16")
    if body[:4].lower() in _UNMARKED:
        return _replacing(body, _UNMARKED[body[:4].lower()])
    named = _ENCODING.search(body, 0, LEADING)
    told = _CHARSET.search(content_type)
    names = [named[1].decode("ascii")] if named else []
    names += [told[1]] if told else []
    found = [codec for codec in map(_codec, names) if codec is not None]
    if found and found[0] in _NOT_FOR_DOCUMENTS:
        raise Malformed(f"a feed in the encoding {names[0][:40]!r}")
    seven = found and found[0].startswith(_SEVEN_BITS)
    for codec in found if seven else ["utf-8", *found]:
        try:
            return Decoded(body.decode(codec))
        except UnicodeDecodeError:
            continue
    if not found and names:
        raise Malformed(f"a feed in the encoding {names[0][:40]!r}")
    codec = found[0] if found else "utf-8"
    if codec == "utf-8" and _is_latin(body):
        return Decoded(body.decode("cp1252", "replace"), assumed="windows-1252")
    return _replacing(body, codec)


def _is_latin(body: bytes) -> bool:
    """Whether a text that is no UTF-8 throughout has accented letters inside its words."""
    if _HIGH.search(body) or not _LATIN_LETTER.search(body):
        return False
    # No character of UTF-8 at all, and none that windows-1252 does not have.
    return body.decode("utf-8", "ignore").isascii() and not re.search(
        b"[\x81\x8d\x8f\x90\x9d]", body
    )


def _codec(name: str) -> str | None:
    """Python's name of a text encoding; None if it has none of that name."""
    name = name.lower()
    while name.startswith("x-"):
        name = name[2:]
    page = _CODE_PAGE.fullmatch(name)
    name = f"cp{page[1]}" if page else _OTHER_NAMES.get(name, name)
    try:
        info = codecs.lookup(name)
        b"ab".decode(name, "ignore")  # refuses codecs that do not make text
    except (LookupError, ValueError):
        return None
    return _WIDER.get(info.name, info.name)


def _replacing(body: bytes, codec: str) -> Decoded:
    text = body.decode(codec, "replace")
    return Decoded(text, text.count("\ufffd") - body.count(b"\xef\xbf\xbd"))
