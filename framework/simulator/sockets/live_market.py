"""The simulated market as one exchange tells it as it happens: trades, ticker, candles.

Everything is a function of the time, so that each connection, and REST, tell the same. Time is cut
into slots of 7.5 s, the moments that a candle of a minute is made from: in each, `TRADES` trades go
from the price at its start to the price at its end. So a candle of a minute is exactly its trades.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.simulator import candle_series, day_figures
from coinmux.framework.simulator.player import skew
from coinmux.framework.simulator.price_model import ASSETS
from coinmux.framework.simulator.sockets.live_book import TICK_MS, Levels, LiveBook
from coinmux.framework.simulator.sockets.speech import CandleNow, TickerNow, TradeNow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.simulator.price_model import PriceModel

_SLOT_MS = 7_500
_MINUTE_MS = 60_000
#: Trades of a slot.
TRADES = 16
_SLOTS = _MINUTE_MS // _SLOT_MS
#: 1 January 2020: the first trade of every market.
FIRST_MS = 1_577_836_800_000
#: Slots that are remembered of a market: some ten minutes.
_MOST_SLOTS = 160


@dataclass(frozen=True, slots=True)
class Scale:
    """How finely a market's prices and sizes are written: by powers of ten."""

    price: int
    size: int

    @classmethod
    def of(cls, pair: Symbol) -> Scale:
        """Six digits of a price, at least two decimals; sizes to some cents."""
        price = ASSETS[pair.base][0] / ASSETS[pair.quote][0]
        digits = max(5 - math.floor(math.log10(price)), 2)
        return cls(digits, max(math.floor(math.log10(ASSETS[pair.base][0])) + 3, 0))

    def written(self, price: float) -> Decimal:
        """A price, rounded to the tick."""
        return Decimal(round(price * 10**self.price)).scaleb(-self.price)

    def sized(self, size: float) -> Decimal:
        """A size, rounded; never 0."""
        return Decimal(max(round(size * 10**self.size), 1)).scaleb(-self.size)


class LiveMarket:
    """One pair at one exchange.

    Args:
        market: where prices come from.
        source: the exchange's name: its prices stand a little off the market's, as in REST.
    """

    def __init__(self, market: PriceModel, source: str, pair: Symbol) -> None:
        self.pair = pair
        self.scale = Scale.of(pair)
        self._market = market
        self._source = source
        self._off = skew(source)
        self._slots: dict[int, list[TradeNow]] = {}
        self._sizes: dict[int, list[float]] = {}
        self._day: tuple[int, day_figures.Day] | None = None
        self._told: dict[str, tuple[int, Decimal, Decimal]] = {}
        self.book = LiveBook(
            f"{source}:{pair}",
            self.scale.price,
            self.scale.size,
            price=ASSETS[pair.base][0] / ASSETS[pair.quote][0],
            big=10_000 / ASSETS[pair.base][0],
        )

    def trades(self, after_id: int, now_ms: int, most: int = 1_000) -> list[TradeNow]:
        """Trades up to now whose id is above, the oldest first; the newest `most` of them."""
        slot = _slot(now_ms)
        first = max(after_id // TRADES, slot - most // TRADES - 1)
        found = [
            trade
            for number in range(first, slot + 1)
            for trade in self._slot(number)
            if trade.id > after_id and trade.at_ms <= now_ms
        ]
        return found[-most:]

    def newest(self, now_ms: int) -> TradeNow:
        """The last trade there was."""
        return next(t for t in reversed(self._slot(_slot(now_ms))) if t.at_ms <= now_ms)

    def ticker(self, now_ms: int) -> TickerNow:
        """The market now and over 24 hours."""
        newest = self.newest(now_ms)
        bids, asks = self.levels(now_ms)
        day = self._today(now_ms)
        written = self.scale.written
        return TickerNow(
            pair=self.pair,
            at_ms=now_ms,
            last=newest.price,
            last_size=newest.size,
            last_id=newest.id,
            bid=bids[0][0],
            bid_size=bids[0][1],
            ask=asks[0][0],
            ask_size=asks[0][1],
            open=written(day.open),
            high=max(written(day.high), newest.price),
            low=min(written(day.low), newest.price),
            volume_base=self.scale.sized(day.volume_base),
            volume_quote=Decimal(round(day.volume_quote * 100)).scaleb(-2),
        )

    def candle(self, interval: str, now_ms: int) -> CandleNow:
        """The candle that is open now.

        One of a minute has all its trades so far. A longer one never leaves the bounds that REST
        gives it once it is closed: those look at eight moments of it, whatever its length.
        """
        return self._candle(interval, now_ms, opening_ms(interval, now_ms))

    def closed(self, interval: str, now_ms: int) -> CandleNow:
        """The last candle that is closed."""
        opens = opening_ms(interval, now_ms)
        return self._candle(interval, now_ms, opening_ms(interval, opens - 1))

    def levels(self, now_ms: int) -> tuple[Levels, Levels]:
        """Bids and asks now, best first."""
        tick_ms = now_ms - now_ms % TICK_MS
        return self.book.levels(tick_ms, self.newest(tick_ms).price)

    def _candle(self, interval: str, now_ms: int, opens_ms: int) -> CandleNow:
        step_s = INTERVALS[interval]
        opens_s = opens_ms // 1000
        closes_s = candle_series.closing_times(step_s, [opens_s])[0]
        written = self.scale.written
        # As it will be: the future is known here.
        whole = self._market.candles(self.pair, [opens_s], [closes_s], closes_s)[0]
        opened, most, least, last = (written(value * self._off) for value in whole)
        is_closed = closes_s * 1000 <= now_ms
        until_ms = min(now_ms, closes_s * 1000 - 1)
        if step_s == 60:
            trades = self._within(opens_ms, until_ms)
            base = sum((t.size for t in trades), Decimal(0))
            count = len(trades)
            high, low = max(t.price for t in trades), min(t.price for t in trades)
            close = trades[-1].price
        else:
            chance = candle_series.chance_of(opens_s, step_s) + 0.5
            per_second = self._today(now_ms).volume_base / 86_400
            passed_s = max(min(closes_s, now_ms // 1000) - opens_s, 1)
            base = self.scale.sized(per_second * passed_s * chance)
            count = passed_s * TRADES * 2 // 15
            if is_closed:
                high, low, close = most, least, last
            else:
                close = min(max(self.newest(now_ms).price, least), most)
                high, low = self._extremes(interval, opens_ms, opened, close)
        quote = (base * (high + low) / 2).quantize(Decimal("0.00000001"))
        return CandleNow(
            pair=self.pair,
            interval=interval,
            at_ms=now_ms,
            opens_ms=opens_ms,
            closes_ms=closes_s * 1000,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume_base=base,
            volume_quote=quote,
            count=count,
            is_closed=is_closed,
        )

    def _extremes(
        self, interval: str, opens_ms: int, opened: Decimal, close: Decimal
    ) -> tuple[Decimal, Decimal]:
        """High and low of an open candle: what was told of it is never taken back."""
        told = self._told.get(interval)
        _, high, low = told if told is not None and told[0] == opens_ms else (0, opened, opened)
        high, low = max(high, close), min(low, close)
        self._told[interval] = (opens_ms, high, low)
        return high, low

    def _within(self, from_ms: int, to_ms: int) -> list[TradeNow]:
        return [
            trade
            for number in range(_slot(from_ms), _slot(to_ms) + 1)
            for trade in self._slot(number)
            if from_ms <= trade.at_ms <= to_ms
        ]

    def _slot(self, number: int) -> list[TradeNow]:
        """The trades of a slot, the first at its start's price and the last at its end's."""
        found = self._slots.get(number)
        if found is not None:
            return found
        start_ms = FIRST_MS + number * _SLOT_MS
        ends = self._market.prices(self.pair, [start_ms / 1000, (start_ms + _SLOT_MS) / 1000])
        first, last = (self.scale.written(float(price) * self._off) for price in ends)
        chances = _chances(f"{self._source}:{self.pair}:{number}", TRADES * 3)
        times = [0, *sorted(int(c * (_SLOT_MS - 2)) + 1 for c in chances[: TRADES - 2])]
        times.append(max(_SLOT_MS - 50, times[-1]))
        sizes = self._minute_sizes(start_ms - start_ms % _MINUTE_MS)
        at = number % _SLOTS * TRADES
        tick = Decimal(1).scaleb(-self.scale.price)
        made = []
        for k, (time, part) in enumerate(
            zip(times, [0.0, *chances[TRADES : TRADES * 2 - 2], 1.0], strict=True)
        ):
            price = first + ((last - first) * Decimal(part)).quantize(tick)
            made.append(
                TradeNow(
                    pair=self.pair,
                    id=number * TRADES + k,
                    at_ms=start_ms + time,
                    side="buy" if chances[TRADES * 2 + k] < 0.5 else "sell",
                    price=price,
                    size=self.scale.sized(sizes[at + k]),
                )
            )
        while len(self._slots) >= _MOST_SLOTS:
            del self._slots[next(iter(self._slots))]
        self._slots[number] = made
        return made

    def _minute_sizes(self, opens_ms: int) -> list[float]:
        """What each trade of a minute moves: together what its candle in REST has."""
        found = self._sizes.get(opens_ms)
        if found is None:
            opens_s = opens_ms // 1000
            chances = _chances(f"{self._source}:{self.pair}:size:{opens_s}", TRADES * _SLOTS)
            weights = [chance**3 + 0.01 for chance in chances]
            day = day_figures.day_of(
                self._market, self.pair, opens_ms, source=self._source, off=self._off
            )
            traded = day.volume_base / 1440 * (candle_series.chance_of(opens_s, 60) + 0.5)
            factor = traded / sum(weights)
            found = [weight * factor for weight in weights]
            while len(self._sizes) >= _MOST_SLOTS // _SLOTS:
                del self._sizes[next(iter(self._sizes))]
            self._sizes[opens_ms] = found
        return found

    def _today(self, now_ms: int) -> day_figures.Day:
        second = now_ms // 1000
        if self._day is None or self._day[0] != second:
            day = day_figures.day_of(
                self._market, self.pair, second * 1000, source=self._source, off=self._off
            )
            self._day = (second, day)
        return self._day[1]


def opening_ms(interval: str, at_ms: int) -> int:
    """When the candle of that length that contains a moment opens."""
    return candle_series.opening_times(INTERVALS[interval], at_ms // 1000, 1)[0] * 1000


def _slot(at_ms: int) -> int:
    return (at_ms - FIRST_MS) // _SLOT_MS


def _chances(text: str, count: int) -> Sequence[float]:
    """From 0 to 1, by the text alone."""
    digest = hashlib.shake_128(text.encode()).digest(count * 4)
    return [int.from_bytes(digest[at : at + 4], "big") / 2**32 for at in range(0, count * 4, 4)]
