"""Split the markup of a feed into tags and text, whether or not it is well-formed XML.

Many feeds are not well-formed: bare ampersands, control characters, entities of HTML,
prefixes that nobody declared, tags that are never closed. XML parsers stop at the first such place,
and those that go on drop text around it. This reader has no entities but characters, no DTD and no
external files, and reads each character a bounded number of times, so it needs no other limit.

Source: XML 1.0 fifth edition, HTML Living Standard (named character references), read 2026-11-24.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from coinmux.framework.errors import Malformed, NotJSON
from coinmux.framework.reference.texts import joined_surrogates

#: Tags and texts of a document, those included that only look like a tag: bounds the time.
MAX_TOKENS = 400_000
#: Characters of the attributes of one tag that are read.
_ATTRIBUTES_CHARS = 10_000
# A quoted value may hold `>`; no part of a tag may hold `<`, so that each try ends at the next one.
_TAG = re.compile(r"""<(/?)([^\W\d][\w.:-]{0,99})((?:[^<>"']+|"[^"<]*"|'[^'<]*')*+)>""", re.ASCII)
_LOOSE_TAG = re.compile(r"<(/?)([^\W\d][\w.:-]{0,99})((?:[\s/][^<>]*)?)>", re.ASCII)
_MARKUP = re.compile(r"<(?=[/!?A-Za-z_])")
_ATTRIBUTE = re.compile(r"""([\w.:-]{1,100})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
#: A document type that declares nothing: a name alone, or that of RSS 0.91, which names a file.
_PUBLIC_TYPE = re.compile(
    r"""<!DOCTYPE\s{1,9}(?:rss|rdf:RDF|feed)\s{0,9}>|<!DOCTYPE\s{1,9}(?:rss|rdf:RDF)\s{1,9}PUBLIC\s{1,9}"[^"<>]{0,200}"\s{0,9}"""
    r"""(?:"[^"<>]{0,200}"\s{0,9})?>""",
    re.IGNORECASE,
)
_HTML_TYPE = re.compile(r"<!doctype\s{1,9}html", re.IGNORECASE)
_CDATA = re.compile(r"<!\s{0,9}\[\s{0,9}CDATA\s{0,9}\[", re.IGNORECASE)


class StartTag(NamedTuple):
    """An element begins; its name in lower case, its attributes as written."""

    name: str
    attributes: str
    is_empty: bool


class EndTag(NamedTuple):
    """An element ends."""

    name: str


class Text(NamedTuple):
    """Characters; those of a CDATA section are meant literally."""

    raw: str
    is_literal: bool


class Cut(NamedTuple):
    """The document ends inside a tag, a comment or a CDATA section."""


Token = StartTag | EndTag | Text | Cut
_CUT: Final = Cut()


def tokens(text: str) -> Iterator[Token]:
    """The tags and texts of a document in order, without comments and processing instructions.

    Raises:
        Malformed: a document type or an entity declaration, or more than `MAX_TOKENS`.
        NotJSON: the document type of HTML.
    """
    at = 0
    last_end = text.rfind(">")
    is_inside = False
    for _ in range(MAX_TOKENS):
        markup = _MARKUP.search(text, at)
        if markup is None:
            if at < len(text):
                yield Text(text[at:], is_literal=False)
            return
        begin = markup.start()
        if begin > at:
            yield Text(text[at:begin], is_literal=False)
        if text[begin + 1] in "!?":
            token, at = _declaration(text, begin, is_inside=is_inside)
        elif begin > last_end:
            token = _CUT
        else:
            token, at = _tag(text, begin)
            is_inside = is_inside or isinstance(token, StartTag)
        if token is not None:
            yield token
        if token is _CUT:
            return
    raise Malformed(f"a feed of more than {MAX_TOKENS} tags")


def _tag(text: str, begin: int) -> tuple[Token, int]:
    """The tag at `begin`, and where it ends; `<` itself where no tag begins."""
    found = _TAG.match(text, begin) or _LOOSE_TAG.match(text, begin)
    if found is None:
        return Text("<", is_literal=True), begin + 1
    closes, name, attributes = found.groups()
    if closes:
        return EndTag(name.lower()), found.end()
    return StartTag(name.lower(), attributes, attributes.endswith("/")), found.end()


def _declaration(text: str, begin: int, *, is_inside: bool) -> tuple[Token | None, int]:
    """What begins with `<!` or `<?`: only a CDATA section has content.

    Args:
        is_inside: the root element has begun, so that a page of HTML is one that an entry quotes.
    """
    if text.startswith("<!--", begin):
        return _past(text, "-->", begin + 4)
    if text.startswith("<?", begin):
        # One that forgets its `?` ends at its `>`.
        return _past(text, ">" if text[begin + 2 : begin + 5].lower() == "xml" else "?>", begin + 2)
    section = _CDATA.match(text, begin)
    if section is not None:
        end = text.find("]]>", section.end())
        if end < 0:
            return _CUT, len(text)
        return Text(text[section.end() : end], is_literal=True), end + 3
    if _HTML_TYPE.match(text, begin):
        if is_inside:
            return _past(text, ">", begin + 2)
        raise NotJSON("an HTML page in place of a feed")
    document_type = _PUBLIC_TYPE.match(text, begin)
    if document_type is None:
        raise Malformed("a feed with a document type or entities")
    return None, document_type.end()


def _past(text: str, mark: str, at: int) -> tuple[Token | None, int]:
    end = text.find(mark, at)
    return (_CUT, len(text)) if end < 0 else (None, end + len(mark))


def attributes_of(raw: str) -> dict[str, str]:
    """The attributes of a tag by name in lower case; of two with one name the first counts."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(raw[:_ATTRIBUTES_CHARS]):
        found.setdefault(name.lower(), unescaped(double or single or bare))
    return found


def unescaped(text: str) -> str:
    """Text with its character references read; an ampersand that begins none stays."""
    if "&" not in text:
        return text
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), joined_surrogates(text))
