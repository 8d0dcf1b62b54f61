"""What the simulated market tells, and how an exchange's module puts it into frames. Pure.

A provider's package has a module `simulated_socket` with a class `Socket` (a `SimulatedSocket`).
Only the simulator imports it. Where REST must agree with the feed it has

- `rest_address(path)`, where the address of the socket or a token is asked for by REST,
- `rest_book(path, params, book)`, where the feed needs a snapshot by REST, and
- `rest_trades(path, params, trades)`, where trades that were lost are asked by REST,

each of which returns the body of that answer, or None for another request. `book` is a whole
`BookNow` (all levels, its `last` as on the socket), `trades` the last 1,000, the oldest first, of
the pair that a part of the path or a parameter names in the exchange's spelling.

Decimals have as many places as the market's tick; write them with `f"{price:f}"`: `str` would write
small ones with an exponent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import Frame
    from coinmux.framework.reference.symbols import Symbol

Levels = Sequence[tuple[Decimal, Decimal]]
FeedKind = Literal["ticker", "trades", "order_book", "candles"]


@dataclass(frozen=True, slots=True)
class Follow:
    """A client follows a channel from now on.

    Attributes:
        channel: as the exchange names it; known by this until `Unfollow`.
        interval: of candles, in our spelling.
        depth: levels of each side; None for the whole book.
        is_whole: whether each message about a book has all its levels.
        every_ms: how often at most a ticker, a candle or a book is told.
        past: of trades: how many of the last are told at once, before the new ones.
        is_fall_told: whether a level that falls out of `depth` is told as removed.
    """

    channel: str
    kind: FeedKind
    pair: Symbol
    interval: str = ""
    depth: int | None = None
    is_whole: bool = False
    every_ms: int = 1_000
    past: int = 0
    is_fall_told: bool = True


@dataclass(frozen=True, slots=True)
class Unfollow:
    """A client no longer follows a channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class TickerNow:
    """A market now and over 24 hours."""

    pair: Symbol
    at_ms: int
    last: Decimal
    last_size: Decimal
    last_id: int
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume_base: Decimal
    volume_quote: Decimal


@dataclass(frozen=True, slots=True)
class TradeNow:
    """A trade; ids of one market follow each other. `side` is the taker's."""

    pair: Symbol
    id: int
    at_ms: int
    side: Literal["buy", "sell"]
    price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True)
class BookNow:
    """A book, and what changed of it since the last message about it.

    Attributes:
        first, last: numbers of the changes since the last message; `previous` is that one's `last`.
        is_whole: whether `bids` and `asks` are the whole book, cut to the depth of the `Follow`.
        bids, asks: levels, best first; what changed where it is no whole, size 0 being removed.
        all_bids, all_asks: the book after it.
        is_checksum_wrong: a checksum must be wrong, because a fault says so.
    """

    pair: Symbol
    at_ms: int
    first: int
    last: int
    previous: int
    is_whole: bool
    bids: Levels
    asks: Levels
    all_bids: Levels
    all_asks: Levels
    is_checksum_wrong: bool = False


@dataclass(frozen=True, slots=True)
class CandleNow:
    """A candle as it is now; times in Unix ms, `closes_ms` being the first moment after it."""

    pair: Symbol
    interval: str
    at_ms: int
    opens_ms: int
    closes_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume_base: Decimal
    volume_quote: Decimal
    count: int
    is_closed: bool


Row = TickerNow | BookNow | CandleNow | Sequence[TradeNow]


class SimulatedSocket:
    """The exchange's end of one connection; made anew for each, so it may keep state.

    Args:
        socket: which of the provider's sockets.
        pairs: the exchange's spelling in REST -> the pair; no others are listed.
    """

    def __init__(self, socket: str, pairs: Mapping[str, Symbol]) -> None:
        self.socket = socket
        self.pairs = pairs
        self._names = {pair: name for name, pair in pairs.items()}

    def name_of(self, follow: Follow) -> str:
        """How a message on that channel names its pair, which a fault may have made another."""
        return self._names[follow.pair]

    def greeting(self, target: str, now_ms: int) -> Sequence[Frame | Follow]:
        """What is sent to a client that connected to `target` (path and query)."""
        return ()

    def heard(self, frame: Frame, now_ms: int) -> Sequence[Frame | Follow | Unfollow]:
        """The answers to a client's frame, and what it follows by it."""
        raise NotImplementedError

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[Frame]:
        """The frames that say `row` on a channel."""
        raise NotImplementedError

    def idle(self, now_ms: int) -> Sequence[Frame]:
        """What is sent each second, whatever happens: heartbeats, the server's pings."""
        return ()

    def refuse(self, frame: Frame, now_ms: int) -> Sequence[Frame]:
        """The answer to a subscription that is refused because a fault says so."""
        raise NotImplementedError
