"""Indicators beside TA-Lib called directly, and beside two other libraries for scale."""

from __future__ import annotations

from functools import cache

from bench import indicators
from bench.figure import Figure, Plan, Reading, Series, ratio
from bench.processes import pinned
from coinmux.framework.indicators.catalogue import Catalogue

_ROUNDS = 7
_MARKETS = 500


@cache
def _catalogue() -> Catalogue:
    return indicators.catalogue()


def one(plan: Plan) -> Series:
    """An RSI of 500 candles and its JSON; the other libraries without JSON."""
    series = Series()
    with pinned(0):
        for _ in range(plan.rounds(_ROUNDS)):
            ours, theirs = indicators.one_us(_catalogue(), rounds=1)
            series.add("our RSI", Reading(ours))
            series.add("TA-Lib and msgspec", Reading(theirs))
            if plan.wants("pandas-ta-classic", "talipp"):
                for name, other in indicators.others_us(rounds=1).items():
                    series.add(name, Reading(other))
    return series


def batch(plan: Plan) -> Series:
    """The seven over 500 markets of 1,000 candles."""
    series = Series()
    with pinned(0):
        for _ in range(plan.rounds(_ROUNDS)):
            ours, theirs = indicators.batch_ms(_catalogue(), rounds=1, markets=plan.calls(_MARKETS))
            series.add("our batch", Reading(ours))
            series.add("bare TA-Lib", Reading(theirs))
    return series


def every(plan: Plan) -> Series:
    """All indicators once over 1,000 candles."""
    series = Series()
    with pinned(0):
        for _ in range(plan.rounds(_ROUNDS)):
            ours, theirs = indicators.all_us(_catalogue(), rounds=1)
            series.add("our 208", Reading(ours))
            series.add("bare calls", Reading(theirs))
    return series


_TITLE = "RSI of 500 candles and its JSON"
FIGURES = (
    Figure("rsi-json", _TITLE, "us", "our RSI", one, "TA-Lib and msgspec", ratio(1.2)),
    Figure("rsi-pandas-ta", _TITLE, "us", "our RSI", one, "pandas-ta-classic"),
    Figure("rsi-talipp", _TITLE, "us", "our RSI", one, "talipp"),
    Figure(
        "batch", "500 markets x 7 x 1,000 candles", "ms", "our batch", batch, "bare TA-Lib",
        ratio(1.1),
    ),
    Figure(
        "indicators", "all 208 indicators over 1,000 candles", "us", "our 208", every,
        "bare calls", ratio(1.3),
    ),
)  # fmt: skip
