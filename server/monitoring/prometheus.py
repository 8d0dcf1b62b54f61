"""`GET /metrics`: the figures as Prometheus reads them, written by `prometheus_client`.

A collector over the figures that the server has anyway: nothing is counted a second time. Labels
are names of routes, sources, states and error codes: all finite, and bounded where plugins make
them.
"""

from __future__ import annotations

import asyncio
from itertools import accumulate
from typing import TYPE_CHECKING

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
from prometheus_client.samples import Exemplar as PrometheusExemplar
from prometheus_client.samples import Timestamp

from coinmux.framework.health.circuit import State
from coinmux.framework.reports.base import installed_version
from coinmux.server.monitoring.consumer_metrics import consumer_metrics
from coinmux.server.monitoring.live_metrics import live_metrics
from coinmux.server.monitoring.rolling_series import BOUNDS_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from coinmux.framework.reports.answerable import Overall
    from coinmux.server.monitoring.metrics import Metrics
    from coinmux.server.monitoring.rolling_series import Exemplar, Totals
    from coinmux.server.monitoring.worker_figures import Whole

    Samples = Iterable[tuple[Mapping[str, str], float]]

TEXT = b"text/plain; version=0.0.4; charset=utf-8"
#: How a caller says that it does not take a format.
_ZERO = frozenset(("q=0", "q=0.0", "q=0.00", "q=0.000"))
_OVERALL = ("ONLINE", "DEGRADED", "OFFLINE")
_MB = 1_048_576
#: Upper bounds of the buckets, in seconds, as both formats write them.
_BOUNDS = [*(str(bound / 1000) for bound in BOUNDS_MS), "+Inf"]


def families(whole: Whole, status: Overall) -> Iterator[Metric]:
    """The families in a fixed order; each read when it is asked for.

    Args:
        status: the state the whole is in.
    """
    yield from _process(whole, status)
    yield from _requests(whole.metrics)
    yield from _sources(whole)
    yield from _limits(whole)
    yield from _stores(whole)
    yield from consumer_metrics(
        (one.consumers for one in whole.workers), (one.consumers for one in whole.ended)
    )
    yield from live_metrics((one.live for one in whole.workers), (one.live for one in whole.ended))


async def exposition(whole: Whole, status: Overall, accept: str = "") -> tuple[bytes, bytes]:
    """Every figure, and its media type: OpenMetrics where `accept` asks for it, else text 0.0.4.

    The figures are read in one go; a thread writes them, as that takes milliseconds in which
    requests would wait.

    Args:
        accept: the request's `Accept` header.
    """
    found = list(families(whole, status))
    write, media_type = writer_for(accept)
    return await asyncio.to_thread(write, _Collected(found)), media_type


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
        for place, count in enumerate(accumulate(one.buckets)):
            exemplar = one.exemplars.get(place)
            family.add_sample(
                f"{name}_bucket", {**labels, "le": _BOUNDS[place]}, count,
                exemplar=_exemplar(exemplar, exemplar.elapsed_ms / 1000) if exemplar else None,
            )  # fmt: skip
        family.add_sample(f"{name}_count", dict(labels), one.total)
        family.add_sample(f"{name}_sum", dict(labels), round(one.elapsed_ms / 1000, 6))
    return family


def _exemplar(found: Exemplar | None, value: float) -> PrometheusExemplar | None:
    """One request behind a sample: by its id, its decision is found."""
    if found is None:
        return None
    labels = {"request_id": found.request_id}
    return PrometheusExemplar(
        labels, round(value, 6), Timestamp(found.at_ms // 1000, found.at_ms % 1000 * 1_000_000)
    )


def _filled(family: Metric, samples: Samples, *, suffix: str = "") -> Metric:
    for labels, value in samples:
        family.add_sample(f"{family.name}{suffix}", dict(labels), value)
    return family


def _process(whole: Whole, status: Overall) -> Iterator[Metric]:
    yield InfoMetricFamily("coinmux", "The version.", {"version": installed_version()})
    yield gauge(
        "coinmux_start_time_seconds", "When it began, Unix seconds.",
        [({}, whole.started_ms / 1000)],
    )  # fmt: skip
    yield gauge(
        "coinmux_status", "1 for the state the whole is in.",
        [({"state": state.lower()}, int(state == status)) for state in _OVERALL],
    )  # fmt: skip
    yield gauge("coinmux_workers", "Processes that serve.", [({}, len(whole.workers))])
    wanted = max(one.wanted for one in whole.workers)
    yield gauge("coinmux_workers_wanted", "As many as there should be.", [({}, wanted)])
    yield counter(
        "coinmux_process_cpu_seconds", "CPU used by all workers.",
        [({}, round(sum(one.cpu_s for one in whole.all), 3))],
    )  # fmt: skip
    for name, about, vital, factor in (
        ("event_loop_lag_seconds", "Longest delay of the event loop within ten seconds.",
         "event_loop_lag_ms", 1e-3),
        ("event_loop_busy_ratio", "Share of one core the event loop's thread was busy.",
         "load_percent", 1e-2),
        ("process_resident_memory_bytes", "Memory of each worker.", "rss_mb", _MB),
    ):  # fmt: skip
        yield gauge(
            f"coinmux_{name}", about,
            [({"worker": one.name}, round(one.vitals[vital] * factor, 6))
             for one in whole.workers],
        )  # fmt: skip
    yield gauge("coinmux_requests_in_flight", "Requests being served.", [({}, whole.in_flight)])
    yield gauge("coinmux_streams_open", "Streams of server-sent events.", [({}, whole.streams)])


def _requests(metrics: Metrics) -> Iterator[Metric]:
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


def _sources(whole: Whole) -> Iterator[Metric]:
    metrics = whole.metrics
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
    failures = CounterMetricFamily("coinmux_source_failures", "Failed calls by code of the error.")
    for (source, code), count in sorted(metrics.failures.items()):
        failures.add_sample(
            "coinmux_source_failures_total", {"source": source, "code": code}, count,
            exemplar=_exemplar(metrics.failed.get((source, code)), 1.0),
        )  # fmt: skip
    yield failures
    yield histogram(
        "coinmux_source_call_duration_seconds", "Time of calls of sources.",
        (({"source": source}, series) for source, series in calls),
    )  # fmt: skip
    yield gauge(
        "coinmux_source_state", "1 for the state each source is in.",
        (
            ({"source": name, "state": str(state).lower()}, int(state is found))
            for name, found in sorted(whole.states().items())
            for state in State
        ),
    )  # fmt: skip


def _limits(whole: Whole) -> Iterator[Metric]:
    gates = dict(sorted(whole.gates().items()))
    windows = [
        ({"source": name, "window_s": f"{per_s:g}"}, requests, used)
        for name, gate in gates.items()
        for per_s, requests, used in gate.windows
    ]
    yield gauge(
        "coinmux_source_quota_requests", "Requests a source allows within a window.",
        ((labels, requests) for labels, requests, _ in windows),
    )  # fmt: skip
    yield gauge(
        "coinmux_source_quota_used", "How much of that is used.",
        ((labels, used) for labels, _, used in windows),
    )  # fmt: skip
    yield gauge(
        "coinmux_source_calls_in_flight", "Calls of a source that run.",
        (({"source": source}, gate.in_flight) for source, gate in gates.items()),
    )  # fmt: skip
    yield gauge(
        "coinmux_source_calls_waiting", "Calls of a source that wait for their turn.",
        (({"source": source}, gate.waiting) for source, gate in gates.items()),
    )  # fmt: skip


def _stores(whole: Whole) -> Iterator[Metric]:
    cache = whole.cache()
    yield counter(
        "coinmux_cache_lookups", "Questions by what the cache had.",
        [
            ({"result": "hit"}, cache.hits), ({"result": "miss"}, cache.misses),
            ({"result": "stale"}, cache.stale_served),
        ],
    )  # fmt: skip
    entries = sum(one.entries for one in whole.workers)
    yield gauge("coinmux_cache_entries", "Answers kept.", [({}, entries)])
    used = sum(one.used for one in whole.workers)
    yield gauge("coinmux_cache_bytes", "Their estimated size.", [({}, used)])
    archive = whole.database()
    if archive.engine is None:
        return
    for name, make, about, value in (
        ("up", gauge, "1 while the archive works.", int(archive.ok)),
        ("statements", counter, "Statements sent to the database.", archive.queries_total),
        ("rows_waiting", gauge, "Rows not written yet.", archive.rows_waiting),
        ("rows_given_up", counter, "Rows never written.", archive.rows_given_up),
    ):
        yield make(f"coinmux_archive_{name}", about, [({}, float(value or 0))])
    if archive.size_mb is not None:
        size = round(archive.size_mb * _MB)
        yield gauge("coinmux_archive_size_bytes", "On the disk.", [({}, size)])
