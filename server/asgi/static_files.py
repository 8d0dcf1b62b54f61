"""The files of `static/`: listed at the start, so that no path of a request reaches the disk.

A page names its files by `static-<version>/…` in place of `static/…`. That address means these very
bytes, so a browser keeps them for a year; as it has as many parts as the other, what a module
imports and reckons relative to its own address stays right, below any prefix.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from coinmux.framework.errors import NotFound
from coinmux.server.asgi.packing import PACKED_TYPES, WORTH_PACKING, has, takes_gzip
from coinmux.server.asgi.responses import Bytes

if TYPE_CHECKING:
    from coinmux.server.asgi.scope import RawHeaders, Scope

#: `static/` lies beside `server/`, in the repository as in the installed package.
FOLDER = Path(__file__).resolve().parents[2] / "static"

#: Some systems claim `.js` is plain text, and the browser then refuses modules.
MEDIA_TYPES: Mapping[str, bytes] = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".ico": b"image/x-icon",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".md": b"text/plain; charset=utf-8",
    ".mjs": b"text/javascript; charset=utf-8",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
    ".webp": b"image/webp",
    ".woff2": b"font/woff2",
}
#: Vendored files come with what they are licensed under, in files without a suffix.
_PLAIN_NAMES = ("LICENSE", "NOTICE")
#: What a foreign page may load as a module, which a browser fetches by CORS: the status widget.
_FOR_ANYBODY = frozenset({"shared/components/system-status.js"})
_VENDORED = re.compile(r"vendor/[^/]+-\d[^/]*/.")
#: Versioned paths never change what they hold.
FOREVER = b"public, max-age=31536000, immutable"
_REVALIDATE = b"no-cache"
_VERSIONED = re.compile(r"/static-([0-9a-f]{12})(/.*)")
#: Where the scope holds the version that a file was asked for by.
_ASKED_VERSION = "coinmux.static_version"
#: Addresses of files in a page, and all of its addresses that are relative.
_FILES = re.compile(r'\b(href|src)="static/')
_RELATIVE = re.compile(r'\b(href|src)="(?![a-z]+:|[/#])')
_ERROR_PAGE = "pages/error/index.html"
#: A style sheet is written in several files; a browser would ask for each of them in turn.
_IMPORT = re.compile(rb'^@import "([\w-]+\.css)";\n', re.MULTILINE)
#: Lines of style sheets that are for who writes them.
_REMARK = re.compile(rb"^ *\/\*[^*]*\*\/\n", re.MULTILINE)
#: What a page may load and do: its own server's files alone.
_CSP = (
    b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'self'"
)


def page_headers(ancestors: Iterable[str]) -> RawHeaders:
    """What means something on documents only.

    Args:
        ancestors: origins whose pages may show ours in a frame.
    """
    policy = b" ".join((_CSP, *(origin.encode("ascii") for origin in ancestors)))
    return [(b"content-security-policy", policy), (b"referrer-policy", b"same-origin")]


def read_version(scope: Scope) -> None:
    """Have a file that is asked for by its version found where it is without."""
    if (asked := _VERSIONED.fullmatch(scope["path"])) is not None:
        scope[_ASKED_VERSION] = asked[1]
        scope["path"] = "/static" + asked[2]
        scope["raw_path"] = scope["path"].encode()


@dataclass(frozen=True, slots=True)
class _File:
    """One file as it was read.

    Attributes:
        sources: the files it was read from: itself, and the style sheets it imports.
        changed: their times, to see whether they must be read again.
        packed: compressed; None where that is not worth it.
    """

    sources: tuple[Path, ...]
    changed: tuple[int, ...]
    body: bytes
    etag: bytes
    packed: bytes | None


class Assets:
    """Files by relative name. A file is read and compressed again when it changed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (path.suffix in MEDIA_TYPES or path.name in _PLAIN_NAMES)
        }
        self._read: dict[str, _File] = {}
        self._pages: dict[str, tuple[tuple[int, ...], str, _File]] = {}

    def names(self) -> list[str]:
        """Every name that is served."""
        return list(self._files)

    def has(self, name: str) -> bool:
        """Whether a file of that name is served."""
        return name in self._files

    def version(self) -> str:
        """What all files hold, in twelve characters."""
        whole = hashlib.sha256()
        for name in self._files:
            try:
                whole.update(self._content(name).etag)
            except NotFound:
                continue
        return whole.hexdigest()[:12]

    def response(self, name: str, scope: Scope, ancestors: Iterable[str] = ()) -> Bytes:
        """The file as `scope` asks for it: whole or compressed, or 304 where the caller has it.

        Args:
            ancestors: as of `page_headers`.

        Raises:
            NotFound: there was none of that name at the start.
        """
        kind = self._kind(name)
        is_page = kind.startswith(b"text/html")
        file = self._page(name) if is_page else self._content(name)
        asked = scope.get(_ASKED_VERSION)
        is_fixed = _VENDORED.match(name) is not None or (
            asked is not None and not is_page and asked == self.version()
        )
        headers = [
            (b"content-type", kind),
            (b"cache-control", FOREVER if is_fixed else _REVALIDATE),
        ]
        if is_page:
            headers.extend(page_headers(ancestors))
        if name in _FOR_ANYBODY:
            headers.append((b"access-control-allow-origin", b"*"))
            headers.append((b"cross-origin-resource-policy", b"cross-origin"))
        wants = dict(scope["headers"])
        if file.packed is None:
            headers.append((b"etag", file.etag))
        else:
            # The same tag for both encodings, so it is weak.
            headers += [(b"etag", b"W/" + file.etag), (b"vary", b"accept-encoding")]
        if has(wants.get(b"if-none-match"), file.etag):
            return Bytes(b"", headers, 304)
        if file.packed is None or not takes_gzip(wants.get(b"accept-encoding", b"")):
            return Bytes(file.body, headers)
        return Bytes(file.packed, [*headers, (b"content-encoding", b"gzip")])

    def error_page(self, path: str, document: Mapping[str, object]) -> str | None:
        """The page that shows a problem document at `path`; None where there is none.

        Its addresses lead up to where the pages are, as `path` may lie anywhere below.
        """
        if not self.has(_ERROR_PAGE):
            return None
        text = self._page(_ERROR_PAGE).body.decode("utf-8")
        for name in ("status", "title", "detail", "request_id"):
            text = text.replace(f"{{{{{name}}}}}", escape(str(document.get(name, ""))))
        up = "../" * (path.count("/") - 1) or "./"
        return _RELATIVE.sub(rf'\1="{up}', text)

    def versioned(self, html: str) -> str:
        """A page with its files named by their version."""
        return _FILES.sub(rf'\1="static-{self.version()}/', html)

    def _kind(self, name: str) -> bytes:
        path = self._files.get(name)
        if path is None:
            raise NotFound("nothing is served at this path")
        return MEDIA_TYPES.get(path.suffix, MEDIA_TYPES[".txt"])

    def _page(self, name: str) -> _File:
        """A page with its files named by their version."""
        file, version = self._content(name), self.version()
        known = self._pages.get(name)
        if known is None or known[:2] != (file.changed, version):
            body = self.versioned(file.body.decode("utf-8")).encode("utf-8")
            shown = _file((file.sources, file.changed), body, MEDIA_TYPES[".html"])
            known = (file.changed, version, shown)
            self._pages[name] = known
        return known[2]

    def _content(self, name: str) -> _File:
        file = self._read.get(name)
        try:
            if file is None or file.changed != _times(file.sources):
                file = self._read[name] = _read(self._files[name], self._kind(name))
        except OSError:
            raise NotFound("nothing is served at this path") from None
        return file


def _times(sources: Iterable[Path]) -> tuple[int, ...]:
    return tuple(path.stat().st_mtime_ns for path in sources)


def _read(path: Path, kind: bytes) -> _File:
    """A file as it is served: style sheets in the place of their `@import`, without remarks."""
    sources: list[Path] = []
    changed: list[int] = []

    def content(of: Path) -> bytes:
        # The time first: what changes while it is read is read again.
        changed.extend(_times([of]))
        sources.append(of)
        return of.read_bytes()

    body = content(path)
    if path.suffix == ".css":
        body = _IMPORT.sub(lambda line: content(path.parent / line[1].decode("ascii")), body)
        body = _REMARK.sub(b"", body)
    return _file((tuple(sources), tuple(changed)), body, kind)


def _file(read: tuple[tuple[Path, ...], tuple[int, ...]], body: bytes, kind: bytes) -> _File:
    etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode("ascii") + b'"'
    packed = None
    if len(body) >= WORTH_PACKING and kind.startswith(PACKED_TYPES):
        packed = gzip.compress(body, 9, mtime=0)
    return _File(*read, body, etag, packed)


def page(html: str, ancestors: Iterable[str], status: int = 200) -> Bytes:
    """A page made by the server."""
    headers: RawHeaders = [
        (b"content-type", MEDIA_TYPES[".html"]),
        (b"cache-control", _REVALIDATE),
        *page_headers(ancestors),
    ]
    return Bytes(html.encode("utf-8"), headers, status)
