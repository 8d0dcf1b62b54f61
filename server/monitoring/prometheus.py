"""`GET /metrics`: the figures as Prometheus reads them.

Format: Prometheus, "Exposition formats", text-based format 0.0.4. Labels are names of routes,
sources, states and error codes: all finite, and bounded where plugins make them.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from coinmux.framework.health.circuit import State
from coinmux.framework.reports.views import installed_version
from coinmux.server.monitoring.metrics import BOUNDS_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coinmux.server.context import ServerContext
    from coinmux.server.monitoring.metrics import Totals

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_OVERALL = ("ONLINE", "DEGRADED", "OFFLINE")
_MB = 1_048_576


def exposition(desk: ServerContext) -> bytes:
    """Every figure, as text."""
    return "".join(_families(desk)).encode("utf-8")


def family(name: str, kind: str, about: str, lines: Iterable[tuple[Mapping[str, str], Any]]) -> str:
    """One metric: what it is, and its values by labels.

    Args:
        kind: `counter` or `gauge`.
    """
    head = f"# HELP {name} {_help(about)}\n# TYPE {name} {kind}\n"
    return head + "".join(_line(name, labels, value) for labels, value in lines)


def histogram(name: str, about: str, series: Iterable[tuple[Mapping[str, str], Totals]]) -> str:
    """Latencies of several series, in seconds."""
    parts = [f"# HELP {name} {_help(about)}\n# TYPE {name} histogram\n"]
    bounds = [*(f"{bound / 1000:g}" for bound in BOUNDS_MS), "+Inf"]
    for labels, one in series:
        for bound, count in zip(bounds, accumulate(one.buckets), strict=True):
            parts.append(_line(f"{name}_bucket", {**labels, "le": bound}, count))
        parts.append(_line(f"{name}_sum", labels, round(one.elapsed_ms / 1000, 6)))
        parts.append(_line(f"{name}_count", labels, one.total))
    return "".join(parts)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    if not labels:
        return f"{name} {value}\n"
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _families(desk: ServerContext) -> Iterator[str]:
    yield from _process(desk)
    yield from _requests(desk)
    yield from _sources(desk)
    yield from _limits(desk)
    yield from _stores(desk)


def _process(desk: ServerContext) -> Iterator[str]:
    gateway, vitals = desk.gateway, desk.vitals.public()
    status = gateway.status()["status"]
    yield family("coinmux_info", "gauge", "The version.", [({"version": installed_version()}, 1)])
    yield family(
        "coinmux_start_time_seconds", "gauge", "When it began, Unix seconds.",
        [({}, gateway.started_ms / 1000)],
    )  # fmt: skip
    yield family(
        "coinmux_status", "gauge", "1 for the state the whole is in.",
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
        ("requests_in_flight", "Requests being served.", desk.traffic.in_flight),
        ("streams_open", "Streams of server-sent events.", desk.streams.open),
    ):  # fmt: skip
        yield family(f"coinmux_{name}", "gauge", about, [({}, value)])


def _requests(desk: ServerContext) -> Iterator[str]:
    metrics = desk.metrics
    yield family(
        "coinmux_http_requests_total", "counter", "Requests by route and class of status.",
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


def _sources(desk: ServerContext) -> Iterator[str]:
    metrics, gateway = desk.metrics, desk.gateway
    calls = sorted(metrics.sources.items())
    yield family(
        "coinmux_source_calls_total", "counter", "Calls of sources, probes included.",
        (
            ({"source": source, "outcome": outcome}, count)
            for source, series in calls
            for outcome, count in (
                ("ok", series.total - series.errors), ("failed", series.errors),
            )
        ),
    )  # fmt: skip
    yield family(
        "coinmux_source_failures_total", "counter", "Failed calls by the code of the error.",
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
    yield family(
        "coinmux_source_state", "gauge", "1 for the state each source is in.",
        (
            ({"source": name, "state": str(state).lower()}, int(state is found))
            for name, found in states.items()
            for state in State
        ),
    )  # fmt: skip


def _limits(desk: ServerContext) -> Iterator[str]:
    gates = {name: source.gate.snapshot() for name, source in sorted(desk.gateway.sources.items())}
    windows = [
        ({"source": name, "window_s": f"{window['per_s']:g}"}, window)
        for name, gate in gates.items()
        for window in gate["windows"]
    ]
    yield family(
        "coinmux_source_quota_requests", "gauge", "Requests a source allows within a window.",
        ((labels, window["requests"]) for labels, window in windows),
    )  # fmt: skip
    yield family(
        "coinmux_source_quota_used", "gauge", "How much of that is used.",
        ((labels, window["used"]) for labels, window in windows),
    )  # fmt: skip
    for name, about in (
        ("in_flight", "Calls of a source that run."),
        ("waiting", "Calls of a source that wait for their turn."),
    ):
        yield family(
            f"coinmux_source_calls_{name}", "gauge", about,
            (({"source": source}, gate[name]) for source, gate in gates.items()),
        )  # fmt: skip


def _stores(desk: ServerContext) -> Iterator[str]:
    gateway = desk.gateway
    cache = gateway.cache
    yield family(
        "coinmux_cache_lookups_total", "counter", "Questions by what the cache had.",
        [
            ({"result": "hit"}, cache.hits), ({"result": "miss"}, cache.misses),
            ({"result": "stale"}, cache.stale_served),
        ],
    )  # fmt: skip
    yield family("coinmux_cache_entries", "gauge", "Answers kept.", [({}, len(cache))])
    yield family("coinmux_cache_bytes", "gauge", "Their estimated size.", [({}, cache.used)])
    if gateway.archive is None:
        return
    figures = gateway.archive.figures()
    for name, kind, about, value in (
        ("up", "gauge", "1 while the archive works.", int(figures["ok"])),
        ("queries_per_second", "gauge", "Statements a second.", figures["queries_per_s"]),
        ("rows_waiting", "gauge", "Rows not written yet.", figures["rows_waiting"]),
        ("rows_given_up_total", "counter", "Rows never written.", figures["rows_given_up"]),
    ):
        yield family(f"coinmux_archive_{name}", kind, about, [({}, value)])
    if figures["size_mb"] is not None:
        size = round(figures["size_mb"] * _MB)
        yield family("coinmux_archive_size_bytes", "gauge", "On the disk.", [({}, size)])
