"""The methods of a gateway that ask for functions of candles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.indicators.frame import Frame
from coinmux.framework.questions import Questions
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.routing.options import RequestOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.indicators.candle_history import CandleHistory
    from coinmux.framework.indicators.result import IndicatorResult
    from coinmux.framework.indicators.service import IndicatorService
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.routing.options import RequestKeywords


class GatewayQuestions(Questions):
    """What a gateway is asked, indicators included.

    Attributes:
        indicators: the catalogue of indicators, and the service that computes them.
    """

    indicators: IndicatorService

    async def indicator(
        self,
        name: str,
        symbol: str,
        interval: str = "1h",
        limit: int = 200,
        *,
        closed_only: bool = False,
        parameters: Mapping[str, object] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> IndicatorResult:
        """The latest `limit` values of an indicator, warmed up if the market's history suffices.

        Args:
            closed_only: leave out the newest candle while it is open.
            parameters: of the indicator, by name: `{"period": 21}`.
            options: those of `RequestOptions`.

        Raises:
            InvalidRequest: a value is refused, or there are too few candles (`InsufficientData`).
            RoutingError: no source gave candles.
        """
        plan = self.indicators.catalogue.plan(name, parameters or {})
        pair, length = self.parse_symbol(symbol), Interval.parse(interval)
        return await self.indicators.one(
            plan, pair, length, limit, closed_only=closed_only, ask=RequestOptions(**options)
        )

    def indicator_over(
        self, name: str, candles: Candles, parameters: Mapping[str, object] | None = None
    ) -> IndicatorResult:
        """An indicator over the caller's own candles; no source is asked.

        Raises:
            InvalidRequest: as `indicator`.
        """
        return self.indicators.catalogue.plan(name, parameters or {}).run(Frame.of(candles))

    async def indicator_batch(
        self,
        names: Sequence[str | tuple[str, Mapping[str, object]]],
        symbols: Sequence[str],
        interval: str = "1h",
        limit: int = 1,
        *,
        closed_only: bool = False,
        **options: Unpack[RequestKeywords],
    ) -> dict[Symbol, tuple[CandleHistory, list[IndicatorResult | CoinmuxError]] | CoinmuxError]:
        """Many indicators of many markets; where one fails, its error replaces its result alone.

        Args:
            names: of indicators, or pairs of a name and its parameters.

        Raises:
            InvalidRequest: an indicator, a parameter or a symbol is refused.
        """
        plans = [
            self.indicators.catalogue.plan(*((one, {}) if isinstance(one, str) else one))
            for one in names
        ]
        pairs = [self.parse_symbol(symbol) for symbol in symbols]
        return await self.indicators.batch(
            plans,
            pairs,
            Interval.parse(interval),
            limit,
            closed_only=closed_only,
            ask=RequestOptions(**options),
        )
