"""An order that is kept up to date equals one that is ranked anew, whatever changed."""

import math
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.health.tracker import State
from coinmux.framework.routing.order import Order
from coinmux.framework.routing.ranking import LATENCY_DIGITS, SourceScore, rank

NAMES = [f"source_{at}" for at in range(9)]
STRATEGIES = st.sampled_from(["priority", "fastest"])
STATES = [(State.HEALTHY, 0), (State.UNKNOWN, 0), (State.DEGRADED, 1), (State.OFFLINE, 2)]


@st.composite
def scores_of(draw, name):
    state, tier = draw(st.sampled_from(STATES))
    latency = draw(st.none() | st.floats(0.00001, 2).map(lambda x: round(x, LATENCY_DIGITS)))
    return SourceScore(name, state, tier, draw(st.integers(0, 2)), latency)


def pairs(scores):
    return [(score, SimpleNamespace(name=score.name)) for score in scores]


@given(
    st.tuples(*(scores_of(name) for name in NAMES)),
    st.lists(st.lists(st.sampled_from(NAMES).flatmap(scores_of), max_size=4), max_size=4),
    STRATEGIES,
)
def test_moving_the_changed_ends_where_ranking_all_anew_does(first, changes, strategy):
    order = Order(strategy)
    order.rank(pairs(first))
    now = {score.name: score for score in first}
    for changed in changes:
        leader = order.leader
        # The last of several scores of one source is the one that counts.
        newest = {score.name: score for score in changed}
        now |= newest
        order.rescore(newest.values())
        assert [score for score, _ in order.pairs] == rank(list(now.values()), strategy, leader)
        assert all(score.name == source.name for score, source in order.pairs)


@given(st.tuples(*(scores_of(name) for name in NAMES)), STRATEGIES)
def test_an_order_that_a_decision_keeps_does_not_change(first, strategy):
    order = Order(strategy)
    order.rank(pairs(first))
    kept = order.pairs
    before = list(kept)
    order.rescore([SourceScore(NAMES[0], State.OFFLINE, 2, 9, 1.0)])
    assert kept == before


def test_sources_of_another_capability_are_passed_over():
    order = Order("priority")
    order.rank(pairs([SourceScore("here", State.HEALTHY, 0, 1, 0.1)]))
    order.touched |= {"elsewhere", "here"}
    assert [source.name for source in order.changed()] == ["here"]
    assert not order.touched


def test_an_empty_order_has_no_leader():
    order = Order("fastest")
    order.rank([])
    assert order.leader is None
    assert order.pairs == []
    assert order.good_until == math.inf
