"""Indicators beside TA-Lib called directly, and beside two other libraries for scale."""

import time

import msgspec
import talib
from talib import abstract

from coinmux.framework.indicators.catalogue import Catalogue
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.indicators.service import SEVEN, over
from coinmux.framework.models.candles import CANDLE_COLUMNS
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.testing.random_candles import random_candles

SHOWN = 500
#: Ours begins anew each day, week or month, TA-Lib's never does.
_ANOTHER = frozenset({"VWAP"})
_ENCODER = msgspec.json.Encoder()


def direct(candles):
    """The seven by TA-Lib alone, as its users would write them."""
    close, high, low = candles.close, candles.high, candles.low
    rsi = talib.RSI(close, 14)
    raw = talib.STOCHF(rsi, rsi, rsi, 14, 1)[0]
    fast = talib.SMA(raw, 3)
    return {
        "sma": (talib.SMA(close, 20),),
        "ema": (talib.EMA(close, 20),),
        "rsi": (talib.RSI(close, 14),),
        "macd": talib.MACD(close, 12, 26, 9),
        "atr": (talib.ATR(high, low, close, 14),),
        "stoch-rsi": (fast, talib.SMA(fast, 3)),
        "bollinger-bands": talib.BBANDS(close, 20, 2.0, 2.0),
    }


def best_of(work, *, rounds, times):
    """Microseconds of CPU of one call, the best round's mean."""
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - begun)
    return best / times * 1e6


def catalogue():
    loader = PluginLoader()
    loader.load(loader.discover(), wait_s=30, limit_s=30)
    return Catalogue(loader.indicators)


def one_us(found, *, rounds):
    """One RSI of 500 candles and its JSON: ours, and TA-Lib's with the same encoder."""
    candles = random_candles(SHOWN)
    plan = found.plan("rsi")
    head = {"symbol": "BTC/USDT", "interval": "1h", "last_closed": False}

    def ours():
        return plan.run(Frame.of(candles)).encode(head, SHOWN)

    def yardstick():
        values = talib.RSI(candles.close, 14)
        return _ENCODER.encode(
            {"timestamps": candles.timestamp.tolist(), "values": {"rsi": values.tolist()}}
        )

    times = 200 * rounds
    return (
        best_of(ours, rounds=rounds, times=times),
        best_of(yardstick, rounds=rounds, times=times),
    )


def batch_ms(found, *, rounds, markets=500, count=1000):
    """The seven over 500 markets of 1,000 candles: ours, and a bare loop over TA-Lib."""
    plans = [found.plan(name) for name in SEVEN]
    held = {f"C{at}/USDT": random_candles(count, seed=at) for at in range(markets)}

    def yardstick():
        return {name: direct(candles) for name, candles in held.items()}

    best = {}
    for name, work in (("ours", lambda: over(plans, held)), ("bare", yardstick)) * rounds:
        begun = time.process_time()
        kept = work()
        best[name] = min(best.get(name, float("inf")), time.process_time() - begun)
        del kept
    return best["ours"] * 1000, best["bare"] * 1000


def bare_call(indicator, candles):
    """What the numbers of an indicator cost without us.

    TA-Lib's function of that name, with its own defaults; where it has none, or one that is
    another thing, the indicator's own formula over the bare columns, which is numpy and TA-Lib.
    """
    columns = {name: getattr(candles, name) for name in CANDLE_COLUMNS}
    function = indicator.info.name.upper().replace("-", "_")
    if function not in talib.get_functions() or function in _ANOTHER:
        inputs = {**columns, "price": candles.close}
        values = {one.name: one.default for one in indicator.info.all_parameters()}
        return lambda: indicator.compute(inputs, values)
    call = getattr(talib, function)
    names = []
    for name, value in abstract.Function(function).info["input_names"].items():
        if name != "periods":
            names += [value] if isinstance(value, str) else value
    given = [columns[name] for name in names]
    if function == "MAVP":
        return lambda: call(*given, talib.HT_DCPERIOD(given[0]))
    return lambda: call(*given)


def all_us(found, *, rounds, count=1000):
    """Every indicator once over 1,000 candles: ours, and `bare_call` of each."""
    candles = random_candles(count)
    plans = [found.plan(indicator) for indicator in found]
    bare = [bare_call(indicator, candles) for indicator in found]

    def ours():
        frame = Frame.of(candles)
        for plan in plans:
            plan.run(frame)

    def yardstick():
        for call in bare:
            call()

    best = [float("inf"), float("inf")]
    for _ in range(2 * rounds):
        for at, work in enumerate((ours, yardstick)):
            best[at] = min(best[at], best_of(work, rounds=1, times=5))
    return best[0], best[1]


def others_us(*, rounds):
    """The RSI of 500 candles by pandas-ta-classic and by talipp, for scale."""
    import pandas
    import pandas_ta_classic
    from talipp.indicators import RSI

    closes = random_candles(SHOWN).close
    series, values = pandas.Series(closes), closes.tolist()
    return {
        "pandas-ta-classic": best_of(
            lambda: pandas_ta_classic.rsi(series, 14, talib=False), rounds=rounds, times=5
        ),
        "talipp": best_of(lambda: RSI(14, values), rounds=rounds, times=5),
    }
