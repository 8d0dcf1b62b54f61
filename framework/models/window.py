"""The opening times that a request for candles must cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.models.candles import CandlesQuery


@dataclass(frozen=True, slots=True)
class CandleWindow:
    """The opening times to request from a source, both included; None for the latest candles.

    Attributes:
        first_ms: the first opening time, Unix ms.
        last_ms: the last opening time, Unix ms.
        count: how many candles at most.
    """

    first_ms: int | None
    last_ms: int | None
    count: int


def window_of(query: CandlesQuery, most: int, now_ms: int | None = None) -> CandleWindow:
    """The first candles from `start` on, or else the last ones before `end`, at most `most`.

    Args:
        query: the question.
        most: how many rows the source returns at once.
        now_ms: used in place of a missing `end`, for sources that require a range.
    """
    count = min(query.limit, most)
    span_ms = count * query.interval.ms
    end = query.end if query.end is not None else now_ms
    if query.start is not None:
        last_ms = query.start + span_ms - 1
        return CandleWindow(query.start, last_ms if end is None else min(last_ms, end), count)
    if end is None:
        return CandleWindow(None, None, count)
    return CandleWindow(max(0, end - span_ms + 1), end, count)
