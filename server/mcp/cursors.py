"""Cursors that lead to the rows of an answer that were not shown.

Nothing is kept for them: a cursor says which question, whose answer and where. The question is
asked again, and the cache has it as a rule. Where the answer was fetched anew meanwhile, the rows
go on after the last one shown, found by what identifies it; where that is gone, it is said.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.models.tables import LIST
from coinmux.server.asgi.query_params import refused

if TYPE_CHECKING:
    from coinmux.framework.errors import InvalidRequest
    from coinmux.framework.models.tables import Row, Table
    from coinmux.server.mcp.budget import Page

#: The argument that takes a cursor.
CURSOR = "cursor"
#: What tells ours from those of sources.
_PREFIX = "rows."
_CHECK_BYTES = 4
_MOST = 4_000
#: Arguments that may differ between two pages of one question.
_OF_ONE_PAGE = (CURSOR, "max_age_s", "timeout_s")


class _Place(msgspec.Struct, array_like=True, frozen=True):
    """What a cursor says.

    Attributes:
        mark: tells the question apart from others.
        provider, fetched_at: whose answer, and of when.
        at: index at which the next page goes on.
        beside: identifies the row beside it that was shown.
        of_source: the cursor the question itself was asked with.
    """

    mark: int
    provider: str
    fetched_at: int
    at: int
    beside: int
    of_source: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A question whose first rows were shown already.

    Attributes:
        of_source: the cursor of the source that the question is asked with.
    """

    place: _Place
    of_source: str | None

    def find(self, table: Table, provider: str, fetched_at: int) -> tuple[int, bool]:
        """Where the rows go on, and whether the answer was fetched anew meanwhile.

        Raises:
            InvalidRequest: the rows are not those the cursor was given for.
        """
        place, rows = self.place, table.rows
        is_same = (provider, fetched_at) == (place.provider, place.fetched_at)
        if is_same and 0 < place.at <= len(rows):
            return place.at, False
        if provider == place.provider:
            found = [at for at, row in enumerate(rows) if _identity(table, row) == place.beside]
            # Rows that look alike do not say which of them was shown.
            if len(found) == 1:
                return (found[0] if table.newest_last else found[0] + 1), True
        raise _refusal(
            "has expired: the rows have changed since; ask again without it, or for a closed range"
        )


def next_cursor(
    arguments: Mapping[str, object],
    table: Table,
    page: Page,
    provider: str,
    fetched_at: int,
    of_source: str | None,
) -> str | None:
    """The cursor for the rows after `page`; None where there are none.

    Args:
        arguments: of the tool, as they were given.
        of_source: the cursor of the source that the question was asked with.
    """
    if page.following is None:
        return None
    beside = table.rows[page.begin if table.newest_last else page.end - 1]
    place = _Place(
        _mark(arguments), provider, fetched_at, page.following, _identity(table, beside), of_source
    )
    body = msgspec.json.encode(place)
    check = zlib.crc32(body).to_bytes(_CHECK_BYTES, "big")
    return _PREFIX + base64.urlsafe_b64encode(check + body).rstrip(b"=").decode("ascii")


def is_ours(cursor: object) -> bool:
    """Whether it leads to rows of an answer, and not to another page of a source."""
    return isinstance(cursor, str) and cursor.startswith(_PREFIX)


def read_cursor(cursor: str, arguments: Mapping[str, object]) -> Reading:
    """What a cursor of ours says.

    Raises:
        InvalidRequest: it is none that was given out, or of another question.
    """
    try:
        text = cursor.removeprefix(_PREFIX)[:_MOST].encode("ascii")
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        check, body = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
        if zlib.crc32(body).to_bytes(_CHECK_BYTES, "big") != check:
            raise ValueError("damaged")
        place = msgspec.json.decode(body, type=_Place)
    except (ValueError, UnicodeEncodeError, binascii.Error, msgspec.DecodeError):
        raise not_given_out() from None
    if place.mark != _mark(arguments):
        raise _refusal("is of another question; send it with the arguments it was given for")
    return Reading(place, place.of_source)


def not_given_out() -> InvalidRequest:
    """The error for a cursor that nobody gave out."""
    return _refusal("is none that was given out; take it from the answer before, whole")


def _mark(arguments: Mapping[str, object]) -> int:
    asked = {
        name: value
        for name, value in arguments.items()
        if name not in _OF_ONE_PAGE and value is not None
    }
    return zlib.crc32(msgspec.json.encode(asked, order="deterministic"))


def _identity(table: Table, row: Row) -> int:
    """Tells a row apart from others though its figures move: by its names, ids and times.

    A row of figures alone, such as a level of a book, is told by all of them.
    """
    own = row[1:] if table.columns[0] == LIST else row
    is_named = any(isinstance(cell, (str, int)) for cell in own)
    told = [cell for cell in row if not isinstance(cell, float)] if is_named else row
    return zlib.crc32(msgspec.json.encode(told))


def _refusal(message: str) -> InvalidRequest:
    return refused([{"name": CURSOR, "message": message}])
