"""The figures of several workers as one picture."""

import pytest

from coinmux.framework.health.circuit import State
from coinmux.server.monitoring.metrics import Metrics
from coinmux.server.monitoring.worker_figures import (
    GateFigures,
    Whole,
    WorkerFigures,
    summed_up,
)

VITALS = {
    "load_percent": 10.0, "cpu_percent": 20.0, "rss_mb": 100.0, "event_loop_lag_ms": 5.0,
    "tasks": 7,
}  # fmt: skip
ARCHIVE = {
    "engine": "sqlite", "size_mb": 1.5, "usage_percent": None, "queries_per_s": 2.0,
    "queries_total": 10, "ok": True, "rows_waiting": 1, "rows_given_up": 3,
}  # fmt: skip


def worker(**given):
    figures = {
        "name": "1", "wanted": 2, "started_ms": 1_000, "vitals": VITALS, "cpu_s": 1.5,
        "in_flight": 1, "streams": 2, "hits": 6, "misses": 3, "stale_served": 1, "entries": 4,
        "used": 100, "archive": ARCHIVE, "shares_limits": False, "gates": {}, "states": {},
        "answers": [],
    }  # fmt: skip
    return WorkerFigures(**figures | given)


def whole(clock, *workers, ended=()):
    return Whole(Metrics(clock), workers, ended)


@pytest.mark.parametrize(("shared", "used"), [(False, 7), (True, 4)])
def test_what_was_used_of_a_quota_adds_up_unless_it_is_counted_together(clock, shared, used):
    """What a source allows is the same for all of them; calls that run add up anyway."""
    gates = [{"a": GateFigures(1, 2, [(60.0, 30, count)])} for count in (3, 4)]
    both = whole(clock, *(worker(gates=gate, shares_limits=shared) for gate in gates))
    assert both.gates() == {"a": GateFigures(2, 4, [(60.0, 30, used)])}


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ((State.HEALTHY, State.HEALTHY), State.HEALTHY),
        ((State.OFFLINE, State.OFFLINE), State.OFFLINE),
        ((State.OFFLINE, State.UNKNOWN), State.OFFLINE),
        ((State.OFFLINE, State.HEALTHY), State.DEGRADED),
        ((State.UNKNOWN, State.UNKNOWN), State.UNKNOWN),
    ],
)
def test_a_source_is_in_the_state_that_workers_know_it_in(clock, states, shown):
    """One that has not asked it does not count; where they do not agree it is degraded."""
    both = whole(clock, *(worker(states={"a": state}) for state in states))
    assert both.states() == {"a": shown}


def test_vitals_are_sums_but_for_shares_and_delays(clock):
    """CPU, memory and tasks of all; the mean load, and the longest lag."""
    busy = {**VITALS, "load_percent": 30.0, "event_loop_lag_ms": 9.0}
    assert whole(clock, worker(), worker(vitals=busy)).vitals() == {
        "load_percent": 20.0, "cpu_percent": 40.0, "rss_mb": 200.0, "event_loop_lag_ms": 9.0,
        "tasks": 14,
    }  # fmt: skip


def test_what_grows_is_kept_of_workers_that_have_ended(clock):
    """Look-ups, statements and lost rows; what is now is that of the living."""
    ended = summed_up([worker(), worker(archive=None), summed_up([worker()])])
    one = whole(clock, worker(), ended=(ended,))
    assert (one.cache().hits, one.cache().misses, one.cache().stale_served) == (24, 12, 4)
    assert one.cache().hit_rate == 0.6
    database = one.database()
    assert (database.queries_total, database.rows_given_up) == (30, 9)
    assert (database.rows_waiting, database.queries_per_s, database.ok) == (1, 2.0, True)
    assert (one.in_flight, one.streams, one.started_ms) == (1, 2, 1_000)


def test_the_archive_works_where_it_works_for_all(clock):
    """One worker that lost it is enough to say so."""
    lost = {**ARCHIVE, "ok": False, "size_mb": None}
    database = whole(clock, worker(), worker(archive=lost)).database()
    assert (database.ok, database.size_mb, database.rows_waiting) == (False, 1.5, 2)
    assert whole(clock, worker(archive=None)).database().engine is None
