"""The server's end of one WebSocket: what the client says, what it is told, and what goes wrong."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Protocol

from coinmux.framework.simulator.faults import FEED_KINDS
from coinmux.framework.simulator.sockets.channel import Channel
from coinmux.framework.simulator.sockets.feed_faults import NO_FRAME, fits, half, twisted
from coinmux.framework.simulator.sockets.speech import Follow, Unfollow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coinmux.framework.clock import Clock
    from coinmux.framework.plugins.socket_dialect import Frame
    from coinmux.framework.simulator.faults import FaultBook, FaultOrder
    from coinmux.framework.simulator.sockets.exchange_end import ExchangeEnd
    from coinmux.framework.simulator.sockets.server import SocketCalls
    from coinmux.framework.simulator.sockets.speech import Row
    from coinmux.framework.simulator.sockets.wire import Wire

#: Bytes that wait for a client; one for which more do is cut off, as exchanges do.
_MOST_WAITING = 4_194_304
_IDLE_MS = 1_000
_SLOW_CLOSE_S = 30.0
_GOING_AWAY = 1001
_DROP, _SLOW_CLOSE = frozenset({"feed_drop"}), frozenset({"feed_slow_close"})
_DEAF, _REFUSE = frozenset({"feed_deaf"}), frozenset({"feed_refuse"})
#: Faults of single messages.
_OF_ROWS = FEED_KINDS - _DROP - _SLOW_CLOSE - _DEAF - _REFUSE - {"feed_ban"}


class Serving(Protocol):
    """What a connection needs of its server."""

    clock: Clock
    faults: FaultBook
    calls: dict[str, SocketCalls]

    def entered(self, connection: Connection) -> None:
        """The connection is open."""
        ...

    def left(self, connection: Connection) -> None:
        """The connection is gone."""
        ...


class Connection:
    """One client of one exchange.

    Attributes:
        end: the exchange.
        channels: what the client follows, by name.
    """

    def __init__(self, server: Serving, end: ExchangeEnd, socket: str, target: str) -> None:
        self.end = end
        self.channels: dict[str, Channel] = {}
        self._server = server
        self._calls = server.calls[end.name]
        self._speech = end.connect(socket)
        self._target = target
        self._wire: Wire | None = None
        self._held: dict[str, list[Frame]] = {}
        self._idle_ms = 0
        #: Set while the connection is neither open nor closed: the timer that ends it.
        self._closing: asyncio.TimerHandle | None = None

    def begun(self, wire: Wire) -> None:
        """Greet the client."""
        self._wire = wire
        now_ms = self._server.clock.wall_ms()
        self._idle_ms = now_ms + _IDLE_MS
        self._server.entered(self)
        self._do(self._speech.greeting(self._target, now_ms), now_ms)

    def ended(self) -> None:
        """Forget the client."""
        for channel in list(self.channels):
            self._unfollow(channel)
        if self._closing is not None:
            self._closing.cancel()
        self._server.left(self)

    def hears(self) -> bool:
        """Whether the client is heard: not by order, and not after a close."""
        return self._closing is None and self._take(_DEAF) is None

    def heard(self, frame: Frame) -> None:
        """Answer a message."""
        now_ms = self._server.clock.wall_ms()
        if self._server.faults.feeds_spoilt() and self._refused(frame, now_ms):
            return
        said = self._speech.heard(frame, now_ms)
        self._do(said, now_ms, is_mute=self.is_mute())

    def cut(self) -> None:
        """End it without a word."""
        if self._wire is not None:
            self._wire.cut()

    def advance(self, now_ms: int) -> None:
        """Tell what is new, or break off, as is ordered."""
        if self._wire is None or self._closing is not None:
            return
        is_spoilt = self._server.faults.feeds_spoilt()
        if is_spoilt and self._ends():
            return
        for channel in list(self.channels.values()):
            for row in channel.rows(now_ms):
                if is_spoilt:
                    self._tell_spoilt(channel.follow, row, now_ms)
                else:
                    self._send_all(self._released(channel.follow, row, now_ms))
        if now_ms >= self._idle_ms:
            self._idle_ms = now_ms + _IDLE_MS
            if not self.is_mute():
                self._send_all(self._speech.idle(now_ms))
        if self._wire.waiting > _MOST_WAITING:
            self._calls.cut_slow += 1
            self.cut()

    def _refused(self, frame: Frame, now_ms: int) -> bool:
        """Whether the frame subscribes to something that is refused by order."""
        # Asked of a copy: whether a frame subscribes, only the exchange's module knows.
        known: Mapping[str, object] = self._speech.pairs
        trial = copy.deepcopy(self._speech, {id(known): known})
        feeds = [(s.kind, s.channel) for s in trial.heard(frame, now_ms) if isinstance(s, Follow)]
        if not feeds or self._take(_REFUSE, feeds) is None:
            return False
        self._send_all(self._speech.refuse(frame, now_ms))
        return True

    def _do(
        self, said: Sequence[Frame | Follow | Unfollow], now_ms: int, *, is_mute: bool = False
    ) -> None:
        for one in said:
            if isinstance(one, Follow):
                self._unfollow(one.channel)
                self.channels[one.channel] = Channel(one, self.end.market(one.pair), now_ms)
                self._calls.subscribed[one.channel] += 1
                self._calls.followed[one.channel] += 1
            elif isinstance(one, Unfollow):
                self._unfollow(one.channel)
            elif not is_mute:
                self._send(one)

    def _unfollow(self, channel: str) -> None:
        self._held.pop(channel, None)
        if self.channels.pop(channel, None) is not None:
            self._calls.followed[channel] -= 1
            if not self._calls.followed[channel]:
                del self._calls.followed[channel]

    def _ends(self) -> bool:
        """Break off, where that is ordered."""
        assert self._wire is not None
        feeds = self._feeds()
        if self._take(_DROP, feeds) is not None:
            self.cut()
            return True
        order = self._take(_SLOW_CLOSE, feeds)
        if order is None:
            return False
        self._wire.close(_GOING_AWAY, "maintenance")
        after_s = order.seconds if order.seconds is not None else _SLOW_CLOSE_S
        self._closing = asyncio.get_running_loop().call_later(after_s, self.cut)
        return True

    def _tell_spoilt(self, follow: Follow, row: Row, now_ms: int) -> None:
        """Tell a row, or what an order makes of it."""
        assert self._wire is not None
        kinds = frozenset(kind for kind in _OF_ROWS if fits(kind, row))
        order = self._take(kinds, [(follow.kind, follow.channel)])
        kind = order.kind if order is not None else ""
        if kind in ("feed_gap", "feed_silence"):
            return
        if kind == "feed_garbage":
            self._wire.write(NO_FRAME)
            return
        if order is not None:
            other = self.end.another(follow.pair) if kind == "feed_wrong_symbol" else None
            follow, row = twisted(kind, order.percent, row, follow, other) or (follow, row)
        if kind == "feed_reorder" and follow.channel not in self._held:
            self._held.setdefault(follow.channel, []).extend(self._speech.tell(follow, row, now_ms))
            return
        frames = self._released(follow, row, now_ms)
        if kind == "feed_half":
            frames = [half(frame) for frame in frames]
        times = 2 if kind == "feed_duplicate" else 1
        if order is not None and kind == "feed_flood":
            times = order.times
        for frame in frames:
            for _ in range(times):
                self._send(frame)

    def _released(self, follow: Follow, row: Row, now_ms: int) -> list[Frame]:
        """The frames of a row, and after them those that an order held back."""
        return [
            *self._speech.tell(follow, row, now_ms),
            *self._held.pop(follow.channel, ()),
        ]

    def is_mute(self) -> bool:
        """Whether it is silent without signs of life by order."""
        return any(
            one.order.kind == "feed_silence"
            and not one.order.heartbeats
            and one.order.hits(self.end.name, None, None, None)
            for one in self._server.faults.standing
        )

    def _feeds(self) -> list[tuple[str, str]]:
        return [(one.follow.kind, one.follow.channel) for one in self.channels.values()]

    def _take(
        self, kinds: frozenset[str], feeds: Sequence[tuple[str, str]] = ()
    ) -> FaultOrder | None:
        return self._server.faults.take_feed(kinds, self.end.name, feeds)

    def _send_all(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            self._send(frame)

    def _send(self, frame: Frame) -> None:
        if self._wire is not None:
            self._wire.send(frame)
