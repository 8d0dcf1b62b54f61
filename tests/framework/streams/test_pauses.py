"""When a connection may be opened again: by what was said, and how often."""

import pytest

from coinmux.framework.errors import (
    AuthRefused,
    BadStatus,
    Banned,
    BlockedAddress,
    Disconnected,
    GeoBlocked,
    QuotaExhausted,
    RateLimited,
    TLSFailure,
    UpstreamTimeout,
)
from coinmux.framework.streams.pauses import Hold, Pause


class Longest:
    """In place of a random generator."""

    def uniform(self, low, high):
        return high


def pauses(error, count):
    pause = Pause(Longest(), 1.0)
    return [pause.after(error) for _ in range(count)]


def held_s(*errors):
    """How long a source is left alone after each of these, one as soon as the last is over."""
    hold, now, found = Hold(Longest()), 100.0, []
    for error in errors:
        hold.refused(error, now)
        found.append(hold.until - now)
        now = max(hold.until, now)
    return found


def test_a_lost_connection_is_tried_later_each_time_up_to_a_minute():
    """A network that is down for an hour is back within a minute."""
    assert pauses(Disconnected(), 8) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses(BadStatus(status=502), 8)[-1] == 60


@pytest.mark.parametrize(
    "error", [BadStatus(status=403), BlockedAddress(), TLSFailure(), BadStatus(status=404)]
)
def test_what_will_not_change_within_minutes_is_tried_each_quarter_of_an_hour(error):
    """Neither a wrong address nor a wrong certificate does."""
    assert pauses(error, 12)[-2:] == [900, 900]


def test_another_failure_is_waited_for_no_longer_than_it_needs():
    """And a sound connection begins anew."""
    pause = Pause(Longest(), 1.0)
    for _ in range(12):
        pause.after(TLSFailure())
    assert pause.after(UpstreamTimeout()) == 60
    pause.reset()
    assert pause.after(UpstreamTimeout()) == 1


def test_a_refusal_holds_as_long_as_that_of_a_request():
    """Where the source does not say how long, longer each time."""
    assert held_s(GeoBlocked()) == [21_600]
    assert held_s(RateLimited(retry_after_s=30)) == [30]
    assert held_s(RateLimited(), RateLimited(), RateLimited()) == [36, 72, 144]
    assert held_s(Banned(), Banned(), Banned(), Banned()) == [120, 120, 144, 288]
    assert held_s(QuotaExhausted()) == [3_600]
    assert held_s(AuthRefused()) == [3_600]
    assert held_s(BadStatus(status=503, retry_after_s=20)) == [20]


def test_most_failures_hold_nothing():
    """The pause of the one connection is enough."""
    hold = Hold(Longest())
    hold.refused(Disconnected(), 100.0)
    hold.refused(BadStatus(status=500), 100.0)
    assert hold.error(100.0) is None


def test_a_hold_says_why_while_it_lasts():
    """The longest that was asked for."""
    hold, first, second = Hold(Longest()), GeoBlocked("by country"), RateLimited(retry_after_s=1)
    hold.refused(first, 0.0)
    hold.refused(second, 1.0)
    assert hold.error(2.0) is first
    assert hold.error(21_600.0) is None


def test_after_a_sound_connection_a_refusal_is_the_first_again():
    """It was taken back."""
    hold = Hold(Longest())
    hold.refused(RateLimited(), 0.0)
    hold.refused(RateLimited(), 1_000.0)
    hold.reset()
    hold.refused(RateLimited(), 2_000.0)
    assert hold.until == 2_036.0
