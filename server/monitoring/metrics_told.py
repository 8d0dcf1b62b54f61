"""The counted figures of a worker, as it tells them to the others, and their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from coinmux.server.monitoring.asked import AskedLog, MarksTold
from coinmux.server.monitoring.metrics import Metrics
from coinmux.server.monitoring.rolling_series import (
    Exemplar,
    RollingSeries,
    SeriesTold,
    Totals,
    TotalsTold,
    bucket_of,
)
from coinmux.server.monitoring.trend import TrendTold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.clock import Clock
    from coinmux.server.monitoring.event_recorder import Recorder

_Asked = dict[str, tuple[MarksTold, MarksTold]]


class MetricsTold(msgspec.Struct, frozen=True, array_like=True):
    """What `Metrics` counted in one process; names as there.

    Attributes:
        failures: source, code, how many, and a request that met it.
    """

    work: SeriesTold
    own: SeriesTold
    routes: list[tuple[str, str, TotalsTold]]
    sources: dict[str, TotalsTold]
    own_calls: dict[str, SeriesTold]
    failures: list[tuple[str, str, int, Exemplar | None]]
    asked: _Asked
    asked_of: _Asked
    trend: TrendTold


def tell(metrics: Metrics, second: int) -> MetricsTold:
    """What was counted before `second`, for other workers."""
    return MetricsTold(
        work=metrics.work.tell(),
        own=metrics.own.tell(),
        routes=[(*route, one.tell_totals()) for route, one in metrics.routes.items()],
        sources={name: one.tell_totals() for name, one in metrics.sources.items()},
        own_calls={name: one.tell() for name, one in metrics.own_calls.items()},
        failures=[
            (*failure, count, metrics.failed.get(failure))
            for failure, count in metrics.failures.items()
        ],
        asked={name: one.tell() for name, one in metrics.asked.items()},
        asked_of={name: one.tell() for name, one in metrics.asked_of.items()},
        trend=metrics.trend.tell(second),
    )


def summed(clock: Clock, told: Iterable[MetricsTold]) -> Metrics:
    """The figures of several workers as those of one; nothing may be counted in them."""
    whole = Metrics(clock)
    second = clock.wall_ms() // 1000
    for one in told:
        whole.work.absorb(one.work, second)
        whole.own.absorb(one.own, second)
        for method, route, totals in one.routes:
            whole.routes.setdefault((method, route), Totals()).absorb_totals(totals, second)
        for name, totals in one.sources.items():
            whole.sources.setdefault(name, Totals()).absorb_totals(totals, second)
        for name, series in one.own_calls.items():
            whole.own_calls.setdefault(name, RollingSeries()).absorb(series, second)
        for source, code, count, exemplar in one.failures:
            whole.failures[source, code] += count
            if exemplar is not None:
                whole.failed[source, code] = exemplar
        for logs, marks in ((whole.asked, one.asked), (whole.asked_of, one.asked_of)):
            for name, when in marks.items():
                logs.setdefault(name, AskedLog()).absorb(when)
        whole.trend.absorb(one.trend)
    return whole


class RouteExemplars:
    """Finds a request for each bucket of each route among those that are recorded anyway.

    Nothing is done for it while a request is served: it looks when figures are read.
    """

    def __init__(self, metrics: Metrics, recorder: Recorder) -> None:
        self._metrics = metrics
        self._recorder = recorder
        self._seen = 0

    def look(self) -> None:
        """Take the newest request of each bucket since the last look."""
        found: set[tuple[str, str, int]] = set()
        seen, self._seen = self._seen, self._recorder.last
        for record in self._recorder.requests_after(seen):
            series = self._metrics.routes.get(record.route)
            place = bucket_of(record.latency_ms)
            if series is not None and (*record.route, place) not in found:
                found.add((*record.route, place))
                series.exemplars[place] = Exemplar(
                    record.request_id, record.latency_ms, record.at_ms
                )
