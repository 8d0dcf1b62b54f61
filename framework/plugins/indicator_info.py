"""What an indicator says of itself: what it reads and returns, its parameters, how to draw it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from coinmux.framework.plugins.declared_types import check_types, clean_texts

#: A parameter's value: a whole number, a number, or one of its choices.
Value = int | float | str
#: Parameters by name. Of what type each is, its declaration says, and no type checker can.
Values = Mapping[str, Any]
#: `(n,)` values by candle, oldest first.
Column = NDArray[Any]
Columns = Mapping[str, Column]

#: Columns of candles an indicator may read.
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
#: Prices a series may be taken from, and the columns each is made of.
PRICES: Mapping[str, tuple[str, ...]] = {
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume",),
    "hl2": ("high", "low"),
    "hlc3": ("high", "low", "close"),
    "ohlc4": ("open", "high", "low", "close"),
}

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_TEXT_CHARS = 500
_TAKEN = frozenset({"comprehensive", "batch"})
#: What the routes take themselves; a parameter of the same name could not be given.
_OF_ROUTES = frozenset(
    {"symbol", "interval", "limit", "closed_only", "provider", "strategy", "max_age_s"}
    | {"timeout_s", "quote_fallback", "start", "end"}
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of an indicator. The type of the default is the type of the parameter.

    Attributes:
        default: a whole number, a number, or one of `choices`.
        low, high: bounds, both allowed.
        choices: the texts allowed, where the default is one.
        description: what it means.
        aliases: other names it is known by elsewhere.
    """

    name: str
    default: Value
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    description: str = ""
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_types(self)
        clean_texts(self, ("description",), _TEXT_CHARS)
        if not _WORD.fullmatch(self.name):
            raise ValueError(f"parameter {self.name!r}: lower case letters, digits and _ only")
        if self.name in _OF_ROUTES:
            raise ValueError(f"parameter {self.name!r}: the routes take that themselves")
        if isinstance(self.default, str):
            if self.default not in self.choices:
                raise ValueError(f"parameter {self.name}: the default is none of its choices")
        elif not self.low <= self.default <= self.high:
            raise ValueError(f"parameter {self.name}: the default is out of its bounds")

    def allowed(self) -> str:
        """What it takes, in words."""
        if isinstance(self.default, str):
            return f"one of {', '.join(self.choices)}"
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"


def period(default: int, *, low: int = 2, name: str = "period", meaning: str = "") -> Parameter:
    """A number of candles, at most 1,000; charting sites and TA-Lib call it by other names too."""
    aliases = ("timeperiod", "length", "window") if name == "period" else ()
    return Parameter(
        name, default, low, 1000, description=meaning or "Candles it looks back", aliases=aliases
    )


@dataclass(frozen=True, slots=True)
class Output:
    """One line of an indicator.

    Attributes:
        draw: how it is drawn: a line, a histogram, the upper or lower edge of a band, dots, marks
            at single candles, or one price of a candle.
    """

    name: str
    draw: Literal["line", "dashed", "histogram", "upper", "lower", "dots", "marks", "candle"] = (
        "line"
    )

    def __post_init__(self) -> None:
        check_types(self)
        if not _WORD.fullmatch(self.name):
            raise ValueError(f"output {self.name!r}: lower case letters, digits and _ only")


@dataclass(slots=True)
class Latest:
    """The newest values of an indicator, for its reading; made for each, and not to be changed.

    Attributes:
        values: by output, of the newest candle; None where undefined.
        previous: of the candle before it.
        close: price of the newest candle.
    """

    values: Mapping[str, float | None]
    previous: Mapping[str, float | None]
    close: float | None
    parameters: Values


def _nothing(_: Values) -> int:
    return 0


def _fits(_: Values) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class IndicatorInfo:
    """Everything an indicator declares. Its `compute` hook does the rest.

    Attributes:
        name: lower case, words joined by a hyphen.
        group: such as `Momentum Indicators`.
        outputs: in the order `compute` returns them.
        minimum: candles needed for one value, from the parameters.
        inputs: columns of candles it reads.
        series: prices the caller may choose, as series name -> the price taken by default (one of
            `PRICES`): each adds a parameter, `source` for the series `price`, `source0` for
            `price0`.
        settle: candles beyond the minimum after which a value no longer depends (by one part in a
            million) on where the history begins; 0 where it looks back over a window only, None
            where the level permanently depends on the first candle and its changes alone mean
            something.
        span_ms: the same as a stretch of time, for sums that begin with a day or a month.
        check: what is wrong with parameters that are each within bounds, as `name: what would do`.
        overlay: drawn over the candles; else in a pane of its own.
        levels: drawn as lines across the pane.
        reading: the newest values in plain words with the rule that gave them, never advice.
        label: short name of messages (`RSI`); the name in upper case when empty.
        summary: how it differs from what else is known under its name, where it does.
        also: names of indicators of the same kind by another definition.
        formula: how it is computed, in words, and which of rival definitions.
        source: where the definition comes from.
    """

    name: str
    title: str
    group: str
    outputs: tuple[Output, ...]
    minimum: Callable[[Values], int]
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[str, ...] = ()
    series: Mapping[str, str] = field(default_factory=dict)
    settle: Callable[[Values], int | None] = _nothing
    span_ms: Callable[[Values], int] = _nothing
    check: Callable[[Values], str | None] = _fits
    overlay: bool = False
    levels: tuple[float, ...] = ()
    reading: Callable[[Latest], str | None] | None = None
    label: str = ""
    summary: str = ""
    also: tuple[str, ...] = ()
    formula: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        check_types(self)
        clean_texts(self, ("title", "group", "label"))
        clean_texts(self, ("formula", "source"), _TEXT_CHARS)
        if not _NAME.fullmatch(self.name) or self.name in _TAKEN or len(self.name) > 40:
            raise ValueError(f"indicator name {self.name!r}: lower case words joined by hyphens")
        if not self.outputs:
            raise ValueError(f"{self.name}: has no outputs")
        if not self.inputs and not self.series:
            raise ValueError(f"{self.name}: reads no column")
        for column in self.inputs:
            if column not in COLUMNS:
                raise ValueError(f"{self.name}: candles have no column {column}")
        for series, price in self.series.items():
            if not series.startswith("price") or price not in PRICES:
                raise ValueError(f"{self.name}: a series is named price… and taken from a price")
        names = [one.name for one in self.all_parameters()]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: two parameters of one name")

    def all_parameters(self) -> tuple[Parameter, ...]:
        """Its parameters, and those that choose its series."""
        chosen = tuple(
            Parameter(source_of(series), price, choices=tuple(PRICES), description="Price it reads")
            for series, price in self.series.items()
        )
        return (*self.parameters, *chosen)

    def labelled(self, values: Values) -> str:
        """Its label with its numbers: `MACD(12,26,9)`."""
        numbers = ",".join(
            f"{values[one.name]:g}" for one in self.parameters if not isinstance(one.default, str)
        )
        name = self.label or self.name.upper()
        return f"{name}({numbers})" if numbers else name


def source_of(series: str) -> str:
    """The parameter that chooses a series: `source` for `price`, `source0` for `price0`."""
    return f"source{series.removeprefix('price')}"


def columns_read(info: IndicatorInfo, values: Values) -> frozenset[str]:
    """Columns of candles the indicator reads, under these parameters."""
    chosen = (PRICES[values[source_of(series)]] for series in info.series)
    return frozenset(info.inputs).union(*chosen)
