"""One indicator with its parameters, ready to run over any candles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coinmux.framework.errors import InsufficientData
from coinmux.framework.indicators.flat_markets import LookBack
from coinmux.framework.indicators.output_check import outputs_of
from coinmux.framework.indicators.result import IndicatorResult
from coinmux.framework.models.candles import CANDLE_COLUMNS
from coinmux.framework.plugins.indicator_info import columns_read

if TYPE_CHECKING:
    from coinmux.framework.indicators.frame import Frame
    from coinmux.framework.plugins.adapters import Indicator
    from coinmux.framework.plugins.indicator_info import Value
    from coinmux.framework.reference.intervals import Interval

#: Called with the inputs and the parameters by name.
Apart = Callable[[Mapping[str, Any], Mapping[str, Any]], Sequence[NDArray[Any]]]


class Plan:
    """An indicator and its parameters.

    Attributes:
        required: candles needed for one value.
        settle: further candles after which values have warmed up; None if the level of the values
            always depends on the first candle.
        span_ms: the warm-up as a length of time, for sums that begin with a day or a month.
        label: such as `RSI(14)`.
    """

    __slots__ = (
        "_all", "_call", "_look_back", "_read", "_settled_at", "indicator", "info", "label",
        "required", "settle", "span_ms", "values",
    )  # fmt: skip

    def __init__(self, indicator: Indicator, values: dict[str, Value]) -> None:
        info = indicator.info
        self.indicator = indicator
        self.info = info
        self.values = values
        self.required = info.minimum(values)
        self.settle = info.settle(values)
        self.span_ms = info.span_ms(values)
        self.label = info.labelled(values)
        self._call = indicator.compute
        self._look_back = LookBack.of(info, values)
        self._settled_at = None if self.settle is None else self.required - 1 + self.settle
        self._read = columns_read(info, values)
        # Whether the frame's columns can be passed as they are, as for most indicators.
        self._all = not info.series or (
            list(info.series) == ["price"] and values["source"] == "close"
        )

    def wants(self, shown: int, interval: Interval) -> int:
        """How many candles to request, so that `shown` values have warmed up.

        One more candle is included, since the newest may be open and left out.
        """
        return shown + self.required + (self.settle or 0) + -(-self.span_ms // interval.ms)

    @property
    def looks_back(self) -> int | None:
        """How many candles the newest value and its reading are made of; None for all."""
        if self.settle != 0 or self.span_ms:
            return None
        back = self._look_back
        return max(self.required, back.span, back.traded) + 1

    def settled_at(self, timestamp: NDArray[np.int64], left_out: int = 0) -> int | None:
        """Index of the first candle whose value has warmed up; None if there is none.

        Args:
            left_out: how many candles lack a cell; they do not count.
        """
        if self.settle is None:
            return None
        at = self.required - 1 + self.settle + left_out
        if self.span_ms and timestamp.size:
            at = max(at, int(np.searchsorted(timestamp, timestamp[0] + self.span_ms)))
        return at if at < timestamp.size else None

    def run(self, frame: Frame, apart: Apart | None = None) -> IndicatorResult:
        """The indicator over `frame`: one value a candle, nan where the indicator is undefined.

        A candle that lacks a cell that the indicator reads is left out of the computation, and
        its value is nan.

        Args:
            apart: computes it elsewhere, and returns checked columns.

        Raises:
            InsufficientData: fewer candles than `required`.
            PluginError: the plugin broke its contract.
        """
        if self._read.isdisjoint(frame.holes) or (mask := frame.known(self._read)) is None:
            if apart is not None or not self._all or frame.size < self.required:
                return self._result(frame, self._outputs(frame, apart), 0)
            # As most runs go: hundreds of markets and indicators are one batch.
            outputs = outputs_of(self.info, self._call, frame.columns, self.values, frame.size)
            at = self._settled_at
            if at is None or self.span_ms or at >= frame.size:
                at = self.settled_at(frame.timestamp)
            return IndicatorResult(
                self.info, self.label, self.values, frame, outputs, at, self._look_back
            )
        kept = frame.kept(mask)
        lacking = " or ".join(name for name in CANDLE_COLUMNS if name in self._read & frame.holes)
        outputs = []
        left_out = f": {frame.size - kept.size} more have no {lacking}"
        for column in self._outputs(kept, apart, left_out):
            whole = np.full(frame.size, np.nan)
            whole[mask] = column
            outputs.append(whole)
        return self._result(frame, outputs, frame.size - kept.size)

    def _result(
        self, frame: Frame, outputs: Sequence[NDArray[Any]], left_out: int
    ) -> IndicatorResult:
        at = self.settled_at(frame.timestamp, left_out)
        return IndicatorResult(
            self.info, self.label, self.values, frame, outputs, at, self._look_back, left_out
        )

    @property
    def reads(self) -> frozenset[str]:
        """The columns of candles it reads."""
        return self._read

    def _outputs(
        self, frame: Frame, apart: Apart | None, left_out: str = ""
    ) -> Sequence[NDArray[Any]]:
        size = frame.size
        if size < self.required:
            raise InsufficientData(
                f"{self.label} needs at least {self.required} candles, got {size}{left_out}",
                required=self.required,
                available=size,
            )
        inputs = frame.columns if self._all else frame.inputs(self.info, self.values)
        if apart is not None:
            return apart(inputs, self.values)
        return outputs_of(self.info, self._call, inputs, self.values, size)
