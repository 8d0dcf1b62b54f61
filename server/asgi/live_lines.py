"""Live events written to a caller's connection as they are told, with no task that waits for them.

All readers of a market are sent the same bytes, so these are made once; each reader costs one write
to its connection. A caller who is slow is waited for by its own request, and its events wait in its
own bounded queue meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.server.asgi.live_events import framed
from coinmux.server.asgi.sse import piece_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coinmux.framework.streams.events import LiveEvent
    from coinmux.framework.streams.reader import Reader
    from coinmux.framework.streams.stream import Stream
    from coinmux.server.asgi.scope import PieceWriter


class _Written:
    """The events that were framed last: all readers of a market send them, one after the other."""

    def __init__(self) -> None:
        self._events: Sequence[LiveEvent[Any]] | None = None
        self._others = ("", "")
        self._piece = b""

    def piece(self, events: Sequence[LiveEvent[Any]]) -> bytes:
        """Events of one market as they are sent to those who follow it alone."""
        if events is not self._events:
            self._piece = piece_of(b"".join([framed(event, event.id) for event in events]))
            self._events = events
        return self._piece

    def among(self, events: Sequence[LiveEvent[Any]], before: str, after: str) -> bytes:
        """Events of one market of several; the ids of the others stand before and after theirs."""
        if events is not self._events or self._others != (before, after):
            frames = [framed(event, f"{before}{event.id}{after}") for event in events]
            self._piece = piece_of(b"".join(frames))
            self._events, self._others = events, (before, after)
        return self._piece


_ALONE, _AMONG = _Written(), _Written()


class Line:
    """What one caller follows, led to its connection.

    Args:
        streams: begun.
        connection: of the caller.
        wake: called when something waits that was not written, and at the end.

    Attributes:
        wrote: whether something was written since this was last set to False.
    """

    __slots__ = ("_ids", "_readers", "_write", "wake", "wrote")

    def __init__(
        self, streams: Sequence[Stream[Any]], connection: PieceWriter, wake: Callable[[], None]
    ) -> None:
        self._write = connection.write_piece
        self.wake = wake
        self.wrote = True
        self._ids = [""] * len(streams)
        is_alone = len(streams) == 1
        readers = (
            one.lead_to(self if is_alone else _Market(self, at)) for at, one in enumerate(streams)
        )
        self._readers: Sequence[Reader[Any] | None] = tuple(readers)

    @property
    def is_over(self) -> bool:
        """Whether no market tells anything any more."""
        return all(reader is None or reader.is_over for reader in self._readers)

    def take(self, events: Sequence[LiveEvent[Any]]) -> bool:
        """Write events of the only market; False where the caller is slow."""
        self.wrote = True
        return self._write(_ALONE.piece(events))

    def take_of(self, at: int, events: Sequence[LiveEvent[Any]]) -> bool:
        """Write events of one of several markets; False where the caller is slow."""
        self.wrote = True
        ids = self._ids
        before = "".join([f"{ident}," for ident in ids[:at]])
        after = "".join([f",{ident}" for ident in ids[at + 1 :]])
        if not self._write(_AMONG.among(events, before, after)):
            return False
        ids[at] = events[-1].id
        return True

    def write_waiting(self) -> bool:
        """Write what waits, in one piece, to a caller who takes it; False where nothing does."""
        ids, frames = self._ids, []
        for at, reader in enumerate(self._readers):
            for event in () if reader is None else reader.waiting():
                ids[at] = event.id
                frames.append(framed(event, ",".join(ids)))
        if not frames:
            return False
        self.wrote = True
        self._write(piece_of(b"".join(frames)))
        return True

    def go_on(self) -> None:
        """From now on write what is told as it is told; nothing waits."""
        for reader in self._readers:
            if reader is not None:
                reader.go_on()


class _Market:
    """The outlet of one of several markets."""

    __slots__ = ("_at", "_line")

    def __init__(self, line: Line, at: int) -> None:
        self._line = line
        self._at = at

    def take(self, events: Sequence[LiveEvent[Any]]) -> bool:
        return self._line.take_of(self._at, events)

    def wake(self) -> None:
        self._line.wake()
