"""What indicators are called elsewhere: TradingView, TA-Lib's wrappers, pandas-ta and others.

A name stands here only where it means one indicator and one formula. Names that could mean two
(`bb`: TA-Lib's bands or those of charting sites) are suggestions, not readings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

#: Folded name elsewhere -> name here.
_SAME: Mapping[str, str] = {
    "psar": "sar", "parabolicsar": "sar", "uo": "ultosc", "ultimateoscillator": "ultosc",
    "awesomeoscillator": "ao", "momentum": "mom", "tr": "trange", "truerange": "trange",
    "averagetruerange": "atr", "relativestrengthindex": "rsi", "moneyflowindex": "mfi",
    "commoditychannelindex": "cci", "williamsr": "willr", "williamspercentr": "willr",
    "onbalancevolume": "obv", "chaikinmoneyflow": "cmf", "chaikinoscillator": "adosc",
    "adl": "ad", "accdist": "ad", "linreg": "linearreg", "lsma": "linearreg", "smma": "rma",
    "stdev": "stddev", "variance": "var", "hl2": "medprice", "hlc3": "typprice",
    "ohlc4": "avgprice", "zlma": "zlema", "vi": "vortex", "massindex": "massi",
    "simplemovingaverage": "sma", "exponentialmovingaverage": "ema", "mass": "massi",
    "weightedmovingaverage": "wma", "hullmovingaverage": "hma", "rateofchange": "roc",
    "averagedirectionalindex": "adx", "ichimokucloud": "ichimoku", "forceindex": "efi",
    "pivots": "pivot-points", "volumeweightedaverageprice": "vwap",
}  # fmt: skip
#: Folded name elsewhere -> what it may mean here.
_MAY_MEAN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("bb", "boll", "bollinger"), ("bollinger-bands", "bbands")),
    **dict.fromkeys(("dc", "donchianchannel"), ("donchian-channels", "donchian")),
    **dict.fromkeys(("keltner", "keltnerchannel"), ("keltner-channels", "kc")),
    **dict.fromkeys(("stochastic", "kd"), ("stoch", "stochf")),
    **dict.fromkeys(("dmi", "di"), ("adx", "plus-di", "minus-di")),
    "anchoredvwap": ("vwap",),
    "pivot": ("pivot-points",),
}
_FOLD = re.compile(r"[^a-z0-9]")


def same_as(name: str, known: Collection[str]) -> str | None:
    """The one of `known` that `name` means: by its letters alone, or by what others call it."""
    folded = _folded(name)
    fits = [one for one in known if _folded(one) == folded]
    if len(fits) == 1:
        return fits[0]
    meant = _SAME.get(folded)
    if meant is None and f"cdl{folded.removeprefix('cdl')}" in known:
        meant = f"cdl{folded.removeprefix('cdl')}"
    return meant if meant in known else None


def may_mean(name: str, known: Collection[str]) -> list[str]:
    """Indicators that others call so, of which the caller must choose."""
    folded = _folded(name)
    found = _MAY_MEAN.get(folded) or tuple(one for one in known if _folded(one) == folded)
    return [one for one in found if one in known]


def _folded(name: str) -> str:
    return _FOLD.sub("", name[:60].lower())
