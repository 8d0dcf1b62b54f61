"""Every function of TA-Lib, from its own metadata: groups, inputs, parameters, outputs, look-back.

Differences from TA-Lib: whole-number outputs have no value before the look-back (TA-Lib gives 0);
kinds of moving average are chosen by name; periods are at most 1,000. MAXINDEX, MININDEX and
MINMAXINDEX return how many candles ago the extreme was, since the caller does not see the candles
that an index would refer to. STOCHRSI has no value where the RSI has not moved (0/0; TA-Lib gives
0, which would mean oversold). MAVP takes its periods from HT_DCPERIOD of the same prices, since
candles have no column of periods. Functions with an indicator of their own here (`sma`, `rsi`…)
are left out.

Source: TA-Lib 0.8, https://ta-lib.org/functions/, read 2026-11-24.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import unwrap
from typing import Any

import numpy as np
import talib
from talib import abstract

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Latest,
    Output,
    Parameter,
    Values,
    against_price,
    between,
    crossing,
    hookimpl,
    sign,
)

# TA-Lib's typing leaves these out.
_function: Callable[..., Any] = abstract.Function  # type: ignore[attr-defined]
# Without its look for series of pandas and polars, as all functions here.
_ht_dcperiod: Callable[[Column], Column] = unwrap(talib.HT_DCPERIOD)
_NAMES: Sequence[str] = talib.get_functions()  # type: ignore[no-untyped-call]

#: Offered by indicators of ours, which compute the same.
_OURS = frozenset({"SMA", "EMA", "RSI", "MACD", "ATR", "SUPERTREND", "VWAP"})

_AVERAGES = {
    "sma": 0, "ema": 1, "wma": 2, "dema": 3, "tema": 4, "trima": 5, "kama": 6, "mama": 7, "t3": 8,
    "hma": 9, "zlema": 12, "rma": 13,
}  # fmt: skip
#: Averages that remember their beginning.
_RECURSIVE_AVERAGES = frozenset({"ema", "dema", "tema", "kama", "mama", "t3", "zlema", "rma"})
#: Bounds of parameters that are no whole numbers; TA-Lib's own, or narrower where its are 3e37.
_BOUNDS = {
    "nbdev": (0, 100), "nbdevup": (0, 100), "nbdevdn": (0, 100), "multiplier": (0, 100),
    "fastlimit": (0.01, 0.99), "slowlimit": (0.01, 0.99), "vfactor": (0, 1), "percentile": (0, 100),
    "penetration": (0, 1), "acceleration": (0, 1), "maximum": (0, 10), "startvalue": (-1e9, 1e9),
    "offsetonreverse": (0, 1), "accelerationinitlong": (0, 1), "accelerationlong": (0, 1),
    "accelerationmaxlong": (0, 10), "accelerationinitshort": (0, 1), "accelerationshort": (0, 1),
    "accelerationmaxshort": (0, 10),
}  # fmt: skip
_LONGEST = 1000

#: Functions that remember their beginning for ever less long: look-backs after which a millionth of
#: it is left, measured on random candles (14 is Wilder's average, 8 an exponential one; one of
#: several stages has its stages in the look-back already).
_FADING = {
    **dict.fromkeys(
        ("ADX", "ADXR", "CMO", "DX", "MINUS_DI", "MINUS_DM", "PLUS_DI", "PLUS_DM", "NATR", "RVI",
         "RMA", "STOCHRSI", "KAMA", "KDJ", "RSI"), 14),
    **dict.fromkeys(
        ("HT_DCPERIOD", "HT_DCPHASE", "HT_PHASOR", "HT_SINE", "HT_TRENDMODE", "HT_TRENDLINE",
         "MAMA", "MAVP", "SAR", "SAREXT", "HA"), 10),
    **dict.fromkeys(
        ("APO", "PPO", "PVO", "KC", "ERI", "EFI", "ADOSC", "CVI", "SMI", "MACDFIX", "EMA"), 8),
    **dict.fromkeys(("TRIX", "TSI", "DEMA", "TEMA", "T3", "ZLEMA", "MASSI"), 4),
}  # fmt: skip
_LEAST_FADING = 100
#: Functions that add up from the first candle.
_CUMULATIVE = frozenset({"CUMSUM", "WAD", "AD", "NVI", "OBV", "PVI", "PVT"})
#: Functions that answer with an index into their input.
_INDEX = frozenset({"MAXINDEX", "MININDEX", "MINMAXINDEX"})
#: Of price's own scale by its flags, and yet no level of price.
_NO_LEVEL = frozenset({"AVGDEV"})

_BETWEEN = {
    "CCI": ("cci", -100, 100), "MFI": ("mfi", 20, 80), "WILLR": ("willr", -80, -20),
    "CMO": ("cmo", -50, 50), "ULTOSC": ("ultosc", 30, 70), "STOCH": ("slowk", 20, 80),
    "STOCHF": ("fastk", 20, 80), "STOCHRSI": ("fastk", 20, 80), "IMI": ("imi", 30, 70),
}  # fmt: skip
_CROSSING = {
    "MACDEXT": ("macd", "macdsignal"), "MACDFIX": ("macd", "macdsignal"),
    "AROON": ("aroonup", "aroondown"), "SMI": ("smi", "smisignal"),
}  # fmt: skip
_SIGN = frozenset(
    ("MOM", "ROC", "ROCP", "TRIX", "PPO", "APO", "PVO", "BOP", "AO", "AC", "ADOSC", "CMF", "TSI",
     "AROONOSC", "DPO", "COPPOCK", "EFI", "LINEARREG_SLOPE")
)  # fmt: skip

#: Where charting sites have another definition, or this package another indicator of the same
#: kind: title, what is different here, and the names of its kin.
_KIN: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "STOCHRSI": (
        "Stochastic RSI (TA-Lib's fast one)",
        "TA-Lib's: %K over 5 candles, not averaged; charting sites draw stoch-rsi (14, 14, 3, 3)",
        ("stoch-rsi",),
    ),
    "BBANDS": (
        "Bollinger Bands (TA-Lib's, any average)",
        "TA-Lib's, with averages of any kind and unequal bands; otherwise equal to bollinger-bands",
        ("bollinger-bands",),
    ),
    "DONCHIAN": (
        "Donchian Channels (TA-Lib's)",
        "TA-Lib's; equal to donchian-channels",
        ("donchian-channels",),
    ),
    "KC": (
        "Keltner Channels (TA-Lib's)",
        "TA-Lib's; charting sites draw keltner-channels",
        ("keltner-channels",),
    ),
    "HA": ("Heikin-Ashi Candles (TA-Lib's)", "TA-Lib's; equal to heikin-ashi", ("heikin-ashi",)),
    "CMO": (
        "Chande Momentum Oscillator (TA-Lib's, smoothed)",
        "TA-Lib's: by Wilder's smoothing, 2 x RSI - 100; Chande's own, of charting sites, is cmou",
        ("cmou",),
    ),
    "CMOU": (
        "Chande Momentum Oscillator (Chande's, not smoothed)",
        "Chande's own, of plain sums, as charting sites draw it; TA-Lib's smoothed one is cmo",
        ("cmo",),
    ),
    "DPO": (
        "Detrended Price Oscillator",
        "a price of n / 2 + 1 candles ago less the average, as StockCharts has it; some charting "
        "sites shift it otherwise",
        (),
    ),
    "TRIX": (
        "Triple Exponential Average (TRIX)",
        "the change in per cent of a threefold exponential average; some charting sites show "
        "10,000 times the change of its logarithm",
        (),
    ),
    "STOCH": (
        "Stochastic (slow)",
        "TA-Lib's defaults 5, 3, 3; charting sites draw 14, 1, 3",
        ("stochf",),
    ),
    "STOCHF": (
        "Stochastic (fast)",
        "TA-Lib's defaults 5, 3; the slow one averages %K once more",
        ("stoch",),
    ),
    "CCI": (
        "Commodity Channel Index",
        "TA-Lib's default of 14 candles; charting sites draw 20",
        (),
    ),
    "MA": (
        "Moving Average (of any kind)",
        "TA-Lib's default of 30 candles; sma and ema have 20",
        ("sma", "ema"),
    ),
    "SAREXT": (
        "Parabolic SAR (extended)",
        "TA-Lib's: an acceleration for each side; charting sites draw sar",
        ("sar",),
    ),
    "MACDEXT": (
        "MACD (TA-Lib's, any average)",
        "TA-Lib's: the kind of each average can be chosen; charting sites draw macd",
        ("macd",),
    ),
    "MACDFIX": (
        "MACD (TA-Lib's, fixed weights)",
        "TA-Lib's: weights of 0.15 and 0.075 in place of 12 and 26 candles; sites draw macd",
        ("macd",),
    ),
}

_DRAW: Mapping[str, Any] = {
    "Histogram": "histogram", "Dashed Line": "dashed", "Values represent an upper limit": "upper",
    "Values represent a lower limit": "lower",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Function:
    """One function and how it is called.

    Attributes:
        inputs: names of what it reads, in order.
        parameters: names, in order.
    """

    name: str
    call: Callable[..., Any]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]


_FUNCTIONS: dict[str, _Function] = {}


def _name_of(function: str) -> str:
    return function.lower().replace("_", "-")


def _native(values: Values) -> dict[str, Any]:
    """Parameters as TA-Lib takes them: kinds of average as numbers."""
    return {
        name: _AVERAGES[value] if isinstance(value, str) else value
        for name, value in values.items()
        if not name.startswith("source")
    }


def _lookback(function: str, values: Values) -> int:
    """Candles before the first value; -1 where TA-Lib refuses the parameters."""
    own: int = _function(function, **_native(values)).lookback
    if function == "MAVP" and own >= 0:
        own += int(_function("HT_DCPERIOD").lookback)
    return own


def _parameter(function: str, name: str, default: Any) -> Parameter:
    meaning = name.replace("_", " ").replace("period", " period").replace("  ", " ")
    if name.endswith("matype"):
        kinds = {number: kind for kind, number in _AVERAGES.items()}
        return Parameter(
            name, kinds[default], choices=tuple(_AVERAGES), description="Kind of moving average"
        )
    if isinstance(default, int):
        least = next(n for n in range(10) if _function(function, **{name: n}).lookback >= 0)
        if function == "STOCHRSI" and name == "fastk_period":
            least = 2  # one value has no range to be placed in
        aliases = ("period", "length", "window") if name == "timeperiod" else ()
        return Parameter(name, default, least, _LONGEST, description=meaning, aliases=aliases)
    low, high = _BOUNDS[name]
    return Parameter(name, float(default), low, high, description=meaning)


def _settle(function: str, averages: Sequence[str]) -> Callable[[Values], int | None]:
    if function in _CUMULATIVE:
        return lambda _: None

    def settle(values: Values) -> int:
        factor = _FADING.get(function, 0)
        if any(values[name] in _RECURSIVE_AVERAGES for name in averages):
            factor = max(factor, 14)
        steps = factor * _lookback(function, values)
        if function == "MAMA":
            # MAMA adapts its weight; the slowest one needs the longest warm-up.
            steps = max(steps, math.ceil(14 / values["slowlimit"]))
        return max(steps, _LEAST_FADING) if factor else 0

    return settle


def _reading(function: str, outputs: Sequence[str], *, overlay: bool) -> Any:
    if function in _BETWEEN:
        return between(*_BETWEEN[function])
    if function in _CROSSING:
        return crossing(*_CROSSING[function])
    if function in _SIGN:
        return sign(outputs[0])
    if function.startswith("CDL"):
        return _pattern
    if function in ("ADX", "ADXR"):
        return between(outputs[0], 0, 25, above="trending")
    if function == "SAREXT":
        return _sarext
    return against_price(outputs[0]) if overlay and len(outputs) == 1 else None


def _sarext(latest: Latest) -> str | None:
    """TA-Lib gives the stop of a falling market below zero."""
    value, close = latest.values["sarext"], latest.close
    if value is None or close is None:
        return None
    if value < 0:
        return f"below the stop: close {close:.8g} < {-value:.8g}, sarext being negative"
    return f"above the stop: close {close:.8g} > sarext {value:.8g}"


def _pattern(latest: Latest) -> str | None:
    ((name, value),) = latest.values.items()
    if value is None:
        return None
    if value == 0:
        return f"no pattern: {name} = 0"
    return f"bullish: {name} {value:g} > 0" if value > 0 else f"bearish: {name} {value:g} < 0"


def _drawn(function: str, flags: Sequence[str], *, pattern: bool) -> Any:
    if pattern:
        return "marks"
    if function in ("SAR", "SAREXT"):
        return "dots"
    return next((_DRAW[flag] for flag in flags if flag in _DRAW), "line")


def _describe(function: str) -> IndicatorInfo:
    info = _function(function).info
    flags = info["function_flags"] or []
    defaults: Mapping[str, Any] = info["parameters"]
    columns: list[str] = []
    series: dict[str, str] = {}
    order: list[str] = []
    for name, value in info["input_names"].items():
        if name == "periods":
            continue
        if isinstance(value, str):
            series[name] = value
            order.append(name)
        else:
            columns.extend(value)
            order.extend(value)
    parameters = tuple(_parameter(function, name, value) for name, value in defaults.items())
    averages = [one.name for one in parameters if isinstance(one.default, str)]
    pattern = "Output is a candlestick" in flags
    overlay = pattern or ("Output scale same as input" in flags and function not in _NO_LEVEL)
    outputs = tuple(
        Output(
            function.lower() if name in ("real", "integer") else name,
            _drawn(function, flags_, pattern=pattern),
        )
        for name, flags_ in info["output_flags"].items()
    )
    title, summary, also = _KIN.get(function, (info["display_name"], "", ()))
    # Without its look for series of pandas and polars, which it does where they are installed.
    native = unwrap(getattr(talib, function))
    _FUNCTIONS[_name_of(function)] = _Function(function, native, tuple(order), tuple(defaults))

    def check(values: Values) -> str | None:
        if function == "MAVP" and values["minperiod"] > values["maxperiod"]:
            return f"minperiod: takes at most maxperiod, which is {values['maxperiod']}"
        if _lookback(function, values) < 0:
            return f"{parameters[0].name}: TA-Lib refuses this combination of parameters"
        return None

    return IndicatorInfo(
        name=_name_of(function),
        title=title,
        group=info["group"],
        inputs=tuple(columns),
        series=series,
        parameters=parameters,
        outputs=outputs,
        minimum=lambda values: _lookback(function, values) + 1,
        settle=_settle(function, averages),
        check=check,
        overlay=overlay,
        levels=_BETWEEN[function][1:] if function in _BETWEEN else (),
        reading=_reading(function, [one.name for one in outputs], overlay=overlay),
        label=function,
        summary=summary,
        also=also,
        formula=f"TA-Lib {function}",
        source=f"TA-Lib {function}, https://ta-lib.org/functions/{function.lower()}/",
    )


@hookimpl
def indicator_info() -> Sequence[IndicatorInfo]:
    """All functions except those with an indicator of their own here."""
    return [_describe(name) for name in _NAMES if name not in _OURS]


@hookimpl
def compute(indicator: str, inputs: Columns, parameters: Values) -> Sequence[Column]:
    """The function's outputs."""
    function = _FUNCTIONS[indicator]
    given: list[Any] = [inputs[name] for name in function.inputs]
    if function.name == "MAVP":
        given.append(_ht_dcperiod(given[0]))
    for name in function.parameters:
        value = parameters[name]
        given.append(_AVERAGES[value] if isinstance(value, str) else value)
    outputs = function.call(*given)
    columns = outputs if isinstance(outputs, tuple) else (outputs,)
    if function.name == "STOCHRSI":
        return _where_rsi_moves(columns, given[0], _native(parameters))
    for column in columns:
        if column.dtype != np.float64:
            before = _known_lookback(function.name, tuple(parameters.items()))
            return [_undefined_before(one, before, function.name) for one in columns]
    return columns


@lru_cache(maxsize=1024)
def _known_lookback(function: str, parameters: tuple[tuple[str, Any], ...]) -> int:
    """`_lookback`, which takes ten times as long as a pattern: TA-Lib reads texts for it."""
    return _lookback(function, dict(parameters))


def _where_rsi_moves(
    columns: Sequence[Column], price: Column, native: Mapping[str, Any]
) -> Sequence[Column]:
    """%K and %D, without a value where the RSI stands still: prices only rise, fall, or stand."""
    fastk, fastd = columns
    rsi = talib.RSI(price, native["timeperiod"])
    span = native["fastk_period"]
    flat = talib.MAX(rsi, span) == talib.MIN(rsi, span)
    if not flat.any():
        return columns
    # %D averages the last values of %K, whatever kind of average it is.
    reach = np.ones(native["fastd_period"])
    spoilt = np.convolve(flat, reach)[: flat.size] > 0
    return np.where(flat, np.nan, fastk), np.where(spoilt, np.nan, fastd)


def _undefined_before(column: Column, before: int, function: str) -> Column:
    if column.dtype == np.float64:
        return column
    values = column.astype(np.float64)
    if function in _INDEX:
        values = np.arange(values.size) - values
    values[:before] = np.nan
    return values
