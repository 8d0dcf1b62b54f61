"""Queries for market sentiment, and their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from coinmux.framework.errors import Empty, OtherSubject
from coinmux.framework.models.base import Query, Result
from coinmux.framework.reference.rows import read_rows, remark
from coinmux.framework.reference.tickers import Asset
from coinmux.framework.reference.values import CleanName, CleanText, Number, Timestamp


def _points(rows: Any) -> tuple[tuple[int, float], ...]:
    from pydantic import TypeAdapter

    adapter = TypeAdapter(tuple[tuple[Timestamp, Number], ...])
    return adapter.validate_python(rows)


#: `[timestamp in ms, value]` pairs.
Points = Annotated[tuple[tuple[int, float], ...], BeforeValidator(_points)]


class FearGreedQuery(Query["FearGreed"]):
    """The fear and greed index, with its last days."""

    limit: int = Field(default=30, ge=1, le=365, description="Days of history")


class FearGreed(Result):
    """The fear and greed index: 0 is extreme fear, 100 extreme greed."""

    timestamp: Timestamp
    value: Number = Field(ge=0, le=100)
    classification: CleanText
    history: Points = Field(description="[timestamp, value], newest first")
    index: CleanText | None = Field(
        default=None, description="Whose index it is; the values of two indices do not compare"
    )

    cells = dict.fromkeys(("history",), ("timestamp", "value"))

    @classmethod
    def of(
        cls,
        index: str,
        days: Any,
        one: Callable[[Any], tuple[int, Any, Any]],
        *,
        limit: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> FearGreed:
        """The index of the newest day, with the days before it.

        Args:
            index: its name.
            days: as the source sent them; one that cannot be read is left out.
            one: the time (Unix ms), value and classification of a day.
            limit: how many days are kept.

        Raises:
            Empty: there is no day.
        """

        def day(row: Any) -> tuple[int, float, str]:
            time, value, word = one(row)
            reading = cls(timestamp=time, value=value, classification=word, history=())
            return reading.timestamp, reading.value, reading.classification

        told = read_rows(days, day, kind="days")
        # Sources tell the newest first; of a day that is told twice, what stands first counts.
        by_day = {reading[0]: reading for reading in reversed(told)}
        if len(by_day) < len(set(told)):
            remark(f"{len(set(told)) - len(by_day)} days are told twice; the first reading counts")
        read = sorted(by_day.values(), reverse=True)[:limit]
        if not read:
            raise Empty("no day of the index")
        time, value, word = read[0]
        history = [(at, points) for at, points, _ in read]
        return cls(
            timestamp=time, value=value, classification=word, history=history, index=index,
            notes=notes,
        )  # fmt: skip


class SocialQuery(Query["Social"]):
    """Social metrics of one asset."""

    asset: Asset = Field(description="Ticker, BTC")


class SocialMetric(Result):
    """One metric, with its unit."""

    value: Number | None
    unit: CleanName


class Social(Result):
    """Social metrics of one asset, by name."""

    symbol: CleanName
    timestamp: Timestamp | None = None
    metrics: dict[str, SocialMetric]

    def check(self, query: Any, now_ms: int) -> Self:
        if self.symbol != query.asset:
            raise OtherSubject(f"asked for {query.asset}, the answer is about {self.symbol[:40]}")
        return super().check(query, now_ms)

    def is_empty(self) -> bool:
        return not self.metrics

    def data_length(self) -> int:
        return len(self.metrics)
