"""Live feeds and the connections behind them, as they are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from coinmux.framework.reports.base import FrozenReport, MaybeUnixMs, UnixMs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from coinmux.framework.streams.feed_figures import FeedUse
    from coinmux.framework.streams.socket_use import SocketUse

FeedState = Annotated[
    Literal["starting", "live", "polled", "stale"],
    Meta(description="`live` by a socket, `polled` by requests, `stale` while nobody tells it"),
]
#: Those that need a look come first where there are too many.
_URGENCY = {"stale": 0, "starting": 1, "polled": 2, "live": 3}


class FeedReport(FrozenReport):
    """One feed: a question that is followed."""

    capability: str
    subject: Annotated[str, Meta(description="The pair; of candles with the interval")]
    query: Annotated[
        dict[str, str | int | float],
        Meta(description="What is followed beside the pair: `interval`, `depth`"),
    ]
    strategy: Annotated[str, Meta(description="How its sources are ordered")]
    state: FeedState
    provider: Annotated[str | None, Meta(description="Who tells it; null while nobody does")]
    title: Annotated[str | None, Meta(description="The title of the provider")]
    since: Annotated[
        int | None,
        Meta(description="Told by it, in this state, since then, Unix ms; null at the start"),
    ]
    readers: int
    messages: Annotated[int, Meta(description="Heard of all sources")]
    messages_per_s: Annotated[float, Meta(description="Of the last ten seconds")]
    events: Annotated[int, Meta(description="Told to readers, each once")]
    lag_ms: Annotated[
        int | None,
        Meta(description="From the source's own time to its message here, in ms; null without one"),
    ]
    last_message: MaybeUnixMs
    failovers: Annotated[int, Meta(description="How often another source took over")]
    reconnects: Annotated[int, Meta(description="How often sources began it anew after a loss")]
    gaps: Annotated[int, Meta(description="Losses that could not be fetched")]
    dropped: Annotated[int, Meta(description="Events that readers were too slow for")]
    left_out: Annotated[int, Meta(description="Messages that could not be read or believed")]
    reason: Annotated[
        str | None,
        Meta(description="Why another source told it last, or none; null where nothing happened"),
    ]
    told_by: Annotated[
        str | None, Meta(description="The process that follows it for others; null for its own")
    ]


class SocketReport(FrozenReport):
    """One connection to a source."""

    provider: str
    title: str
    socket: Annotated[str, Meta(description="Which of its sockets; empty for the usual one")]
    state: Annotated[
        str,
        Meta(
            description="`connecting`, `open`, `waiting` to connect again, or `idle` while "
            "nothing is followed on it"
        ),
    ]
    channels: Annotated[int, Meta(description="What the source sends on it; feeds may share one")]
    messages: Annotated[int, Meta(description="Since the source was first followed")]
    messages_per_s: Annotated[
        float | None, Meta(description="Of the last ten seconds; null while it is not open")
    ]
    bytes: Annotated[int, Meta(description="Received, as they were on the wire")]
    last_frame: MaybeUnixMs
    opened: Annotated[int | None, Meta(description="Unix ms; null while it is not open")]
    longest_pause_s: Annotated[
        float | None,
        Meta(description="Between two messages of the last minutes; null while it is not open"),
    ]
    silent_after_s: Annotated[
        float | None,
        Meta(description="So much silence is suspicious now; null while it is not open"),
    ]
    reconnects: Annotated[int, Meta(description="How often it was opened again")]
    retry_at: Annotated[
        int | None, Meta(description="When it is tried again, Unix ms; null unless it waits")
    ]
    reason: Annotated[str | None, Meta(description="Why it was lost last; null if it never was")]


class FeedsReport(FrozenReport):
    """Everything that is followed now, in all workers."""

    feeds: Annotated[tuple[FeedReport, ...], Meta(description="By capability and subject")]
    sockets: Annotated[tuple[SocketReport, ...], Meta(description="By provider")]
    left_out: Annotated[
        int, Meta(description="Feeds that are not listed, as there are too many; live ones first")
    ]
    updated: UnixMs


def feed_reports(
    feeds: Iterable[FeedUse],
    title_of: Callable[[str], str],
    clean: Callable[[str], str],
    now_ms: int,
) -> list[FeedReport]:
    """Feeds as they are reported.

    Args:
        title_of: the title of a provider.
        clean: a text without secrets.
    """
    return [
        FeedReport(
            capability=one.capability,
            subject=one.subject,
            query=dict(one.query),
            strategy=one.strategy,
            state=one.state,
            provider=one.provider or None,
            title=title_of(one.provider) if one.provider else None,
            since=one.since,
            readers=one.readers,
            messages=one.messages,
            messages_per_s=one.messages_per_s,
            events=one.events,
            lag_ms=one.lag_ms,
            last_message=_ago(now_ms, one.last_message_s),
            failovers=one.failovers,
            reconnects=one.reconnects,
            gaps=one.gaps,
            dropped=one.dropped,
            left_out=one.left_out,
            reason=None if one.reason is None else clean(one.reason),
            told_by=one.told_by,
        )
        for one in feeds
    ]


def socket_reports(
    sockets: Mapping[str, Iterable[SocketUse]],
    title_of: Callable[[str], str],
    clean: Callable[[str], str],
    now_ms: int,
) -> list[SocketReport]:
    """Connections as they are reported; those that have ended are none."""
    return [
        _socket(name, title_of(name), use, clean, now_ms)
        for name, uses in sorted(sockets.items())
        for use in uses
        if use.state != "ended"
    ]


def urgent(feeds: Iterable[FeedReport], most: int) -> list[FeedReport]:
    """In order; where there are more than `most`, those that need a look first."""
    chosen = sorted(feeds, key=lambda one: (_URGENCY[one.state], -one.readers))[:most]
    return sorted(chosen, key=lambda one: (one.capability, one.subject, one.strategy, -one.readers))


def _socket(
    name: str, title: str, use: SocketUse, clean: Callable[[str], str], now_ms: int
) -> SocketReport:
    return SocketReport(
        provider=name,
        title=title,
        socket=use.socket,
        state=use.state,
        channels=use.channels,
        messages=use.messages,
        messages_per_s=use.messages_per_s,
        bytes=use.bytes_in,
        last_frame=_ago(now_ms, use.last_message_s),
        opened=_ago(now_ms, use.age_s),
        longest_pause_s=use.longest_pause_s,
        silent_after_s=use.silent_after_s,
        reconnects=use.reconnects,
        retry_at=None if use.retry_s is None else now_ms + round(use.retry_s * 1000),
        reason=None if use.error is None else clean(use.error),
    )


def _ago(now_ms: int, seconds: float | None) -> int | None:
    return None if seconds is None else now_ms - round(seconds * 1000)
