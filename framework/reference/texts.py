"""Plain text and links out of what sources write: no markup, nothing invisible, no trap."""

from __future__ import annotations

import html
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import nh3
from pydantic import BeforeValidator

from coinmux.framework.reference.values import clean_text

#: A longer link is none: half a link leads elsewhere.
MAX_LINK = 2000
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>", re.IGNORECASE)
#: A character beyond the first 65,536 as two references, as programs write that know only those.
_TWO_HALVES = re.compile(r"&#(?:(\d{5})|[xX]([0-9a-fA-F]{4}));&#(?:(\d{5})|[xX]([0-9a-fA-F]{4}));")
_MARKUP = re.compile(r"<[a-zA-Z!/?]|&(?:#\w{1,7}|[a-zA-Z]{2,31});")
#: Characters of markup that are read: more than any text of 500 characters needs.
_MARKUP_CHARS = 20_000


def plain_text(markup: Any) -> str:
    """Text without tags, entities, control or bidi characters; one line, at most 500 characters.

    Entities are decoded as often as the source escaped its text, four times at most.

    Raises:
        ValueError: `markup` is no text.
    """
    if not isinstance(markup, str):
        raise ValueError("takes text")
    text = _CDATA.sub("", joined_surrogates(markup[:_MARKUP_CHARS]))
    for _ in range(4):
        if "<" not in text and "&" not in text:
            break
        text = html.unescape(nh3.clean(text, tags=set()))
        if not _MARKUP.search(text):
            break
    return clean_text(text)


def joined_surrogates(text: str) -> str:
    """Text in which two references to the halves of one character are one reference to it."""
    return _TWO_HALVES.sub(_joined, text) if "&#" in text else text


def _joined(found: re.Match[str]) -> str:
    high, low = (
        int(decimal) if decimal else int(digits, 16)
        for decimal, digits in (found.group(1, 2), found.group(3, 4))
    )
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return found[0]
    return f"&#{0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00};"


def _plain_or_none(markup: Any) -> str | None:
    return None if markup is None else plain_text(markup) or None


def web_link(text: Any) -> str | None:
    """An http(s) link that leads where it seems to; None for anything else.

    A link that names a user (`https://trusted.example@evil.example/`) is none: readers take the
    user's name for the host.
    """
    if not isinstance(text, str):
        return None
    link = text.strip()
    if len(link) > MAX_LINK or not link.isprintable() or " " in link:
        return None
    try:
        parts = urlsplit(link)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return None if "@" in parts.netloc or "\\" in link else link


#: Text of a source that may have markup, as plain text.
PlainText = Annotated[str, BeforeValidator(plain_text)]
#: The same; None for null and for a text of nothing but markup.
PlainTextOrNone = Annotated[str | None, BeforeValidator(_plain_or_none)]
