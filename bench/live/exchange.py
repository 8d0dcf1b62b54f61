"""An exchange in this process: what its simulated socket sends, made before it is measured."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import httpx

from coinmux import CAPABILITIES, Symbol
from coinmux.framework.plugins.socket_dialect import Frame
from coinmux.framework.simulator.sockets.live_book import Levels, changes
from coinmux.framework.simulator.sockets.speech import (
    BookNow,
    Follow,
    Row,
    TickerNow,
    TradeNow,
    Unfollow,
)

PAIR = Symbol("BTC/USDT")
#: Deep enough for changes of a book where an exchange sends shallow ones whole.
DEPTH = 25
#: Levels of each side of a book, and how far from the best price they change.
_LEVELS, _CHANGED = 200, 80
KINDS = ("ticker", "trades", "order_book")


def query_of(kind: str) -> Any:
    """The question that is followed."""
    fields = {"depth": DEPTH} if kind == "order_book" else {}
    return CAPABILITIES[kind].query.model_validate({"symbol": PAIR, **fields})


class _Book:
    """A book of which one to five levels change at a time, as they do in 100 ms."""

    def __init__(self) -> None:
        self._rng = Random(17)
        self._number = 1_000
        self._sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
        for at in range(1, _LEVELS):
            for side, sign in zip(self._sides, (-1, 1), strict=True):
                side[self._price(sign * at)] = self._size()
        self._told: tuple[Levels, Levels] = ([], [])

    def _price(self, steps: int) -> Decimal:
        return Decimal(9_100_000 + steps * 10).scaleb(-2)

    def _size(self) -> Decimal:
        return Decimal(self._rng.randrange(1, 10**9)).scaleb(-8)

    def _change(self) -> None:
        side, sign = self._rng.choice(((self._sides[0], -1), (self._sides[1], 1)))
        price = self._price(sign * self._rng.randrange(1, _CHANGED))
        if price in side and self._rng.random() < 0.5:
            del side[price]
        else:
            side[price] = self._size()

    def next(self, follow: Follow, at_ms: int, *, is_whole: bool) -> BookNow:
        """The book as it is, or what changes of it now."""
        first = self._number + 1
        for _ in range(0 if is_whole else self._rng.randrange(1, 6)):
            self._change()
            self._number += 1
        full = sorted(self._sides[0].items(), reverse=True), sorted(self._sides[1].items())
        bids, asks = (side[: follow.depth] for side in full)
        whole = is_whole or follow.is_whole
        told = [bids, asks]
        if not whole:
            told = [
                changes(old, new, is_fall_told=follow.is_fall_told, full=every)
                for old, new, every in zip(self._told, (bids, asks), full, strict=True)
            ]
        self._told = (bids, asks)
        first = self._number if is_whole else first
        return BookNow(
            PAIR, at_ms, first, self._number, first - 1, whole, told[0], told[1], bids, asks
        )


class Exchange:
    """One provider's, with one connection; what is sent is given to whoever connected.

    Args:
        name: of the provider.
        kind: what is followed: `ticker`, `trades` or `order_book`.

    Attributes:
        native: how it spells the pair by REST.
        hear: takes a frame of the exchange, once a client has connected.
        receive: takes the bytes of one, as that client's connection gives them to it.
        head: the frames that were sent before those of `frames`.
    """

    def __init__(self, name: str, kind: str) -> None:
        package = importlib.import_module(f"coinmux.plugins.providers.{name}")
        self.module: Any = importlib.import_module(f"{package.__name__}.simulated_socket")
        self.kind = kind
        query = query_of(kind)
        self._socket = getattr(package, f"stream_{kind}")(query).socket
        style = package.provider_info().symbols
        self.native = style.native(PAIR)
        self._pairs: Mapping[str, Symbol] = {self.native: PAIR}
        self._end: Any = None
        self._follows: dict[str, Follow] = {}
        self._book = _Book()
        self._count = 512
        self._has_begun = False
        self.hear: Callable[[Frame], None] | None = None
        self.receive: Callable[[bytes], None] | None = None
        self.head: list[Frame] = []
        self.whole: BookNow | None = None

    # The client's side of it; a `Wire` of the framework

    alive_at = 0.0

    def connect(self, hear: Callable[[Frame], None], target: str) -> Exchange:
        """A client has connected."""
        self.hear = hear
        self._end = self.module.Socket(self._socket, self._pairs)
        self._follows.clear()
        self._take(self._end.greeting(target, _now_ms()))
        return self

    def send(self, frame: Frame) -> None:
        """The client says something."""
        self._take(self._end.heard(frame, _now_ms()))

    def ping(self) -> None:
        """It asks for a sign of life."""

    def close(self) -> None:
        """It leaves."""
        self.hear = None

    def rest(self, request: httpx.Request) -> httpx.Response:
        """What the exchange answers by REST: where its socket is, and the book as a whole."""
        path, params = request.url.path, dict(request.url.params)
        body = None
        if hasattr(self.module, "rest_address"):
            body = self.module.rest_address(path)
        if body is None and hasattr(self.module, "rest_book") and self.whole is not None:
            body = self.module.rest_book(path, params, self.whole)
        return httpx.Response(404 if body is None else 200, json=body)

    def _take(self, answers: Sequence[Any]) -> None:
        for answer in answers:
            if isinstance(answer, Follow):
                self._follows[answer.channel] = answer
            elif isinstance(answer, Unfollow):
                self._follows.pop(answer.channel, None)
            else:
                self.head.append(answer)
                asyncio.get_running_loop().call_soon(self._say, answer)

    def _say(self, frame: Frame) -> None:
        if self.hear is not None:
            self.hear(frame)

    # What is sent

    def begin(self) -> None:
        """Say what comes first on each channel that is followed: a ticker, a whole book."""
        if self._has_begun or not self._follows or self.hear is None:
            return
        self._has_begun = True
        for follow in list(self._follows.values()):
            row = self._row(follow, is_first=True)
            frames = self._end.tell(follow, row, _now_ms())
            self.head += frames
            for frame in frames:
                # After what was answered just before: it may name the channel.
                asyncio.get_running_loop().call_soon(self._say, frame)

    def frames(self, count: int, channel: str = "") -> list[Frame]:
        """At least so many frames that come next, of the channel that has `channel` in its name."""
        follow = next(one for one in self._follows.values() if channel in one.channel)
        made: list[Frame] = []
        while len(made) < count:
            made += self._end.tell(follow, self._row(follow), _now_ms())
        return made

    def _row(self, follow: Follow, *, is_first: bool = False) -> Row:
        now_ms = _now_ms()
        if follow.kind == "order_book":
            row = self._book.next(follow, now_ms, is_whole=is_first)
            if is_first:
                self.whole = row
            return row
        self._count += 1
        last = Decimal("91000.10") + Decimal(self._count % 50).scaleb(-1)
        if follow.kind == "trades":
            side = "sell" if self._count % 2 else "buy"
            return [TradeNow(PAIR, self._count, now_ms, side, last, Decimal("0.00200000"))]
        return TickerNow(
            PAIR, now_ms, last, Decimal("0.02000000"), self._count, last - Decimal("0.10"),
            Decimal("1.50000000"), last + Decimal("0.10"), Decimal("0.40000000"),
            Decimal("90000.00"), Decimal("91500.00"), Decimal("89500.50"),
            Decimal("2100.50000000") + self._count, Decimal("190095250.25") + self._count,
        )  # fmt: skip


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
