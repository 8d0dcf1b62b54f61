"""Ranking is a pure function: a permutation, health before all, and reasons that are true."""

from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.health.tracker import State
from coinmux.framework.routing.candidates import Candidate, Upcoming
from coinmux.framework.routing.ranking import LATENCY_DIGITS, SourceScore, after_first, rank
from coinmux.framework.sources.source import Refusal

STATES = [(State.HEALTHY, 0), (State.UNKNOWN, 0), (State.DEGRADED, 1), (State.OFFLINE, 2)]


@st.composite
def score_lists(draw):
    names = draw(st.lists(st.text("abcdef", min_size=1, max_size=6), unique=True, max_size=12))
    scores = []
    for name in names:
        state, tier = draw(st.sampled_from(STATES))
        latency = draw(
            st.none()
            | st.floats(0.00001, 130, allow_nan=False).map(lambda x: round(x, LATENCY_DIGITS))
        )
        scores.append(SourceScore(name, state, tier, draw(st.integers(-999_999, 999_999)), latency))
    return scores


@given(score_lists(), st.sampled_from(["priority", "fastest"]))
def test_ranking_is_a_permutation_that_ignores_the_order_given(scores, strategy):
    ranked = rank(scores, strategy)
    assert sorted(s.name for s in ranked) == sorted(s.name for s in scores)
    assert rank(scores[::-1], strategy) == ranked


@given(score_lists(), st.sampled_from(["priority", "fastest"]))
def test_health_comes_before_all(scores, strategy):
    tiers = [score.tier for score in rank(scores, strategy)]
    assert tiers == sorted(tiers)


@given(score_lists())
def test_priority_comes_before_latency_before_name(scores):
    ranked = rank(scores, "priority")
    assert ranked == sorted(scores, key=lambda s: (s.tier, s.priority, s.latency_s or 0.0, s.name))


@given(score_lists())
def test_fastest_ranks_by_latency_and_the_unmeasured_go_first(scores):
    for one, other in zip(ranked := rank(scores, "fastest"), ranked[1:], strict=False):
        if one.tier == other.tier:
            assert (one.latency_s or 0.0) <= (other.latency_s or 0.0)


def test_a_leader_keeps_its_place_against_one_hardly_faster():
    old = SourceScore("old", State.HEALTHY, 0, 1, 0.100)
    bit = SourceScore("bit", State.HEALTHY, 0, 1, 0.090)
    much = SourceScore("much", State.HEALTHY, 0, 1, 0.050)
    assert rank([old, bit], "fastest", "old")[0] is old
    assert rank([old, bit], "fastest")[0] is bit
    assert rank([old, much], "fastest", "old")[0] is much


@given(score_lists(), st.sampled_from(["priority", "fastest"]))
def test_the_reason_for_each_place_is_true(scores, strategy):
    ranked = rank(scores, strategy)
    for other in ranked[1:]:
        first = ranked[0]
        code, _ = after_first(first, other, strategy)
        assert {
            "less_healthy": other.tier > first.tier,
            "lower_priority": other.priority > first.priority,
            "slower": (other.latency_s or 0.0) > (first.latency_s or 0.0),
            "name": other.name > first.name,
        }[code]


def step(name, *, busy=None, probe=False, refusal=None):
    return Candidate(SourceScore(name, State.HEALTHY, 0, 1, None), refusal, busy=busy, probe=probe)


def test_the_busy_go_last_and_the_refused_not_at_all():
    refused = step("r", refusal=Refusal("circuit_open", "offline"))
    passed = []
    steps = [step("a", busy="full"), refused, step("b"), step("c", probe=True)]
    going = [s.score.name for s in Upcoming(iter(steps), probes_first=False, passed=passed)]
    assert going == ["b", "a", "c"]
    assert passed == [refused]
    assert [s.score.name for s in Upcoming(iter(steps), probes_first=True)] == ["b", "c", "a"]
