"""Why a question is told by whom: every source that could, and what happened lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from coinmux.framework.clock import wall_at
from coinmux.framework.routing.options import CONSENSUS
from coinmux.framework.streams.events import Kind
from coinmux.framework.streams.feed_figures import Loss, State, Switch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.sources.source import Refusal
    from coinmux.framework.streams.choice import Candidate
    from coinmux.framework.streams.events import LiveEvent
    from coinmux.framework.streams.socket_use import SocketUse
    from coinmux.framework.streams.voice import Voice

_ELSEWHERE = "another process follows it"
_WAITED_FOR = "it is followed, and has told nothing yet"
Verdict = Literal["chosen", "on_trial", "skipped"]


class FeedCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """One source that offers what is followed, and whether it tells it."""

    provider: str
    title: Annotated[str, Meta(description="The title of the provider")]
    rank: Annotated[
        int | None, Meta(description="Its place among those that can tell it; null if it cannot")
    ]
    verdict: Annotated[
        Verdict,
        Meta(description="`chosen` tells it, or would; `on_trial` is followed beside that one"),
    ]
    reason: Annotated[str, Meta(description="A code")]
    detail: Annotated[str, Meta(description="The same in words")]
    retry_at: Annotated[
        int | None, Meta(description="When it may be followed again, Unix ms; null if not known")
    ]
    silent_after_s: Annotated[
        float | None,
        Meta(
            description="So much silence of its connection is suspicious now; null while it has "
            "none that is open"
        ),
    ]


class ToldLast(msgspec.Struct, frozen=True, kw_only=True):
    """The last event of a feed that another process follows."""

    kind: Annotated[Kind, Meta(description="Of the event")]
    provider: Annotated[str, Meta(description="Who told it; `consensus` for several together")]
    at: Annotated[int, Meta(description="When it was told, Unix ms")]
    notes: Annotated[tuple[str, ...], Meta(description="What was said of it")]
    sources: Annotated[
        tuple[str, ...], Meta(description="Those whose median it is; none where one tells it")
    ]


class FollowedElsewhere(NamedTuple):
    """A question that another worker follows, and nobody of this one.

    Attributes:
        reason: why it is stale, if it is.
        last: what it said last; None where it has said nothing yet.
    """

    worker: str
    state: State
    reason: str | None
    last: ToldLast | None


class FeedExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a question is told by whom, or would be."""

    capability: str
    subject: Annotated[str, Meta(description="The pair; of candles with the interval")]
    query: Annotated[
        dict[str, str | int | float],
        Meta(description="What is followed beside the pair: `interval`, `depth`"),
    ]
    strategy: str
    pinned: Annotated[
        str | None, Meta(description="The only provider followed; null with failover")
    ]
    followed: Annotated[bool, Meta(description="Whether it is followed now, by this process")]
    state: Annotated[
        State | None,
        Meta(description="`live`, `polled`, `stale` or `starting`; null while nobody follows it"),
    ]
    provider: Annotated[
        str | None, Meta(description="Who tells it, or would; null where nobody can by a socket")
    ]
    title: Annotated[str | None, Meta(description="The title of that provider")]
    since: Annotated[
        int | None,
        Meta(description="Told by it, in this state, since then, Unix ms; null if it is not"),
    ]
    readers: int
    why: Annotated[str, Meta(description="Why it is told by that one and no better one")]
    polled_every_s: Annotated[
        float | None, Meta(description="Seconds between two requests; null where a socket tells it")
    ]
    candidates: tuple[FeedCandidate, ...]
    switches: Annotated[
        tuple[Switch, ...], Meta(description="The last 20 times another told it, oldest first")
    ]
    losses: Annotated[
        tuple[Loss, ...], Meta(description="The last 20 gaps and what was fetched, oldest first")
    ]
    gaps: Annotated[int, Meta(description="Losses that could not be fetched, since it began")]
    told_by: Annotated[
        str | None, Meta(description="The process that follows it for others; null for this one")
    ]
    told_last: Annotated[
        ToldLast | None,
        Meta(
            description="What that process said last, as this one heard it; null where this one "
            "follows it itself, or nothing was said yet"
        ),
    ]


def explained(
    question: Mapping[str, str | int | float],
    voice: Voice | None,
    found: Iterable[Candidate],
    clock: Clock,
    sockets: Mapping[str, Iterable[SocketUse]],
    *,
    capability: str,
    subject: str,
    strategy: str,
    pinned: str | None,
    together: int,
    would_poll_s: float,
) -> FeedExplanation:
    """What is said of a question.

    Args:
        question: what is followed beside the pair.
        voice: tells it; None while nobody follows it.
        found: every source that offers it, best first.
        sockets: the connections of each source.
        together: sources compared, where it is a composite price; else 1.
        would_poll_s: how often it would be polled.
    """
    use = None if voice is None else voice.use()
    sources = list(found)
    lines = _lines(sources, voice, clock, together)
    lines = [msgspec.structs.replace(one, silent_after_s=_patience(sockets, one)) for one in lines]
    titles = {one.source.name: one.source.info.title for one in sources}
    chosen = [line.provider for line in lines if line.verdict == "chosen"]
    first = next((line.provider for line in lines if line.rank == 1), None)
    provider = (use.provider or None) if use is not None else _would(chosen, strategy)
    is_polled = use.state == "polled" if use is not None else not chosen
    return FeedExplanation(
        capability=capability,
        subject=subject,
        query=dict(question),
        strategy=strategy,
        pinned=pinned,
        followed=use is not None,
        state=None if use is None else use.state,
        provider=provider,
        title=None if provider is None else titles.get(provider, provider),
        since=None if use is None else use.since,
        readers=0 if use is None else use.readers,
        why=_why(use.state if use else None, provider, first, use.reason if use else None),
        polled_every_s=(would_poll_s if voice is None else voice.polled_every_s or would_poll_s)
        if is_polled
        else None,
        candidates=tuple(lines),
        switches=() if voice is None else voice.switches,
        losses=() if voice is None else voice.losses,
        gaps=0 if use is None else use.gaps,
        told_by=None if use is None else use.told_by,
        told_last=None if use is None or use.told_by is None else _told_last(voice),
    )


def told_elsewhere(own: FeedExplanation, other: FollowedElsewhere) -> FeedExplanation:
    """What is said of a question that nobody of this worker follows, as another one does."""
    provider = None if other.last is None else other.last.provider
    titles = {one.provider: one.title for one in own.candidates}
    why = f"{_ELSEWHERE}; {other.reason}" if other.reason else _ELSEWHERE
    return msgspec.structs.replace(
        own,
        state=other.state,
        provider=provider,
        title=None if provider is None else titles.get(provider, provider),
        why=why,
        told_by=other.worker,
        told_last=other.last,
    )


def _told_last(voice: Voice | None) -> ToldLast | None:
    event = None if voice is None else voice.newest
    return None if event is None else told_of(event)


def told_of(event: LiveEvent[Any]) -> ToldLast:
    """What is said of the last event of a feed."""
    meta = event.meta
    return ToldLast(
        kind=event.kind,
        provider=meta.provider,
        at=meta.received_at,
        notes=meta.notes,
        sources=meta.sources,
    )


def _would(chosen: list[str], strategy: str) -> str | None:
    if strategy == CONSENSUS and len(chosen) > 1:
        return CONSENSUS
    return chosen[0] if chosen else None


def _lines(
    found: list[Candidate], voice: Voice | None, clock: Clock, together: int
) -> list[FeedCandidate]:
    """Those that can tell it in order, then the others."""
    able, unable = [], []
    telling = () if voice is None else voice.telling
    on_trial = None if voice is None else voice.on_trial
    for one in found:
        name = one.source.name
        avoided = None if voice is None else voice.avoided(name)
        if name in telling:
            has_told = voice is not None and voice.state == "live"
            code, words = ("tells", "it tells it") if has_told else ("waited_for", _WAITED_FOR)
            able.append((one, "chosen", code, words))
        elif name == on_trial:
            able.append(
                (one, "on_trial", "on_trial", "it takes over as soon as it tells something")
            )
        elif one.refusal is not None:
            unable.append(_refused(one, one.refusal, clock))
        elif avoided is not None:
            until_s, why = avoided
            at = clock.wall_ms() + round(until_s * 1000)
            unable.append(_line(one, None, "skipped", "avoided", why, at))
        else:
            able.append((one, "skipped", "", ""))
    lines = []
    for rank, (one, verdict, code, detail) in enumerate(able, start=1):
        if not code and voice is None and rank <= together:
            first = rank == 1
            verdict = "chosen"
            code = "first_choice" if first else "asked_together"
            detail = "best of those that can tell it" if first else "for what several agree on"
        elif not code:
            code, detail = (
                ("better_placed", "it is tried within seconds, and takes over once it tells it")
                if voice is not None and rank == 1
                else ("not_needed", "it is followed when those before it fail")
            )
        lines.append(_line(one, rank, verdict, code, detail, None))
    return [*lines, *unable]


def _refused(one: Candidate, refusal: Refusal, clock: Clock) -> FeedCandidate:
    at = None if refusal.retry_at is None else wall_at(clock, refusal.retry_at)
    return _line(one, None, "skipped", refusal.code, refusal.detail, at)


def _line(
    one: Candidate, rank: int | None, verdict: str, code: str, detail: str, retry_at: int | None
) -> FeedCandidate:
    return FeedCandidate(
        provider=one.source.name,
        title=one.source.info.title,
        rank=rank,
        verdict=verdict,  # type: ignore[arg-type]
        reason=code,
        detail=detail,
        retry_at=retry_at,
        silent_after_s=None,
    )


def _patience(sockets: Mapping[str, Iterable[SocketUse]], one: FeedCandidate) -> float | None:
    """How much silence is suspicious, of the connection that is waited for longest."""
    known = (use.silent_after_s for use in sockets.get(one.provider, ()))
    return max((found for found in known if found is not None), default=None)


def _why(state: State | None, provider: str | None, first: str | None, reason: str | None) -> str:
    if state is None:
        if provider is None:
            return "no source can be followed now: it would be asked again and again"
        return f"nobody follows it; {provider} would tell it: best of those that can"
    if state == "starting":
        return reason or "it was just begun"
    if state == "stale":
        return reason or "no source tells it"
    if state == "polled":
        return f"no socket tells it: it is asked ({reason or 'none can be followed'})"
    if provider in (first, CONSENSUS):
        return "it is the best of those that can tell it"
    return reason or f"{first} does not tell it"
