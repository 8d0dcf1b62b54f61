"""What came of an indicator: its values by candle, the newest of them, and their reading."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import PluginError
from coinmux.framework.health.classify import quoted
from coinmux.framework.plugins.indicator_info import Latest
from coinmux.framework.reference.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coinmux.framework.indicators.frame import Frame
    from coinmux.framework.indicators.plan import Plan

#: nan and infinity are written as null.
_ENCODER = msgspec.json.Encoder()


class Computed:
    """Values of one indicator over one frame.

    Attributes:
        outputs: `(n,)` float64 each, in the order of `plan.info.outputs`; nan where undefined.
        left_out: candles that lacked a cell it reads.
    """

    __slots__ = ("frame", "left_out", "outputs", "plan")

    def __init__(
        self, plan: Plan, frame: Frame, outputs: Sequence[NDArray[Any]], left_out: int = 0
    ) -> None:
        self.plan = plan
        self.frame = frame
        self.outputs = outputs
        self.left_out = left_out

    @property
    def values(self) -> dict[str, NDArray[Any]]:
        """`(n,)` float64 by output name."""
        return {one.name: c for one, c in zip(self.plan.info.outputs, self.outputs, strict=True)}

    @property
    def latest(self) -> dict[str, float | None]:
        """The value at the newest candle by output name; None where undefined."""
        return self._at(-1)

    @property
    def reading(self) -> str | None:
        """The newest values in plain words; None where there are none, or no words for them.

        Raises:
            PluginError: the plugin broke its contract.
        """
        read = self.plan.info.reading
        latest = self._at(-1)
        if read is None or any(value is None for value in latest.values()):
            return None
        previous = self._at(-2) if self.frame.size > 1 else dict.fromkeys(latest)
        close = _known(float(self.frame.columns["close"][-1]))
        try:
            text = read(Latest(latest, previous, close, self.plan.values))
        except Exception as error:
            raise PluginError(f"reading of {self.plan.info.name}: {quoted(error)}") from error
        return None if text is None else clean_text(text)

    @property
    def settled_from(self) -> int | None:
        """The candle from which values are settled, Unix ms; None where none is, or will be."""
        at = self.plan.settled_at(self.frame.timestamp, self.left_out)
        return None if at is None else int(self.frame.timestamp[at])

    def encode(self, head: dict[str, Any], shown: int) -> bytes:
        """The contract's `data` object, of the latest `shown` candles.

        Args:
            head: members that come first, such as `symbol` and `interval`.
        """
        start = max(0, self.frame.size - shown)
        plan = self.plan
        names = [one.name for one in plan.info.outputs]
        return _ENCODER.encode(
            {
                "indicator": plan.info.name,
                **head,
                "parameters": plan.values,
                "timestamps": self.frame.timestamp[start:].tolist(),
                "values": {
                    name: column[start:].tolist()
                    for name, column in zip(names, self.outputs, strict=True)
                },
                "latest": self.latest,
                "reading": self.reading,
                "settled_from": self.settled_from,
            }
        )

    def _at(self, index: int) -> dict[str, float | None]:
        return {
            one.name: _known(float(column[index]))
            for one, column in zip(self.plan.info.outputs, self.outputs, strict=True)
        }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
