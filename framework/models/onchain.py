"""Queries for figures derived from chains, and their results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter

from coinmux.framework.errors import InvalidRequest, UnknownChain
from coinmux.framework.models.base import Query, Result
from coinmux.framework.models.sentiment import Points
from coinmux.framework.reference.chains import Chain
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.rows import read_rows, remark
from coinmux.framework.reference.tickers import Asset
from coinmux.framework.reference.values import (
    EARLIEST_MS,
    LATEST_MS,
    Amount,
    CleanName,
    CleanText,
    Timestamp,
    number,
)
from coinmux.framework.suggest import near

#: Words of sources, in lower case, for a moment that has no figure.
_NOTHING = frozenset({"", "nan", "null", "none", "inf", "-inf", "infinity", "-infinity"})
_TIME: TypeAdapter[int] = TypeAdapter(Timestamp)


def figure_or_none(value: Any) -> float | None:
    """The figure of a series; None where there is none: null, `""`, `NaN` or `Infinity`.

    Raises:
        ValueError: the value is something else that is no number.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
        return None
    return number(value)


def read_points(
    rows: Iterable[Any], one: Callable[[Any], tuple[Any, Any] | None], *, kind: str = "points"
) -> list[tuple[int, float]]:
    """A series, oldest first: `one` makes of each row its time in ms and its value as sent.

    A moment without a figure is left out without a word; a row that cannot be read is left out,
    counted and reported. Of a moment that is told twice, the last figure counts.

    Raises:
        SchemaMismatch: `rows` is no list, or most of the rows cannot be read.
        Implausible: as the first bad row, if most of the rows are impossible.
    """

    def point(row: Any) -> tuple[int, float] | None:
        pair = one(row)
        if pair is None:
            return None
        at_ms, figure = pair[0], figure_or_none(pair[1])
        return None if figure is None else (_TIME.validate_python(at_ms), figure)

    told = read_rows(rows, point, kind=kind)
    points = dict(told)
    if len(points) < len(set(told)):
        remark(f"{len(set(told)) - len(points)} {kind} are told twice; the last figure counts")
    return sorted(points.items())


_SLUG_GAPS = re.compile(r"[\s_]+")


def _slug(value: Any) -> Any:
    return _SLUG_GAPS.sub("-", value.strip().lower()) if isinstance(value, str) else value


def _chain_name(value: Any) -> Any:
    """One of the chains coinmux knows by its own name; others as they are written."""
    if not isinstance(value, str):
        return value
    try:
        return str(Chain.parse(value))
    except UnknownChain:
        return value.strip()


def _metric(value: Any) -> Any:
    return value.strip().strip("/").lower() if isinstance(value, str) else value


class OnchainMetricQuery(Query["OnchainMetric"]):
    """A figure of one asset over time."""

    metric: Annotated[str, BeforeValidator(_metric)] = Field(
        pattern="^[a-z0-9_/-]{1,80}$",
        description="One of GET /api/onchain, or a source's own name such as market/mvrv",
    )
    asset: Asset = "BTC"
    interval: Interval = Interval("1d")
    start: int | None = Field(default=None, ge=EARLIEST_MS, le=LATEST_MS)
    end: int | None = Field(default=None, ge=EARLIEST_MS, le=LATEST_MS)

    def needed_metric(self) -> str | None:
        return self.metric

    def chosen(self, points: Iterable[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
        """The points within the range asked for; all if none was."""
        start, end = self.start or EARLIEST_MS, self.end or LATEST_MS
        return tuple(point for point in points if start <= point[0] <= end)


class OnchainMetric(Result):
    """A figure of one asset over time, oldest first."""

    metric: CleanName
    asset: CleanName
    unit: CleanName | None = None
    points: Points

    cells = dict.fromkeys(("points",), ("timestamp", "value"))

    def is_empty(self) -> bool:
        return not self.points

    def data_length(self) -> int:
        return len(self.points)


class TvlQuery(Query["Tvl"]):
    """Total value locked: of a protocol, of a chain, or of all chains."""

    protocol: Annotated[str | None, BeforeValidator(_slug)] = Field(
        default=None, pattern="^[a-z0-9.-]{1,80}$", description="Name or slug: Aave, uniswap-v3"
    )
    chain: Annotated[str | None, BeforeValidator(_chain_name)] = Field(
        default=None, pattern="^[A-Za-z0-9 _.-]{1,40}$", description="A chain, in any case"
    )

    def unlisted(self, detail: str) -> InvalidRequest:
        if self.protocol is not None or self.chain is None:
            return super().unlisted(detail)
        known = list(Chain)
        return UnknownChain(detail, known=known, did_you_mean=near(self.chain, known))


class Tvl(Result):
    """Total value locked, in US dollars."""

    name: CleanText
    chain: CleanText | None = None
    timestamp: Timestamp | None = None
    tvl_usd: Amount
    points: Points = Field(default=(), description="[timestamp, tvl_usd], oldest first")

    cells = dict.fromkeys(("points",), ("timestamp", "tvl_usd"))
