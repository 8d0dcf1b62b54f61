"""Figures of the server, computed from the event stream in memory that does not grow.

`load_percent` is the share of its one core that the event loop's thread was busy over the last
samples: at 100 the loop has no time left and requests queue, whatever the machine's other cores
do. `cpu_percent` is the whole process's, of one core, and may pass 100.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from coinmux.server.monitoring.asked import NEVER, AskedLog
from coinmux.server.monitoring.metrics_report import (
    CacheFigures,
    DatabaseFigures,
    EndpointFigures,
    EndpointSummary,
    MetricsReport,
    ServerFigures,
    SourceFigures,
)
from coinmux.server.monitoring.trend import Answer, TrafficTrend

if TYPE_CHECKING:
    from coinmux.framework.cache.store import AnswerCache
    from coinmux.framework.clock import Clock
    from coinmux.framework.events import Event
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.request_parts import Parts
    from coinmux.server.monitoring.process_metrics import ProcessMetrics

#: Seconds stored of each series. Rates cover the last minute, error rates the whole window.
_WINDOW_S = 900
_MINUTE = 60
#: Latencies stored of each series: the newest ones, whatever their age within the window.
_SAMPLES = 512
#: Upper bounds of the latency buckets, in ms. Cached answers take some tenths of a millisecond,
#: sources take tens to thousands of milliseconds.
BOUNDS_MS = (0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
#: Error codes counted separately, over all sources.
_CODES = 1_024
#: Routes and sources counted separately; further ones are counted together as `others`.
_SERIES = 256
_REST = "others"
#: Windows of the bars and trends, in seconds.
WINDOWS = {"15m": 900, "1h": 3_600, "24h": 86_400, "7d": 604_800}
#: What the pages and the widget ask for themselves, and what supervisors ask: not counted as work.
_OWN = frozenset(
    {
        "unmatched", "/", "/system-monitor", "/providers", "/chart", "/explain", "/config",
        "/incidents", "/static/{path}", "/docs", "/schema/openapi.json", "/healthz", "/readyz",
        "/metrics", "/favicon.ico", "/robots.txt", "/badge/{badge}", "/api/monitor", "/api/stream",
        "/api/status/public", "/api/drill", "/api/incidents", "/api/usage",
    }
)  # fmt: skip
_OF_PAGES = "/api/pages/"
#: Callers may send any word for a method.
_METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST", "OPTIONS": "OPTIONS"}
_Key = TypeVar("_Key", str, tuple[str, str])


def is_own(route: str) -> bool:
    """Whether requests to the route are the dashboard's or a supervisor's, and no work."""
    return route in _OWN or route.startswith(_OF_PAGES)


class RollingSeries:
    """Counts by the second over 15 minutes, and the newest latencies.

    Attributes:
        last_ms: when the last one ended, Unix ms; None before the first.
    """

    __slots__ = ("_counts", "_errors", "_last", "_latencies", "_seen", "last_ms")

    def __init__(self) -> None:
        self._counts = array("L", bytes(array("L").itemsize * _WINDOW_S))
        self._errors = array("d", bytes(8 * _WINDOW_S))
        self._latencies = array("d", bytes(8 * _SAMPLES))
        self._seen = 0
        self._last = 0
        self.last_ms: int | None = None

    def add(self, at_ms: int, elapsed_ms: float, *, failed: float) -> None:
        """Count one that ended then.

        Args:
            failed: 1 where it failed; of several parts, the share that did.
        """
        self.last_ms = at_ms
        second = at_ms // 1000
        if second != self._last:
            self._move_to(second)
        place = second % _WINDOW_S
        self._counts[place] += 1
        if failed:
            self._errors[place] += failed
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

    def errors_per_min(self, second: int) -> int:
        """Errors counted in the last 60 seconds."""
        return round(self._errors_of_minute(second))

    def failed_share(self, second: int) -> float | None:
        """Share of errors over the last 60 seconds, 0 to 1; None where there was nothing."""
        count = self.per_min(second)
        return round(self._errors_of_minute(second) / count, 4) if count else None

    def _errors_of_minute(self, second: int) -> float:
        self._move_to(second)
        return sum(self._errors[(second - back) % _WINDOW_S] for back in range(_MINUTE))

    def in_window(self, second: int) -> int:
        """Counted in the last 15 minutes."""
        self._move_to(second)
        return sum(self._counts)

    def error_rate(self, second: int) -> float:
        """Share of errors over the last 15 minutes, 0 to 1; 0 where there was nothing."""
        self._move_to(second)
        count = sum(self._counts)
        return round(sum(self._errors) / count, 4) if count else 0.0

    def percentiles(self, *wanted: int) -> list[float | None]:
        """Latencies in ms below which so many percent of the newest lie; None before the first."""
        stored = sorted(self._latencies[: min(self._seen, _SAMPLES)])
        if not stored:
            return [None] * len(wanted)
        last = len(stored) - 1
        return [round(stored[min(last, len(stored) * percent // 100)], 3) for percent in wanted]


class Totals(RollingSeries):
    """A series with totals since the start, for collectors that compute rates themselves.

    Attributes:
        errors: how many.
        elapsed_ms: of all together.
        buckets: how many took at most as long as each of `BOUNDS_MS` and longer than the one
            before; last, how many took longer than all.
        statuses: how many by class of status: none, 100 to 199, and so on.
    """

    __slots__ = ("buckets", "elapsed_ms", "errors", "statuses")

    def __init__(self) -> None:
        super().__init__()
        self.errors = 0
        self.elapsed_ms = 0.0
        self.buckets = [0] * (len(BOUNDS_MS) + 1)
        self.statuses = [0] * 6

    def count(self, at_ms: int, elapsed_ms: float, *, failed: float) -> None:
        """As `add`, and also added to the totals since the start."""
        self.add(at_ms, elapsed_ms, failed=failed)
        self.errors += failed == 1
        self.elapsed_ms += elapsed_ms
        self.buckets[bisect_left(BOUNDS_MS, elapsed_ms)] += 1


_NO_DATABASE = DatabaseFigures(
    engine=None, size_mb=None, usage_percent=None, queries_per_s=None, ok=False
)


class Metrics:
    """Listens to the event stream and answers `GET /api/monitoring/metrics`.

    Attributes:
        work: requests that are not the dashboard's own, nor a supervisor's.
        own: those that are.
        routes: by method and path template.
        sources: calls by source, probes included.
        own_calls: those of them that the dashboard asked for itself.
        failures: failed calls by source and code, since the start.
        asked, asked_of: when each source was asked, and any source for each capability; probes
            included.
        trend: `work` over time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.work = RollingSeries()
        self.own = RollingSeries()
        self.routes: dict[tuple[str, str], Totals] = {}
        self.sources: dict[str, Totals] = {}
        self.own_calls: dict[str, RollingSeries] = {}
        self.failures: Counter[tuple[str, str]] = Counter()
        self.asked: dict[str, AskedLog] = {}
        self.asked_of: dict[str, AskedLog] = {}
        self.trend = TrafficTrend(self._second(), tuple(WINDOWS.values()))

    def observed(self, source: str, from_ms: int, to_ms: int) -> float:
        """Seconds of that time which lie in minutes when the source was asked."""
        return self.asked.get(source, NEVER).seconds(from_ms / 1000, to_ms / 1000)

    def __call__(self, event: Event) -> None:
        """Count an event; a listener of the event stream."""
        detail = event.detail
        if event.kind == "request":
            elapsed_ms, route, status = detail["elapsed_ms"], event.message, detail["status"]
            parts: Parts | None = detail["parts"]
            failed = 1.0 if status >= 500 or status == 0 else 0.0
            if parts is not None and not failed:
                failed = parts.at_fault / parts.asked
            if is_own(route):
                self.own.add(event.at_ms, elapsed_ms, failed=failed)
            else:
                self.work.add(event.at_ms, elapsed_ms, failed=failed)
                answer: Answer = "failed" if failed == 1 else detail["answer"]
                self.trend.add(event.at_ms // 1000, elapsed_ms, answer)
            key = (_METHODS.get(detail["method"], _REST), route)
            series = self.routes.get(key)
            if series is None:
                series = _series(self.routes, key, (_REST, _REST))[1]
            series.count(event.at_ms, elapsed_ms, failed=failed)
            series.statuses[status // 100] += 1
        elif event.kind == "attempt" and event.source is not None:
            source, series = _series(self.sources, event.source, _REST)
            code = detail.get("code")
            elapsed_ms = float(detail.get("response_ms") or 0.0)
            series.count(event.at_ms, elapsed_ms, failed=code is not None)
            asked = self.asked.get(source)
            if asked is None:
                asked = self.asked[source] = AskedLog()
            asked.mark(event.at_ms // 1000)
            capability = detail["operation"]
            asked = self.asked_of.get(capability)
            if asked is None:
                asked = self.asked_of[capability] = AskedLog()
            asked.mark(event.at_ms // 1000)
            if detail.get("own"):
                own = self.own_calls.setdefault(source, RollingSeries())
                own.add(event.at_ms, elapsed_ms, failed=code is not None)
            if code is not None:
                failure = (source, str(code))
                if failure not in self.failures and len(self.failures) >= _CODES:
                    failure = (_REST, _REST)
                self.failures[failure] += 1

    def calls_per_min(self, source: str, second: int) -> tuple[int, int]:
        """Calls of a source in the last 60 seconds that were not the dashboard's, and failures."""
        calls, own = self.sources.get(source), self.own_calls.get(source)
        if calls is None:
            return 0, 0
        if own is None:
            return calls.per_min(second), calls.errors_per_min(second)
        return (
            calls.per_min(second) - own.per_min(second),
            calls.errors_per_min(second) - own.errors_per_min(second),
        )

    def endpoints(self) -> EndpointSummary:
        """How many routes were asked, and how many of them fail half the time or more."""
        second = self._second()
        failing = sum(series.error_rate(second) >= 0.5 for series in self.routes.values())
        return EndpointSummary(total=len(self.routes), failing=failing)

    def report(self, gateway: Gateway, traffic: Traffic, vitals: ProcessMetrics) -> MetricsReport:
        """All figures now."""
        second = self._second()
        _, (p50, p95, p99) = self.trend.minute(second, 50, 95, 99)
        archive = gateway.archive
        return MetricsReport(
            at=self._clock.wall_ms(),
            server=ServerFigures(
                requests_total=self.work.total,
                requests_per_min=self.work.per_min(second),
                own_requests_total=self.own.total,
                own_requests_per_min=self.own.per_min(second),
                **vitals.public(),
                in_flight=traffic.in_flight,
                p50_ms=p50,
                p95_ms=p95,
                p99_ms=p99,
                error_rate=self.work.failed_share(second),
            ),
            database=_NO_DATABASE if archive is None else DatabaseFigures(**archive.figures()),
            endpoints=tuple(
                EndpointFigures(
                    method=method, route=route, own=is_own(route), **_line(series, second)
                )
                for (method, route), series in sorted(self.routes.items())
            ),
            sources=tuple(
                SourceFigures(source=source, **_line(series, second))
                for source, series in sorted(self.sources.items())
            ),
            cache=self.cache(gateway.cache),
        )

    @staticmethod
    def cache(cache: AnswerCache) -> CacheFigures:
        """How often answers were served from the cache, since the start."""
        looked_up = cache.hits + cache.misses + cache.stale_served
        return CacheFigures(
            hits=cache.hits,
            misses=cache.misses,
            stale_served=cache.stale_served,
            hit_rate=round(cache.hits / looked_up, 4) if looked_up else None,
        )

    def _second(self) -> int:
        return self._clock.wall_ms() // 1000


def _series(table: dict[_Key, Totals], name: _Key, rest: _Key) -> tuple[_Key, Totals]:
    """The series of that name, begun if there is room, and the name it goes by."""
    series = table.get(name)
    if series is None:
        if len(table) >= _SERIES:
            name = rest
        series = table.setdefault(name, Totals())
    return name, series


def _line(series: RollingSeries, second: int) -> dict[str, Any]:
    (p95,) = series.percentiles(95)
    return {
        "requests_per_min": series.per_min(second),
        "p95_ms": p95,
        "error_rate": series.error_rate(second),
    }
