"""Decode the bytes of a feed: by what they are, then by what the feed and its server say.

Publishers name encodings that their bytes are not in. Bytes that are valid UTF-8 are UTF-8, since
text in another encoding almost never is. All other bytes are read by the XML declaration, then by
the charset of the HTTP header.

Source: XML 1.0 appendix F, RFC 7303 and the codecs of Python, read 2026-11-24.
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
#: Characters that XML does not allow; NUL is refused before.
_FORBIDDEN = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]+")
#: Codecs of Python that are no character sets of documents; idna and punycode are quadratic.
_NOT_FOR_DOCUMENTS = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7", "mbcs"}
)
#: Codecs that write every text in seven bits, so that it is valid UTF-8 too.
_SEVEN_BITS = ("iso2022", "hz")
#: ISO-8859-1 means windows-1252 where it is declared: browsers and feed readers agree on that.
_WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252"}


class Decoded(NamedTuple):
    """The text of a feed.

    Attributes:
        lost: bytes that had no meaning in the encoding; U+FFFD stands in their place.
    """

    text: str
    lost: int = 0


def decoded(body: bytes, content_type: str = "") -> Decoded:
    """The text of `body`.

    Args:
        content_type: of the HTTP answer; its charset counts where the document names none.

    Raises:
        Empty: nothing but white space.
        Malformed: NUL bytes, or an encoding nobody knows.
    """
    found = _decoded(body, content_type)
    if "\x00" in found.text:
        # A text in UTF-16 without its mark, which some parsers would recognise and expand.
        raise Malformed("a feed with NUL bytes")
    found = found._replace(text=_FORBIDDEN.sub("", found.text))
    if not found.text.strip("\ufeff \t\r\n"):
        raise Empty("an empty feed")
    return found


def _decoded(body: bytes, content_type: str) -> Decoded:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _replacing(body, "utf-16")
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
    return _replacing(body, found[0] if found else "utf-8")


def _codec(name: str) -> str | None:
    """Python's name of a text encoding; None if it has none of that name."""
    try:
        info = codecs.lookup(name)
        b"ab".decode(name, "ignore")  # refuses codecs that do not make text
    except (LookupError, ValueError):
        return None
    return _WIDER.get(info.name, info.name)


def _replacing(body: bytes, codec: str) -> Decoded:
    text = body.decode(codec, "replace")
    return Decoded(text, text.count("\ufffd") - body.count(b"\xef\xbf\xbd"))
