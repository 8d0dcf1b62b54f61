"""Figures of the server, computed from the event stream in memory that does not grow.

`load_percent` is the share of its one core that the event loop's thread was busy over the last
samples: at 100 the loop has no time left and requests queue, whatever the machine's other cores
do. `cpu_percent` is the whole process's, of one core, and may pass 100.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from coinmux.server.monitoring.asked import NEVER, AskedLog
from coinmux.server.monitoring.metrics_report import EndpointSummary
from coinmux.server.monitoring.rolling_series import (
    Exemplar,
    RollingSeries,
    Totals,
    bucket_of,
)
from coinmux.server.monitoring.trend import Answer, TrafficTrend

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.events import Event
    from coinmux.server.asgi.request_parts import Parts

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
        "/incidents", "/static/{path}", "/docs", "/schema/asyncapi.json",
        "/schema/openapi.json", "/healthz", "/readyz",
        "/metrics", "/favicon.ico", "/robots.txt", "/badge/{badge}", "/api/monitor", "/api/stream",
        "/api/status/public", "/api/drill", "/api/incidents", "/api/usage",
        "/api/feeds", "/api/feeds/explain",
    }
)  # fmt: skip
_OF_PAGES = "/api/pages/"
#: Callers may send any word for a method.
_METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST", "OPTIONS": "OPTIONS"}
_Key = TypeVar("_Key", str, tuple[str, str])


def is_own(route: str) -> bool:
    """Whether requests to the route are the dashboard's or a supervisor's, and no work."""
    return route in _OWN or route.startswith(_OF_PAGES)


class Metrics:
    """Listens to the event stream and answers `GET /api/monitoring/metrics`.

    Attributes:
        work: requests that are not the dashboard's own, nor a supervisor's.
        own: those that are.
        routes: by method and path template.
        sources: calls by source, probes included.
        own_calls: those of them that the dashboard asked for itself.
        failures: failed calls by source and code, since the start.
        failed: the newest request that met each of those failures.
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
        self.failed: dict[tuple[str, str], Exemplar] = {}
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
            request_id = detail.get("request_id")
            exemplar = None if request_id is None else Exemplar(request_id, elapsed_ms, event.at_ms)
            if exemplar is not None:
                series.exemplars[bucket_of(elapsed_ms)] = exemplar
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
                if exemplar is not None:
                    self.failed[failure] = exemplar

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
