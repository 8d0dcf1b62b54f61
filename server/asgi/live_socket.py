"""One WebSocket for everything that can be followed: `/api/ws`.

A caller sends `subscribe` and `unsubscribe`, and receives the events of what it follows, each under
the id it gave. Format of the messages: `docs/streams.md`; described in `/schema/asyncapi.json`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import CoinmuxError, InvalidRequest
from coinmux.server.asgi.live_params import MOST_SYMBOLS, read_message
from coinmux.server.asgi.problems import TooManyRequests, problem, render
from coinmux.server.asgi.query_params import refused, single_values
from coinmux.server.asgi.sse import HEARTBEAT_S, Turn

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.streams.events import LiveEvent
    from coinmux.server.asgi.live_events import Batches
    from coinmux.server.asgi.live_params import IndicatorFollowed, LiveQuestion
    from coinmux.server.asgi.scope import Receive, Scope, Send
    from coinmux.server.asgi.sse import Streams

PATH = "/api/ws"
#: Where a live grid of OpenBB Workspace speaks a protocol of its own.
GRID_PATH = "/openbb/market/live"
PATHS = frozenset({PATH, GRID_PATH})
#: A caller's messages are short; a longer one ends the connection (1009).
MESSAGE_BYTES = 16_384
#: Messages a caller may send in this many seconds.
_MESSAGES, _PER_S = 100, 10.0
_GOING_AWAY = 1001
_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
_OPS = ("subscribe", "unsubscribe", "ping")

#: Admits the caller of a socket; returns the id of the request.
Admit = Callable[["Scope"], Awaitable[str]]
#: Opens what a question follows.
Open = Callable[["LiveQuestion | IndicatorFollowed"], Awaitable["Batches"]]


class LiveSocket:
    """The ASGI application of the socket.

    Args:
        streams: counts those open.
        opened: opens what a question follows.

    Attributes:
        spoken: the conversation that each path has.
    """

    def __init__(self, gateway: Gateway, streams: Streams, opened: Open) -> None:
        self._gateway = gateway
        self._streams = streams
        self._opened = opened
        self.spoken: dict[str, type[Conversation]] = {PATH: Conversation}

    async def __call__(self, scope: Scope, receive: Receive, send: Send, admit: Admit) -> None:
        """Serve one caller until it leaves or the server drains."""
        await receive()
        request_id = "none"
        try:
            request_id = await admit(scope)
            spoken = self.spoken.get(scope["path"])
            if spoken is None:
                raise InvalidRequest(f"no WebSocket here; there is one at {PATH}")
            single_values(scope["query_string"], ())
            self._streams.check(scope)
        except CoinmuxError as error:
            await _refuse(scope, send, error, request_id, self._gateway)
            return
        await send({"type": "websocket.accept", "headers": []})
        caller = spoken(self._gateway, self._streams, self._opened, send, request_id)
        network = self._streams.enter(scope)
        self._streams.look_after(caller)
        try:
            await caller.run(receive)
        finally:
            self._streams.leave(network, caller)


class Conversation:
    """One caller's: what it follows, and what was sent to it.

    A subclass speaks another protocol: `take` hears a message, `begun`, `pass_on` and `fail` say
    what comes of it, `beat` breaks a silence.
    """

    def __init__(
        self, gateway: Gateway, streams: Streams, opened: Open, send: Send, request_id: str
    ) -> None:
        self.gateway = gateway
        self._streams = streams
        self._opened = opened
        self.send = send
        self._request_id = request_id
        self.followed: dict[int | str, asyncio.Task[None]] = {}
        self.quiet_since = 0.0
        self._allowance, self._allowed_at = float(_MESSAGES), 0.0
        #: Set when the caller said something, or time brings something.
        self._turn = Turn()

    def look(self, now: float, *, is_draining: bool) -> None:
        """See what time has brought: an end, or a silence that is to be broken."""
        if is_draining or now - self.quiet_since >= HEARTBEAT_S:
            self._turn.set()

    async def run(self, receive: Receive) -> None:
        loop = asyncio.get_running_loop()
        self.quiet_since = self._allowed_at = loop.time()
        heard = self._hear(receive)
        try:
            while not self._streams.draining:
                await self._turn.wait()
                if heard.done():
                    message = heard.result()
                    if message["type"] == "websocket.disconnect":
                        return
                    heard = self._hear(receive)
                    await self.take(message)
                elif loop.time() - self.quiet_since >= HEARTBEAT_S:
                    await self.beat()
            await self.send(
                {"type": "websocket.close", "code": _GOING_AWAY, "reason": "the server is stopping"}
            )
        finally:
            heard.cancel()
            tasks = list(self.followed.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(heard, *tasks, return_exceptions=True)

    async def beat(self) -> None:
        """Say that the connection lives."""
        await self.say({"event": "heartbeat", "at": self.gateway.clock.wall_ms()})

    def _hear(self, receive: Receive) -> asyncio.Future[Any]:
        heard = asyncio.ensure_future(receive())
        heard.add_done_callback(self._turn.set)
        return heard

    async def take(self, received: Any) -> None:
        """Hear one message."""
        ident: object = None
        try:
            self.count()
            message = read_object(received)
            ident = message.get("id")
            op = message.get("op")
            if op == "ping":
                await self.say({"event": "pong", "at": self.gateway.clock.wall_ms()})
                return
            if op not in _OPS:
                message_ = "takes subscribe, unsubscribe or ping"
                raise refused([{"name": "op", "message": message_, "known": [*_OPS]}])
            if isinstance(ident, bool) or not isinstance(ident, int | str) or len(str(ident)) > 60:
                ident = None
                message_ = "takes a number or a short text, by which events are known"
                raise refused([{"name": "id", "message": message_}])
            if op == "unsubscribe":
                await self._unsubscribe(ident)
            else:
                self._subscribe(ident, read_message(message, self.gateway.parse_symbol))
        except CoinmuxError as error:
            await self.fail(ident, error)

    def count(self) -> None:
        """Count a message.

        Raises:
            TooManyRequests: there were too many in a short time.
        """
        now = asyncio.get_running_loop().time()
        gained = (now - self._allowed_at) * _MESSAGES / _PER_S
        self._allowance = min(float(_MESSAGES), self._allowance + gained)
        self._allowed_at = now
        if self._allowance < 1:
            raise TooManyRequests(
                f"at most {_MESSAGES} messages in {_PER_S:g} s", retry_after_s=_PER_S / _MESSAGES
            )
        self._allowance -= 1

    def _subscribe(self, ident: int | str, question: LiveQuestion | IndicatorFollowed) -> None:
        if ident in self.followed:
            raise refused([{"name": "id", "message": "follows something already"}])
        if len(self.followed) >= MOST_SYMBOLS:
            raise TooManyRequests(
                f"one connection follows at most {MOST_SYMBOLS} markets", retry_after_s=_PER_S
            )
        self.followed[ident] = asyncio.ensure_future(self.follow(ident, question))

    async def _unsubscribe(self, ident: int | str) -> None:
        task = self.followed.pop(ident, None)
        if task is None:
            raise refused([{"name": "id", "message": "follows nothing"}])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self.say({"event": "unsubscribed", "subscription": ident})

    async def follow(self, ident: int | str, question: LiveQuestion | IndicatorFollowed) -> None:
        """Follow a question until it ends, or until the task is cancelled."""
        try:
            stream = await self._opened(question)
            try:
                await self.begun(ident)
                await self.pass_on(ident, stream)
            finally:
                await stream.close()
        except OSError:
            raise  # the caller left
        except Exception as error:  # noqa: BLE001 - the border: defects become problem documents
            self.followed.pop(ident, None)
            await self.fail(ident, error)

    async def begun(self, ident: int | str) -> None:
        """Say that a question is followed now."""
        await self.say({"event": "subscribed", "subscription": ident})

    async def pass_on(self, ident: int | str, stream: Batches) -> None:
        """Say each event of a stream."""
        loop = asyncio.get_running_loop()
        head = b'","subscription":%b,"id":"' % _ENCODER.encode(ident)
        while batch := await stream.batch():
            self.quiet_since = loop.time()
            for event in batch:
                await self.send({"type": "websocket.send", "text": _framed(event, head)})
        self.followed.pop(ident, None)
        await self.say({"event": "unsubscribed", "subscription": ident})

    async def fail(self, ident: object, error: Exception) -> None:
        """Say what is wrong."""
        document = problem(error, self._request_id, self.gateway.redactor)
        if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
            document["retry_after_s"] = retry_after_s  # no header can say it here
        await self.say({"event": "error", "subscription": ident, "problem": document})

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self.quiet_since = asyncio.get_running_loop().time()
        text = _ENCODER.encode(message).decode()
        await self.send({"type": "websocket.send", "text": text})


def _framed(event: LiveEvent, head: bytes) -> str:
    """The event's own bytes behind what only this subscription has."""
    kind, ident = event.kind.encode("ascii"), event.id.encode("ascii")
    return (b'{"event":"%b%b%b",%b' % (kind, head, ident, event.encode()[1:])).decode()


def read_object(received: Any) -> dict[str, Any]:
    """The JSON object that a message is.

    Raises:
        InvalidRequest: it is none.
    """
    text = received.get("text")
    if text is None:
        raise refused([{"name": "message", "message": "takes text, not binary"}])
    try:
        message = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise refused([{"name": "message", "message": "takes JSON"}]) from None
    if not isinstance(message, dict):
        raise refused([{"name": "message", "message": "takes a JSON object"}])
    return message


async def _refuse(
    scope: Scope, send: Send, error: CoinmuxError, request_id: str, gateway: Gateway
) -> None:
    """Refuse the handshake with a problem document."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    status, headers, body = render(error, request_id, gateway.redactor)
    start = "websocket.http.response.start"
    await send({"type": start, "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
