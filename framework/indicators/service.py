"""Compute indicators from routed candles or the caller's own, one or many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import Deadline
from coinmux.framework.errors import (
    AllProvidersFailed,
    CoinmuxError,
    DeadlineExceeded,
    InsufficientData,
    InvalidRequest,
)
from coinmux.framework.indicators import candle_history
from coinmux.framework.indicators.apart.foreign import ForeignIndicators
from coinmux.framework.indicators.catalogue import Catalogue
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.routing.options import LEAST_TIMEOUT_S, MOST_TIMEOUT_S, RequestOptions

if TYPE_CHECKING:
    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.framework.indicators.candle_history import Asks, CandleHistory
    from coinmux.framework.indicators.plan import Plan
    from coinmux.framework.indicators.result import IndicatorResult
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.plugins.adapters import Indicator
    from coinmux.framework.reference.intervals import Interval
    from coinmux.framework.reference.symbols import Symbol

#: The indicators of `comprehensive`.
SEVEN = ("sma", "ema", "rsi", "macd", "atr", "stoch-rsi", "bollinger-bands")
#: With more candles than this, an indicator is computed in a thread.
_INLINE = 5_000
#: How many markets of a batch are fetched at a time.
_AT_ONCE = 8


class IndicatorService:
    """Indicators of one gateway.

    Args:
        gateway: fetches the candles.
        indicators: by name, as they are now.
    """

    def __init__(self, gateway: Asks, indicators: Callable[[], Mapping[str, Indicator]]) -> None:
        self.catalogue = Catalogue(indicators)
        self.clock = gateway.clock
        self._gateway = gateway
        self._foreign = ForeignIndicators(gateway)

    def close(self) -> None:
        """End the processes of indicators that are not built in."""
        self._foreign.close()

    def retire(self, gone: Iterable[Indicator]) -> None:
        """Forget indicators that are gone; ends the processes that computed them."""
        self._foreign.retire(gone)

    def present(self, plan: Plan) -> Plan:
        """`plan` by the indicator's code as it is now; itself where that has not changed.

        Raises:
            UnknownIndicator: it is gone.
            InvalidRequest: it takes these parameters no longer.
        """
        now = self.catalogue.find(plan.info.name)
        return plan if now is plan.indicator else self.catalogue.plan(now, plan.values)

    async def run(self, plan: Plan, frame: Frame) -> IndicatorResult:
        """Compute `plan` from `frame` without blocking the event loop.

        Raises:
            InsufficientData: too few candles.
            PluginError: the plugin broke its contract, or took too long.
        """
        if not plan.indicator.is_built_in:
            return await self._foreign.run(plan, frame)
        if frame.size > _INLINE:
            return await asyncio.to_thread(plan.run, frame)
        return plan.run(frame)

    async def one(
        self,
        plan: Plan,
        symbol: Symbol,
        interval: Interval,
        limit: int,
        *,
        closed_only: bool = False,
        ask: RequestOptions | None = None,
        request_id: str | None = None,
        trail: DecisionTrail | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> IndicatorResult:
        """One indicator of one market: the latest `limit` values, after their warm-up.

        Args:
            start: in place of the latest, the first from this opening time on (Unix ms).
            end: no values after this opening time.

        Raises:
            InvalidRequest, RoutingError: no source gave candles, or there are too few.
            PluginError: the plugin broke its contract.
        """
        now_ms, until = self.clock.wall_ms(), end
        if start is not None:
            _check_range(start, end, now_ms)
            last = start + (limit - 1) * interval.ms
            until = last if end is None else min(last, end)
        if until is not None and until >= now_ms:
            until = None
        count = limit
        if start is not None:
            count = ((now_ms if until is None else until) - start) // interval.ms + 1
        had = await self._history(
            [plan], symbol, interval, count, ask or RequestOptions(), request_id, trail, until
        )
        try:
            computed = await self.run(plan, _frame(had.candles, closed_only=closed_only))
        except InsufficientData as error:
            raise _too_few(error, had) from None
        if start is None:
            return computed.routed(had, limit)
        shown = int((computed.frame.timestamp >= start).sum())
        if not shown:
            raise InsufficientData("no candle opens in that range", required=1, available=0)
        if until is not None and end is not None and until + interval.ms <= min(end, now_ms):
            had = replace(had, next_start=until + interval.ms)
        return computed.routed(had, shown)

    async def history(
        self, plan: Plan, symbol: Symbol, interval: Interval, limit: int, ask: RequestOptions
    ) -> tuple[CandleHistory, int]:
        """The candles from which the latest `limit` values are computed.

        Returns:
            the candles, and how many of them are asked for where there are as many.

        Raises:
            InvalidRequest, RoutingError: no source gave candles.
        """
        had = await self._history([plan], symbol, interval, limit, ask, None, None)
        return had, max(candle_history.step(plan.wants(limit, interval)), len(had.candles))

    async def several(
        self,
        plans: Sequence[Plan],
        symbol: Symbol,
        interval: Interval,
        limit: int,
        *,
        closed_only: bool = False,
        ask: RequestOptions | None = None,
        request_id: str | None = None,
        trail: DecisionTrail | None = None,
        end: int | None = None,
    ) -> tuple[CandleHistory, list[IndicatorResult | CoinmuxError]]:
        """Several indicators of one market from the same candles; each is a result or an error.

        Without an indicator, the candles alone.

        Args:
            end: no candles after this opening time.

        Raises:
            InvalidRequest, RoutingError: no source gave candles.
        """
        had = await self._history(
            plans, symbol, interval, limit, ask or RequestOptions(), request_id, trail, end
        )
        frame = _frame(had.candles, closed_only=closed_only)
        return had, [await self._tried(plan, frame, had) for plan in plans]

    async def batch(
        self,
        plans: Sequence[Plan],
        symbols: Sequence[Symbol],
        interval: Interval,
        limit: int,
        *,
        closed_only: bool = False,
        ask: RequestOptions | None = None,
        trail: DecisionTrail | None = None,
    ) -> dict[Symbol, tuple[CandleHistory, list[IndicatorResult | CoinmuxError]] | CoinmuxError]:
        """Many indicators of many markets; each market's candles are fetched once.

        The deadline of `ask` applies to the whole batch. A market whose turn comes too late gets
        `DeadlineExceeded`.
        """
        ask = ask or RequestOptions()
        until = Deadline.after(self._gateway.clock, ask.timeout_s or MOST_TIMEOUT_S)
        places = asyncio.Semaphore(_AT_ONCE)
        results: dict[Symbol, Any] = dict.fromkeys(symbols)

        async def market(symbol: Symbol) -> None:
            async with places:
                try:
                    left = replace(ask, timeout_s=_left_s(until))
                    results[symbol] = await self.several(
                        plans,
                        symbol,
                        interval,
                        limit,
                        closed_only=closed_only,
                        ask=left,
                        trail=trail,
                    )
                except CoinmuxError as error:
                    results[symbol] = error

        async with asyncio.TaskGroup() as group:
            for symbol in results:
                group.create_task(market(symbol))
        return results

    async def _history(
        self,
        plans: Sequence[Plan],
        symbol: Symbol,
        interval: Interval,
        limit: int,
        ask: RequestOptions,
        request_id: str | None,
        trail: DecisionTrail | None,
        end: int | None = None,
    ) -> CandleHistory:
        count = max((plan.wants(limit, interval) for plan in plans), default=limit)
        return await candle_history.latest(
            self._gateway, symbol, interval, count, ask, request_id, trail, end
        )

    async def _tried(
        self, plan: Plan, frame: Frame, had: CandleHistory
    ) -> IndicatorResult | CoinmuxError:
        try:
            return await self.run(plan, frame)
        except InsufficientData as error:
            return _too_few(error, had)
        except CoinmuxError as error:
            return error


def _too_few(error: InsufficientData, had: CandleHistory) -> CoinmuxError:
    """Why there are too few candles: the market has no more, or no source told more now."""
    meta = had.answer.meta
    if not meta["stale"]:
        return error
    kept = f"{error.detail}: they were kept from before, as no source answered now"
    return AllProvidersFailed(kept, attempts=meta["attempts"])


def _check_range(start: int, end: int | None, now_ms: int) -> None:
    """Refuse a range in which no candle can open."""
    message = None
    if end is not None and start > end:
        message = "is after end"
    elif start > now_ms:
        message = "is in the future: there are no candles yet"
    if message is not None:
        raise InvalidRequest(f"start {message}", errors=[{"name": "start", "message": message}])


def _left_s(until: Deadline) -> float:
    left = until.remaining_s()
    if left < LEAST_TIMEOUT_S:
        raise DeadlineExceeded("the batch ran out of time before this market's turn", attempts=[])
    return left


def over(
    plans: Sequence[Plan], markets: Mapping[str, Candles]
) -> dict[str, list[IndicatorResult | CoinmuxError]]:
    """Many indicators from the given candles of many markets; each is a result or an error."""
    return {name: _each(plans, Frame.of(candles)) for name, candles in markets.items()}


def _each(plans: Sequence[Plan], frame: Frame) -> list[IndicatorResult | CoinmuxError]:
    results: list[IndicatorResult | CoinmuxError] = []
    for plan in plans:
        try:
            results.append(plan.run(frame))
        except CoinmuxError as error:
            results.append(error)
    return results


def _frame(candles: Candles, *, closed_only: bool) -> Frame:
    frame = Frame.of(candles)
    return frame.without_last() if closed_only and candles.last_closed is False else frame
