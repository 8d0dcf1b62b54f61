"""Live feeds in one process, as workers tell each other, and of all workers together."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.reports.feeds import (
    FeedReport,
    FeedsReport,
    SocketReport,
    feed_reports,
    socket_reports,
    urgent,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.gateway import Gateway

#: Feeds that are listed; all are counted.
MOST_LISTED = 500


class LiveFeedFigures(msgspec.Struct, frozen=True, array_like=True):
    """Live feeds in one process.

    Attributes:
        feeds: capability, state and how many there are now.
        readers: capability and how many read it now.
        counted: what, capability and how many.
        lag: capability and the largest lag in seconds.
        sockets: source, state and how many connections.
        heard: source and messages of its connections.
        received: source and bytes of its connections.
        reconnects: source and how often connections were opened again.
        listed: each feed; the urgent ones alone where there are too many.
        connections: each connection.
    """

    feeds: list[tuple[str, str, int]]
    readers: list[tuple[str, int]]
    counted: list[tuple[str, str, int]]
    lag: list[tuple[str, float]]
    sockets: list[tuple[str, str, int]]
    heard: list[tuple[str, int]]
    reconnects: list[tuple[str, int]]
    received: list[tuple[str, int]]
    listed: list[FeedReport] = []
    connections: list[SocketReport] = []


def live_figures_of(gateway: Gateway) -> LiveFeedFigures | None:
    """The figures of this process; None where nothing was ever followed."""
    figures = gateway.live_figures()
    if figures is None:
        return None
    feeds = Counter(
        # A question that workers share is a feed of one of them.
        (one.capability, one.state if one.told_by is None else "heard")
        for one in figures.feeds
    )
    readers: Counter[str] = Counter()
    lag: dict[str, float] = {}
    for one in figures.feeds:
        readers[one.capability] += one.readers
        if one.lag_ms is not None:
            lag[one.capability] = max(lag.get(one.capability, 0.0), one.lag_ms / 1000)
    sockets = Counter(
        (name, use.state)
        for name, uses in figures.sockets.items()
        for use in uses
        if use.state != "ended"
    )

    def title_of(name: str) -> str:
        source = gateway.sources.get(name)
        return name if source is None else source.info.title

    now_ms, clean = gateway.clock.wall_ms(), gateway.redactor.clean
    return LiveFeedFigures(
        feeds=[(*key, count) for key, count in feeds.items()],
        readers=list(readers.items()),
        counted=[
            (what, capability, count)
            for capability, counts in figures.counted.items()
            for what, count in asdict(counts).items()
        ],
        lag=list(lag.items()),
        sockets=[(*key, count) for key, count in sockets.items()],
        heard=[(name, sum(u.messages for u in uses)) for name, uses in figures.sockets.items()],
        reconnects=[
            (name, sum(u.reconnects for u in uses)) for name, uses in figures.sockets.items()
        ],
        received=[(name, sum(u.bytes_in for u in uses)) for name, uses in figures.sockets.items()],
        listed=urgent(feed_reports(figures.feeds, title_of, clean, now_ms), MOST_LISTED),
        connections=socket_reports(figures.sockets, title_of, clean, now_ms),
    )


def all_feeds(workers: Iterable[LiveFeedFigures | None], now_ms: int) -> FeedsReport:
    """The feeds and connections of all workers."""
    live = [one for one in workers if one is not None]
    feeds = urgent((row for one in live for row in one.listed), MOST_LISTED)
    sockets = [row for one in live for row in one.connections]
    return FeedsReport(
        feeds=tuple(feeds),
        sockets=tuple(sorted(sockets, key=lambda row: (row.provider, row.socket))),
        left_out=sum(row[2] for one in live for row in one.feeds) - len(feeds),
        updated=now_ms,
    )


def summed_live(ended: Iterable[LiveFeedFigures | None]) -> LiveFeedFigures | None:
    """What several workers that have ended counted, as of one; only what grows."""
    known = [one for one in ended if one is not None]
    if not known:
        return None
    counted: Counter[tuple[str, str]] = Counter()
    heard: Counter[str] = Counter()
    reconnects: Counter[str] = Counter()
    received: Counter[str] = Counter()
    for one in known:
        for what, capability, count in one.counted:
            counted[what, capability] += count
        for source, count in one.heard:
            heard[source] += count
        for source, count in one.reconnects:
            reconnects[source] += count
        for source, count in one.received:
            received[source] += count
    return LiveFeedFigures(
        feeds=[],
        readers=[],
        counted=[(*key, count) for key, count in counted.items()],
        lag=[],
        sockets=[],
        heard=list(heard.items()),
        reconnects=list(reconnects.items()),
        received=list(received.items()),
    )
