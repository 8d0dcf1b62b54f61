"""Judges what one reader is told: every datum against the market it is said to be of."""

import re
from datetime import datetime

from tests.framework.streams.true_market import MINUTE_MS

#: A reader may have nothing new for so long without a word that its data is old.
QUIET_S = 20.0
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Witness:
    """One reader's.

    Args:
        venues: by name.
        pair: as they write it.

    Attributes:
        wrong: what was not right, in words.
        told_at: when data came last.
        is_live: whether it came by a socket.
        is_marked: whether it is said to be old.
    """

    def __init__(self, capability, venues, pair, loop, clock):
        self.capability, self.pair = capability, pair
        self._venues, self._loop, self._clock = venues, loop, clock
        self.wrong = []
        self.events = []
        self.told_at = loop.time()
        self.is_live = self.is_marked = False
        self.provider = ""
        self._own_ms = 0
        self._trades = {}
        self._claims = []
        self._newest_ms = None
        self._gaps = []
        self._closed = {}

    def see(self, event):
        """One event."""
        self.events = [*self.events[-30:], event]
        if event.meta.dropped:
            self._say("events were dropped")
        if event.kind == "gap":
            self._gap(event.meta.missed)
        elif event.kind == "stale":
            self.is_marked = True
            if "defect" in event.meta.notes[0]:
                self._say(event.meta.notes[0])
        elif event.kind == "source" and event.meta.provider not in self._venues:
            self._say(f"{event.meta.provider!r} tells it now")
        if event.data is None:
            return
        market = self._venues[event.meta.provider].markets[self.pair]
        self.told_at, self.is_marked = self._loop.time(), False
        self.is_live = event.meta.live
        getattr(self, f"_see_{self.capability}")(event, market)
        self.provider = event.meta.provider

    def look(self):
        """Whether old data is said to be old."""
        age_s = self._loop.time() - self.told_at
        if age_s > QUIET_S and not self.is_marked:
            self._say(f"nothing for {age_s:.1f} s, and no word of it")
            self.told_at = self._loop.time()

    def conclude(self, settled_s=0.0):
        """What should have been told by now, or so long ago."""
        until_ms = self._clock.wall_ms() - round(settled_s * 1000)
        if self.capability == "trades":
            self._trades_are_complete(until_ms)
        elif self.capability == "candles":
            self._candles_are_complete(until_ms)
        return self.wrong

    def _say(self, text):
        self.wrong.append(f"{self._loop.time() - 1_000:.2f} {self.capability}: {text}")

    def _see_ticker(self, event, market):
        ticker = event.data
        if market.tickers.get(ticker.timestamp) != ticker.last:
            self._say(f"{event.meta.provider} never had a price of {ticker.last}")
        if event.meta.provider == self.provider and ticker.timestamp < self._own_ms:
            self._say("an older price came after a newer one")
        self._own_ms = ticker.timestamp

    def _see_order_book(self, event, market):
        book = event.data
        true = market.books.get(book.timestamp)
        if true is None or (book.bids, book.asks) != (true[1], true[2]):
            self._say(f"the book of {book.timestamp} is not that of {event.meta.provider}: {book}")

    def _see_trades(self, event, market):
        provider, known = event.meta.provider, self._trades.setdefault(event.meta.provider, set())
        for trade in event.data.trades:
            true = market.by_id.get(trade.id)
            if true is None or (true.timestamp, true.price, true.amount) != (
                trade.timestamp, trade.price, trade.amount
            ):  # fmt: skip
                self._say(f"{provider} never made the trade {trade}")
            if event.kind == "update" and trade.id in known:
                self._say(f"the trade {trade.id} of {provider} came twice, {event.meta}")
            known.add(trade.id)
        newest = max((one.timestamp for one in event.data.trades), default=None)
        if newest is None:
            return
        if self._newest_ms is None:
            self._newest_ms = newest
        elif newest > self._newest_ms:
            self._claims.append((provider, self._newest_ms, newest))
            self._newest_ms = newest

    def _gap(self, missed):
        for part in (missed or "").split("; "):
            times = [_ms(one) for one in _TIMES.findall(part)]
            since, until = times[0], times[-1]
            if part.endswith("now"):
                until = self._clock.wall_ms()
            self._gaps.append((since - 1_000, until + 1_000))

    def _trades_are_complete(self, until_ms):
        settled = [claim for claim in self._claims if claim[2] <= until_ms]
        self._claims = [claim for claim in self._claims if claim[2] > until_ms]
        for provider, since, until in settled:
            known = self._trades[provider]
            for trade in self._venues[provider].markets[self.pair].trades:
                at = trade.timestamp
                if not since < at <= until or trade.id in known:
                    continue
                if not any(first <= at <= last for first, last in self._gaps):
                    self._say(f"the trade {trade.id} of {provider} at {at} was lost without a word")

    def _see_candles(self, event, market):
        provider, candles = event.meta.provider, event.data
        partial = " ".join(candles.notes)
        rows = list(
            zip(
                candles.timestamp.tolist(), candles.open.tolist(), candles.high.tolist(),
                candles.low.tolist(), candles.close.tolist(), candles.volume.tolist(), strict=True,
            )
        )  # fmt: skip
        for at, row in enumerate(rows):
            is_open = at == len(rows) - 1 and candles.last_closed is False
            true = market.candle(row[0])
            if true is None:
                self._say(f"{provider} has no candle of {row[0]}")
            elif is_open:
                self._see_open(row, true, is_whole="not seen whole" not in partial)
            else:
                self._see_closed(event, row, true)

    def _see_open(self, row, true, *, is_whole):
        if row[2] > true[2] or row[3] < true[3]:
            self._say(f"an open candle of {row}, which was {true}")
        if is_whole and (row[1] != true[1] or row[5] > true[5]):
            self._say(f"an open candle that began as {row}, which was {true}")
        if row[0] in self._closed:
            self._say(f"the candle of {row[0]} is open again")

    def _see_closed(self, event, row, true):
        time, told = row[0], self._closed.get(row[0])
        if list(row) != true:
            self._say(f"{event.meta.provider} closed {list(row)}, which was {true} {event.meta}")
        if event.kind == "update" and told is not None:
            self._say(f"the candle of {time} closed twice, {event.meta}")
        if told is not None and told[0] == event.meta.provider and told[1] != row:
            self._say(f"the candle of {time} changed after it was closed")
        self._closed[time] = (event.meta.provider, row)

    def _candles_are_complete(self, until_ms):
        if not self._closed:
            return
        over = until_ms - MINUTE_MS - 12_000
        if self.is_marked:
            over = max(self._closed)
        for time in range(min(self._closed), over, MINUTE_MS):
            if time in self._closed or any(a <= time + 1_000 <= b + 1_000 for a, b in self._gaps):
                continue
            self._say(f"the candle of {time} was lost without a word")


def _ms(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)
