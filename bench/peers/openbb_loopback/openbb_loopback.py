"""The bench's source as a provider of OpenBB, written as OpenBB's own providers are.

A `Fetcher` of the standard model, with OpenBB's own helper for the request.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from openbb_core.provider.abstract.fetcher import Fetcher
from openbb_core.provider.abstract.provider import Provider
from openbb_core.provider.standard_models.crypto_historical import (
    CryptoHistoricalData,
    CryptoHistoricalQueryParams,
)
from openbb_core.provider.utils.helpers import amake_request
from pydantic import Field


class LoopbackQueryParams(CryptoHistoricalQueryParams):
    """The standard question, and what the source's klines need."""

    interval: str = Field(default="1h", description="Length of a candle.")
    limit: int = Field(default=500, description="The number of candles.")


class LoopbackData(CryptoHistoricalData):
    """The standard answer."""


class LoopbackFetcher(Fetcher[LoopbackQueryParams, list[LoopbackData]]):
    """Query, fetch and map, each in its step."""

    require_credentials = False

    @staticmethod
    def transform_query(params: dict[str, Any]) -> LoopbackQueryParams:
        return LoopbackQueryParams(**params)

    @staticmethod
    async def aextract_data(
        query: LoopbackQueryParams, credentials: dict[str, str] | None, **kwargs: Any
    ) -> list[list[Any]]:
        url = (
            f"{os.environ['BENCH_UPSTREAM']}/api/v3/klines?symbol={query.symbol}"
            f"&interval={query.interval}&limit={query.limit}"
        )
        rows: list[list[Any]] = await amake_request(url, **kwargs)
        return rows

    @staticmethod
    def transform_data(
        query: LoopbackQueryParams, data: list[list[Any]], **kwargs: Any
    ) -> list[LoopbackData]:
        return [
            LoopbackData(
                date=datetime.fromtimestamp(row[0] / 1000, UTC),
                open=row[1],
                high=row[2],
                low=row[3],
                close=row[4],
                volume=row[5],
            )
            for row in data
        ]


loopback_provider = Provider(
    name="loopback",
    description="The bench's own source on loopback.",
    fetcher_dict={"CryptoHistorical": LoopbackFetcher},
)
