"""The result of an indicator: its values, their reading, and where its candles came from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.cache.answer import AnswerMeta, tag_of
from coinmux.framework.errors import PluginError
from coinmux.framework.health.classify import quoted
from coinmux.framework.plugins.indicator_info import Latest
from coinmux.framework.reference.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas
    import polars
    import pyarrow
    from numpy.typing import NDArray

    from coinmux.framework.indicators.candle_history import CandleHistory
    from coinmux.framework.indicators.flat_markets import LookBack
    from coinmux.framework.indicators.frame import Frame
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.plugins.indicator_info import IndicatorInfo, Value

#: nan and infinity are written as null.
_ENCODER = msgspec.json.Encoder()


class IndicatorMeta(AnswerMeta):
    """Provenance of an indicator's candles, with notes on its values.

    Attributes:
        candles: how many candles the values were computed from, warm-up included.
        pages: how many answers the candles were taken from.
    """

    candles: int
    pages: int


class IndicatorResult:
    """Values of one indicator over one market's candles.

    Attributes:
        parameters: every parameter, as given or by default.
        frame: the candles the values were computed from, warm-up included.
        outputs: `(n,)` float64 each, in the order of `info.outputs`; nan where undefined.
        settled_at: index of the first candle whose value has warmed up; None if there is none.
        look_back: the candles that tell whether the market moved at all.
        left_out: how many candles lacked a cell that the indicator reads.
        provenance: the candles and the answers they came from; None for a caller's own candles.
        shown: how many of the latest values the caller requested; all for a caller's own candles.
    """

    __slots__ = (
        "frame", "info", "label", "left_out", "look_back", "outputs", "parameters", "provenance",
        "settled_at", "shown",
    )  # fmt: skip

    def __init__(
        self,
        info: IndicatorInfo,
        label: str,
        parameters: Mapping[str, Value],
        frame: Frame,
        outputs: Sequence[NDArray[np.float64]],
        settled_at: int | None,
        look_back: LookBack,
        left_out: int = 0,
        provenance: CandleHistory | None = None,
        shown: int | None = None,
    ) -> None:
        self.info = info
        self.label = label
        self.parameters = parameters
        self.frame = frame
        self.outputs = outputs
        self.settled_at = settled_at
        self.look_back = look_back
        self.left_out = left_out
        self.provenance = provenance
        self.shown = frame.size if shown is None else shown

    def routed(self, history: CandleHistory, shown: int) -> IndicatorResult:
        """The same result with the provenance of its candles, showing the latest `shown` values."""
        return IndicatorResult(
            self.info, self.label, self.parameters, self.frame, self.outputs, self.settled_at,
            self.look_back, self.left_out, history, shown,
        )  # fmt: skip

    @property
    def values(self) -> dict[str, NDArray[np.float64]]:
        """The shown values by output, `(shown,)` float64, nan where undefined."""
        start = max(0, self.frame.size - self.shown)
        return {one.name: c[start:] for one, c in zip(self.info.outputs, self.outputs, strict=True)}

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """`(shown,)` int64, opening times of the shown candles in Unix ms."""
        return self.frame.timestamp[max(0, self.frame.size - self.shown) :]

    def to_arrow(self) -> pyarrow.Table:
        """The shown values with their UTC `timestamp`, null where undefined.

        The schema's metadata has what was computed as `coinmux.once`. Needs `coinmux[frames]`.
        """
        import pyarrow

        from coinmux.framework.models.data_frames import ONCE, told

        times = pyarrow.array(self.timestamps.copy(), pyarrow.timestamp("ms", "UTC"))
        values = {
            name: pyarrow.array(column.copy(), from_pandas=True)
            for name, column in self.values.items()
        }
        once = {"indicator": self.info.name, "parameters": dict(self.parameters)}
        return told(pyarrow.table({"timestamp": times, **values}), ONCE, once)

    def to_pandas(self) -> pandas.DataFrame:
        """The shown values, indexed by the UTC opening time of their candles."""
        from coinmux.framework.models.data_frames import pandas_of

        return pandas_of(self.to_arrow()).set_index("timestamp")

    def to_polars(self) -> polars.DataFrame:
        """The shown values with a UTC `timestamp` column."""
        from coinmux.framework.models.data_frames import polars_of

        return polars_of(self.to_arrow())

    @property
    def latest(self) -> dict[str, float | None]:
        """The value at the newest candle by output name; None where undefined."""
        return self._at(-1)

    @property
    def reading(self) -> str | None:
        """The newest values in plain words; None if they are undefined or have no reading.

        In a market that did not move it is `flat`: no value of it is high or low.

        Raises:
            PluginError: the plugin's `reading` raised.
        """
        return self._read(self._at(-1))

    def _read(self, latest: Mapping[str, float | None]) -> str | None:
        read = self.info.reading
        if read is None or None in latest.values():
            return None
        previous = self._at(-2) if self.frame.size > 1 else dict.fromkeys(latest)
        close = _known(self.frame.columns["close"].item(-1))
        try:
            text = read(Latest(latest, previous, close, self.parameters))
        except Exception as error:
            raise PluginError(f"reading of {self.info.name}: {quoted(error)}") from error
        if text is None:
            return None
        return self.look_back.flatness(self.frame, text) or clean_text(text)

    @property
    def settled_from(self) -> int | None:
        """Opening time of the first candle with a warmed-up value, Unix ms; None if none has."""
        return None if self.settled_at is None else int(self.frame.timestamp[self.settled_at])

    @property
    def history(self) -> CandleHistory:
        """The candles and the answers they came from.

        Raises:
            ValueError: the caller gave the candles.
        """
        if self.provenance is None:
            raise ValueError(f"{self.label} was computed from candles that no source gave")
        return self.provenance

    @property
    def candles(self) -> Candles:
        """The routed candles, warm-up included. Raises as `history` does."""
        return self.history.candles

    @property
    def provider(self) -> str:
        """The source of the candles. Raises as `history` does."""
        return self.history.answer.provider

    @property
    def meta(self) -> IndicatorMeta:
        """Provenance of the candles, with notes on the values. Raises as `history` does."""
        return self.history.meta(self.notes(self.shown))

    @property
    def body(self) -> bytes:
        """The whole envelope as JSON. Raises as `history` does."""
        meta = self.meta
        return b'{"data":%b,"meta":%b}' % (
            self.encode(self.head(), self.shown),
            _ENCODER.encode(meta),
        )

    @property
    def tag(self) -> bytes:
        """Names what the envelope says, as `tag_of`. Raises as `history` does."""
        return tag_of(self.encode(self.head(), self.shown), self.meta)

    def head(self) -> dict[str, object]:
        """The market, and whether the newest candle is finished; null for a caller's candles."""
        if self.provenance is None:
            return {"symbol": None, "interval": None, "last_closed": None}
        # If the open newest candle was left out, the newest remaining candle is closed.
        dropped = self.frame.size < len(self.candles)
        return self.provenance.head(last_closed=True if dropped else self.candles.last_closed)

    def encode(self, head: Mapping[str, object], shown: int) -> bytes:
        """The response's `data` object, with the latest `shown` candles.

        Args:
            head: members that come first, such as `symbol` and `interval`.
        """
        start = max(0, self.frame.size - shown)
        timestamps, columns = self.frame.timestamp, self.outputs
        if start:
            timestamps, columns = timestamps[start:], [column[start:] for column in columns]
        latest = self._at(-1)
        return _ENCODER.encode(
            {
                "indicator": self.info.name,
                **head,
                "parameters": self.parameters,
                "timestamps": timestamps.tolist(),
                "values": {
                    one.name: column.tolist()
                    for one, column in zip(self.info.outputs, columns, strict=True)
                },
                "latest": latest,
                "reading": self._read(latest),
                "settled_from": self.settled_from,
            }
        )

    def notes(self, shown: int) -> list[str]:
        """Notes on what limits the latest `shown` values."""
        notes = [*self.frame.remarks]
        if self.left_out:
            notes.append(
                f"{self.left_out} candles lack a cell that the indicator reads and were left out"
            )
        if self.info.settle(self.parameters) is None:
            notes.append(
                "its level depends on the first candle of the history; only changes compare"
            )
            return notes
        size = self.frame.size
        at = size if self.settled_at is None else self.settled_at
        unsettled = at - max(0, size - shown)
        if unsettled > 0:
            notes.append(
                f"the first {unsettled} values are undefined or not settled: the history is short"
            )
        return notes

    def _at(self, index: int) -> dict[str, float | None]:
        values: dict[str, float | None] = {}
        for one, column in zip(self.info.outputs, self.outputs, strict=True):
            value = column.item(index)
            values[one.name] = value if math.isfinite(value) else None
        return values


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
