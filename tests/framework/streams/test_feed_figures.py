"""How many messages a second: of the last ten seconds, however rarely it is looked at."""

import pytest

from coinmux.framework.streams.feed_figures import Rate


def test_a_rate_is_that_of_the_last_ten_seconds():
    """What was before does not count."""
    rate = Rate(100.0)
    count = 0
    for second in range(1, 21):
        count += 50
        rate.look(100.0 + second, count)
    assert rate.per_s(120.0, count) == pytest.approx(50, abs=5)
    for second in range(21, 33):
        rate.look(100.0 + second, count)
    assert rate.per_s(132.0, count) == 0


def test_a_rate_of_less_than_a_second_is_no_more_than_was_counted():
    """The first message does not count as thousands a second."""
    assert Rate(100.0).per_s(100.001, 1) == 1


def test_a_rate_that_nobody_looked_at_is_that_since_the_last_look():
    """A polled feed looks once a minute."""
    rate = Rate(100.0)
    assert rate.per_s(160.0, 6) == 0.1
    assert rate.per_s(220.0, 6) == 0
