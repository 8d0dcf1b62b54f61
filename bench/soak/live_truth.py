"""Whether what a live feed tells is true: the simulated market is known, trade by trade."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from coinmux import Symbol
from coinmux.framework.simulator.price_model import PriceModel
from coinmux.framework.simulator.sockets.live_market import LiveMarket

#: Sources differ by three hundredths of a percent, and round.
_CLOSE = 0.002
#: An answer of the cache may be so old.
_OLD_S = 90
_MINUTE_MS = 60_000
_REMEMBERED = 12


class Markets:
    """The market of each pair at each exchange."""

    def __init__(self) -> None:
        self._model = PriceModel()
        self._known: dict[tuple[str, str], LiveMarket] = {}

    def of(self, provider: str, pair: str) -> LiveMarket:
        found = self._known.get((provider, pair))
        if found is None:
            found = self._known[provider, pair] = LiveMarket(self._model, provider, Symbol(pair))
        return found

    def is_near(self, pair: str, price: float, at_ms: float) -> bool:
        """Whether the market had such a price lately."""
        last = at_ms / 1000
        moments = [last - back for back in range(-2, _OLD_S)]
        prices = self._model.prices(Symbol(pair), moments)
        return bool((abs(prices / price - 1) < _CLOSE).any())


class Truth:
    """What one reader knows of one question.

    Attributes:
        wrong: what was not true, in words.
    """

    def __init__(self, capability: str, pair: str, markets: Markets) -> None:
        self.capability, self.pair = capability, pair
        self._markets = markets
        self.wrong: list[str] = []
        self.events = self.gaps = self.sources = 0
        self._own_ms: dict[str, int] = {}
        self._ids: dict[str, set[str]] = {}
        self._closed: dict[int, tuple[str, list[float]]] = {}
        #: What it was told last, for who looks for the reason of what was wrong.
        self.history: deque[str] = deque(maxlen=_REMEMBERED)

    def begin_anew(self) -> None:
        """What it was told before does not count any more."""
        self._own_ms, self._ids, self._closed = {}, {}, {}

    def see(self, kind: str, event: dict[str, Any]) -> bool:
        """One event; whether it has data."""
        self.events += 1
        meta, data = event["meta"], event["data"]
        self.gaps += kind == "gap"
        self.sources += kind == "source"
        if not event["subject"].startswith(self.pair):
            self.wrong.append(f"{event['subject']} for {self.pair}")
        told = f"{meta['provider']}, {meta['received_at']}, {_times(data)}, live {meta['live']}"
        self.history.append(f"at {time.time() * 1000:.0f} {kind}: {told}, {meta['notes']}")
        if data is None:
            return False
        said = getattr(self, f"_see_{self.capability}")(kind, meta, data)
        if said is not None:
            told = "".join(f"\n  {line}" for line in self.history)
            self.wrong.append(f"{self.capability} {self.pair} {kind}: {said} {meta}{told}")
        return True

    def _see_ticker(self, kind: str, meta: dict[str, Any], data: dict[str, Any]) -> str | None:
        if not self._markets.is_near(self.pair, data["last"], meta["received_at"]):
            return f"a price of {data['last']}, which it had not"
        own_ms, provider = data.get("timestamp"), meta["provider"]
        if own_ms is not None and meta["live"]:
            before, self._own_ms[provider] = self._own_ms.get(provider, 0), own_ms
            if kind == "update" and own_ms < before:
                return f"a price of {own_ms} after one of {before}"
        return None

    def _see_order_book(self, kind: str, meta: dict[str, Any], data: dict[str, Any]) -> str | None:
        bids, asks = data["bids"], data["asks"]
        if not bids or not asks:
            return "a side is empty"
        if bids[0][0] >= asks[0][0]:
            return f"a bid of {bids[0][0]} against an ask of {asks[0][0]}"
        prices = [one[0] for one in bids], [one[0] for one in asks]
        if prices[0] != sorted(prices[0], reverse=True) or prices[1] != sorted(prices[1]):
            return "its levels are not in order"
        if not self._markets.is_near(self.pair, bids[0][0], meta["received_at"]):
            return f"a bid of {bids[0][0]}"
        return None

    def _see_trades(self, kind: str, meta: dict[str, Any], data: dict[str, Any]) -> str | None:
        provider, known = meta["provider"], self._ids.setdefault(meta["provider"], set())
        for trade in data["trades"]:
            if trade["id"] is None:
                continue
            if kind == "update" and meta["live"] and trade["id"] in known:
                return f"the trade {trade['id']} of {provider} came twice"
            known.add(trade["id"])
            if not self._is_made(provider, trade):
                return f"{provider} never made {trade}"
        return None

    def _is_made(self, provider: str, trade: dict[str, Any]) -> bool:
        """Whether the market had it; some exchanges tell the second only."""
        at_ms = trade["timestamp"]
        market = self._markets.of(provider, self.pair)
        first = market.newest(at_ms - 1_500).id - 1
        return any(
            abs(float(one.price) / trade["price"] - 1) < 1e-9
            and abs(float(one.size) / trade["amount"] - 1) < 1e-6
            for one in market.trades(first, at_ms + 1_500, 64)
        )

    def _see_candles(self, kind: str, meta: dict[str, Any], data: dict[str, Any]) -> str | None:
        rows, provider = data["rows"], meta["provider"]
        if [row[0] for row in rows] != sorted({row[0] for row in rows}):
            return "times that do not ascend"
        closed = rows if data.get("last_closed") is not False else rows[:-1]
        for row in closed:
            opens_ms, told = row[0], self._closed.get(row[0])
            if kind == "update" and meta["live"] and told is not None:
                return f"the candle of {opens_ms} closed twice"
            if told is not None and told[0] == provider and _differ(told[1][1:5], row[1:5]):
                return f"the candle of {opens_ms} was {told[1]} and is {row}"
            if opens_ms < (time.time() - 1_800) * 1000:
                continue
            self._closed[opens_ms] = (provider, row)
            true = self._markets.of(provider, self.pair).closed("1m", opens_ms + _MINUTE_MS + 1)
            figures = [float(one) for one in (true.open, true.high, true.low, true.close)]
            if _differ(figures, row[1:5], _CLOSE):
                return f"the candle {row} of {provider}, which was {figures}"
        return None


def _times(data: dict[str, Any] | None) -> str:
    """The times that data is of, in words."""
    if data is None:
        return "no data"
    if "trades" in data:
        times = [trade["timestamp"] for trade in data["trades"]]
        return f"{len(times)} trades of {min(times, default=0)} to {max(times, default=0)}"
    return f"of {data.get('timestamp')}"


def _differ(first: list[float], second: list[float], by: float = 1e-6) -> bool:
    return any(abs(a / b - 1) > by for a, b in zip(first, second, strict=True))
