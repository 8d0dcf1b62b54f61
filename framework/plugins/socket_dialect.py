"""How a source speaks on its sockets, as its plugin declares it: pure, frames in, words out.

The framework owns the connections: dialling, limits, batches, silence, reconnection. A plugin says
where a socket is (`ProviderInfo.sockets`), how one connection speaks (`socket_dialect`), and what a
feed's messages mean (`stream_ticker` and the other stream hooks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from coinmux.framework.plugins.declared_types import check_types
from coinmux.framework.plugins.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.models.live import BookChange, Written
    from coinmux.framework.plugins.provider_info import HTTPClient

T_co = TypeVar("T_co", covariant=True)

#: One WebSocket message: text or binary.
Frame = str | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketInfo:
    """One of a source's sockets.

    Attributes:
        url: wss; "" where only `SocketDialect.address` knows it.
        hosts: further hosts that `address` may lead to; any other is refused.
        subscriptions: most channels of one connection.
        batch: most channels one message subscribes to.
        messages: limits of what a client may send on one connection.
        connects: limits of new connections.
        ping_s: how often `keep_alive` is sent; None where the server alone pings.
        silence_s: a connection without any frame for so long is dead.
        confirm_s: a channel that is not confirmed within this time is refused.
        life_s: the source ends a connection then; it is renewed before. None for no end.
        frame_bytes: largest message.
    """

    url: str
    hosts: tuple[str, ...] = ()
    subscriptions: int = 100
    batch: int = 50
    messages: tuple[RateLimit, ...] = ()
    connects: tuple[RateLimit, ...] = ()
    ping_s: float | None = None
    silence_s: float = 60.0
    confirm_s: float = 10.0
    life_s: float | None = None
    frame_bytes: int = 8_388_608

    def __post_init__(self) -> None:
        check_types(self)
        if self.url and not self.url.startswith("wss://"):
            raise ValueError(f"{self.url!r} is not a wss address")


# What a frame says. One frame may say several things, in order.


class Message(msgspec.Struct, frozen=True, gc=False):
    """Data of a channel; `body` goes to the reader of the feed that subscribed to it.

    Attributes:
        channel: as it was given to `SocketDialect.subscribe`.
    """

    channel: str
    body: Any


class Subscribed(msgspec.Struct, frozen=True):
    """The source confirms these channels."""

    channels: Sequence[str]


class Refused(msgspec.Struct, frozen=True):
    """The source does not give these channels; empty means every one not confirmed yet.

    Attributes:
        error: `UnknownSymbol`, `RateLimited`, `Banned`, `BadStatus`…
    """

    channels: Sequence[str]
    error: CoinmuxError


class Reply(msgspec.Struct, frozen=True):
    """A frame to send back at once: the answer to a ping."""

    frame: Frame


class Alive(msgspec.Struct, frozen=True):
    """A sign of life without data."""


class Leaving(msgspec.Struct, frozen=True):
    """The source ends this connection soon; another is opened before.

    Attributes:
        after_s: when.
    """

    reason: str
    after_s: float = 10.0


class Failed(msgspec.Struct, frozen=True):
    """The source reports an error that ends the connection."""

    error: CoinmuxError


Said = Message | Subscribed | Refused | Reply | Alive | Leaving | Failed


class SocketDialect:
    """How one connection of a source speaks; made anew for each connection, so it may keep state.

    A subclass has `subscribe`, `unsubscribe` and `read`; the rest has a use as it is.
    """

    async def address(self, http: HTTPClient, url: str) -> str:
        """Where to connect.

        Args:
            http: asks the source, under its limits; for a token.
            url: `SocketInfo.url`, or the operator's `<PROVIDER>_WS_URL`, which wins over whatever
                host the source names.
        """
        return url

    def opening(self) -> Sequence[Frame]:
        """What is sent first on a new connection."""
        return ()

    def is_ready(self) -> bool:
        """Whether channels may be subscribed to; a source may have to greet first."""
        return True

    def subscribe(self, channels: Sequence[str]) -> Sequence[Frame]:
        """The messages that subscribe to `channels`, at most `SocketInfo.batch`."""
        raise NotImplementedError

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[Frame]:
        """The messages that end `channels`."""
        raise NotImplementedError

    def keep_alive(self) -> Frame | None:
        """What is sent each `SocketInfo.ping_s`; None for a ping of the WebSocket protocol."""
        return None

    def read(self, frame: Frame) -> Iterable[Said]:
        """What a frame says.

        Raises:
            Malformed, SchemaMismatch: it cannot be read; it is left out and counted.
        """
        raise NotImplementedError


class BookRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the messages of an order book hang together.

    Attributes:
        link: `adjacent`: each message's `first` is the last one's `last` + 1; `previous`: its
            `previous` is the last one's `last`; `none`: nothing tells a gap.
        depth: levels of each side the source keeps; those beyond are cut after each message,
            because it does not announce that they fall out. None for all.
        snapshot: asks for the whole book, where the socket does not send it first. Messages that
            come meanwhile are kept and applied as far as they are newer than its `last`.
        snapshot_levels: at how many levels of each side the source cuts that snapshot; what lies
            beyond is not known, and never told. None where it is the whole book.
        checksum: computes what `BookChange.checksum` must be, from the best levels of the book,
            best first, each `(price, size)` as written.
        checksum_levels: how many levels of each side it is given.
        mismatches: wrong checksums in a row at which the book is asked for anew. Until then, and
            until one is right, the book is in doubt and is not told.
    """

    link: Literal["none", "adjacent", "previous"] = "none"
    depth: int | None = None
    snapshot: Callable[[HTTPClient], Awaitable[BookChange]] | None = None
    snapshot_levels: int | None = None
    checksum: (
        Callable[[Sequence[tuple[Written, Written]], Sequence[tuple[Written, Written]]], int] | None
    ) = None
    checksum_levels: int = 25
    mismatches: int = 1


class Subscription(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True):
    """How a question is followed on a socket; made anew for each connection, so it may have state.

    Attributes:
        channels: names the dialect subscribes to.
        read: what a message of `channel` says, given its body: none, one or several. Raises the
            framework's errors as a fetch hook does; `OtherSubject` for a message about another
            market.
        socket: which of `ProviderInfo.sockets`.
        silence_s: the feed is dead after so long without a message; None where a market without
            trades is silent.
        book: for order books.
        ids: for trades, what their ids tell. `successive`: each is a whole number, one more than
            that of the trade before; `rising`: a greater one; `none`: nothing, or there are none.
            They are the ids that `fetch_trades` gives.
        settles_s: for candles without `is_closed`: how long a candle may still change after the
            next has begun.
    """

    channels: tuple[str, ...]
    read: Callable[[str, Any], Iterable[T_co]]
    socket: str = ""
    silence_s: float | None = None
    book: BookRules | None = None
    ids: Literal["none", "rising", "successive"] = "none"
    settles_s: float = 0.0
