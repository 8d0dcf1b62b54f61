"""Indicators over candles that sources gave: values with the candles' provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.indicators.candle_history import History
    from coinmux.framework.indicators.result import Computed
    from coinmux.framework.models.candles import Candles

_ENCODER = msgspec.json.Encoder()


class Routed:
    """One indicator over routed candles.

    Attributes:
        computed: over the whole history, warm-up included.
        history: the candles and where they came from.
        shown: how many of the latest values were asked for.
    """

    __slots__ = ("computed", "history", "shown")

    def __init__(self, computed: Computed, history: History, shown: int) -> None:
        self.computed = computed
        self.history = history
        self.shown = shown

    @property
    def answer(self) -> Answer[Candles]:
        """The newest of the answers the candles were taken from."""
        return self.history.answer

    @property
    def candles(self) -> Candles:
        """The candles, warm-up included."""
        return self.history.candles

    @property
    def provider(self) -> str:
        """Who gave the candles."""
        return self.answer.provider

    @property
    def latest(self) -> dict[str, float | None]:
        """The newest value by output."""
        return self.computed.latest

    @property
    def reading(self) -> str | None:
        """The newest values in plain words."""
        return self.computed.reading

    @property
    def values(self) -> dict[str, Any]:
        """The shown values by output, `(shown,)` float64, nan where undefined."""
        return {name: column[-self.shown :] for name, column in self.computed.values.items()}

    @property
    def timestamps(self) -> Any:
        """`(shown,)` int64, Unix ms."""
        return self.computed.frame.timestamp[-self.shown :]

    @property
    def meta(self) -> dict[str, Any]:
        """Provenance of the candles, and what is odd about the values."""
        return meta_of(self.history, notes_on(self.computed, self.shown))

    @property
    def body(self) -> bytes:
        """The whole envelope, encoded."""
        head = head_of(self.computed, self.candles)
        data = self.computed.encode(head, self.shown)
        return b'{"data":%b,"meta":%b}' % (data, _ENCODER.encode(self.meta))


def head_of(computed: Computed, candles: Candles) -> dict[str, Any]:
    """What a result says first: the market, and whether the newest candle shown is finished."""
    # One that was left out because it was open leaves a closed one as the newest.
    dropped = computed.frame.size < len(candles)
    return {
        "symbol": str(candles.symbol),
        "interval": str(candles.interval),
        "last_closed": True if dropped else candles.last_closed,
    }


def meta_of(history: History, notes: list[str]) -> dict[str, Any]:
    """The candles' provenance with `notes` besides its own."""
    meta = history.answer.meta
    return {
        **meta,
        "notes": [*meta["notes"], *history.notes, *notes],
        "candles": len(history.candles),
        "pages": history.pages,
    }


def notes_on(computed: Computed, shown: int) -> list[str]:
    """What the caller should know of values that are not what they could be."""
    notes = []
    plan = computed.plan
    if computed.left_out:
        notes.append(f"{computed.left_out} candles lack a cell that is read and were left out")
    if plan.settle is None:
        notes.append("its level depends on the first candle of the history; only changes compare")
        return notes
    size = computed.frame.size
    at = plan.settled_at(computed.frame.timestamp, computed.left_out)
    unsettled = (size if at is None else at) - max(0, size - shown)
    if unsettled > 0:
        notes.append(
            f"the first {unsettled} values are undefined or not settled: the history is short"
        )
    return notes
