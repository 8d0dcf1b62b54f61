"""Queries for figures derived from chains, and their results."""

from __future__ import annotations

from pydantic import Field

from coinmux.framework.models.base import Query, Result
from coinmux.framework.models.sentiment import Points
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.tickers import Asset
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS, Amount, CleanText, Timestamp


class OnchainMetricQuery(Query["OnchainMetric"]):
    """A figure of one asset over time."""

    metric: str = Field(pattern="^[a-z0-9_/-]{1,80}$")
    asset: Asset = "BTC"
    interval: Interval = Interval("1d")
    start: int | None = Field(default=None, ge=EARLIEST_MS, le=LATEST_MS)
    end: int | None = Field(default=None, ge=EARLIEST_MS, le=LATEST_MS)


class OnchainMetric(Result):
    """A figure of one asset over time, oldest first."""

    metric: str
    asset: str
    unit: str | None = None
    points: Points

    def is_empty(self) -> bool:
        return not self.points

    def data_length(self) -> int:
        return len(self.points)


class TvlQuery(Query["Tvl"]):
    """Total value locked: of a protocol, of a chain, or of all chains."""

    protocol: str | None = Field(
        default=None, pattern="^[a-z0-9-]{1,80}$", description="Slug, aave"
    )
    chain: str | None = Field(default=None, pattern="^[A-Za-z0-9 _.-]{1,40}$")


class Tvl(Result):
    """Total value locked, in US dollars."""

    name: CleanText
    chain: CleanText | None = None
    timestamp: Timestamp | None = None
    tvl_usd: Amount
    points: Points = Field(default=(), description="[timestamp, tvl_usd], oldest first")
