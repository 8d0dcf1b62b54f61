"""Live feeds in figures, and what happened to each lately."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

State = Literal["starting", "live", "polled", "stale"]
#: How long a rate looks back, and how often it is looked at.
_RATE_S, _EVERY_S = 10.0, 1.0


@dataclass(frozen=True, slots=True)
class FeedUse:
    """One feed, in figures.

    Attributes:
        query: what is followed beside the pair: `interval`, `depth`.
        strategy: how its sources are ordered.
        state: `starting`, `live` (by a socket), `polled` or `stale`.
        provider: who tells it now; empty while nobody does.
        since: when it began to be told so, by that provider in that state, Unix ms; None while it
            is starting.
        messages: heard of all sources.
        messages_per_s: of the last ten seconds.
        lag_ms: of the last message, where the source tells its time.
        last_message_s: seconds since the last one; None before the first.
        failovers: how often another source took over.
        reconnects: how often sources began it anew after a loss.
        dropped: events that readers were too slow for.
        left_out: messages that were left out as bad or doubted.
        reason: why another source tells it, or none does.
        told_by: the worker that follows it, of which this one hears; None where it is this one.
        told_to: how many other workers hear it of this one.
        heard: events heard of other workers.
    """

    capability: str
    subject: str
    query: Mapping[str, str | int | float]
    strategy: str
    state: State
    provider: str
    since: int | None
    readers: int
    messages: int
    messages_per_s: float
    events: int
    lag_ms: int | None
    last_message_s: float | None
    failovers: int
    reconnects: int
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


class Switch(msgspec.Struct, frozen=True):
    """A feed was told by somebody else from then on, in another way, or by nobody."""

    at: Annotated[int, Meta(description="Unix ms")]
    before: Annotated[str | None, Meta(description="Who told it; null for nobody")]
    provider: Annotated[str | None, Meta(description="Who tells it from then on, or told it last")]
    state: Annotated[State, Meta(description="How it is told from then on")]
    reason: Annotated[str | None, Meta(description="Why; null where it just began")]


class Loss(msgspec.Struct, frozen=True):
    """Something that was missed."""

    at: Annotated[int, Meta(description="When that was said, Unix ms")]
    provider: Annotated[str, Meta(description="Who should have told it")]
    missed: Annotated[
        str | None, Meta(description="What could not be had; null where it was fetched")
    ] = None
    filled_by: Annotated[
        str | None, Meta(description="The source it was fetched from; null where nobody has it")
    ] = None


class Rate:
    """How many a second, of the last ten seconds."""

    __slots__ = ("_samples",)

    def __init__(self, now: float) -> None:
        self._samples: deque[tuple[float, int]] = deque([(now, 0)])

    def look(self, now: float, count: int) -> None:
        """Note how many there were until `now`; at most once a second is it kept."""
        samples = self._samples
        if now - samples[-1][0] < _EVERY_S:
            return
        samples.append((now, count))
        while len(samples) > 1 and now - samples[1][0] >= _RATE_S:
            samples.popleft()

    def per_s(self, now: float, count: int) -> float:
        """How many a second, of which there were `count` until `now`."""
        self.look(now, count)
        at, before = self._samples[0]
        return round((count - before) / max(now - at, _EVERY_S), 2)
