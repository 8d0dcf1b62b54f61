"""Reduce an untrusted feed to a small, harmless document.

`reduced` refuses a document that is no feed. Then it reads the document once with expat and writes
only the parts of a headline, each cut to a length, as a small plain RSS or Atom document. The
limits bound the time that feedparser takes for that document: some of its steps are quadratic or
worse (100 kB of `<author>` take minutes), and neither a thread nor a regular expression can be
interrupted.

Source: XML 1.0, RSS 2.0 (rssboard.org), RFC 4287, read 2026-11-23.
"""

from __future__ import annotations

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from coinmux.framework.errors import Empty, Malformed, NotJSON
from coinmux.framework.reference.values import clean_text

#: More than any news feed has; bounds the parsing time (`faults.md` S8).
MAX_ENTRIES = 500
#: Deeper than any markup inside a summary, and small enough for every stack.
MAX_DEPTH = 64
#: expat calls a handler for each element: 200,000 calls take about 0.3 s.
MAX_ELEMENTS = 200_000
#: `models.news.Link` refuses longer links.
MAX_LINK = 2000

_BREADTH = 32  # categories or links of one entry
_CHUNK = 64 * 1024
_ROOTS = {"rss": "rss", "rdf": "rss", "feed": "feed"}
_ITEMS = {"item", "entry"}
#: Namespace -> prefix of the names in `_PARTS`; elements of any other namespace are left out.
_NAMESPACES = {
    "": "",
    "http://www.w3.org/2005/atom": "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
}
#: The parts of an entry that are copied, with the most characters of each. Longer text is cut; a
#: longer link or id is dropped, since half a link leads elsewhere.
_PARTS = {
    "title": 1000,
    "description": 4000,
    "summary": 4000,
    "content": 4000,
    "content:encoded": 4000,
    "link": MAX_LINK,
    "guid": MAX_LINK,
    "id": MAX_LINK,
    "pubdate": 64,
    "published": 64,
    "updated": 64,
    "dc:date": 64,
    "category": 100,
    "author": 100,
    "dc:creator": 100,
}
_WHOLE = {"link", "guid", "id"}
_MANY = {"category", "link"}
_UNSPOKEN = {"email", "uri", "script", "style"}

_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,200}?\?>")
_ENCODING = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_PROLOG = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)


def reduced(body: bytes) -> bytes:
    """The small plain document, in UTF-8, with at most `MAX_ENTRIES` entries.

    Raises:
        Empty: nothing but white space.
        NotJSON: HTML, plain text or XML of another kind.
        Malformed: not well-formed, with a DTD, in an unknown encoding, or outside the limits.
    """
    text = _decoded(body)
    _refuse_other_documents(text)
    return _Reducer().reduce(text)


def _decoded(body: bytes) -> str:
    """The document's text without its XML declaration."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16"
    else:
        body = body.removeprefix(b"\xef\xbb\xbf")
        declared = _ENCODING.match(body)
        name = declared[1].decode("ascii").lower() if declared else "utf-8"
        codec = _CODECS.get(name, "")
        if not codec:
            raise Malformed(f"a feed in the encoding {name!r}")
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        raise Malformed(f"the feed is not in its encoding, {codec}") from None
    if "\ufeff" in text[:1]:
        text = text[1:]
    text = _DECLARATION.sub("", text, count=1) if text.startswith("<?xml") else text
    if not text.strip():
        raise Empty("an empty feed")
    return text


def _refuse_other_documents(text: str) -> None:
    """Refuse HTML and DTDs; a DTD can only stand before the root element."""
    match = _PROLOG.match(text)
    start = text[match.end() if match else 0 :][:100].lower()
    if start.startswith(("<!doctype html", "<html")):
        raise NotJSON("an HTML page in place of a feed")
    if start.startswith("<!"):
        raise Malformed("a feed with a document type or entities")
    if not start.startswith("<"):
        raise NotJSON("plain text in place of a feed")


class _Reducer:
    """One pass over a document; it copies the parts of the first entries that `_PARTS` names."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._root = ""
        self._item = ""
        self._depth = 0
        self._elements = 0
        self._entries = 0
        self._entry_depth = 0  # of the open entry, 0 outside
        self._part_depth = 0  # of the open part
        self._skip_depth = 0  # of the outermost element left out
        self._part = ""
        self._link: dict[str, str] = {}
        self._pieces: list[str] = []
        self._length = 0
        self._seen: dict[str, int] = {}

    def reduce(self, text: str) -> bytes:
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = _CHUNK
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        data = text.encode("utf-8", "replace")
        try:
            # In chunks: after a handler has raised, expat still reads to the end of the chunk.
            for at in range(0, len(data), _CHUNK):
                parser.Parse(data[at : at + _CHUNK], False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Malformed(f"the feed is not well-formed: {error}") from None
        close = "</channel></rss>" if self._root == "rss" else "</feed>"
        return "".join([*self._out, close]).encode()

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        namespace, _, name = qualified.rpartition(" ")
        name = name.lower()
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Malformed(
                f"a feed of more than {MAX_ELEMENTS} elements, or nested deeper than {MAX_DEPTH}"
            )
        if self._depth == 1:
            self._open_document(name)
        elif self._skip_depth:
            return
        elif self._part:
            if name in _UNSPOKEN:
                self._skip_depth = self._depth
            self._characters(" ")
        elif self._entry_depth:
            self._open_part(_NAMESPACES.get(namespace.lower(), "?:") + name, attributes)
        elif name in _ITEMS and namespace.lower() in _NAMESPACES:
            self._entry_depth = self._depth
            self._entries += 1
            self._seen = {}
            self._write(f"<{self._item}>")

    def _open_document(self, name: str) -> None:
        if name == "html":
            raise NotJSON("an HTML page in place of a feed")
        if name not in _ROOTS:
            raise NotJSON(f"an XML document of {clean_text(name)[:40]!r} in place of a feed")
        self._root = _ROOTS[name]
        self._item = "item" if self._root == "rss" else "entry"
        spaces = (
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
            ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        )
        if self._root == "rss":
            self._out.append(f'<rss version="2.0"{spaces}><channel>')
        else:
            self._out.append(f'<feed xmlns="http://www.w3.org/2005/Atom"{spaces}>')

    def _open_part(self, name: str, attributes: dict[str, str]) -> None:
        count = self._seen[name] = self._seen.get(name, 0) + 1
        if name not in _PARTS or count > (_BREADTH if name in _MANY else 1):
            self._skip_depth = self._depth
            return
        self._part, self._part_depth = name, self._depth
        self._pieces, self._length = [], 0
        wanted = {"link": ("href", "rel"), "category": ("term",), "guid": ("isPermaLink",)}
        self._link = {
            key: attributes[key]
            for key in wanted.get(name, ())
            if len(attributes.get(key, "x" * MAX_LINK)) < MAX_LINK
        }

    def _characters(self, text: str) -> None:
        if not self._part or self._skip_depth:
            return
        room = _PARTS[self._part] + 1 - self._length
        if room > 0:
            self._pieces.append(text[:room])
            self._length += min(len(text), room)

    def _end(self, _name: str) -> None:
        if self._depth == self._skip_depth:
            self._skip_depth = 0
        elif self._part and self._depth == self._part_depth:
            self._close_part()
        elif self._depth == self._entry_depth:
            self._entry_depth = 0
            self._write(f"</{self._item}>")
        self._depth -= 1

    def _close_part(self) -> None:
        text = "".join(self._pieces).strip()
        limit = _PARTS[self._part]
        if self._part in _WHOLE and len(text) >= limit:
            text = ""
        name = {"pubdate": "pubDate"}.get(self._part, self._part)
        attributes = "".join(f" {key}={quoteattr(value)}" for key, value in self._link.items())
        if name == "author" and self._root == "feed":
            self._write(f"<author><name>{escape(text[:limit])}</name></author>")
        elif text or attributes:
            self._write(f"<{name}{attributes}>{escape(text[:limit])}</{name}>")
        self._part = ""

    def _write(self, text: str) -> None:
        if self._entries <= MAX_ENTRIES:
            self._out.append(text)
