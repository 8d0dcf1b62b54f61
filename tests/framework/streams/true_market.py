"""A market of which every moment is remembered: what is told of it is true or it is not."""

from zlib import crc32

from coinmux import Trade

MINUTE_MS = 60_000
_LEVELS = 8


def checksum_of(bids, asks):
    """Of the best levels as they are written."""
    text = ";".join(f"{price}:{size}" for side in (bids, asks) for price, size in side)
    return crc32(text.encode())


class TrueMarket:
    """One market of one source. The last cent of each of its prices is the source's own.

    Attributes:
        trades: all there were, in order.
        tickers: the last price by the time at which it was that.
        books: by their time: number, bids, asks.
        begun_ms: of the first trade.
    """

    def __init__(self, place, rng, clock):
        self._place, self._rng, self._clock = place, rng, clock
        self._step = 1_000
        self._last_id = rng.randrange(5_000, 6_000)
        self.trades = []
        self.by_id = {}
        self._over = {}
        self.tickers = {}
        self.books = {}
        self.number = 0
        now_ms = clock.wall_ms()
        self.begun_ms = now_ms - now_ms % MINUTE_MS - 5 * MINUTE_MS
        for at_ms in range(self.begun_ms, now_ms, 6_000):
            self.move(at_ms)

    def move(self, at_ms):
        """Let it trade once or a few times; each move has a time of its own."""
        if at_ms in self.tickers:
            return None
        rng = self._rng
        self._step = min(max(self._step + rng.randint(-2, 2), 980), 1_020)
        new = []
        for _ in range(rng.choice((1, 1, 2, 3))):
            self._last_id += 1
            price = self._price(self._step + rng.choice((-1, 0, 1)))
            trade = Trade(
                id=str(self._last_id), timestamp=at_ms, price=price, amount=rng.randint(1, 9)
            )
            new.append(trade)
            self.by_id[trade.id] = trade
        self.trades += new
        self.tickers[at_ms] = new[-1].price
        before = self.books[self.at_ms] if self.books else (0, (), ())
        self.number += rng.choice((1, 1, 3))
        self.books[at_ms] = (self.number, self._side(-2, before[1]), self._side(2, before[2]))
        self.at_ms = at_ms
        return new, before

    def _price(self, step):
        return (step * 10 + self._place) / 100

    def _side(self, way, before):
        """Levels from the price on, of which some are as they were."""
        known, rng = dict(before), self._rng
        prices = [self._price(self._step + way + (1 if way > 0 else -1) * k)
                  for k in range(_LEVELS)]  # fmt: skip
        return tuple(
            (price, known[price] if price in known and rng.random() < 0.6 else rng.randint(1, 99))
            for price in prices
        )

    def forget(self, before_ms):
        """Remember no longer what was before, but for its candles."""
        first = self.trades[0].timestamp
        for open_ms in range(first - first % MINUTE_MS, before_ms, MINUTE_MS):
            self._over.setdefault(open_ms, self.candle(open_ms))
        self.trades = [one for one in self.trades if one.timestamp >= before_ms]
        self.by_id = {one.id: one for one in self.trades}
        self.tickers = {at: one for at, one in self.tickers.items() if at >= before_ms}
        self.books = {at: one for at, one in self.books.items() if at >= before_ms}

    def candle(self, open_ms):
        """`[time, open, high, low, close, volume]` of a minute so far; None without trades."""
        if (over := self._over.get(open_ms)) is not None:
            return over
        prices, volume = [], 0
        for trade in reversed(self.trades):
            if trade.timestamp < open_ms:
                break
            if trade.timestamp < open_ms + MINUTE_MS:
                prices.append(trade.price)
                volume += trade.amount
        if not prices:
            return None
        return [open_ms, prices[-1], max(prices), min(prices), prices[0], volume]

    def candles(self, count):
        """The newest, the open one last."""
        now_ms = self.at_ms - self.at_ms % MINUTE_MS
        first = max(self.begun_ms, now_ms - (count - 1) * MINUTE_MS)
        rows = [self.candle(at) for at in range(first, now_ms + 1, MINUTE_MS)]
        return [row for row in rows if row is not None]


def changed(before, after):
    """Rows that make one side into another."""
    gone = [(price, 0) for price, _ in before if price not in dict(after)]
    return gone + [level for level in after if level not in before]
