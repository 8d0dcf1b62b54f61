"""A source's connections, in figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SocketUse:
    """One connection, in figures.

    Attributes:
        socket: which of the source's sockets.
        state: `connecting`, `open`, `waiting` (to connect again) or `idle`; `ended` for all that
            were, together.
        messages: since the source was first followed.
        messages_per_s: over the last ten seconds; None while it is not open.
        bytes_in: what came, as it was on the wire.
        unreadable: messages that could not be read.
        subscriptions: feeds followed on it.
        channels: what the source is asked for them; feeds may share one.
        last_message_s: seconds since the last message; None before the first.
        age_s: seconds since it was opened; None while it is not open.
        longest_pause_s: between two frames of the last minutes; None while it is not open.
        silent_after_s: so much silence is suspicious now; None while it is not open.
        reconnects: how often it was opened again.
        retry_s: seconds until it is tried again; None unless it waits.
        error: why it was lost last; None if it never was.
    """

    socket: str
    state: str
    messages: int
    messages_per_s: float | None
    bytes_in: int
    unreadable: int
    subscriptions: int
    channels: int
    last_message_s: float | None
    age_s: float | None
    longest_pause_s: float | None
    silent_after_s: float | None
    reconnects: int
    retry_s: float | None
    error: str | None

    def ended(self, past: SocketUse | None) -> SocketUse:
        """What it counted, with what those before it did."""
        return SocketUse(
            socket="",
            state="ended",
            messages=self.messages + (past.messages if past is not None else 0),
            messages_per_s=None,
            bytes_in=self.bytes_in + (past.bytes_in if past is not None else 0),
            unreadable=self.unreadable + (past.unreadable if past is not None else 0),
            subscriptions=0,
            channels=0,
            last_message_s=None,
            age_s=None,
            longest_pause_s=None,
            silent_after_s=None,
            reconnects=self.reconnects + (past.reconnects if past is not None else 0),
            retry_s=None,
            error=self.error,
        )
