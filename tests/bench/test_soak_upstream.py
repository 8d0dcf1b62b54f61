"""How a soak judges what exchanges see of it."""

import pytest

from bench.soak import away as away_module
from bench.soak import pace as pace_module
from bench.soak.away import StoreAway
from bench.soak.pace import Pace
from bench.soak.upstream import Upstream, questions_of_channels

ONE, TWO = ("a", "x"), ("b", "x")


@pytest.fixture
def at(monkeypatch):
    """Set the time."""
    now = [1_000.0]
    for module in (away_module, pace_module):
        monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def to(seconds):
        now[0] = 1_000.0 + seconds

    return to


def test_a_connection_may_replace_another(at):
    """For a moment."""
    seen = Upstream()
    for second, count in ((0, 1), (1, 2), (3, 2), (5, 1), (6, 2)):
        at(second)
        seen.see({ONE: count, TWO: 1}, is_sound=True)
    assert (seen.twice, seen.agreed_twice, seen.most, seen.longest_s) == (3, 3, 2, 2.0)
    assert seen.too_long == []


def test_two_that_follow_the_same_for_long_are_told(at):
    """Unless the store is away."""
    seen = Upstream()
    for second in range(9):
        at(second)
        seen.see({ONE: 2}, is_sound=second < 1)
    assert seen.too_long == []
    for second in range(9, 20):
        at(second)
        seen.see({ONE: 2, TWO: 1}, is_sound=True)
    assert seen.too_long
    assert seen.too_long[0].startswith("a x: 2 for")


def test_moments_in_which_the_load_generator_stood_still_do_not_count(at):
    """What it was kept from running, so was all that it measures."""
    pace = Pace()
    seen = Upstream(pace=pace)
    for second in range(9):
        at(second)
        pace.beat(0.6)
        seen.see({ONE: 2}, is_sound=True)
    assert seen.too_long == []
    pace.beat(0.01)
    assert (round(pace.stood_s, 1), round(pace.now(), 1)) == (5.4, 1_002.6)


def test_a_store_that_is_lost_often_is_left_alone_for_longer(at):
    """As workers do."""
    away = StoreAway()
    assert away.is_sound
    for second, until, sound in ((40, 42, 47.6), (48, 50, 56.1), (57, 59, 66.1)):
        at(second)
        with away.away():
            assert not away.is_sound
            at(until)
        at(sound - 0.2)
        assert not away.is_sound
        at(sound)
        assert away.is_sound
    assert away.total_s == pytest.approx(7.5 + 8.0 + 9.0)


def test_a_channel_may_answer_several_questions(at):
    """Each is followed once, by any worker."""
    seen = Upstream({ONE: 2})
    for second in range(0, 20, 2):
        at(second)
        seen.see({ONE: 2}, is_sound=True)
    assert seen.twice == 0
    at(20)
    seen.see({ONE: 3}, is_sound=True)
    assert seen.twice == 1


async def test_which_channels_answer_several_questions_is_the_plugins_word():
    """Gemini's candles are made of its trades, which tell its price, too."""
    found = await questions_of_channels()
    assert found["gemini", "btcusdt@trade"] >= 2
    assert found["binance", "btcusdt@trade"] <= 1
    assert {name for name, _ in found} >= {"binance", "kraken", "gemini", "bitstamp"}
