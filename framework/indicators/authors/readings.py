"""Readings in plain words, each with the rule that gave it; they say what is, never what to do."""

from __future__ import annotations

from collections.abc import Callable

from coinmux.framework.plugins.indicator_info import Latest

Reading = Callable[[Latest], str | None]


def between(
    output: str, low: float, high: float, *, below: str = "oversold", above: str = "overbought"
) -> Reading:
    """Whether an oscillator is beyond its levels: `overbought: rsi 74.2 > 70`."""
    least, most = f"{low:g}", f"{high:g}"

    def read(latest: Latest) -> str:
        value = latest.values[output]
        assert value is not None
        if value > high:
            return f"{above}: {output} {value:.6g} > {most}"
        if value < low:
            return f"{below}: {output} {value:.6g} < {least}"
        return f"neutral: {least} <= {output} {value:.6g} <= {most}"

    return read


def crossing(fast: str, slow: str) -> Reading:
    """Whether one line is above another, and whether it got there with this candle."""

    def read(latest: Latest) -> str:
        a, b = latest.values[fast], latest.values[slow]
        c, d = latest.previous[fast], latest.previous[slow]
        assert a is not None
        assert b is not None
        if a == b:
            return f"level: {fast} {a:.6g} = {slow} {b:.6g}"
        word, sign = ("bullish", ">") if a > b else ("bearish", "<")
        # Equal before counts as not yet crossed: a touch is no cross.
        crossed = c is not None and d is not None and (c <= d if a > b else c >= d)
        kind = f"{word} cross" if crossed else word
        return f"{kind}: {fast} {a:.6g} {sign} {slow} {b:.6g}"

    return read


def against_price(output: str) -> Reading:
    """Whether the price is above a line drawn over it."""

    def read(latest: Latest) -> str | None:
        value, close = latest.values[output], latest.close
        if value is None or close is None:
            return None
        if close == value:
            return f"at {output}: close {close:.8g} = {output} {value:.8g}"
        word, sign = ("above", ">") if close > value else ("below", "<")
        return f"{word} {output}: close {close:.8g} {sign} {output} {value:.8g}"

    return read


def within_band(lower: str, upper: str) -> Reading:
    """Where the price is against a band around it."""

    def read(latest: Latest) -> str | None:
        low, high, close = latest.values[lower], latest.values[upper], latest.close
        if low is None or high is None or close is None:
            return None
        if close > high:
            return f"above the band: close {close:.8g} > {upper} {high:.8g}"
        if close < low:
            return f"below the band: close {close:.8g} < {lower} {low:.8g}"
        return f"within the band: {lower} {low:.8g} <= close {close:.8g} <= {upper} {high:.8g}"

    return read


def sign(output: str) -> Reading:
    """On which side of zero a line is, and whether it got there with this candle."""

    def read(latest: Latest) -> str:
        value, before = latest.values[output], latest.previous[output]
        assert value is not None
        if value == 0:
            return f"neutral: {output} = 0"
        word, mark = ("positive", ">") if value > 0 else ("negative", "<")
        turned = before is not None and (before <= 0 if value > 0 else before >= 0)
        return f"{f'turned {word}' if turned else word}: {output} {value:.6g} {mark} 0"

    return read
