"""The files of `static/`: listed at the start, so that no path of a request reaches the disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from coinmux.framework.errors import NotFound
from coinmux.server.asgi.responses import Bytes

if TYPE_CHECKING:
    from coinmux.server.asgi.scope import RawHeaders

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
_VERSIONED = re.compile(r"vendor/[^/]+-\d[^/]*/.")
#: Versioned paths never change what they hold.
_FOREVER = b"public, max-age=31536000, immutable"
_REVALIDATE = b"no-cache"
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


class Assets:
    """Files by relative name. A file is read again when it changed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (path.suffix in MEDIA_TYPES or path.name in _PLAIN_NAMES)
        }
        self._read: dict[str, tuple[int, bytes, bytes]] = {}

    def names(self) -> list[str]:
        """Every name that is served."""
        return list(self._files)

    def has(self, name: str) -> bool:
        """Whether a file of that name is served."""
        return name in self._files

    def response(
        self, name: str, if_none_match: bytes | None = None, ancestors: Iterable[str] = ()
    ) -> Bytes:
        """The file, or 304 where the caller has it.

        Args:
            ancestors: as of `page_headers`.

        Raises:
            NotFound: there was none of that name at the start.
        """
        path = self._files.get(name)
        if path is None:
            raise NotFound("nothing is served at this path")
        body, etag = self._content(name, path)
        kind = MEDIA_TYPES.get(path.suffix, MEDIA_TYPES[".txt"])
        headers = [
            (b"content-type", kind),
            (b"cache-control", _FOREVER if _VERSIONED.match(name) else _REVALIDATE),
            (b"etag", etag),
        ]
        if kind.startswith(b"text/html"):
            headers.extend(page_headers(ancestors))
        if name in _FOR_ANYBODY:
            headers.append((b"access-control-allow-origin", b"*"))
            headers.append((b"cross-origin-resource-policy", b"cross-origin"))
        if if_none_match is not None and etag in if_none_match:
            return Bytes(b"", headers, 304)
        return Bytes(body, headers)

    def _content(self, name: str, path: Path) -> tuple[bytes, bytes]:
        try:
            changed = path.stat().st_mtime_ns
            cached = self._read.get(name)
            if cached is None or cached[0] != changed:
                body = path.read_bytes()
                etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode("ascii") + b'"'
                cached = self._read[name] = (changed, body, etag)
        except OSError:
            raise NotFound("nothing is served at this path") from None
        return cached[1], cached[2]


def page(html: str, ancestors: Iterable[str]) -> Bytes:
    """A page made by the server."""
    headers: RawHeaders = [
        (b"content-type", MEDIA_TYPES[".html"]),
        (b"cache-control", _REVALIDATE),
        *page_headers(ancestors),
    ]
    return Bytes(html.encode("utf-8"), headers)
