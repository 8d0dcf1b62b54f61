"""Live feeds of a server: events as they come, and again after a cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, Generic, Self, cast

import msgspec

from coinmux.framework.client.decoding import data_of
from coinmux.framework.client.faults import BadAnswer, ServerUnreachable, error_of_answer
from coinmux.framework.client.retries import Retries
from coinmux.framework.client.wire import OpenAnswer
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.base import R_co
from coinmux.framework.streams.events import KINDS, Kind, LiveEvent, LiveMeta

#: Opens the stream anew; given the id of the last event that was read.
Opener = Callable[[dict[str, str]], Awaitable[OpenAnswer]]
#: A single event of more bytes is none of ours.
_MOST_BYTES = 16_000_000
_END = b"\n\n"


class _Told(msgspec.Struct):
    subject: str
    data: msgspec.Raw
    meta: LiveMeta


class ClientStream(Generic[R_co]):
    """Events of one market or indicator, to be entered with `async with`.

    A stream that is cut, or that a stopping server ends, is opened again after the last event that
    was read. What the server could not keep until then it says itself: by a `gap`, or by a
    `snapshot` of the state as a whole.

    Args:
        opener: opens it.
        capability: what is followed.
        model: of its data.
        since: id of an event after which it begins.
        retries: how long a server that is gone is tried again, in a row.
    """

    def __init__(
        self,
        opener: Opener,
        capability: str,
        model: type[R_co],
        since: str | None,
        retries: Retries,
    ) -> None:
        self._opener = opener
        self._capability = capability
        self._model = model
        self._last = since
        self._retries = retries
        self._answer: OpenAnswer | None = None
        self._events: AsyncGenerator[LiveEvent[R_co]] | None = None
        self._is_closed = False
        self._is_reading = False
        #: Times it was opened again, for whoever watches how good a connection is.
        self.reopened = 0

    async def open(self) -> None:
        """Begin; entering the stream does it.

        Raises:
            InvalidRequest, RoutingError, Refused: it cannot be followed, as the server says.
            ServerUnreachable: nobody answers.
        """
        turn = 1
        while self._events is None and not self._is_closed:
            status: int | None = None
            wait_s: float | None = None
            try:
                answer = await self._opener({} if self._last is None else {
                    "last-event-id": self._last
                })  # fmt: skip
                if answer.status == 200:
                    self._answer, self._events = answer, self._read(answer)
                    return
                reply = await answer.whole()
                await answer.close()
                status, wait_s = reply.status, reply.retry_after_s
                kind = reply.headers.get("content-type", "")
                error: CoinmuxError = error_of_answer(status, kind, reply.body, wait_s)
            except ServerUnreachable as gone:
                error = gone
            pause_s = self._retries.wait_s(turn, status, wait_s)
            if pause_s is None:
                raise error
            await asyncio.sleep(pause_s)
            turn += 1

    async def close(self) -> None:
        """End it."""
        self._is_closed = True
        await self._leave()

    async def _leave(self) -> None:
        answer, events = self._answer, self._events
        self._answer = self._events = None
        if answer is not None:
            await answer.close()
        if events is not None and not self._is_reading:  # else its reader ends with the answer
            await events.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LiveEvent[R_co]:
        while not self._is_closed:
            await self.open()
            if self._events is None:
                break
            self._is_reading = True
            try:
                event = await anext(self._events)
            except (StopAsyncIteration, ServerUnreachable):
                self._is_reading = False
                if self._is_closed:
                    break
                await self._leave()
                self.reopened += 1
                continue
            finally:
                self._is_reading = False
            self._last = event.id
            return event
        raise StopAsyncIteration

    async def _read(self, answer: OpenAnswer) -> AsyncGenerator[LiveEvent[R_co]]:
        """The events of one connection.

        Raises:
            BadAnswer: what comes is no event.
        """
        waiting = b""
        async with aclosing(answer.pieces()) as pieces:
            async for piece in pieces:
                waiting += piece
                *whole, waiting = waiting.split(_END)
                if len(waiting) > _MOST_BYTES:
                    raise BadAnswer("an event without an end")
                for lines in whole:
                    fields = _fields_of(lines)
                    if "data" in fields and fields.get("event") in KINDS:
                        yield self._event(fields)

    def _event(self, fields: Mapping[str, str]) -> LiveEvent[R_co]:
        try:
            told = msgspec.json.decode(fields["data"], type=_Told)
        except msgspec.MsgspecError as error:
            raise BadAnswer(f"an event is not as coinmux sends it: {error}") from error
        data = bytes(told.data)
        return LiveEvent(
            id=fields.get("id", ""),
            kind=cast("Kind", fields["event"]),
            capability=self._capability,
            subject=told.subject,
            data=None if data == b"null" else data_of(data, self._model),
            meta=told.meta,
        )


def _fields_of(event: bytes) -> dict[str, str]:
    """The fields of an event; comments are left out."""
    fields: dict[str, str] = {}
    for line in event.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
    return fields


class BlockingStream(Generic[R_co]):
    """A `ClientStream` whose events are waited for by a plain `for`."""

    def __init__(
        self, stream: ClientStream[R_co], run: Callable[[Coroutine[Any, Any, Any]], Any]
    ) -> None:
        self._stream = stream
        self._run = run

    @property
    def reopened(self) -> int:
        """Times it was opened again."""
        return self._stream.reopened

    def __enter__(self) -> Self:
        self._run(self._stream.open())
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LiveEvent[R_co]:
        event: LiveEvent[R_co] | None = self._run(self._next())
        if event is None:
            raise StopIteration
        return event

    def close(self) -> None:
        """End it."""
        self._run(self._stream.close())

    async def _next(self) -> LiveEvent[R_co] | None:
        return await anext(self._stream, None)
