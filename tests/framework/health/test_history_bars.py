"""History bars: pieces of a source's past, the worst state of each."""

import pytest

from coinmux.framework.health.circuit import State
from coinmux.framework.health.history import HealthHistory
from coinmux.framework.health.status import StateChange
from coinmux.framework.testing.clock import FakeClock

HOUR_S = 3_600
MINUTE_MS = 60_000


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def history(clock):
    history = HealthHistory(clock)
    history.begin("a", State.UNKNOWN)
    return history


def change(history, clock, before, after):
    history.on_change(StateChange("a", None, before, after, "test", clock.monotonic()))


def test_what_is_not_known_is_a_gap(history, clock):
    """Before the first result, and of a source nobody knows."""
    for name in ("a", "nobody"):
        bars = history.bars(name, HOUR_S)
        assert bars.worst == (None,) * 60
        assert (bars.uptime, bars.incidents) == (None, 0)


def test_a_piece_shows_its_worst(history, clock):
    """Ten seconds offline within a minute of health make that minute offline, and no other."""
    change(history, clock, State.UNKNOWN, State.HEALTHY)
    clock.advance(600)
    change(history, clock, State.HEALTHY, State.OFFLINE)
    clock.advance(10)
    change(history, clock, State.OFFLINE, State.DEGRADED)
    clock.advance(1)
    change(history, clock, State.DEGRADED, State.HEALTHY)
    clock.advance(300)
    bars = history.bars("a", HOUR_S)
    offline = [one for one in bars.worst if one is State.OFFLINE]
    assert 1 <= len(offline) <= 2
    assert bars.worst[-1] is State.HEALTHY
    assert bars.worst[0] is None
    assert bars.incidents == 1
    assert bars.uptime == pytest.approx(901 / 911, abs=1e-4)


def test_pieces_do_not_move_with_the_looker(history, clock):
    """Within one piece every look says the same, and the next piece moves all by one."""
    change(history, clock, State.UNKNOWN, State.HEALTHY)
    clock.advance(1_800)
    change(history, clock, State.HEALTHY, State.OFFLINE)
    clock.advance(45)
    change(history, clock, State.OFFLINE, State.HEALTHY)
    clock.advance(600)
    to_edge_s = (MINUTE_MS - clock.wall_ms() % MINUTE_MS) / 1000
    clock.advance(to_edge_s + 0.5)
    first = history.bars("a", HOUR_S)
    assert first.ends_ms % MINUTE_MS == 0
    for _ in range(5):
        clock.advance(11)
        again = history.bars("a", HOUR_S)
        assert (again.worst, again.ends_ms) == (first.worst, first.ends_ms)
    clock.advance(10)
    moved = history.bars("a", HOUR_S)
    assert moved.ends_ms == first.ends_ms + MINUTE_MS
    assert moved.worst[:-1] == first.worst[1:]


@pytest.mark.parametrize(("window_s", "piece_ms"), [(3_600, 60_000), (86_400, 1_440_000)])
def test_the_window_decides_the_length(history, window_s, piece_ms):
    """60 pieces of each window."""
    bars = history.bars("a", window_s)
    assert (len(bars.worst), bars.piece_ms) == (60, piece_ms)


def test_what_is_off_is_no_downtime(history, clock):
    """Switched off counts neither for nor against."""
    change(history, clock, State.UNKNOWN, State.DISABLED)
    clock.advance(600)
    bars = history.bars("a", HOUR_S)
    assert bars.worst[-2] is State.DISABLED
    assert (bars.uptime, bars.incidents) == (None, 0)


def test_a_change_long_ago_still_tells_of_now(history, clock):
    """The state a source was in before the window goes on into it."""
    change(history, clock, State.UNKNOWN, State.OFFLINE)
    clock.advance(2 * HOUR_S)
    bars = history.bars("a", HOUR_S)
    assert set(bars.worst) == {State.OFFLINE}
    assert (bars.uptime, bars.incidents) == (0.0, 1)
