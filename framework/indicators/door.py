"""Indicators as methods of a gateway, for programs and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, Unpack

from coinmux.framework.indicators.frame import Frame
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.routing.options import RequestKeywords, RequestOptions

if TYPE_CHECKING:
    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.indicators.candle_history import CandleHistory
    from coinmux.framework.indicators.result import IndicatorResult
    from coinmux.framework.indicators.service import IndicatorService
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.reference.symbols import Symbol


class _Parses(Protocol):
    indicators: IndicatorService

    def parse_symbol(self, text: str) -> Symbol: ...


class GatewayIndicators:
    """The indicator half of `Gateway`.

    Attributes:
        indicators: the catalogue, and what runs it.
    """

    indicators: IndicatorService

    async def indicator(
        self: _Parses,
        name: str,
        symbol: str,
        interval: str = "1h",
        limit: int = 200,
        *,
        closed_only: bool = False,
        parameters: Mapping[str, object] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> IndicatorResult:
        """The latest `limit` values of an indicator, settled where the market's history allows.

        Args:
            closed_only: leave out the newest candle while it is open.
            parameters: of the indicator, by name: `{"period": 21}`.
            options: those of `RequestOptions`.

        Raises:
            InvalidRequest: its subtypes say what will not do; `InsufficientData` among them.
            RoutingError: nobody gave candles.
        """
        plan = self.indicators.catalogue.plan(name, parameters or {})
        pair, length = self.parse_symbol(symbol), Interval(interval)
        return await self.indicators.one(
            plan, pair, length, limit, closed_only=closed_only, ask=RequestOptions(**options)
        )

    def indicator_over(
        self, name: str, candles: Candles, parameters: Mapping[str, object] | None = None
    ) -> IndicatorResult:
        """An indicator over candles that are here.

        Raises:
            InvalidRequest: as `indicator`.
        """
        return self.indicators.catalogue.plan(name, parameters or {}).run(Frame.of(candles))

    async def indicator_batch(
        self: _Parses,
        names: Sequence[str | tuple[str, Mapping[str, object]]],
        symbols: Sequence[str],
        interval: str = "1h",
        limit: int = 1,
        *,
        closed_only: bool = False,
        **options: Unpack[RequestKeywords],
    ) -> dict[Symbol, tuple[CandleHistory, list[IndicatorResult | CoinmuxError]] | CoinmuxError]:
        """Many indicators of many markets; an error stands where one failed, and spoils no other.

        Args:
            names: of indicators, or pairs of a name and its parameters.

        Raises:
            InvalidRequest: an indicator, a parameter or a symbol will not do.
        """
        plans = [
            self.indicators.catalogue.plan(*((one, {}) if isinstance(one, str) else one))
            for one in names
        ]
        pairs = [self.parse_symbol(symbol) for symbol in symbols]
        return await self.indicators.batch(
            plans,
            pairs,
            Interval(interval),
            limit,
            closed_only=closed_only,
            ask=RequestOptions(**options),
        )
