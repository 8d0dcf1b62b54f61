"""Limits of a source in a file: all workers together take no more than one might."""

import fcntl
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.limits.rate_window import RateWindow
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.workers.file_windows import FileWindows


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def of_worker(tmp_path, clock):
    """The windows of another worker each time, over one file."""

    def make(*limits):
        windows = [RateWindow(*limit) for limit in limits or [(2, 1.0)]]
        return FileWindows(tmp_path / "windows", windows, clock)

    return make


async def test_a_limit_smaller_than_the_number_of_workers_is_shared(of_worker, clock):
    """One request a second: each gets its turn, and none is refused for good."""
    workers = [of_worker((1, 1.0)) for _ in range(4)]
    for one in workers:
        assert await one.take(1) == 0
        assert all([0 < await other.take(1) <= 1 for other in workers])
        clock.advance(1.01)


async def test_every_window_applies_and_none_is_taken_from_where_one_is_full(of_worker, clock):
    first, second = of_worker((5, 1.0), (6, 60.0)), of_worker((5, 1.0), (6, 60.0))
    assert await first.take(5) == 0
    clock.advance(1.01)
    assert await second.take(2) == pytest.approx(58.99)
    assert await second.take(1) == 0
    assert await first.take(1) > 50
    assert await first.take(7) == math.inf


async def test_what_a_reply_says_counts_for_all(of_worker, clock):
    first, second = of_worker((10, 60.0)), of_worker((10, 60.0))
    await first.take(1)
    first._windows[0].take(7, clock.monotonic())  # as `Limits.observe_used` does
    first.told(60.0)
    assert second._windows[0].used(clock.monotonic()) == 0
    second.follow()
    assert second._windows[0].used(clock.monotonic()) == 8
    assert await second.take(3) > 0
    assert await second.take(2) == 0


async def test_what_is_known_of_before_the_start_counts_once(of_worker, clock):
    """Each worker knows it from the archive alike."""
    first, second = of_worker((10, 60.0)), of_worker((10, 60.0))
    for one in (first, second):
        one._windows[0].take(6, clock.monotonic())
        one.count_known()
    second.follow()
    assert second._windows[0].used(clock.monotonic()) == 6
    assert await second.take(4) == 0
    assert await first.take(1) > 0


async def test_a_worker_that_stands_still_holds_up_none(of_worker, clock, tmp_path):
    first, second = of_worker(), of_worker()
    with (tmp_path / "windows").open("rb") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        assert await first.take(1) is None
        first.follow()
        first.told(1.0)
        first.count_alone(1)
    assert await first.take(1) == 0
    assert await second.take(1) > 0, "what was taken meanwhile is counted"


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 3), st.floats(0, 0.7)), min_size=1, max_size=40
    )
)
async def test_several_workers_take_what_one_would(tmp_path_factory, calls):
    """Whoever calls, and whenever: the same permits as one worker with one window."""
    clock, alone = FakeClock(), RateWindow(4, 1.0)
    file = tmp_path_factory.mktemp("windows") / "windows"
    workers = [FileWindows(file, [RateWindow(4, 1.0)], clock) for _ in range(3)]
    for who, weight, later_s in calls:
        clock.advance(later_s)
        now = clock.monotonic()
        expected = alone.wait_s(weight, now)
        if expected == 0:
            alone.take(weight, now)
        assert await workers[who].take(weight) == pytest.approx(expected)


async def test_on_a_full_disk_each_counts_for_itself(clock):
    """A request must not fail for it."""
    windows = FileWindows(Path("/dev/full"), [RateWindow(2, 1.0)], clock)
    assert [await windows.take(1) for _ in range(2)] == [0, 0]
    assert await windows.take(1) > 0
    windows.told(1.0)
    windows.follow()
    assert await windows.take(1) > 0
    clock.advance(1.01)
    assert await windows.take(2) == 0


async def test_a_file_that_was_cut_says_nothing(of_worker, tmp_path):
    """The disk had no room for the rest of it."""
    first, second = of_worker(), of_worker()
    assert await first.take(2) == 0
    (tmp_path / "windows").write_bytes((tmp_path / "windows").read_bytes()[:20])
    assert await second.take(1) == 0
