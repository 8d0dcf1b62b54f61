"""Live feeds in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["starting", "live", "polled", "stale"]


@dataclass(frozen=True, slots=True)
class FeedUse:
    """One feed, in figures.

    Attributes:
        state: `starting`, `live` (by a socket), `polled` or `stale`.
        provider: who tells it now; empty while nobody does.
        messages: heard of all sources.
        lag_ms: of the last message, where the source tells its time.
        last_message_s: seconds since the last one; None before the first.
        failovers: how often another source took over.
        dropped: events that readers were too slow for.
        left_out: messages that were left out as bad or doubted.
        reason: why another source tells it, or none does.
        told_by: the worker that follows it, of which this one hears; None where it is this one.
        told_to: how many other workers hear it of this one.
        heard: events heard of other workers.
    """

    capability: str
    subject: str
    state: State
    provider: str
    readers: int
    messages: int
    events: int
    lag_ms: int | None
    last_message_s: float | None
    failovers: int
    gaps: int
    dropped: int
    left_out: int
    reason: str | None
    told_by: str | None = None
    told_to: int = 0
    heard: int = 0


@dataclass(frozen=True, slots=True)
class FeedCounts:
    """What feeds counted: messages of sources, events told and heard of others, what went wrong."""

    messages: int = 0
    events: int = 0
    failovers: int = 0
    gaps: int = 0
    dropped: int = 0
    left_out: int = 0
    heard: int = 0

    def plus(self, use: FeedUse) -> FeedCounts:
        """These and those of one feed."""
        return FeedCounts(
            self.messages + use.messages,
            self.events + use.events,
            self.failovers + use.failovers,
            self.gaps + use.gaps,
            self.dropped + use.dropped,
            self.left_out + use.left_out,
            self.heard + use.heard,
        )
