"""The further pages of an answer that one source cannot give at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import Empty, ProviderError, UnknownSymbol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.clock import Clock, Deadline
    from coinmux.framework.models.base import Query, Result

#: Requests one answer may take (`faults.md` S10), and of a source whose quota is metered.
MOST_PAGES, MOST_METERED = 4, 2
#: A page is not begun with less time left.
_LEAST_S = 0.5


async def with_pages(
    answer: Result,
    query: Query,
    asked: Query,
    fetch: Callable[[Query, float], Awaitable[Result]],
    until: Deadline,
    clock: Clock,
    *,
    is_metered: bool,
) -> Result:
    """`answer` with the pages that follow it, or marked as cut short.

    A page that fails does not cost those that came: the answer says that it is not complete.

    Args:
        answer: the first page, checked.
        query: the whole question.
        asked: the first page that was asked for.
        fetch: asks the same source for a page, within so many seconds, and checks it.
        until: when the attempt must have ended.
    """
    for _ in range(MOST_METERED - 1 if is_metered else MOST_PAGES - 1):
        following = answer.next_query(query, asked, clock.wall_ms())
        if following is None:
            return answer
        left_s = until.remaining_s()
        if left_s < _LEAST_S:
            break
        try:
            page = await fetch(following, left_s)
        except Empty:
            return answer
        except (ProviderError, UnknownSymbol) as error:
            return answer.cut_short(f"a further page could not be had: {error.code}")
        grown = answer.joined(page)
        if grown is answer:
            return answer.cut_short("a further page held nothing new")
        answer, asked = grown, following
    is_whole = answer.next_query(query, asked, clock.wall_ms()) is None
    return answer if is_whole else answer.cut_short()
