"""Figures of the server, computed from the event stream in memory that does not grow.

`load_percent` is the share of its one core that the event loop's thread was busy over the last
samples: at 100 the loop has no time left and requests queue, whatever the machine's other cores
do. `cpu_percent` is the whole process's, of one core, and may pass 100.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framework.clock import Clock
    from framework.events import Event
    from framework.gateway import Gateway
    from server.traffic import Traffic
    from server.vitals import Vitals

#: Seconds kept of each series; rates are over the last minute, error rates over all of it.
_WINDOW_S = 900
_MINUTE = 60
#: Latencies kept of each series: the newest, whatever their age within the window.
_SAMPLES = 512
#: Routes and sources followed; those beyond are counted together.
_SERIES = 256
_REST = "others"


class Series:
    """Counts by the second over 15 minutes, and the newest latencies."""

    __slots__ = ("_counts", "_errors", "_last", "_latencies", "_seen")

    def __init__(self) -> None:
        self._counts = array("L", bytes(array("L").itemsize * _WINDOW_S))
        self._errors = array("L", bytes(array("L").itemsize * _WINDOW_S))
        self._latencies = array("d", bytes(8 * _SAMPLES))
        self._seen = 0
        self._last = 0

    def add(self, second: int, elapsed_ms: float, *, is_error: bool) -> None:
        """Count one that ended in `second`."""
        if second != self._last:
            self._move_to(second)
        place = second % _WINDOW_S
        self._counts[place] += 1
        if is_error:
            self._errors[place] += 1
        self._latencies[self._seen % _SAMPLES] = elapsed_ms
        self._seen += 1

    def _move_to(self, second: int) -> None:
        """Empty the seconds that passed since the last count."""
        for passed in range(max(self._last + 1, second - _WINDOW_S + 1), second + 1):
            self._counts[passed % _WINDOW_S] = 0
            self._errors[passed % _WINDOW_S] = 0
        self._last = max(self._last, second)

    @property
    def total(self) -> int:
        """Counted since the start."""
        return self._seen

    def per_min(self, second: int) -> int:
        """Counted in the last 60 seconds."""
        self._move_to(second)
        return sum(self._counts[(second - back) % _WINDOW_S] for back in range(_MINUTE))

    def error_rate(self, second: int) -> float:
        """Share of errors over the last 15 minutes, 0 to 1; 0 where there was nothing."""
        self._move_to(second)
        count = sum(self._counts)
        return round(sum(self._errors) / count, 4) if count else 0.0

    def percentiles(self, *wanted: int) -> list[float | None]:
        """Latencies in ms below which so many percent of the newest lie; None before the first."""
        kept = sorted(self._latencies[: min(self._seen, _SAMPLES)])
        if not kept:
            return [None] * len(wanted)
        last = len(kept) - 1
        return [round(kept[min(last, len(kept) * percent // 100)], 3) for percent in wanted]


_NO_DATABASE = {
    "engine": None,
    "size_mb": None,
    "usage_percent": None,
    "queries_per_s": None,
    "ok": False,
}


class Metrics:
    """Listens to the event stream and answers `GET /api/monitoring/metrics`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all = Series()
        self._routes: dict[str, Series] = {}
        self._sources: dict[str, Series] = {}

    def __call__(self, event: Event) -> None:
        """Count an event; a listener of the event stream."""
        detail = event.detail
        if event.kind == "request":
            second = event.at_ms // 1000
            elapsed_ms = detail["elapsed_ms"]
            is_error = detail["status"] >= 500 or detail["status"] == 0
            self._all.add(second, elapsed_ms, is_error=is_error)
            _series(self._routes, event.message).add(second, elapsed_ms, is_error=is_error)
        elif event.kind == "attempt" and event.source is not None:
            _series(self._sources, event.source).add(
                event.at_ms // 1000,
                float(detail.get("response_ms") or 0.0),
                is_error=detail.get("code") is not None,
            )

    def endpoints(self) -> dict[str, int]:
        """How many routes were asked, and how many of them fail half the time or more."""
        second = self._second()
        failing = sum(series.error_rate(second) >= 0.5 for series in self._routes.values())
        return {"total": len(self._routes), "failing": failing}

    def public(self, gateway: Gateway, traffic: Traffic, vitals: Vitals) -> dict[str, Any]:
        """The REST contract's shape."""
        second = self._second()
        p50, p95, p99 = self._all.percentiles(50, 95, 99)
        cache = gateway.cache
        looked_up = cache.hits + cache.misses + cache.stale_served
        return {
            "at": self._clock.wall_ms(),
            "server": {
                "requests_total": self._all.total,
                "requests_per_min": self._all.per_min(second),
                **vitals.public(),
                "in_flight": traffic.in_flight,
                "p50_ms": p50,
                "p95_ms": p95,
                "p99_ms": p99,
                "error_rate": self._all.error_rate(second),
            },
            "database": _NO_DATABASE if gateway.archive is None else gateway.archive.figures(),
            "endpoints": [
                {"route": route, **_line(series, second)}
                for route, series in sorted(self._routes.items())
            ],
            "sources": [
                {"source": source, **_line(series, second)}
                for source, series in sorted(self._sources.items())
            ],
            "cache": {
                "hits": cache.hits,
                "misses": cache.misses,
                "stale_served": cache.stale_served,
                "hit_rate": round(cache.hits / looked_up, 4) if looked_up else None,
            },
        }

    def _second(self) -> int:
        return self._clock.wall_ms() // 1000


def _series(table: dict[str, Series], name: str) -> Series:
    series = table.get(name)
    if series is None:
        if len(table) >= _SERIES:
            name = _REST
        series = table.setdefault(name, Series())
    return series


def _line(series: Series, second: int) -> dict[str, Any]:
    (p95,) = series.percentiles(95)
    return {
        "requests_per_min": series.per_min(second),
        "p95_ms": p95,
        "error_rate": series.error_rate(second),
    }
