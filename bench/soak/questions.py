"""What the callers ask, and whether an answer is right: the simulated market is known."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from coinmux import Symbol
from coinmux.framework.simulator.price_model import PriceModel

#: Sources differ by three hundredths of a percent, and round; what lies differs by far more.
_CLOSE = 0.002
#: The codes a caller may get, with their status; anything else is no honest error.
HONEST = {
    "all_providers_failed": 502,
    "no_provider_available": 503,
    "overloaded": 503,
    "deadline_exceeded": 504,
    "rate_limited": 429,
    "unknown_symbol": 404,
}
_BASES = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE")
_QUOTES = ("USDT", "USDC", "USD", "EUR")
#: Every market that is asked about.
PAIRS = tuple(f"{base}/{quote}" for base in _BASES for quote in _QUOTES)
_HOUR_S = 3600

Check = Callable[[dict[str, Any], dict[str, Any]], str | None]


class Questions:
    """A question at a time, with what tells whether its answer is right."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._market = PriceModel()

    def next(self) -> tuple[str, dict[str, Any], Check]:
        """Path, parameters, and the check: None where it is right, else what is wrong."""
        rng = self._rng
        pair = Symbol.of(rng.choice(_BASES), rng.choice(_QUOTES))
        common: dict[str, Any] = {"timeout_s": rng.choice((1, 2, 4))}
        if rng.random() < 0.3:
            common["max_age_s"] = rng.choice((0, 1))
        kind = rng.choices(
            ("ticker", "consensus", "candles", "rsi", "book", "gas", "head", "mood", "news"),
            (30, 4, 20, 8, 8, 8, 8, 8, 6),
        )[0]
        market = {**common, "symbol": str(pair)}
        match kind:
            case "consensus":
                found = self._ticker(pair)
                return "/api/market/ticker", {**market, "strategy": "consensus"}, found
            case "candles":
                asked = {**market, "interval": "1h", "limit": rng.choice((5, 50, 300))}
                return "/api/market/candles", asked, self._candles(pair)
            case "rsi":
                return "/api/indicators/rsi", {**market, "interval": "1h", "limit": 20}, _rsi
            case "book":
                return "/api/market/order-book", market, self._book(pair)
            case "gas":
                return "/api/chain/ethereum/gas", common, _gas
            case "head":
                return "/api/chain/bitcoin/head", common, _head
            case "mood":
                return "/api/sentiment/index", common, _mood
            case "news":
                return "/api/news", common, _news
        return "/api/market/ticker", market, self._ticker(pair)

    def _near(self, pair: Symbol, price: float, at_ms: float, within_s: float) -> bool:
        """Whether the market had such a price within so many seconds before that moment."""
        last = at_ms / 1000
        moments = [last - back for back in range(-2, int(within_s) + 1)]
        prices = self._market.prices(pair, moments)
        return bool((abs(prices / price - 1) < _CLOSE).any())

    def _ticker(self, pair: Symbol) -> Check:
        def check(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
            if data["symbol"] != str(pair):
                return f"{data['symbol']} for {pair}"
            if not self._near(pair, data["last"], meta["fetched_at"], 90):
                return f"a price of {data['last']} that {pair} had not"
            return None

        return check

    def _book(self, pair: Symbol) -> Check:
        def check(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
            if data["symbol"] != str(pair) or not data["bids"] or not data["asks"]:
                return f"no book of {pair}"
            bid, ask = data["bids"][0][0], data["asks"][0][0]
            if bid > ask:  # equal ones meet in every market now and then
                return f"a bid of {bid} above an ask of {ask}"
            return None if self._near(pair, bid, meta["fetched_at"], 90) else f"a bid of {bid}"

        return check

    def _candles(self, pair: Symbol) -> Check:
        def check(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
            if data["symbol"] != str(pair) or data["interval"] != "1h":
                return f"{data['symbol']} {data['interval']}"
            return wrong_candles(self._market, pair, data["rows"])

        return check


def wrong_candles(market: PriceModel, pair: Symbol, rows: list[list[float]]) -> str | None:
    """What is wrong with hourly candles of the market, None where nothing is."""
    times = [int(row[0]) for row in rows]
    if times != sorted(set(times)):
        return "times that do not ascend"
    if any(at % (_HOUR_S * 1000) for at in times):
        return "times off the hour"
    now = time.time()
    closed = [row for row in rows if row[0] / 1000 + _HOUR_S <= now]
    opens = [int(row[0]) // 1000 for row in closed]
    true = market.candles(pair, opens, [one + _HOUR_S for one in opens], int(now))
    for row, (opened, _, _, close) in zip(closed, true, strict=True):
        if abs(row[1] / opened - 1) > _CLOSE or abs(row[4] / close - 1) > _CLOSE:
            return f"a candle from {row[1]} to {row[4]}, which went from {opened} to {close}"
    return None


def _rsi(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
    values = [one for one in data["values"]["rsi"] if one is not None]
    return None if values and all(0 <= one <= 100 for one in values) else "an RSI beyond 0 to 100"


def _gas(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
    return None if data["chain"] == "ethereum" and data["standard"] > 0 else "no price of gas"


def _head(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
    return None if data["chain"] == "bitcoin" and data["height"] > 800_000 else "no head of bitcoin"


def _mood(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
    return None if 0 <= data["value"] <= 100 else f"a mood of {data['value']}"


def _news(data: dict[str, Any], meta: dict[str, Any]) -> str | None:
    return None if all(one["title"] for one in data["items"]) else "a headline without words"
