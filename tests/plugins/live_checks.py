"""A provider's live feed against its exchange's simulated end, frame by frame, with no network.

`Feed` reads frames as the framework does; `Wire` joins it to the provider's simulated socket;
`Walk` is a market whose book changes at random. The book that a feed's messages make is kept in
the plainest way there is, so that it judges the framework's as well.
"""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from coinmux import CAPABILITIES, CoinmuxError, Symbol
from coinmux import sockets as s
from coinmux.framework.reference.rows import BAD_ROW
from coinmux.framework.simulator.sockets.speech import (
    BookNow,
    CandleNow,
    Follow,
    Row,
    TickerNow,
    TradeNow,
    Unfollow,
)
from tests.plugins.sample_replay import provider

NOW_MS = 1_764_003_661_000
PAIR = Symbol("BTC/USDT")


class Feed:
    """What a provider makes of frames.

    Attributes:
        said: what else its dialect read: confirmations, signs of life, other channels.
    """

    def __init__(self, name: str, capability: str, **query: Any) -> None:
        module = provider(name)
        self.query = CAPABILITIES[capability].query.model_validate({"symbol": PAIR, **query})
        self.subscription: Any = getattr(module, f"stream_{capability}")(self.query)
        self.dialect: Any = module.socket_dialect(self.subscription.socket)
        self.said: list[Any] = []

    def subscribe(self) -> list[s.Frame]:
        """The frames that subscribe to its channels."""
        return list(self.dialect.subscribe(self.subscription.channels))

    def read(self, *frames: s.Frame) -> list[Any]:
        """The rows of its channels in these frames."""
        rows: list[Any] = []
        for frame in frames:
            for said in self.dialect.read(frame):
                if isinstance(said, s.Message) and said.channel in self.subscription.channels:
                    rows.extend(self.subscription.read(said.channel, said.body))
                else:
                    self.said.append(said)
        return rows


class Wire:
    """A feed on a connection to the exchange's simulated end.

    Attributes:
        follows: what the client follows now, by channel.
        sent: the frames of the exchange.
    """

    def __init__(
        self, name: str, capability: str, pairs: Mapping[str, Symbol] | None = None, **query: Any
    ) -> None:
        self.feed = Feed(name, capability, **query)
        style = provider(name).provider_info().symbols
        known = pairs if pairs is not None else {style.native(PAIR): PAIR}
        module = importlib.import_module(f"coinmux.plugins.providers.{name}.simulated_socket")
        self.server = module.Socket(self.feed.subscription.socket, known)
        self.follows: dict[str, Follow] = {}
        self.sent: list[s.Frame] = []

    def connect(self, target: str = "/") -> list[Any]:
        """Connect and subscribe; the rows that are read meanwhile."""
        rows = self._take(self.server.greeting(target, NOW_MS))
        for frame in self.feed.dialect.opening():
            rows += self.send(frame)
        assert self.feed.dialect.is_ready()
        for frame in self.feed.subscribe():
            rows += self.send(frame)
        return rows

    def again(self) -> list[Any]:
        """Subscribe anew on the same connection."""
        channels = self.feed.subscription.channels
        frames = [*self.feed.dialect.unsubscribe(channels), *self.feed.subscribe()]
        return [row for frame in frames for row in self.send(frame)]

    def send(self, frame: s.Frame) -> list[Any]:
        """A frame of the client's; the rows in the answers to it."""
        return self._take(self.server.heard(frame, NOW_MS))

    def tell(self, row: Row, now_ms: int = NOW_MS) -> list[Any]:
        """What the market does now, on each channel of its kind; the rows that are read."""
        kind = _kind(row)
        follows = [one for one in self.follows.values() if one.kind == kind]
        assert follows, f"nothing of the kind {kind} is followed"
        return [read for one in follows for read in self._take(self.server.tell(one, row, now_ms))]

    def idle(self) -> list[Any]:
        """A second passes."""
        return self._take(self.server.idle(NOW_MS))

    def _take(self, answers: Iterable[Any]) -> list[Any]:
        rows: list[Any] = []
        for answer in answers:
            if isinstance(answer, Follow):
                self.follows[answer.channel] = answer
            elif isinstance(answer, Unfollow):
                del self.follows[answer.channel]
            else:
                self.sent.append(answer)
                rows += self.feed.read(answer)
        return rows

    @property
    def confirmed(self) -> list[str]:
        """The channels that were confirmed."""
        return [
            name for one in self.feed.said if isinstance(one, s.Subscribed) for name in one.channels
        ]

    @property
    def refused(self) -> list[tuple[tuple[str, ...], type[CoinmuxError]]]:
        """The channels that were refused, and the error."""
        return [
            (tuple(one.channels), type(one.error))
            for one in self.feed.said
            if isinstance(one, s.Refused)
        ]


def _kind(row: Row) -> str:
    kinds = {TickerNow: "ticker", BookNow: "order_book", CandleNow: "candles"}
    return kinds.get(type(row), "trades")


class Walk:
    """A market whose book changes at random, levels that vanish and come back among them.

    Args:
        depth: levels of each side that the exchange tells.
        tells_falls: whether it says that a level falls out of them.
    """

    def __init__(
        self, seed: int = 1, depth: int | None = None, *, tells_falls: bool = False
    ) -> None:
        self._random = random.Random(seed)
        self._tells_falls = tells_falls
        self._depth = depth
        self._middle = 9_100_000
        self._bids = {self._price(-at): self._size() for at in range(1, 60)}
        self._asks = {self._price(at): self._size() for at in range(1, 60)}
        self._number = 1_000
        self._view = self._cut()

    def _price(self, offset: int) -> Decimal:
        return Decimal(self._middle + offset * 10).scaleb(-2)

    def _size(self) -> Decimal:
        return Decimal(self._random.randrange(1, 10**9)).scaleb(-8)

    def _cut(self) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        bids = sorted(self._bids.items(), reverse=True)[: self._depth]
        asks = sorted(self._asks.items())[: self._depth]
        return dict(bids), dict(asks)

    @property
    def sides(self) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Bids and asks as they are told, best first."""
        return list(self._view[0].items()), list(self._view[1].items())

    @property
    def levels(self) -> tuple[list[list[float]], list[list[float]]]:
        """The same as floats."""
        bids, asks = ([[float(one) for one in level] for level in side] for side in self.sides)
        return bids, asks

    def whole(self) -> BookNow:
        """The book as it is."""
        bids, asks = self.sides
        number = self._number
        return BookNow(PAIR, NOW_MS, number, number, number - 1, True, bids, asks, bids, asks)

    def step(self) -> BookNow:
        """Some levels change, vanish or come (back); what changed."""
        before, first = self._view, self._number + 1
        for _ in range(self._random.randrange(1, 6)):
            self._change()
            self._number += 1
        self._view = self._cut()
        kept = (self._bids, self._asks)
        changed = [
            [
                (price, side[0].get(price, Decimal()))
                for price in sorted({*side[0], *side[1]}, reverse=at == 0)
                if side[0].get(price) != side[1].get(price)
                and (self._tells_falls or price in side[0] or price not in kept[at])
            ]
            for at, side in enumerate(zip(self._view, before, strict=True))
        ]
        bids, asks = self.sides
        return BookNow(
            PAIR, NOW_MS, first, self._number, first - 1, False, changed[0], changed[1], bids, asks
        )

    def _change(self) -> None:
        side, sign = self._random.choice(((self._bids, -1), (self._asks, 1)))
        price = self._price(sign * self._random.randrange(1, 80))
        if price in side and self._random.random() < 0.5 and len(side) > 30:
            del side[price]
        else:
            side[price] = self._size()


def false(book: BookNow) -> BookNow:
    """The same, to be told with a wrong checksum."""
    return replace(book, is_checksum_wrong=True)


class PlainBook:
    """The book that a feed's messages make, by the rules its subscription declares."""

    def __init__(self, rules: s.BookRules) -> None:
        self.rules = rules
        self.bids: dict[Decimal, Any] = {}
        self.asks: dict[Decimal, Any] = {}
        self.last: int | None = None
        self.wrong = 0

    def apply(self, change: s.BookChange) -> None:
        """A message of the feed, in its turn.

        Raises:
            AssertionError: one was left out.
        """
        if change.is_whole:
            self.bids, self.asks = {}, {}
        elif self.rules.link == "adjacent":
            assert self.last is not None, "the first message is no whole book"
            assert change.first == self.last + 1, "a message is missing"
        elif self.rules.link == "previous":
            assert change.previous == self.last, "a message is missing"
        for side, rows, reverse in (
            (self.bids, change.bids, True), (self.asks, change.asks, False),
        ):  # fmt: skip
            for price, size, *_ in rows:
                if Decimal(str(size)) == 0:
                    side.pop(Decimal(str(price)), None)
                else:
                    side[Decimal(str(price))] = (price, size)
            if self.rules.depth is not None:
                for price in sorted(side, reverse=reverse)[self.rules.depth :]:
                    del side[price]
        if change.last is not None:
            self.last = change.last
        if self.rules.checksum is not None and change.checksum is not None:
            most = self.rules.checksum_levels
            sides = [
                [side[price] for price in sorted(side, reverse=reverse)[:most]]
                for side, reverse in ((self.bids, True), (self.asks, False))
            ]
            self.wrong += self.rules.checksum(sides[0], sides[1]) != change.checksum

    @property
    def levels(self) -> tuple[list[list[float]], list[list[float]]]:
        """Bids and asks as floats, best first."""
        bids = [[float(one) for one in self.bids[at]] for at in sorted(self.bids, reverse=True)]
        asks = [[float(one) for one in self.asks[at]] for at in sorted(self.asks)]
        return bids, asks


def ticker_now(**other: Any) -> TickerNow:
    """A market now; `other` replaces its figures."""
    figures = {
        "pair": PAIR, "at_ms": NOW_MS - 40, "last": "91000.10", "last_size": "0.02000000",
        "last_id": 512, "bid": "91000.00", "bid_size": "1.50000000", "ask": "91000.20",
        "ask_size": "0.40000000", "open": "90000.00", "high": "91500.00", "low": "89500.50",
        "volume_base": "2100.50000000", "volume_quote": "190095250.25",
    }  # fmt: skip
    return TickerNow(**{
        name: Decimal(value) if isinstance(value, str) and name != "pair" else value
        for name, value in {**figures, **other}.items()
    })  # fmt: skip


def trades_now(count: int = 3, first: int = 512) -> list[TradeNow]:
    """Trades in order, of both sides."""
    return [
        TradeNow(
            PAIR, first + at, NOW_MS - 1_000 + at * 10, "sell" if at % 2 else "buy",
            Decimal("91000.10") + at, Decimal("0.00200000") * (at + 1),
        )
        for at in range(count)
    ]  # fmt: skip


def candle_now(minute: int = 0, *, is_closed: bool = False, interval: str = "1m") -> CandleNow:
    """A candle of a minute; later minutes stand higher."""
    opens = NOW_MS // 60_000 * 60_000 + minute * 60_000
    return CandleNow(
        PAIR, interval, opens + 30_000, opens, opens + 60_000,
        *(Decimal(f"{91_000 + minute}.{end}") for end in ("10", "90", "05", "50")),
        Decimal("3.20000000"), Decimal("291200.50"), 12, is_closed,
    )  # fmt: skip


#: What a message may have in place of what is due.
_RUBBISH = (None, True, -1, "", "often", "1e999", [], {}, [[]], [["1"]], [None, {}], {"a": 1})


def read_broken_frames(wire: Wire) -> None:
    """Tell the feed damaged forms of its own messages: nothing but our errors comes of them.

    `KeyError` and its like count as ours: the framework takes them for a changed schema.

    Raises:
        AssertionError: another error came, or none of the frames was refused.
    """
    rows: dict[str, Row] = {
        "ticker": ticker_now(), "trades": trades_now(), "candles": candle_now(),
        "order_book": Walk().whole(),
    }  # fmt: skip
    steps: dict[str, Row] = {"order_book": Walk(seed=2).step()}
    told: list[s.Frame] = []
    for follow in wire.follows.values():
        for row in (rows[follow.kind], steps.get(follow.kind)):
            if row is not None:
                told += wire.server.tell(follow, row, NOW_MS)
    assert told
    refused = 0
    for frame in told[:4]:
        assert isinstance(frame, str)
        message = json.loads(frame)
        halves = [frame[: len(frame) * part // 7] for part in range(7)]
        for damaged in (*halves, *map(json.dumps, _damaged(message)), "\x00", "[" * 100_000):
            try:
                wire.feed.read(damaged)
            except (CoinmuxError, *BAD_ROW):
                refused += 1
    assert refused > len(told)


def _damaged(message: Any) -> Iterable[Any]:
    """The message with one member at a time missing or replaced, however deep."""
    yield from _RUBBISH
    if isinstance(message, dict):
        for name, value in message.items():
            yield {other: one for other, one in message.items() if other != name}
            yield from ({**message, name: one} for one in (*_RUBBISH, *_damaged(value)))
    elif isinstance(message, list):
        for at, value in list(enumerate(message))[:6]:
            yield message[:at] + message[at + 1 :]
            yield from (
                [*message[:at], one, *message[at + 1 :]] for one in (*_RUBBISH, *_damaged(value))
            )
