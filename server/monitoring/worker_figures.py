"""What one process says of itself now, and the figures of all workers as one picture."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from coinmux.framework.health.circuit import State
from coinmux.server.monitoring.capability_traffic import Answers
from coinmux.server.monitoring.consumer_figures import ConsumerFigures, figures_of
from coinmux.server.monitoring.live_figures import (
    LiveFeedFigures,
    live_figures_of,
    summed_live,
)
from coinmux.server.monitoring.metrics_report import CacheFigures, DatabaseFigures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.sse import Streams
    from coinmux.server.monitoring.metrics import Metrics
    from coinmux.server.monitoring.process_metrics import ProcessMetrics
    from coinmux.server.monitoring.service_status import ServiceMonitor

_MB = 1_048_576
_NO_DATABASE = DatabaseFigures(
    engine=None, size_mb=None, usage_percent=None, queries_per_s=None, ok=False
)


class GateFigures(msgspec.Struct, frozen=True, array_like=True):
    """Calls of one source in one process.

    Attributes:
        windows: length in seconds, requests allowed, requests used.
    """

    in_flight: int
    waiting: int
    windows: list[tuple[float, int, float]]


class WorkerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One process, apart from what it counted by route and source.

    Attributes:
        name: its place among the workers, from 1.
        wanted: how many workers there should be.
        vitals: as `ProcessMetrics.public`.
        cpu_s: seconds of CPU used since it began.
        entries, used: of its cache, and their bytes.
        archive: as `Archive.figures`; None without one.
        shares_limits: whether all workers share one count of each window.
        states: of its sources.
        answers: those of the last minute.
        consumers: what each did here; None while no keys are set.
        live: its live feeds; None where nothing was ever followed.
    """

    name: str
    wanted: int
    started_ms: int
    vitals: dict[str, float]
    cpu_s: float
    in_flight: int
    streams: int
    hits: int
    misses: int
    stale_served: int
    entries: int
    used: int
    archive: dict[str, Any] | None
    shares_limits: bool
    gates: dict[str, GateFigures]
    states: dict[str, State]
    answers: list[Answers]
    consumers: ConsumerFigures | None = None
    live: LiveFeedFigures | None = None


class Parts(Protocol):
    """Where a process's figures come from."""

    gateway: Gateway
    metrics: Metrics
    pulse: ServiceMonitor
    vitals: ProcessMetrics
    traffic: Traffic
    streams: Streams


def read(parts: Parts, name: str = "1", wanted: int = 1) -> WorkerFigures:
    """The figures of this process now.

    Args:
        name: its place among the workers.
        wanted: how many workers there should be.
    """
    gateway = parts.gateway
    cache = gateway.cache
    gates = {one: source.gate.snapshot() for one, source in gateway.sources.items()}
    return WorkerFigures(
        name=name,
        wanted=wanted,
        started_ms=gateway.started_ms,
        vitals=parts.vitals.public(),
        cpu_s=round(time.process_time(), 3),
        in_flight=parts.traffic.in_flight,
        streams=parts.streams.open,
        hits=cache.hits,
        misses=cache.misses,
        stale_served=cache.stale_served,
        entries=len(cache),
        used=cache.used,
        archive=None if gateway.archive is None else gateway.archive.figures(),
        shares_limits=gateway.state is not None and gateway.state.store.online,
        gates={
            one: GateFigures(
                gate["in_flight"],
                gate["waiting"],
                [(each["per_s"], each["requests"], each["used"]) for each in gate["windows"]],
            )
            for one, gate in gates.items()
        },
        states={one: gateway.health.snapshot(one).state for one in gateway.sources},
        answers=parts.pulse.asked.counts(),
        consumers=figures_of(gateway.consumers),
        live=live_figures_of(gateway),
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """All workers of one server.

    Attributes:
        metrics: what they counted together, those that have ended included.
        workers: those that live, by their names.
        ended: what those that have ended left; only what grows is counted of them.
    """

    metrics: Metrics
    workers: Sequence[WorkerFigures]
    ended: Sequence[WorkerFigures] = ()

    @property
    def all(self) -> list[WorkerFigures]:
        """Those that live, and those that have ended."""
        return [*self.workers, *self.ended]

    @property
    def started_ms(self) -> int:
        """When the first of them began, Unix ms."""
        return min(one.started_ms for one in self.all)

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return sum(one.in_flight for one in self.workers)

    @property
    def streams(self) -> int:
        """Streams open."""
        return sum(one.streams for one in self.workers)

    def vitals(self) -> dict[str, Any]:
        """CPU, memory and tasks of all together, the mean load, and the longest lag."""
        each = [one.vitals for one in self.workers]
        return {
            "load_percent": round(sum(one["load_percent"] for one in each) / len(each), 1),
            "cpu_percent": round(sum(one["cpu_percent"] for one in each), 1),
            "rss_mb": round(sum(one["rss_mb"] for one in each), 1),
            "event_loop_lag_ms": max(one["event_loop_lag_ms"] for one in each),
            "tasks": round(sum(one["tasks"] for one in each)),
        }

    def cache(self) -> CacheFigures:
        """How often answers were served from a cache, since the start."""
        hits = sum(one.hits for one in self.all)
        misses = sum(one.misses for one in self.all)
        stale = sum(one.stale_served for one in self.all)
        looked_up = hits + misses + stale
        return CacheFigures(
            hits=hits,
            misses=misses,
            stale_served=stale,
            hit_rate=round(hits / looked_up, 4) if looked_up else None,
        )

    def database(self) -> DatabaseFigures:
        """The archive that all of them write to."""
        each = [one.archive for one in self.workers if one.archive is not None]
        if not each:
            return _NO_DATABASE
        known = [one for one in each if one["size_mb"] is not None] or each
        ended = [one.archive for one in self.ended if one.archive is not None]
        return DatabaseFigures(
            **known[-1]
            | {
                "ok": all(one["ok"] for one in each),
                "queries_per_s": round(sum(one["queries_per_s"] for one in each), 2),
                "rows_waiting": sum(one["rows_waiting"] for one in each),
                **{
                    name: sum(one[name] for one in (*each, *ended))
                    for name in ("queries_total", "rows_given_up")
                },
            }
        )

    def gates(self) -> dict[str, GateFigures]:
        """Calls and windows of each source, of all workers."""
        found: dict[str, GateFigures] = {}
        for worker in self.workers:
            for source, gate in worker.gates.items():
                known = found.get(source)
                found[source] = gate if known is None else _added(known, gate, worker)
        return found

    def states(self) -> dict[str, State]:
        """The state of each source: that of all workers, or DEGRADED where it is not the same.

        A worker that has not asked a source knows nothing, and does not count.
        """
        seen: dict[str, Counter[State]] = {}
        for worker in self.workers:
            for source, state in worker.states.items():
                seen.setdefault(source, Counter())[state] += 1
        return {source: _common(states) for source, states in seen.items()}


def _common(states: Counter[State]) -> State:
    known = set(states) - {State.UNKNOWN}
    if len(known) > 1:
        return State.DEGRADED
    return known.pop() if known else State.UNKNOWN


def _added(known: GateFigures, gate: GateFigures, worker: WorkerFigures) -> GateFigures:
    """Two workers' calls; what they used adds up unless they share one count of it.

    What a source allows is the same for all of them together.
    """
    windows = gate.windows
    if not worker.shares_limits:
        before = {per_s: used for per_s, _, used in known.windows}
        windows = [
            (per_s, requests, before.get(per_s, 0) + used) for per_s, requests, used in gate.windows
        ]
    return GateFigures(known.in_flight + gate.in_flight, known.waiting + gate.waiting, windows)


def summed_up(ended: Sequence[WorkerFigures]) -> WorkerFigures:
    """What several workers that have ended left, as of one; only what grows."""
    archives = [one.archive for one in ended if one.archive is not None]
    return WorkerFigures(
        name="ended",
        wanted=0,
        started_ms=min(one.started_ms for one in ended),
        vitals={},
        cpu_s=round(sum(one.cpu_s for one in ended), 3),
        in_flight=0,
        streams=0,
        hits=sum(one.hits for one in ended),
        misses=sum(one.misses for one in ended),
        stale_served=sum(one.stale_served for one in ended),
        entries=0,
        used=0,
        archive={
            name: sum(one[name] for one in archives) for name in ("queries_total", "rows_given_up")
        }
        if archives
        else None,
        shares_limits=False,
        gates={},
        states={},
        answers=[],
        live=summed_live(one.live for one in ended),
    )
