"""Live feeds as server-sent events, several markets in one stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence

    from coinmux.framework.streams.events import LiveEvent


class Sendable(Protocol):
    """An event, as far as it is sent on."""

    @property
    def id(self) -> str:
        """What a reader resumes from; empty for nothing."""
        ...

    @property
    def kind(self) -> str:
        """Its name."""
        ...

    def encode(self) -> bytes:
        """Its data as JSON."""
        ...


class Events(Protocol):
    """What gives events in batches."""

    async def batch(self) -> Sequence[Sendable]:
        """All events that wait, or the next one; none at the end."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Batches(Protocol):
    """A stream of a gateway, as far as it is sent on."""

    async def batch(self) -> Sequence[LiveEvent]:
        """All events that wait, or the next one; none at the end."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class _Written:
    """The event that was framed last: all readers of a market send it, one after the other."""

    def __init__(self) -> None:
        self._event: Sendable | None = None
        self._bytes = b""

    def of(self, event: Sendable) -> bytes:
        """One event as it is sent to a reader of its market alone."""
        if event is not self._event:
            self._bytes = framed(event, event.id)
            self._event = event
        return self._bytes


_WRITTEN = _Written()


def framed(event: Sendable, ident: str) -> bytes:
    """One event as it is sent."""
    kind = event.kind.encode("ascii")
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (ident.encode("ascii"), kind, event.encode())


class Sent:
    """The events of all streams, as they come; the streams are closed at the end, or by `aclose`.

    The id of each event has the newest id of every stream, so that all can be resumed from it.
    """

    __slots__ = ("_pieces", "_streams")

    def __init__(self, streams: Sequence[Events]) -> None:
        self._streams = streams
        #: Begun by the first who waits for a piece.
        self._pieces: AsyncGenerator[bytes, None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._pieces is None:
            self._pieces = _sent(self._streams)
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """End them."""
        if self._pieces is not None:
            await self._pieces.aclose()
        for stream in self._streams:
            await stream.close()


async def _sent(streams: Sequence[Events]) -> AsyncGenerator[bytes, None]:
    try:
        if len(streams) == 1:
            while batch := await streams[0].batch():
                yield (
                    _WRITTEN.of(batch[0])
                    if len(batch) == 1
                    else b"".join([framed(event, event.id) for event in batch])
                )
            return
        ids = [""] * len(streams)
        async for at, batch in _merged(streams):
            parts = []
            for event in batch:
                ids[at] = event.id
                parts.append(framed(event, ",".join(ids)))
            yield b"".join(parts)
    finally:
        for stream in streams:
            await stream.close()


async def _merged(streams: Sequence[Events]) -> AsyncIterator[tuple[int, Sequence[Sendable]]]:
    waiting = {asyncio.ensure_future(one.batch()): at for at, one in enumerate(streams)}
    try:
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                at = waiting.pop(task)
                if batch := task.result():
                    waiting[asyncio.ensure_future(streams[at].batch())] = at
                    yield at, batch
    finally:
        await _ended(waiting)


async def _ended(waiting: Collection[asyncio.Task[Sequence[Sendable]]]) -> None:
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
