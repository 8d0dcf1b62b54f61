"""The last 24 hours of the simulated market, written where a sample has the figures of its day.

Where a figure stands in a body is said by the sample's `fields`. Pure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.samples import json_paths
from coinmux.framework.samples.amounts import like, read_amount
from coinmux.framework.simulator.price_model import ASSETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coinmux.framework.samples.format import FieldSource
    from coinmux.framework.simulator.price_model import PriceModel

    Fields = Mapping[str, FieldSource]

_DAY_S = 86_400
#: Moments of the day that are looked at for its high and low.
_LOOKS = 97
#: Traded in a day over all markets, in dollars, and the coins there are.
_TRADED = {
    "BTC": 3.1e10, "ETH": 1.7e10, "SOL": 4.2e9, "XRP": 3.0e9, "BNB": 1.9e9, "DOGE": 1.3e9,
}  # fmt: skip
_SUPPLY = {
    "BTC": 19.95e6, "ETH": 120.7e6, "SOL": 553e6, "XRP": 60.3e9, "BNB": 137.7e6, "DOGE": 151.5e9,
}  # fmt: skip
#: Of the whole market, what the coins above are.
_SHARE = 0.82
#: Share of an exchange in the trade of a pair, and how far it varies from hour to hour.
_LEAST_SHARE, _MOST_SHARE = 0.004, 0.06
#: Rows of a list that are looked at.
_MOST_ROWS = 250
#: By what a unit's figure in a body differs from the percent or dollars here.
_UNITS = {"percent": 1.0, "fraction": 0.01, "quote": 1.0, "base": 1.0, "usd": 1.0}


@dataclass(frozen=True, slots=True)
class Day:
    """One market over the last 24 hours, at one source.

    Attributes:
        volume_base, volume_quote: traded there, in units of each.
    """

    last: float
    open: float
    high: float
    low: float
    volume_base: float
    volume_quote: float

    @property
    def change_percent(self) -> float:
        """From `open` to `last`."""
        return (self.last / self.open - 1) * 100

    def figures(self) -> dict[str, float]:
        """By the names of a ticker's fields."""
        return {
            "open": self.open,
            "high": self.high,
            "low": self.low,
            "change_percent": self.change_percent,
            "volume_base": self.volume_base,
            "volume_quote": self.volume_quote,
        }


def day_of(market: PriceModel, pair: Symbol, now_ms: int, *, source: str, off: float) -> Day:
    """The day of a simulated pair at a source whose prices stand `off` the market's."""
    now_s = now_ms // 1000
    course = market.prices(pair, np.linspace(now_s - _DAY_S, now_s, _LOOKS)) * off
    last = float(course[-1])
    hour = np.sin(2 * np.pi * (now_s % _DAY_S) / _DAY_S + _part(pair))
    traded = _TRADED.get(pair.base, 1e8) * _share(source, pair) * (1 + 0.2 * float(hour))
    base = traded / ASSETS[pair.base][0]
    return Day(
        last=last,
        open=float(course[0]),
        # A little apart, so that bid and ask, and what is rounded elsewhere, lie between them.
        high=float(course.max()) * 1.0004,
        low=float(course.min()) * 0.9996,
        volume_base=base,
        volume_quote=base * float(course.mean()),
    )


def write_ticker(body: Any, fields: Fields, prices: Sequence[str], exchange: int, day: Day) -> None:
    """Put the day's figures where the body of a ticker has them, in place.

    Args:
        body: of the exchange of that number, its prices already at today's level.
        fields: where each field of a ticker stands.
        prices: the paths of prices in this body.
    """
    scale = _scale(body, fields, exchange)
    for name, value in day.figures().items():
        source = fields.get(name)
        if source is not None:
            _put(body, source, exchange, value)
    if scale is not None:
        _move_the_rest(body, fields, prices, exchange, day, scale)


def write_coins(
    body: Any,
    fields: Fields,
    exchange: int,
    quote: str,
    market: PriceModel,
    now_ms: int,
    off: float,
) -> None:
    """Put today's price, change and size of each known coin in a list of coins, in place."""
    fields = {n.removeprefix("coins.0."): f for n, f in fields.items() if ".0." in n}
    symbol = fields.get("symbol")
    if symbol is None or quote not in ASSETS:
        return
    for row in range(_MOST_ROWS):
        ticker = _read(body, symbol, exchange, row)
        if not isinstance(ticker, str):
            return
        base = ticker.upper()
        if base not in _SUPPLY:
            continue
        day = day_of(market, Symbol.of(base, quote), now_ms, source="", off=off)
        figures = {
            "price": day.last,
            "market_cap": day.last * _SUPPLY[base],
            "volume_24h": _TRADED[base] / ASSETS[quote][0],
            "change_percent_24h": day.change_percent,
            "circulating_supply": _SUPPLY[base],
        }
        for name, value in figures.items():
            source = fields.get(name)
            if source is not None:
                _put(body, source, exchange, value, row)


def page_of(body: Any, fields: Fields, rows: slice) -> Any:
    """The body of a list of coins with these of its rows alone."""
    source = fields.get("coins.0.symbol")
    path = None if source is None else source.path_in(0)
    parts = json_paths.parse(path or "")
    if "0" not in parts:
        return body
    root = parts[: parts.index("0")]
    if not root:
        return body[rows] if isinstance(body, list) else body
    for container, key in json_paths.places(body, root):
        if isinstance(container[key], list):
            container[key] = container[key][rows]
    return body


def write_global(
    body: Any, fields: Fields, exchange: int, market: PriceModel, now_ms: int, off: float
) -> None:
    """Put today's figures of the whole market in place; all sources agree within their spread."""
    caps = {
        base: market.price(Symbol.of(base, "USD"), now_ms) * supply
        for base, supply in _SUPPLY.items()
    }
    whole = sum(caps.values()) / _SHARE
    figures = {
        "market_cap_usd": whole * off,
        "volume_24h_usd": sum(_TRADED.values()) / _SHARE * off,
        "btc_dominance_percent": caps["BTC"] / whole * 100,
        "eth_dominance_percent": caps["ETH"] / whole * 100,
    }
    for name, value in figures.items():
        source = fields.get(name)
        if source is not None:
            _put(body, source, exchange, value)


def _scale(body: Any, fields: Fields, exchange: int) -> tuple[float, float, float] | None:
    """Last, high and low as the scaled body has them; None where it lacks one of them."""
    found = []
    for name in ("last", "high", "low"):
        source = fields.get(name)
        value = None if source is None else read_amount(_read(body, source, exchange))
        if value is None or value <= 0:
            return None
        found.append(value)
    last, high, low = found
    return (last, high, low) if high > low else None


def _move_the_rest(
    body: Any,
    fields: Fields,
    prices: Sequence[str],
    exchange: int,
    day: Day,
    scale: tuple[float, float, float],
) -> None:
    """Other prices of the day: the move since its open, and averages between high and low."""
    last, high, low = scale
    near = abs(last) * 0.0005
    named = {
        (id(container), key)
        for source in fields.values()
        if (path := source.path_in(exchange)) is not None
        for container, key in json_paths.places(body, json_paths.parse(path))
    }
    for path in prices:
        for container, key in json_paths.places(body, json_paths.parse(path)):
            value = read_amount(container[key])
            if (id(container), key) in named or value is None or abs(value - last) <= near:
                continue
            if abs(value) < last * 0.2:
                container[key] = like(container[key], day.last - day.open)
            elif low < value < high:
                part = (value - low) / (high - low)
                container[key] = like(container[key], day.low + part * (day.high - day.low))


def _read(body: Any, source: FieldSource, exchange: int, row: int | None = None) -> Any:
    path = source.path_in(exchange)
    if path is None:
        return None
    return next(json_paths.values(body, _of_row(path, row)), None)


def _put(
    body: Any, source: FieldSource, exchange: int, value: float, row: int | None = None
) -> None:
    path = source.path_in(exchange)
    unit = _UNITS.get(source.unit)
    if path is None or unit is None:
        return
    for container, key in json_paths.places(body, _of_row(path, row)):
        if read_amount(container[key]) is not None:
            container[key] = like(container[key], value * unit)


def _of_row(path: str, row: int | None) -> json_paths.Parts:
    """The path in the row of that number, where it leads to the first."""
    parts = json_paths.parse(path)
    if row is None:
        return parts
    at = parts.index("0") if "0" in parts else None
    return parts if at is None else (*parts[:at], str(row), *parts[at + 1 :])


def _share(source: str, pair: Symbol) -> float:
    if not source:
        return 1.0
    return _LEAST_SHARE + (_MOST_SHARE - _LEAST_SHARE) * _part(f"{source}:{pair}") ** 2


def _part(text: str) -> float:
    """From 0 to 1, by the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") / 2**32
