"""Alternatives and hedges as shares of all requests."""

from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.limits.retry_budget import AlternativeBudget, HedgeBudget
from coinmux.framework.testing.clock import FakeClock


def test_a_fifth_of_the_requests_and_three_a_second_besides():
    clock = FakeClock()
    budget = AlternativeBudget(clock)
    for _ in range(100):
        budget.asked(clock.monotonic())
    assert sum(budget.take() for _ in range(200)) == 20 + 30


def test_what_was_used_is_forgotten_after_ten_seconds():
    clock = FakeClock()
    budget = AlternativeBudget(clock)
    assert sum(budget.take() for _ in range(100)) == 30
    clock.advance(9.9)
    assert not budget.take()
    clock.advance(0.2)
    assert sum(budget.take() for _ in range(100)) == 30


@given(st.lists(st.tuples(st.sampled_from(["ask", "take", "wait"]), st.floats(0, 3)), max_size=200))
def test_no_ten_seconds_hold_more_alternatives_than_their_share(steps):
    clock = FakeClock()
    budget = AlternativeBudget(clock)
    asked, taken = [], []
    for what, seconds in steps:
        now = clock.monotonic()
        if what == "ask":
            budget.asked(now)
            asked.append(now)
        elif what == "take" and budget.take():
            taken.append(now)
            # Whole seconds are kept: the window is nine to ten of them.
            within = [at for at in taken if now - at < 9]
            requests = [at for at in asked if now - at <= 10]
            assert len(within) <= 0.2 * len(requests) + 30
        else:
            clock.advance(seconds)


def test_a_hedge_for_every_twenty_requests():
    """One is there from the start, ten are saved at most."""
    budget = HedgeBudget()
    assert [budget.take(), budget.take()] == [True, False]
    for _ in range(20):
        budget.asked()
    assert [budget.take(), budget.take()] == [True, False]
    for _ in range(10_000):
        budget.asked()
    assert sum(budget.take() for _ in range(100)) == 10
