"""One connection of a source: opening, batches, confirmation, silence, renewal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from coinmux.framework.errors import (
    BrokenFeed,
    CoinmuxError,
    Disconnected,
    NotOffered,
    UpstreamTimeout,
)
from coinmux.framework.limits.rate_window import Limits
from coinmux.framework.plugins.raised import failure_of
from coinmux.framework.plugins.socket_dialect import (
    Alive,
    Failed,
    Frame,
    Leaving,
    Message,
    Refused,
    Reply,
    Subscribed,
)
from coinmux.framework.streams.silence import Silence

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import SocketDialect, SocketInfo

T = TypeVar("T")

_NO_FRAMES: Sequence[Frame] = ()
#: How often silence, confirmations and pings are looked at.
_LOOK_S = 0.5
#: Frames judged together: a connection of which half are unreadable is broken.
_JUDGED, _LEAST = 20, 10
#: Messages that wait for the source's limit hold up a confirmation for so long at most.
_LONGEST_WAIT_S = 60.0
#: Messages a second are counted over so many looks: ten seconds.
_SAMPLES = 21
#: Answers to pings that wait for the source's limit; more of them would say nothing new.
_MOST_REPLIES = 100
#: A channel that was ended and still tells after so long is ended once more: the source may not
#: have heard it.
_UNHEARD_S = 5.0
#: Ended channels that are remembered for it.
_MOST_ENDED = 1_000
#: Before its end is due, a connection is renewed.
_RENEW_S = 60.0


class Wire(Protocol):
    """An open WebSocket.

    Attributes:
        alive_at: time of the loop at which the last ping or pong came.
        bytes_in: bytes that came, as they were on the wire.
    """

    alive_at: float
    bytes_in: int

    def send(self, frame: Frame) -> None:
        """Send one message."""
        ...

    def ping(self) -> None:
        """Send a ping of the protocol."""
        ...

    def close(self) -> None:
        """End it in good order."""
        ...

    async def wait_closed(self) -> None:
        """Wait until it has ended, which takes a moment after `close` and never long."""
        ...


#: Opens the wire: called with what takes its frames and its end.
OpenWire = Callable[[Callable[["Frame"], None], Callable[[CoinmuxError], None]], Awaitable[Wire]]


class SessionOwner(Protocol):
    """Those who follow channels on a connection."""

    def said(self, session: Session, channel: str, body: object, at: float) -> None:
        """A message of a channel came."""
        ...

    def confirmed(self, session: Session, channel: str) -> None:
        """The source gives this channel."""
        ...

    def refused(self, session: Session, channel: str, error: CoinmuxError) -> None:
        """The source does not give this channel; it is not asked for again here."""
        ...

    def unread(self, session: Session, error: CoinmuxError) -> None:
        """A frame could not be read; whose it was is not known."""
        ...

    def leaving(self, session: Session, reason: str, after_s: float) -> None:
        """It ends soon: another is to be opened before."""
        ...

    def ended(self, session: Session, error: CoinmuxError) -> None:
        """It is over."""
        ...


class Session:
    """One connection.

    Args:
        info: its limits.
        dialect: how it speaks; its own.
        owner: is told what happens.

    Attributes:
        messages: frames that came.
        unreadable: those of them that could not be read.
        last_at: time of the loop at which the last one came.
        opened_at: time of the loop at which it was open.
        silence: knows how far apart its frames usually are.
        is_over: whether it has ended.
    """

    def __init__(self, info: SocketInfo, dialect: SocketDialect, owner: SessionOwner) -> None:
        self._info = info
        self._dialect = dialect
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._limits = Limits(info.messages)
        self._wire: Wire | None = None
        self._looker: asyncio.TimerHandle | None = None
        self._sender: asyncio.TimerHandle | None = None
        #: Channel -> when it was asked for; None while it waits to be.
        self._asked: dict[str, float | None] = {}
        #: Whether one of them may still wait.
        self._has_unasked = False
        #: Those of them that the source confirmed.
        self._given: set[str] = set()
        #: Those that were ended, and when the source was told so.
        self._ended: dict[str, float] = {}
        self._outgoing: deque[Frame] = deque()
        #: Sent before them.
        self._replies: deque[Frame] = deque(maxlen=_MOST_REPLIES)
        self._judged: deque[bool] = deque(maxlen=_JUDGED)
        self.opened_at = self._pinged_at = self.last_at = self._loop.time()
        #: When it was looked at, and how many messages had come by then.
        self._samples: deque[tuple[float, int]] = deque([(self.opened_at, 0)], _SAMPLES)
        self.silence = self._silence_from(self.opened_at)
        self._is_leaving = False
        self.messages = 0
        self.unreadable = 0
        self.is_over = False
        self._why: CoinmuxError | None = None

    async def open(self, open_wire: OpenWire) -> None:
        """Connect.

        Raises:
            ProviderError: it cannot be.
        """
        self._wire = wire = await open_wire(self._heard, self._lost)
        if self.is_over:
            wire.close()
            raise self._why or Disconnected("the connection ended while it was opened")
        self.opened_at = self._pinged_at = self.last_at = self._loop.time()
        self.silence = self._silence_from(self.opened_at)
        self._outgoing.extend(self._call(self._dialect.opening, _NO_FRAMES))
        self._looker = self._loop.call_later(_LOOK_S, self._look)
        self._pump()

    @property
    def channels(self) -> int:
        """How many are followed on it."""
        return len(self._asked)

    @property
    def room(self) -> int:
        """How many more channels it takes; none once it leaves."""
        if self.is_over or self._is_leaving:
            return 0
        return max(self._info.subscriptions - len(self._asked), 0)

    def is_given(self, channel: str) -> bool:
        """Whether the source confirmed the channel."""
        return channel in self._given

    def follow(self, channels: Iterable[str]) -> None:
        """Subscribe to channels; those that are followed already are not asked for again."""
        for channel in channels:
            self._asked.setdefault(channel, None)
            self._ended.pop(channel, None)
        self._has_unasked = True
        self._pump()

    def leave(self, channels: Iterable[str]) -> None:
        """End channels."""
        given = []
        for channel in channels:
            if self._asked.pop(channel, None) is not None:
                given.append(channel)
            self._given.discard(channel)
        self._say_ended(given)

    def _say_ended(self, channels: list[str]) -> None:
        for start in range(0, len(channels), self._info.batch):
            part = channels[start : start + self._info.batch]
            self._outgoing.extend(self._call(partial(self._dialect.unsubscribe, part), _NO_FRAMES))
        now = self._loop.time()
        self._ended.update((channel, now) for channel in channels)
        while len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        self._pump()

    def close(self) -> None:
        """End it; its owner is told nothing any more."""
        self.is_over = True
        for timer in (self._looker, self._sender):
            if timer is not None:
                timer.cancel()
        if self._wire is not None:
            self._wire.close()

    async def closed(self) -> None:
        """Wait until its WebSocket has ended."""
        if self._wire is not None:
            await self._wire.wait_closed()

    @property
    def bytes_in(self) -> int:
        """Bytes that came."""
        return 0 if self._wire is None else self._wire.bytes_in

    def messages_per_s(self, now: float) -> float:
        """How many messages came lately, over some ten seconds."""
        since, before = self._samples[0]
        return (self.messages - before) / (now - since) if now > since else 0.0

    # What comes

    def _heard(self, frame: Frame) -> None:
        if self.is_over:
            return
        at = self.last_at = self._loop.time()
        self.messages += 1
        try:
            for said in self._dialect.read(frame):
                if type(said) is Message and said.channel in self._given:
                    self._owner.said(self, said.channel, said.body, at)
                else:
                    self._take(said, at)
                if self.is_over:
                    return
        except Exception as error:  # noqa: BLE001 - the border around a plugin
            self._bad(error)
            return
        self._judged.append(True)
        if self._replies or self._outgoing or self._has_unasked:
            self._pump()

    def _take(self, said: object, at: float) -> None:
        kind = type(said)
        if kind is Message:
            assert isinstance(said, Message)
            channel = said.channel
            if channel not in self._asked:  # ended meanwhile
                if at - self._ended.get(channel, at) >= _UNHEARD_S:
                    self._say_ended([channel])
                return
            if channel not in self._given:
                self._give(channel)
            self._owner.said(self, channel, said.body, at)
        elif isinstance(said, Subscribed):
            for channel in said.channels:
                if channel in self._asked and channel not in self._given:
                    self._give(channel)
        elif isinstance(said, Refused):
            channels = said.channels or [
                one for one, asked in self._asked.items()
                if asked is not None and one not in self._given
            ]  # fmt: skip
            for channel in list(channels):
                self._refuse(channel, said.error)
        elif isinstance(said, Reply):
            self._replies.append(said.frame)
        elif isinstance(said, Leaving):
            self._leave_soon(said.reason, said.after_s)
        elif isinstance(said, Failed):
            self._lost(said.error)
        elif not isinstance(said, Alive):
            raise TypeError(f"a dialect says Message, Subscribed and the like, not {kind.__name__}")

    def _give(self, channel: str) -> None:
        self._given.add(channel)
        self._owner.confirmed(self, channel)

    def _refuse(self, channel: str, error: CoinmuxError) -> None:
        if channel in self._asked:
            del self._asked[channel]
            self._given.discard(channel)
            self._owner.refused(self, channel, error)

    def _bad(self, error: Exception) -> None:
        self.unreadable += 1
        self._judged.append(False)
        failure = error if isinstance(error, CoinmuxError) else failure_of(error)
        bad = self._judged.count(False)
        if len(self._judged) >= _LEAST and 2 * bad > len(self._judged):
            self._lost(
                BrokenFeed(
                    f"{bad} of the last {len(self._judged)} messages cannot be read: "
                    f"{failure.detail}",
                    reason="bad_messages",
                )
            )
            return
        self._owner.unread(self, failure)

    def _leave_soon(self, reason: str, after_s: float) -> None:
        if not self._is_leaving:
            self._is_leaving = True
            self._owner.leaving(self, reason, after_s)

    def _lost(self, error: CoinmuxError) -> None:
        if not self.is_over:
            self._why = error
            self.close()
            self._owner.ended(self, error)

    # What goes out

    def _pump(self) -> None:
        """Send what waits, as far as the source's limits let it."""
        if self._wire is None or self.is_over:
            return
        self._ask()
        while waiting := self._replies or self._outgoing:
            now = self._loop.time()
            if not self._limits.take(1, now):
                self._later(self._limits.wait_s(1, now))
                return
            self._wire.send(waiting.popleft())

    def _ask(self) -> None:
        if not self._has_unasked:
            return
        waiting = [one for one, asked in self._asked.items() if asked is None]
        if waiting and not self._call(self._dialect.is_ready, False):
            return
        self._has_unasked = False
        now = self._loop.time()
        for start in range(0, len(waiting), self._info.batch):
            part = waiting[start : start + self._info.batch]
            frames = self._call(partial(self._dialect.subscribe, part), _NO_FRAMES)
            if self.is_over:
                return
            self._outgoing.extend(frames)
            for channel in part:
                self._asked[channel] = now

    def _later(self, wait_s: float) -> None:
        if self._sender is None or self._sender.when() <= self._loop.time():
            self._sender = self._loop.call_later(max(wait_s, 0.01), self._pump)

    def _call(self, call: Callable[[], T], default: T) -> T:
        """What a dialect answers; its own failure ends the connection."""
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the border around a plugin
            self._lost(error if isinstance(error, CoinmuxError) else failure_of(error))
            return default

    # What does not come

    def _look(self) -> None:
        """End a silent connection, refuse what was not confirmed, ping, renew."""
        if self.is_over or self._wire is None:
            return
        self._looker = self._loop.call_later(_LOOK_S, self._look)
        now = self._loop.time()
        info = self._info
        self._samples.append((now, self.messages))
        # A quiet market is no dead connection where pings are answered.
        heard_at = max(self.last_at, self._wire.alive_at)
        silent_s = now - heard_at
        doubt = self.silence.look(now, heard_at)
        # A ping that waits for the source's limit was not asked yet.
        is_asked = not (self._replies or self._outgoing) or silent_s >= info.silence_s
        if doubt == "silent" and is_asked:
            self._lost(UpstreamTimeout(f"no message for {silent_s:.0f} s"))
            return
        if doubt == "ping" or (info.ping_s is not None and now - self._pinged_at >= info.ping_s):
            self._ping(self._wire, now)
        if info.life_s is not None and now - self.opened_at >= max(
            info.life_s - _RENEW_S, info.life_s / 2
        ):
            self._leave_soon("it ends after a day", _RENEW_S)
        for channel, asked in list(self._asked.items()):
            if (
                asked is not None
                and channel not in self._given
                and now - asked >= info.confirm_s + self._backlog_s()
            ):
                self._refuse(channel, NotOffered("the subscription was not confirmed"))
        self._pump()

    def _ping(self, wire: Wire, now: float) -> None:
        self._pinged_at = now
        frame = self._call(self._dialect.keep_alive, None)
        if self.is_over:
            return
        if frame is None:
            wire.ping()
        else:
            self._outgoing.append(frame)

    def _silence_from(self, at: float) -> Silence:
        info = self._info
        return Silence(info.silence_s, at, has_ping=info.ping_s is not None)

    def _backlog_s(self) -> float:
        """How long the last message that waits may still wait."""
        return (
            self._limits.wait_s(len(self._outgoing), self._loop.time()) if self._outgoing else 0.0
        )
