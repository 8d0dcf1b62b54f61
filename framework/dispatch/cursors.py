"""Cursors that lead to the next page of the same source, and of the same question.

A source's own cursor means nothing to another source, and a page number counts another list there.
So a cursor that callers see names its source, and whoever asks with it is answered by that source.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.base import R_co

if TYPE_CHECKING:
    from coinmux.framework.dispatch.request import SourceAnswer
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.options import RequestOptions

_CHECK_BYTES = 4
#: What may differ between two pages of one question.
_OF_ONE_PAGE = {"cursor", "page", "limit"}


def sealed(row: Capability, query: Query, answered: SourceAnswer, following: str) -> Result:
    """The source's answer, with a cursor that names the source and its next page."""
    body = msgspec.json.encode([row.name, answered.provider, _mark(query), following])
    check = zlib.crc32(body).to_bytes(_CHECK_BYTES, "big")
    cursor = base64.urlsafe_b64encode(check + body).rstrip(b"=").decode("ascii")
    return answered.result.model_copy(update={"cursor": cursor})


def opened(
    row: Capability, query: Query[R_co], ask: RequestOptions
) -> tuple[Query[R_co], RequestOptions]:
    """The question that a cursor continues, as its source is asked, and that source pinned.

    Raises:
        InvalidRequest: the cursor is none of ours, or of another question or source.
    """
    cursor = query.__dict__.get("cursor")
    if cursor is None:
        return query, ask
    capability, provider, mark, following = _read(cursor)
    if capability != row.name or mark != _mark(query):
        raise _refusal("is of another question; send it with the parameters it was given for")
    if ask.provider not in (None, provider):
        raise _refusal(f"is of {provider}, and provider is {ask.provider}; leave provider out")
    return query.resumed(following), replace(ask, provider=provider)


def _mark(query: Query) -> int:
    """Tells the question apart from others, whichever of its pages is asked for."""
    values = query.model_dump(mode="json", exclude=_OF_ONE_PAGE)
    return zlib.crc32(msgspec.json.encode(values, order="sorted"))


def _read(cursor: str) -> tuple[str, str, int, str]:
    try:
        data = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        check, body = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
        if zlib.crc32(body).to_bytes(_CHECK_BYTES, "big") != check:
            raise ValueError("damaged")
        parts: tuple[str, str, int, str] = msgspec.json.decode(body, type=tuple[str, str, int, str])
    except (ValueError, UnicodeEncodeError, binascii.Error, msgspec.DecodeError):
        raise _refusal("is none that was given out; take it from the page before, whole") from None
    return parts


def _refusal(message: str) -> InvalidRequest:
    problem: dict[str, Any] = {"name": "cursor", "message": message}
    return InvalidRequest(f"cursor {message}", errors=[problem])
