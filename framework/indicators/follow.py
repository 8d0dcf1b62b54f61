"""Follow an indicator: one update whenever a candle changes or closes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.framework.indicators.plan import Plan
    from coinmux.framework.indicators.result import IndicatorResult
    from coinmux.framework.indicators.service import IndicatorService
    from coinmux.framework.reference.intervals import Interval
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.routing.options import RequestOptions

#: Shortest and longest pause between two requests, whatever the freshness of the candles is.
_SOONEST_S, _LATEST_S = 1.0, 30.0
#: Pause after the first failure; it doubles with each further failure, up to `_LATEST_S`.
_AFTER_FAILURE_S = 2.0


@dataclass(frozen=True, slots=True)
class Update:
    """The value of one candle.

    Attributes:
        timestamp: its opening time, Unix ms.
        is_closed: whether the candle is finished, so that its value is final.
        reading: of the newest candle only.
        is_stale: whether the candles are older than they should be.
    """

    timestamp: int
    is_closed: bool
    values: dict[str, float | None]
    reading: str | None
    provider: str
    is_stale: bool

    def public(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "timestamp": self.timestamp,
            "closed": self.is_closed,
            "values": self.values,
            "reading": self.reading,
            "provider": self.provider,
            "stale": self.is_stale,
        }


async def watch(
    desk: IndicatorService,
    plan: Plan,
    symbol: Symbol,
    interval: Interval,
    *,
    ask: RequestOptions,
    closed_only: bool = False,
    trail: DecisionTrail | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Update | CoinmuxError]:
    """Yield each new value when a candle changes or closes; yield an error when a request fails.

    The first update is the newest value. Callers that watch one market share its cached candles. A
    candle that closed between two requests is reported too, if it is among the last `_SHOWN`.

    Raises:
        InvalidRequest: the request is wrong and can never succeed.
    """
    reported: Update | None = None
    failures = 0
    while True:
        try:
            result = await desk.one(
                plan, symbol, interval, _SHOWN, closed_only=closed_only, ask=ask, trail=trail
            )
        except InvalidRequest:
            raise
        except CoinmuxError as error:
            failures += 1
            yield error
            await pause(min(_AFTER_FAILURE_S * 2 ** (failures - 1), _LATEST_S))
            continue
        failures = 0
        for update in _updates(result, reported):
            reported = update
            yield update
        await pause(_until_next(desk, result))


#: Values of one request, enough to include the candles that closed since the request before.
_SHOWN = 50


def _updates(result: IndicatorResult, reported: Update | None) -> list[Update]:
    """The updates since `reported`: values that are new, changed or closed."""
    candles, times = result.candles, result.timestamps.tolist()
    columns = {name: column.tolist() for name, column in result.values.items()}
    open_at = int(candles.timestamp[-1]) if candles.last_closed is False else None
    first = len(times) - 1
    if reported is not None:
        since = reported.timestamp
        first = next((at for at, time in enumerate(times) if time >= since), len(times))
    found = []
    for at in range(first, len(times)):
        newest = at == len(times) - 1
        update = Update(
            timestamp=times[at],
            is_closed=times[at] != open_at,
            values={name: _known(column[at]) for name, column in columns.items()},
            reading=result.reading if newest else None,
            provider=result.provider,
            is_stale=result.history.answer.meta["stale"],
        )
        if reported is None or not _same(update, reported):
            found.append(update)
    return found


def _same(update: Update, reported: Update) -> bool:
    return (
        update.timestamp == reported.timestamp
        and update.is_closed == reported.is_closed
        and update.values == reported.values
    )


def _known(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def _until_next(desk: IndicatorService, result: IndicatorResult) -> float:
    left = result.history.answer.ttl_s(desk.clock.monotonic())
    return min(max(left, _SOONEST_S), _LATEST_S)
