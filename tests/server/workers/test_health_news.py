"""Workers without a store: what one learns of a source, all know, also those that begin later."""

import pytest

from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import HealthTracker, State
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.workers import shared_lines
from coinmux.server.workers.health_news import HealthNews


class Worker:
    """A tracker, and what it tells the others."""

    def __init__(self, folder, clock, name, sources=("a", "b")):
        self.health = HealthTracker(clock)
        for source in sources:
            self.health.register(source, ["ticker", "candles"])
        self.news = HealthNews(folder, name, self.health, clock)
        self.news.catch_up()
        self.health.on_result = self.news.result

    def ask(self, source, outcome, *, times=1, capability="ticker", **said):
        for _ in range(times):
            lease = self.health.begin(source, capability, 4.0)
            self.health.record(lease, outcome, elapsed_s=0.1, **said)

    def of(self, source):
        return self.health.snapshot(source)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def worker(tmp_path, clock):
    return lambda name, **options: Worker(tmp_path, clock, name, **options)


def exchange(*workers):
    """As each does four times a second; twice, so that all have read what all wrote."""
    for one in (*workers, *workers):
        one.news.exchange()


FAILED = {"code": "upstream_timeout", "message": "no answer in 4 s"}


def test_results_of_one_count_for_all_and_once(worker, clock):
    first, second = worker("1-1"), worker("2-2")
    first.ask("a", Outcome.SUCCESS, times=2)
    clock.advance(0.1)
    second.ask("a", Outcome.FAILURE, **FAILED)
    exchange(first, second)
    exchange(first, second)
    for one in (first, second):
        found = one.of("a")
        assert (found.successes, found.failures) == (2, 1)
        assert found.last_error == ("upstream_timeout", "no answer in 4 s")
    assert first.of("a").state is second.of("a").state is State.DEGRADED


def test_the_order_of_what_happened_counts_and_not_that_of_what_was_heard(worker, clock):
    """A failure before an answer, or after it: all judge alike, whoever had which."""
    first, second = worker("1-1"), worker("2-2")
    first.ask("a", Outcome.FAILURE, **FAILED)
    second.ask("b", Outcome.SUCCESS)
    clock.advance(0.1)
    second.ask("a", Outcome.SUCCESS)
    first.ask("b", Outcome.FAILURE, **FAILED)
    exchange(first, second)
    assert first.of("a").state is second.of("a").state is State.HEALTHY
    assert first.of("b").state is second.of("b").state is State.DEGRADED


def test_what_is_offline_for_one_is_asked_by_none_and_is_back_for_all(worker, clock):
    first, second = worker("1-1"), worker("2-2")
    first.ask("a", Outcome.FAILURE, times=3, **FAILED)
    exchange(first, second)
    assert second.of("a").state is State.OFFLINE
    assert second.of("a").retry_at == pytest.approx(first.of("a").retry_at)
    clock.advance(301)
    second.ask("a", Outcome.SUCCESS)
    exchange(first, second)
    assert first.of("a").state is not State.OFFLINE


def test_a_worker_that_begins_takes_over_what_is_open_and_held(worker, clock):
    first = worker("1-1")
    first.ask("a", Outcome.FAILURE, times=3, **FAILED)
    first.ask("b", Outcome.HOLD, code="upstream_rate_limited", retry_after_s=50)
    exchange(first)
    clock.advance(10)
    late = worker("2-2")
    assert late.of("a").state is State.OFFLINE
    assert late.of("a").retry_at == pytest.approx(first.of("a").retry_at)
    assert late.of("b").hold_until == pytest.approx(first.of("b").hold_until)
    assert late.of("a").failures == 0, "calls of before it began are not its own"


def test_a_worker_that_begins_takes_over_nothing_that_is_over(worker, clock):
    first = worker("1-1")
    first.ask("a", Outcome.FAILURE, times=3, **FAILED)
    first.ask("b", Outcome.HOLD, code="upstream_rate_limited", retry_after_s=5)
    clock.advance(301)
    first.ask("a", Outcome.SUCCESS)
    exchange(first)
    late = worker("2-2")
    assert late.of("a").state is State.UNKNOWN
    assert late.of("b").hold_until is None


def test_a_reset_is_everybodys_and_outlasts_what_was_before(worker):
    first, second = worker("1-1"), worker("2-2")
    first.ask("a", Outcome.FAILURE, times=3, **FAILED)
    first.ask("b", Outcome.FAILURE, times=3, **FAILED)
    exchange(first, second)
    second.health.reset("a")
    second.news.reset("a")
    exchange(first, second)
    assert first.of("a").state is State.UNKNOWN
    assert first.of("b").state is State.OFFLINE
    assert worker("3-3").of("a").state is State.UNKNOWN
    first.health.reset_all()
    first.news.reset(None)
    exchange(first, second)
    assert second.of("b").state is State.UNKNOWN
    assert worker("4-4").of("b").state is State.UNKNOWN


def test_what_is_open_is_known_though_the_file_was_begun_anew_since(worker, clock, monkeypatch):
    monkeypatch.setattr(shared_lines, "_FULL_BYTES", 2_000)
    first, second = worker("1-1"), worker("2-2")
    first.ask("a", Outcome.FAILURE, times=3, **FAILED)
    for _ in range(60):
        second.ask("b", Outcome.SUCCESS)
        exchange(first, second)
    assert second.of("b").successes == first.of("b").successes == 60
    assert worker("3-3").of("a").state is State.OFFLINE


def test_a_source_that_is_not_installed_here_is_passed_over(worker):
    first, second = worker("1-1", sources=("a", "new")), worker("2-2")
    first.ask("new", Outcome.FAILURE, times=3, **FAILED)
    first.ask("a", Outcome.SUCCESS)
    first.news.reset("new")
    exchange(first, second)
    assert second.of("a").successes == 1


def test_what_could_not_be_told_is_told_the_next_time(worker, tmp_path):
    """The folder was full, or away for a moment."""
    first, second = worker("1-1"), worker("2-2")
    first.ask("a", Outcome.SUCCESS)
    away = tmp_path.rename(tmp_path.with_name("away"))
    with pytest.raises(OSError, match="health"):
        first.news.exchange()
    away.rename(tmp_path)
    exchange(first, second)
    assert second.of("a").successes == 1
