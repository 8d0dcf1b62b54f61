"""`GET /metrics`: the figures as Prometheus reads them, written by `prometheus_client`.

A collector over the figures that the server has anyway: nothing is counted a second time. Labels
are names of routes, sources, states and error codes: all finite, and bounded where plugins make
them.
"""

from __future__ import annotations

import asyncio
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from coinmux.framework.health.circuit import State
from coinmux.framework.reports.base import installed_version
from coinmux.server.monitoring.consumer_metrics import consumer_metrics
from coinmux.server.monitoring.metrics import BOUNDS_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.sse import Streams
    from coinmux.server.monitoring.metrics import Metrics, Totals
    from coinmux.server.monitoring.process_metrics import ProcessMetrics
    from coinmux.server.monitoring.service_status import ServiceMonitor

    Samples = Iterable[tuple[Mapping[str, str], float]]

TEXT = b"text/plain; version=0.0.4; charset=utf-8"
#: How a caller says that it does not take a format.
_ZERO = frozenset(("q=0", "q=0.0", "q=0.00", "q=0.000"))
_OVERALL = ("ONLINE", "DEGRADED", "OFFLINE")
_MB = 1_048_576
#: Upper bounds of the buckets, in seconds, as both formats write them.
_BOUNDS = [*(str(bound / 1000) for bound in BOUNDS_MS), "+Inf"]


class Figures(Protocol):
    """Where the figures come from."""

    gateway: Gateway
    metrics: Metrics
    pulse: ServiceMonitor
    vitals: ProcessMetrics
    traffic: Traffic
    streams: Streams


class FigureCollector(Collector):
    """Every figure of the server, as families of metrics."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """The families in a fixed order; each read when it is asked for."""
        yield from _process(self._figures)
        yield from _requests(self._figures)
        yield from _sources(self._figures)
        yield from _limits(self._figures)
        yield from _stores(self._figures)
        yield from consumer_metrics(self._figures.gateway.consumers)


async def exposition(figures: Figures, accept: str = "") -> tuple[bytes, bytes]:
    """Every figure, and its media type: OpenMetrics where `accept` asks for it, else text 0.0.4.

    The figures are read in one go; a thread writes them, as that takes milliseconds in which
    requests would wait.

    Args:
        accept: the request's `Accept` header.
    """
    families = list(FigureCollector(figures).collect())
    write, media_type = writer_for(accept)
    return await asyncio.to_thread(write, _Collected(families)), media_type


def writer_for(accept: str) -> tuple[Callable[[Collector], bytes], bytes]:
    """What writes families as `accept` asks for them, and the media type it writes.

    `prometheus_client.exposition.choose_encoder` is not used: it raises on a version that is no
    number, and promises any version a caller names.
    """
    for one in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in one.split(";"))
        if kind == "application/openmetrics-text" and not _ZERO.intersection(parameters):
            return generate_openmetrics, OPENMETRICS.encode("ascii")
    return generate_latest, TEXT


class _Collected(Collector):
    """Families that were read before."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def counter(name: str, about: str, samples: Samples) -> Metric:
    """What only grows; its samples are named `<name>_total`."""
    return _filled(CounterMetricFamily(name, about), samples, suffix="_total")


def gauge(name: str, about: str, samples: Samples) -> Metric:
    """What goes up and down."""
    return _filled(GaugeMetricFamily(name, about), samples)


def histogram(name: str, about: str, series: Iterable[tuple[Mapping[str, str], Totals]]) -> Metric:
    """Latencies of several series, in seconds."""
    family = HistogramMetricFamily(name, about)
    for labels, one in series:
        for bound, count in zip(_BOUNDS, accumulate(one.buckets), strict=True):
            family.add_sample(f"{name}_bucket", {**labels, "le": bound}, count)
        family.add_sample(f"{name}_count", dict(labels), one.total)
        family.add_sample(f"{name}_sum", dict(labels), round(one.elapsed_ms / 1000, 6))
    return family


def _filled(family: Metric, samples: Samples, *, suffix: str = "") -> Metric:
    for labels, value in samples:
        family.add_sample(f"{family.name}{suffix}", dict(labels), value)
    return family


def _process(figures: Figures) -> Iterator[Metric]:
    gateway, vitals = figures.gateway, figures.vitals.public()
    status = figures.pulse.look().status
    yield InfoMetricFamily("coinmux", "The version.", {"version": installed_version()})
    yield gauge(
        "coinmux_start_time_seconds", "When it began, Unix seconds.",
        [({}, gateway.started_ms / 1000)],
    )  # fmt: skip
    yield gauge(
        "coinmux_status", "1 for the state the whole is in.",
        [({"state": state.lower()}, int(state == status)) for state in _OVERALL],
    )  # fmt: skip
    for name, about, value in (
        ("event_loop_lag_seconds", "Longest delay of the event loop within ten seconds.",
         vitals["event_loop_lag_ms"] / 1000),
        ("event_loop_busy_ratio", "Share of one core the event loop's thread was busy.",
         round(vitals["load_percent"] / 100, 4)),
        ("process_cpu_ratio", "CPU of the process, in cores.",
         round(vitals["cpu_percent"] / 100, 4)),
        ("process_resident_memory_bytes", "Memory of the process.",
         round(vitals["rss_mb"] * _MB)),
        ("requests_in_flight", "Requests being served.", figures.traffic.in_flight),
        ("streams_open", "Streams of server-sent events.", figures.streams.open),
    ):  # fmt: skip
        yield gauge(f"coinmux_{name}", about, [({}, value)])


def _requests(figures: Figures) -> Iterator[Metric]:
    metrics = figures.metrics
    yield counter(
        "coinmux_http_requests", "Requests by route and class of status.",
        (
            ({"method": method, "route": route, "status": f"{kind}xx" if kind else "none"}, count)
            for (method, route), series in sorted(metrics.routes.items())
            for kind, count in enumerate(series.statuses)
            if count
        ),
    )  # fmt: skip
    yield histogram(
        "coinmux_http_request_duration_seconds", "Time to answer, by route.",
        (
            ({"method": method, "route": route}, series)
            for (method, route), series in sorted(metrics.routes.items())
        ),
    )  # fmt: skip


def _sources(figures: Figures) -> Iterator[Metric]:
    metrics, gateway = figures.metrics, figures.gateway
    calls = sorted(metrics.sources.items())
    yield counter(
        "coinmux_source_calls", "Calls of sources, probes included.",
        (
            ({"source": source, "outcome": outcome}, count)
            for source, series in calls
            for outcome, count in (
                ("ok", series.total - series.errors), ("failed", series.errors),
            )
        ),
    )  # fmt: skip
    yield counter(
        "coinmux_source_failures", "Failed calls by the code of the error.",
        (
            ({"source": source, "code": code}, count)
            for (source, code), count in sorted(metrics.failures.items())
        ),
    )  # fmt: skip
    yield histogram(
        "coinmux_source_call_duration_seconds", "Time of calls of sources.",
        (({"source": source}, series) for source, series in calls),
    )  # fmt: skip
    states = {name: gateway.health.snapshot(name).state for name in sorted(gateway.sources)}
    yield gauge(
        "coinmux_source_state", "1 for the state each source is in.",
        (
            ({"source": name, "state": str(state).lower()}, int(state is found))
            for name, found in states.items()
            for state in State
        ),
    )  # fmt: skip


def _limits(figures: Figures) -> Iterator[Metric]:
    gates = {
        name: source.gate.snapshot() for name, source in sorted(figures.gateway.sources.items())
    }
    windows = [
        ({"source": name, "window_s": f"{window['per_s']:g}"}, window)
        for name, gate in gates.items()
        for window in gate["windows"]
    ]
    yield gauge(
        "coinmux_source_quota_requests", "Requests a source allows within a window.",
        ((labels, window["requests"]) for labels, window in windows),
    )  # fmt: skip
    yield gauge(
        "coinmux_source_quota_used", "How much of that is used.",
        ((labels, window["used"]) for labels, window in windows),
    )  # fmt: skip
    for name, about in (
        ("in_flight", "Calls of a source that run."),
        ("waiting", "Calls of a source that wait for their turn."),
    ):
        yield gauge(
            f"coinmux_source_calls_{name}", about,
            (({"source": source}, gate[name]) for source, gate in gates.items()),
        )  # fmt: skip


def _stores(figures: Figures) -> Iterator[Metric]:
    gateway = figures.gateway
    cache = gateway.cache
    yield counter(
        "coinmux_cache_lookups", "Questions by what the cache had.",
        [
            ({"result": "hit"}, cache.hits), ({"result": "miss"}, cache.misses),
            ({"result": "stale"}, cache.stale_served),
        ],
    )  # fmt: skip
    yield gauge("coinmux_cache_entries", "Answers kept.", [({}, len(cache))])
    yield gauge("coinmux_cache_bytes", "Their estimated size.", [({}, cache.used)])
    if gateway.archive is None:
        return
    archive = gateway.archive.figures()
    for name, make, about, value in (
        ("up", gauge, "1 while the archive works.", int(archive["ok"])),
        ("queries_per_second", gauge, "Statements a second.", archive["queries_per_s"]),
        ("rows_waiting", gauge, "Rows not written yet.", archive["rows_waiting"]),
        ("rows_given_up", counter, "Rows never written.", archive["rows_given_up"]),
    ):
        yield make(f"coinmux_archive_{name}", about, [({}, value)])
    if archive["size_mb"] is not None:
        size = round(archive["size_mb"] * _MB)
        yield gauge("coinmux_archive_size_bytes", "On the disk.", [({}, size)])
