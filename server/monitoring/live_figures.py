"""Live feeds in one process, as workers tell each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway


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
    """

    feeds: list[tuple[str, str, int]]
    readers: list[tuple[str, int]]
    counted: list[tuple[str, str, int]]
    lag: list[tuple[str, float]]
    sockets: list[tuple[str, str, int]]
    heard: list[tuple[str, int]]
    reconnects: list[tuple[str, int]]
    received: list[tuple[str, int]]


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
    )
