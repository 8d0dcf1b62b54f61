"""Values of an indicator as a live feed tells them."""

from __future__ import annotations

from pydantic import Field

from coinmux.framework.models.base import Result
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol


class IndicatorValues(Result):
    """Values of one indicator, by candle, oldest first; null where it has none."""

    indicator: str = Field(description="As the catalogue names it")
    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    interval: Interval = Field(description="Length of a candle")
    last_closed: bool = Field(
        description="Whether the newest candle is finished, so that its values never change"
    )
    parameters: dict[str, int | float | str] = Field(description="Each, as given or by default")
    timestamps: tuple[int, ...] = Field(description="Opening times of the candles, Unix ms")
    values: dict[str, tuple[float | None, ...]] = Field(description="By output, as `timestamps`")
    latest: dict[str, float | None] = Field(description="The values of the newest candle")
    reading: str | None = Field(description="The newest values in words, with the rule")
    settled_from: int | None = Field(
        description="Opening time of the first candle whose values do not depend on where the "
        "history begins, Unix ms; null if none does"
    )

    def own_time_ms(self) -> int | None:
        """None: a candle's opening time does not say when its values were told."""
        return None
