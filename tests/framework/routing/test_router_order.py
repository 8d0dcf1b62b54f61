"""The stored order of sources follows their health, though only what changed is looked at."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import HealthTracker
from coinmux.framework.routing.router import Router
from coinmux.framework.testing.clock import FakeClock

NAMES = ["one", "two", "three", "four"]
CAPABILITIES = ("ticker", "candles")
STEPS = st.one_of(
    st.tuples(st.just("end"), st.sampled_from(list(Outcome)), st.floats(0.001, 3)),
    st.sampled_from([("early",), ("reset",), ("enable",), ("disable",), ("hasten",)]),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 20.0, 61.0, 400.0, 3_700.0])),
)


def made():
    clock = FakeClock()
    health = HealthTracker(clock)
    router = Router(health, clock, probes_first=False)
    health.subscribe(router.on_change)
    for name in NAMES:
        health.register(name, CAPABILITIES)
    return clock, health, router


def sources():
    return {
        name: SimpleNamespace(name=name, fetch=dict.fromkeys(CAPABILITIES), priority=at % 2)
        for at, name in enumerate(NAMES)
    }


def act(clock, health, name, capability, step):
    match step:
        case ("wait", seconds):
            clock.advance(seconds)
        case ("end", outcome, elapsed_s):
            lease = health.begin(name, capability, 5.0)
            if lease is not None:
                code = None if outcome is Outcome.SUCCESS else "bad_status"
                health.record(lease, outcome, elapsed_s=elapsed_s, code=code)
        case ("early",):
            health.end_early(name, capability)
        case ("disable",):
            health.disable(name, "missing_key")
        case (method,):
            getattr(health, method)(name)


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(CAPABILITIES), STEPS), max_size=30)
)
def test_it_shows_what_an_order_made_anew_would(steps):
    clock, health, router = made()
    router.use(sources())
    anew = Router(health, clock, probes_first=False)
    for name, capability, step in steps:
        act(clock, health, name, capability, step)
        clock.advance(1.0)
        for asked in CAPABILITIES:
            kept = router.order(asked, "priority")
            anew.use(sources())
            scores = {score.name: score for score, _ in anew.order(asked, "priority")}
            assert {score.name: score for score, _ in kept} == scores
            tiers = [score.tier for score, _ in kept]
            assert tiers == sorted(tiers)


def test_a_source_that_was_late_is_asked_as_before_after_its_minute():
    clock, health, router = made()
    router.use(sources())
    assert router.order("ticker", "priority")[0][0].name == "one"
    health.end_early("one", "ticker")
    health.end_early("one", "ticker")
    clock.advance(1.0)
    assert router.order("ticker", "priority")[-1][0].name == "one"
    clock.advance(60.0)
    assert not next(
        score for score, _ in router.order("ticker", "priority") if score.name == "one"
    ).is_late
