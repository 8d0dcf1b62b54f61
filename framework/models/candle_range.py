"""How candles cover the range that was asked for: pages, what is missing, and answers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from coinmux.framework.errors import Implausible, Outcome

if TYPE_CHECKING:
    from coinmux.framework.models.candles import Candles, CandlesQuery

AnyQuery = TypeVar("AnyQuery", bound="CandlesQuery")

#: A full page of at least so many candles ends at the newest one by no coincidence.
_MANY = 10
#: A page ends at the newest candle if its last one opened at most so many intervals ago.
_NEWEST = 2
#: So many intervals, and more than a day, without a candle at the end are more than a quiet time.
_GAP = 3
_DAY_MS = 86_400_000
#: Longest interval whose candles open at multiples of its length.
_LONGEST_ALIGNED_S = 86_400


def coverage_of(
    candles: Candles, query: CandlesQuery, now_ms: int, *, is_cut: bool
) -> tuple[bool, int | None]:
    """Whether `candles` are all that `query` asks for, and the `start` of what is missing.

    Args:
        is_cut: the source had more than it was asked for, as its pages are short.
    """
    if query.start is None:
        return not is_cut or len(candles) >= query.limit, None
    if len(candles) >= query.limit and query.end is None:
        return True, None
    width = query.interval.ms
    newest = now_ms if query.end is None else min(query.end, now_ms)
    after_last = _after(candles, query) if len(candles) else query.start
    if is_cut or len(candles) >= query.limit:
        following = after_last
    else:
        # A source that counts time, not rows, has said nothing of what comes later.
        following = max(after_last, query.start + query.limit * width)
        if len(candles) and newest - after_last > max(_GAP * width, _DAY_MS) and following > newest:
            following = after_last
    return (True, None) if following > newest else (False, following)


def _after(candles: Candles, query: CandlesQuery) -> int:
    last = int(candles.timestamp[-1])
    return last + (1 if query.interval == "1M" else query.interval.ms)


def page_after(
    candles: Candles, query: CandlesQuery, asked: AnyQuery, now_ms: int
) -> AnyQuery | None:
    """The next page to ask the same source for; None if it was asked for all that is missing.

    It follows the candles had so far, or lies before them where `query` has no `start`.

    Args:
        asked: the last page; it was cut where its limit is less than what was missing.
    """
    factor = query.interval.seconds // asked.interval.seconds
    missing = query.limit * factor - len(candles)
    if missing <= 0 or not len(candles):
        return None
    came = _came(candles, asked)
    if asked.limit >= missing + came:
        return None
    limit = min(asked.limit, -(-missing // factor) * factor)
    if asked.start is None:
        if 2 * came < asked.limit:
            return None  # it has no earlier ones: gaps of a quiet market are not so many
        end = int(candles.timestamp[0]) - 1
        return asked.model_copy(update={"end": end, "limit": limit})
    following = _after(candles, asked)
    if came < asked.limit:
        # A source that counts time, not rows, has said nothing of what comes later.
        following = max(following, asked.start + asked.limit * asked.interval.ms)
    if following > (now_ms if asked.end is None else min(now_ms, asked.end)):
        return None
    return asked.model_copy(update={"start": following, "limit": limit})


def _came(candles: Candles, asked: CandlesQuery) -> int:
    """How many of `candles` belong to the page `asked`."""
    time = candles.timestamp
    low = asked.start if asked.start is not None else 0
    high = asked.end if asked.end is not None else time[-1]
    return min(int(((time >= low) & (time <= high)).sum()), asked.limit)


def joined(candles: Candles, page: Candles) -> dict[str, object] | None:
    """The columns of both, oldest first; None if `page` has no candle that is new."""
    time = candles.timestamp
    new = (page.timestamp < time[0]) | (page.timestamp > time[-1])
    if not new.any():
        return None
    columns: dict[str, object] = {}
    order = np.argsort(np.concatenate((time, page.timestamp[new])), kind="stable")
    for name in ("timestamp", "open", "high", "low", "close", "volume"):
        both = np.concatenate((getattr(candles, name), getattr(page, name)[new]))
        columns[name] = both[order]
    return columns


def check_start(candles: Candles, query: CandlesQuery, now_ms: int) -> None:
    """Refuse a page of the newest candles in place of those from a past `start` on.

    Raises:
        Implausible: exactly as many candles as asked for, up to the newest there is, and the first
            of them is far from `start`: a source that ignores it. It counts for nobody, as the
            range is the caller's choice.
    """
    late = _late_start(candles, query, now_ms)
    if late is None or candles.sent is None:
        return
    rows, _ = candles.sent
    width = query.interval.ms
    time = candles.timestamp
    has_no_gap = int(time[-1] - time[0]) == (time.size - 1) * width
    is_beside = late > query.limit * width or (has_no_gap and late >= 2 * width)
    if rows == query.limit and rows >= _MANY and is_beside:
        error = Implausible(f"told the newest candles, not those from {query.start} on")
        error.outcome = Outcome.NEUTRAL
        raise error


def misplaced(candles: Candles, query: CandlesQuery, now_ms: int) -> str | None:
    """Why these may be the newest candles in place of those asked for; None if they are not.

    A market that was listed lately looks the same, so only another source can tell.
    """
    late = _late_start(candles, query, now_ms)
    if late is None or late <= query.limit * query.interval.ms:
        return None
    return f"its first candle opens {late / 86_400_000:.1f} days after start"


def _late_start(candles: Candles, query: CandlesQuery, now_ms: int) -> int | None:
    """How late the first candle opens, of the newest ones, if the asked range is over by now."""
    if query.start is None or not len(candles):
        return None
    width = query.interval.ms
    if query.start + (query.limit + _NEWEST) * width > now_ms:
        return None
    newest = int(candles.timestamp[-1]) if candles.sent is None else candles.sent[1]
    if newest < now_ms - _NEWEST * width:
        return None
    return int(candles.timestamp[0]) - query.start


def opens_nothing(query: CandlesQuery, now_ms: int) -> str | None:
    """Why no market can have a candle in the range, in words; None if one may have."""
    if query.start is None:
        return None
    if query.start > now_ms:
        return "start is in the future: there are no candles yet"
    if query.end is None or query.interval.seconds > _LONGEST_ALIGNED_S:
        return None
    width = query.interval.ms
    if -(-query.start // width) * width > query.end:
        return f"no {query.interval} candle opens from {query.start} to {query.end}"
    return None
