"""Content codings undone under a limit: one gzip or deflate layer, whole, and nothing after it."""

from __future__ import annotations

import zlib

from coinmux.framework.errors import BadEncoding, TooLarge

#: What is asked for; anything else that comes is refused.
ACCEPTED = "gzip, deflate"


def decode(body: bytes, coding: str, limit: int) -> bytes:
    """The body with its content coding undone.

    Args:
        body: as it came.
        coding: value of `Content-Encoding`.
        limit: most bytes the result may have.

    Raises:
        BadEncoding: an unknown or second coding, a damaged or unfinished stream, bytes after it.
        TooLarge: more than `limit` bytes.
    """
    name = coding.strip().lower()
    if name in ("", "identity"):
        return body
    if name in ("gzip", "x-gzip"):
        window = 16 + zlib.MAX_WBITS
    elif name == "deflate":
        window = zlib.MAX_WBITS if _has_zlib_header(body) else -zlib.MAX_WBITS
    else:
        raise BadEncoding(f"content coding {coding[:40]!r}; asked for {ACCEPTED}")
    if not body:
        return body
    stream = zlib.decompressobj(window)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error as exc:
        raise BadEncoding(f"{name}: {exc}") from exc
    if len(plain) > limit:
        raise TooLarge(f"more than {limit} bytes once decoded")
    if not stream.eof:
        raise BadEncoding(f"{name}: the stream does not end")
    if stream.unused_data:
        raise BadEncoding(f"{name}: bytes after the end of the stream")
    return plain


def _has_zlib_header(body: bytes) -> bool:
    # RFC 1950 section 2.2. Some servers send "deflate" without it nevertheless.
    return len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
