"""Live feeds as Prometheus reads them; labels are capabilities and sources, of which few are."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from coinmux.server.monitoring.live_figures import LiveFeedFigures

#: What feeds count (`FeedCounts`), and what it is.
_COUNTED = {
    "messages": "Messages heard of sources, by what is followed.",
    "events": "Events told to readers, by what is followed; each once, however many read it.",
    "failovers": "How often another source took over a feed.",
    "gaps": "Losses that could not be fetched, each told to readers.",
    "dropped": "Events that readers were too slow for.",
    "left_out": "Messages that could not be read or believed.",
    "heard": "Events heard of the worker that follows a market for all, by what is followed.",
}


def live_metrics(
    workers: Iterable[LiveFeedFigures | None], ended: Iterable[LiveFeedFigures | None] = ()
) -> Iterator[Metric]:
    """The families of all workers together; none while nothing was ever followed.

    Args:
        ended: of those that have ended; what they counted still counts.
    """
    live = [one for one in workers if one is not None]
    each = [*live, *(one for one in ended if one is not None)]
    if not each:
        return
    yield _gauge(
        "coinmux_feeds", "Live feeds, by state; those `heard` are followed by another worker.",
        ["capability", "state"],
        (((row[0], row[1]), row[2]) for one in live for row in one.feeds),
    )  # fmt: skip
    yield _gauge(
        "coinmux_feed_readers", "Readers of live feeds.", ["capability"],
        (((row[0],), row[1]) for one in live for row in one.readers),
    )  # fmt: skip
    for what, text in _COUNTED.items():
        yield _counter(
            f"coinmux_feed_{what}", text, ["capability"],
            (((row[1],), row[2]) for one in each for row in one.counted if row[0] == what),
        )  # fmt: skip
    lag = GaugeMetricFamily(
        "coinmux_feed_lag_seconds",
        "From a source's own time to its message here; the largest of what is followed.",
        labels=["capability"],
    )
    largest: dict[str, float] = {}
    for one in live:
        for capability, seconds in one.lag:
            largest[capability] = max(largest.get(capability, 0.0), seconds)
    for capability, seconds in sorted(largest.items()):
        lag.add_metric([capability], seconds)
    yield lag
    yield _gauge(
        "coinmux_sockets", "WebSockets to sources, by state.", ["source", "state"],
        (((row[0], row[1]), row[2]) for one in live for row in one.sockets),
    )  # fmt: skip
    yield _counter(
        "coinmux_socket_messages", "Messages of WebSockets, by source.", ["source"],
        (((row[0],), row[1]) for one in each for row in one.heard),
    )  # fmt: skip
    yield _counter(
        "coinmux_socket_reconnects", "How often WebSockets were opened again.", ["source"],
        (((row[0],), row[1]) for one in each for row in one.reconnects),
    )  # fmt: skip
    yield _counter(
        "coinmux_socket_bytes", "Bytes that came over WebSockets, by source.", ["source"],
        (((row[0],), row[1]) for one in each for row in one.received),
    )  # fmt: skip


def _gauge(
    name: str, text: str, labels: list[str], rows: Iterable[tuple[tuple[str, ...], int]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, count in sorted(_summed(rows).items()):
        family.add_metric(list(key), count)
    return family


def _counter(
    name: str, text: str, labels: list[str], rows: Iterable[tuple[tuple[str, ...], int]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, count in sorted(_summed(rows).items()):
        family.add_metric(list(key), count)
    return family


def _summed(rows: Iterable[tuple[tuple[str, ...], int]]) -> Counter[tuple[str, ...]]:
    total: Counter[tuple[str, ...]] = Counter()
    for key, count in rows:
        total[key] += count
    return total
