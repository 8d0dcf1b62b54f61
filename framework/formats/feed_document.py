"""Find the entries of an RSS or Atom document, whatever its dialect, and the parts of each.

Prefixes are resolved here: a prefix that nobody declared means what it usually means, and an
element without one belongs to the feed whatever default namespace the feed has. Each part is cut to
a length, and the document is left after `MAX_ENTRIES`.

Source: RSS 0.9 to 2.0 (rssboard.org), RSS 1.0 and its modules, Atom 0.3, RFC 4287, read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from coinmux.framework.errors import Malformed, NotJSON
from coinmux.framework.formats.feed_encoding import LEADING
from coinmux.framework.formats.feed_markup import (
    EndTag,
    StartTag,
    Text,
    attributes_of,
    tokens,
    unescaped,
)
from coinmux.framework.reference.texts import MAX_LINK
from coinmux.framework.reference.values import clean_text

#: More than any news feed has; bounds the reading time (`faults.md` S8).
MAX_ENTRIES = 500
#: Deeper than any markup inside a summary.
MAX_DEPTH = 64
#: Elements of a document; reading so many takes a second.
MAX_ELEMENTS = 200_000

_BREADTH = 32  # categories or links of one entry
_ROOTS = {"rss", "rdf", "feed", "channel"}
_ITEMS = {"item", "entry"}
_DC = "purl.org/dc/elements/1.1"
_CONTENT = "purl.org/rss/1.0/modules/content"
_MEDIA = "search.yahoo.com/mrss"
_FEEDBURNER = "rssnamespace.org/feedburner/ext/1.0"
_ATOM = "www.w3.org/2005/atom"
#: Namespace, as `_plain_space` has it -> prefix of the names in `_PARTS`; elements of any other
#: namespace are left out.
_NAMESPACES = {
    "": "",
    _ATOM: "",
    "purl.org/atom/ns#": "",
    "purl.org/rss/1.0": "",
    "purl.org/net/rss1.1#": "",
    "my.netscape.com/rdf/simple/0.9": "",
    "channel.netscape.com/rdf/simple/0.9": "",
    "backend.userland.com/rss2": "",
    _DC: "dc:",
    _CONTENT: "content:",
    _MEDIA: "media:",
    _FEEDBURNER: "feedburner:",
}
#: What a prefix means where nobody declared it.
_USUAL = {
    "dc": _DC, "content": _CONTENT, "atom": _ATOM, "atom10": _ATOM, "a10": _ATOM, "rss": "",
    "media": _MEDIA, "feedburner": _FEEDBURNER,
}  # fmt: skip
#: The parts of an entry, with the most characters of each; longer text is cut.
_PARTS = {
    "title": 1000,
    "dc:title": 1000,
    "media:title": 1000,
    "description": 4000,
    "summary": 4000,
    "content": 4000,
    "content:encoded": 4000,
    "link": MAX_LINK + 1,
    "feedburner:origlink": MAX_LINK + 1,
    "guid": MAX_LINK + 1,
    "id": MAX_LINK + 1,
    "pubdate": 64,
    "published": 64,
    "issued": 64,
    "created": 64,
    "modified": 64,
    "updated": 64,
    "dc:date": 64,
    "category": 100,
    "author": 100,
    "dc:creator": 100,
}
_MANY = {"category", "link"}
#: Elements inside a part whose text is not the part's.
_UNSPOKEN = {"email", "uri", "script", "style"}
#: Elements of HTML that have no end.
_VOID = {"br", "hr", "img", "input", "meta", "wbr", "source", "embed"}
_MISMATCH = "its tags do not match"
_BEGINNING = re.compile(
    r"<!--.*?-->|(<\?xml\s|<!doctype|<!entity|<html|<(?:[\w.-]{1,40}:)?(?:rss|rdf|feed)[\s>/])",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One element of an entry.

    Attributes:
        attributes: by name, as written.
        base: the `xml:base` that holds for it, "" if none does.
    """

    text: str
    attributes: Mapping[str, str]
    base: str


#: The parts of an entry by name (`dc:date`), each in the order of the document.
Entry = Mapping[str, list[Part]]


@dataclass(slots=True)
class Document:
    """What was found.

    Attributes:
        entries: the complete ones, in the document's order, at most `MAX_ENTRIES`.
        links: of the channel or feed itself.
        faults: what is wrong with the document as a whole, in words.
    """

    entries: list[Entry] = field(default_factory=list)
    links: list[Part] = field(default_factory=list)
    faults: dict[str, None] = field(default_factory=dict)


def read_document(text: str) -> Document:
    """The entries of a feed's text.

    Raises:
        NotJSON: HTML, plain text or XML of another kind.
        Malformed: a DTD, or outside the limits; or it is damaged and has no complete entry.
    """
    document = _Reader().read(_from_beginning(text))
    if document.faults and not document.entries:
        raise Malformed(f"the feed has no entry that can be read: {'; '.join(document.faults)}")
    return document


def _from_beginning(text: str) -> str:
    """The text from its declaration or root element on: themes and scripts write before it."""
    text = text.lstrip("\ufeff \t\r\n")
    begin = next((m for m in _BEGINNING.finditer(text[:LEADING]) if m[1]), None)
    if begin is not None:
        return text[begin.start() :]
    if text.startswith("<"):
        return text
    raise NotJSON(f"{'JSON' if text[0] in '{[' else 'plain text'} in place of a feed")


class _Reader:
    """One pass over a document."""

    def __init__(self) -> None:
        self._found = Document()
        self._open: list[str] = []
        self._spaces: list[tuple[int, dict[str, str]]] = []
        self._bases: list[tuple[int, str]] = []
        self._own_spaces: set[str] = set()
        self._elements = 0
        self._entry: dict[str, list[Part]] | None = None
        self._entry_depth = 0
        self._part = ""
        self._part_depth = 0
        self._part_attributes: dict[str, str] = {}
        self._skip_depth = 0  # of the outermost element left out
        self._pieces: list[str] = []
        self._length = 0

    def read(self, text: str) -> Document:
        """Read to the end of the root element, or to the last entry that is taken."""
        has_root = is_over = False
        for token in tokens(text):
            if is_over:
                if not isinstance(token, Text) or token.raw.strip():
                    self._fault("something follows its end")
                return self._found
            if isinstance(token, StartTag):
                has_root = True
                self._start(token)
            elif isinstance(token, EndTag):
                self._end(token.name)
            elif isinstance(token, Text):
                self._characters(token)
            is_over = has_root and not self._open
            if len(self._found.entries) >= MAX_ENTRIES:
                return self._found
        if not has_root:
            raise NotJSON("plain text in place of a feed")
        if not is_over:
            self._fault("it ends in the middle")
        return self._found

    def _fault(self, words: str) -> None:
        self._found.faults[words] = None

    def _start(self, tag: StartTag) -> None:
        prefix, _, local = tag.name.rpartition(":")
        self._elements += 1
        if len(self._open) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Malformed(
                f"a feed of more than {MAX_ELEMENTS} elements, or nested deeper than {MAX_DEPTH}"
            )
        if self._part and local in _VOID:
            self._characters(Text(" ", is_literal=True))
            return
        if self._entry is not None and not self._part and local in _ITEMS and not self._skip_depth:
            self._end(self._open[self._entry_depth - 1])  # nobody closed the entry before
        self._open.append(tag.name)
        if self._part or self._skip_depth:
            self._start_inside(local)
        else:
            attributes = attributes_of(tag.attributes)
            self._declare(attributes)
            if len(self._open) == 1:
                self._own_spaces.add(self._space(prefix))
            self._start_element(self._name(prefix, local), local, attributes)
        if tag.is_empty:
            self._end(tag.name)

    def _start_inside(self, local: str) -> None:
        if self._skip_depth:
            return
        if local in _UNSPOKEN:
            self._skip_depth = len(self._open)
        self._characters(Text(" ", is_literal=True))

    def _start_element(self, name: str, local: str, attributes: dict[str, str]) -> None:
        depth = len(self._open)
        if depth == 1:
            self._open_document(local)
        elif name in _ITEMS:
            self._entry, self._entry_depth = {}, depth
            if about := attributes.get("rdf:about"):
                self._entry["about"] = [Part(about.strip(), {}, "")]
        elif self._entry is not None:
            seen = len(self._entry.get(name, ()))
            if name not in _PARTS or seen >= (_BREADTH if name in _MANY else 1):
                self._skip_depth = depth
            else:
                self._open_part(name, attributes)
        elif name == "link" and len(self._found.links) < _BREADTH:
            self._open_part(name, attributes)
        elif name in ("image", "textinput"):
            self._skip_depth = depth  # these have links of their own

    def _open_document(self, local: str) -> None:
        if local in ("html", "head", "body"):
            raise NotJSON("an HTML page in place of a feed")
        if local not in _ROOTS:
            raise NotJSON(f"an XML document of {clean_text(local)[:40]!r} in place of a feed")

    def _open_part(self, name: str, attributes: dict[str, str]) -> None:
        self._part, self._part_depth, self._part_attributes = name, len(self._open), attributes
        self._pieces, self._length = [], 0

    def _declare(self, attributes: dict[str, str]) -> None:
        """Take up the namespaces and the base address that an element declares."""
        depth = len(self._open)
        declared = {
            name[6:]: _plain_space(value)
            for name, value in attributes.items()
            if name.startswith("xmlns:")
        }
        if "xmlns" in attributes:
            declared[""] = _plain_space(attributes["xmlns"])
            if self._entry is None:
                self._own_spaces.add(declared[""])
        if declared:
            self._spaces.append((depth, declared))
        if "xml:base" in attributes:
            outer = self._bases[-1][1] if self._bases else ""
            try:
                self._bases.append((depth, urljoin(outer, attributes["xml:base"].strip())))
            except ValueError:
                self._fault("an `xml:base` is no address")

    def _name(self, prefix: str, local: str) -> str:
        """The name of an element as in `_PARTS`; with `?:` before it if it is not the feed's."""
        space = self._space(prefix)
        if space in self._own_spaces:
            return local
        return _NAMESPACES.get(space, "?:") + local

    def _space(self, prefix: str) -> str:
        for _, declared in reversed(self._spaces):
            if prefix in declared:
                return declared[prefix]
        return _USUAL.get(prefix, "?") if prefix else ""

    def _characters(self, text: Text) -> None:
        if not self._part or self._skip_depth:
            return
        room = _PARTS[self._part] + 1 - self._length
        if room > 0:
            # A reference is at most 33 characters long; ten for each is room enough.
            piece = text.raw[: room * 10]
            piece = (piece if text.is_literal else unescaped(piece))[:room]
            self._pieces.append(piece)
            self._length += len(piece)

    def _end(self, name: str) -> None:
        """Close an element, and those inside it that nobody closed."""
        if name not in self._open:
            # HTML inside a text may be in any disorder.
            if not self._part and not self._skip_depth:
                self._fault(_MISMATCH)
            return
        while True:
            depth = len(self._open)
            closed = self._open.pop()
            if closed != name and depth <= max(self._part_depth, self._entry_depth, 2):
                self._fault(_MISMATCH)
            self._leave(depth)
            if closed == name:
                return

    def _leave(self, depth: int) -> None:
        if depth == self._skip_depth:
            self._skip_depth = 0
        elif self._part and depth == self._part_depth:
            self._keep_part()
        elif self._entry is not None and depth == self._entry_depth:
            self._keep_entry()
        while self._spaces and self._spaces[-1][0] == depth:
            self._spaces.pop()
        while self._bases and self._bases[-1][0] == depth:
            self._bases.pop()

    def _keep_part(self) -> None:
        text = "".join(self._pieces).strip()
        base = self._bases[-1][1] if self._bases else ""
        part = Part(text, self._part_attributes, base)
        if text or self._part_attributes:
            parts = self._found.links
            if self._entry is not None:
                parts = self._entry.setdefault(self._part, [])
            parts.append(part)
        self._part, self._part_depth = "", 0

    def _keep_entry(self) -> None:
        if self._entry is not None:
            self._found.entries.append(self._entry)
        self._entry, self._entry_depth = None, 0


def _plain_space(address: str) -> str:
    """A namespace without what publishers get wrong: its scheme, case and last slash."""
    return address.strip().lower().removeprefix("http://").removeprefix("https://").rstrip("/")
