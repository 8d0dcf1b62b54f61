"""The answer to a range in which the sources have nothing: no rows, and no failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.dispatch.request import SourceAnswer
from coinmux.framework.errors import Empty, NotOffered, UnknownSymbol

if TYPE_CHECKING:
    from coinmux.framework.dispatch.request import RequestContext

#: What says nothing against an empty range: the source has none of it, or does not list the pair.
_NO_TROUBLE = (Empty, NotOffered, UnknownSymbol)


def nothing_found(request: RequestContext, now_ms: int) -> SourceAnswer | None:
    """An answer without rows, if sources said that they have none; None if that is not sure.

    It is sure if those that said so are more than those that failed.
    """
    empty = [line["provider"] for line in request.attempts if line.get("code") == Empty.code]
    failed = [error for error in request.errors if not isinstance(error, _NO_TROUBLE)]
    # One whose answer was refused has some.
    if request.stale or len(empty) <= len(failed):
        return None
    note = f"{', '.join(empty)} have nothing in this range"
    result = request.query.nothing((note if len(empty) > 1 else note.replace(" have", " has"),))
    if result is None:
        return None
    return SourceAnswer(empty[0], result.fitted(request.query, now_ms))
