"""What sources agree on: the verdict as a function of their answers, and what it counts for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AllProvidersFailed,
    Empty,
    InvalidRequest,
    RequestOptions,
    State,
    Ticker,
    TickerQuery,
)
from coinmux.framework.models.capability import CAPABILITIES, Consensus
from coinmux.framework.quality.consensus import Vote, judge, merged

BTC = {"symbol": "BTC/USDT"}
PRICE = CAPABILITIES["ticker"].consensus
TOGETHER = RequestOptions(strategy="consensus")


def votes(*values, at_ms=None):
    return [
        Vote(f"s{at}", Ticker(symbol="BTC/USDT", last=value), value, at_ms)
        for at, value in enumerate(values)
    ]


def names(some):
    return [vote.source for vote in some]


@pytest.mark.parametrize(
    ("values", "agreed", "outliers", "value"),
    [
        ((100,), "s0", "", 100),
        ((100, 104), "s0 s1", "", 102),
        ((100, 106), "", "", None),
        ((100, 101, 106), "s0 s1 s2", "", 101),
        ((100, 101, 107), "s0 s1", "s2", 100.5),
        ((100, 50, 101), "s0 s2", "s1", 100.5),
        ((100, 101, 200, 201), "", "", None),
        ((100, 150, 225), "", "", None),
        ((100, 101, 102, 5, 900), "s0 s1 s2", "s3 s4", 101),
    ],
)
def test_E5_who_agrees_and_who_is_left_out(values, agreed, outliers, value):
    """Five percent from the median of three; of two that differ nobody knows which is wrong."""
    verdict = judge(votes(*values), PRICE)
    assert names(verdict.agreed) == agreed.split()
    assert names(verdict.outliers) == outliers.split()
    assert verdict.value == value


def test_an_answer_about_another_moment_is_left_out_unjudged():
    early, now = votes(50, at_ms=1_000_000), votes(100, 101, at_ms=1_030_001)
    verdict = judge([*now, *early], PRICE)
    assert names(verdict.late) == ["s0"]
    assert verdict.outliers == ()
    assert verdict.value == 100.5


POSITIVE = st.floats(1e-9, 1e9)


@given(st.lists(POSITIVE, min_size=1, max_size=9))
def test_the_verdict_divides_the_votes_and_its_value_lies_among_those_who_agree(values):
    verdict = judge(votes(*values), PRICE)
    everyone = [*names(verdict.agreed), *names(verdict.outliers)]
    if verdict.agreed:
        assert sorted(everyone) == sorted(f"s{at}" for at in range(len(values)))
        assert 2 * len(verdict.agreed) > len(values)
        told = [vote.value for vote in verdict.agreed]
        assert min(told) <= verdict.value <= max(told)
        assert verdict.spread_percent <= 11
    else:
        assert everyone == []
        assert verdict.value is None


@given(st.lists(POSITIVE, min_size=3, max_size=9), st.floats(0.01, 100), st.permutations(range(9)))
def test_neither_unit_nor_order_decides_who_agrees(values, factor, order):
    plain = judge(votes(*values), PRICE)
    margin = 1e-9
    ratios = [value / plain.value for value in values if plain.value]
    if any(abs(abs(math.log(r)) - math.log(1.05)) < margin for r in ratios):
        return  # on the edge, where a rounding decides
    scaled = judge(votes(*(value * factor for value in values)), PRICE)
    assert names(scaled.agreed) == names(plain.agreed)
    shuffled = [votes(*values)[at] for at in order if at < len(values)]
    assert set(names(judge(shuffled, PRICE).agreed)) == set(names(plain.agreed))


def test_figures_are_medians_and_the_rest_of_the_nearest():
    """Each exchange's own volume stays its own: nothing is added up."""
    made = [
        Vote(
            name,
            Ticker(symbol="BTC/USDT", last=last, bid=bid, ask=ask, volume_base=volume),
            last,
            None,
        )
        for name, last, bid, ask, volume in (
            ("a", 100, 99, 101, 7),
            ("b", 102, 101, None, 8),
            ("c", 101, 100, 102, 9),
        )
    ]
    ticker = merged(judge(made, PRICE), PRICE)
    assert (ticker.last, ticker.bid, ticker.ask, ticker.volume_base) == (101, 100, 101.5, 9)


def test_a_block_is_one_sources_and_never_mixed():
    rule = CAPABILITIES["chain_head"].consensus
    assert rule.merged == ()
    assert rule.agrees(100, 116)
    assert not rule.agrees(100, 117)


def test_fees_may_differ_by_a_factor_of_two():
    rule = CAPABILITIES["gas"].consensus
    assert rule.agrees(1, 2)
    assert rule.agrees(2, 1)
    assert not rule.agrees(1, 2.01)
    assert not Consensus("x", relative=0.1).agrees(0, 1)
    assert Consensus("x", relative=0.1).agrees(0, 0)


async def test_three_are_asked_and_the_median_is_the_answer(gateway_of):
    async with gateway_of(a=[100.0], b=[102.0], c=[101.0], d=[500.0]) as world:
        answer = await world.gateway.ticker("BTC/USDT", strategy="consensus")
        assert answer.data.last == 101
        assert answer.provider == "consensus"
        told = answer.meta["consensus"]
        assert told["quorum"] == told["asked"] == 3
        assert told["spread_percent"] == pytest.approx(100 * 2 / 101, rel=1e-5)
        assert told["outliers"] == []
        assert [one["provider"] for one in told["agreed"]] == ["a", "b", "c"]
        assert world.plugins["d"].calls == 0
        again = await world.gateway.ticker("BTC/USDT", strategy="consensus")
        assert again.cache == "hit"
        plain = await world.gateway.ticker("BTC/USDT")
        assert (plain.provider, plain.cache) == ("a", "miss")
        assert "consensus" not in plain.meta


async def test_E5_an_outlier_is_forgiven_twice_and_fails_the_third_time(gateway_of, clock):
    async with gateway_of(a=[100.0], b=[150.0], c=[101.0]) as world:
        states = []
        for _ in range(3):
            answer = await world.gateway.ticker("BTC/USDT", strategy="consensus", max_age_s=0)
            assert answer.data.last == 100.5
            (outlier,) = answer.meta["consensus"]["outliers"]
            assert outlier["provider"] == "b"
            assert outlier["deviation_percent"] == pytest.approx(49.25, abs=0.01)
            states.append(world.gateway.health.snapshot("b").state)
            clock.advance(20)
        assert states == [State.UNKNOWN, State.UNKNOWN, State.DEGRADED]
        assert world.gateway.health.snapshot("b").last_error[0] == "upstream_implausible"


async def test_E5_deviations_ten_minutes_apart_are_accidents(gateway_of, clock):
    async with gateway_of(a=[100.0], b=[150.0], c=[101.0]) as world:
        for _ in range(5):
            await world.gateway.ticker("BTC/USDT", strategy="consensus", max_age_s=0)
            clock.advance(301)
        assert world.gateway.health.snapshot("b").state is State.UNKNOWN


async def test_others_step_in_for_those_that_fail(gateway_of):
    async with gateway_of(a=[Empty("x")], b=[100.0], c=["unknown"], d=[101.0], e=[102.0]) as world:
        answer = await world.gateway.ticker("BTC/USDT", strategy="consensus")
        assert answer.data.last == 101
        assert [one["provider"] for one in answer.meta["attempts"]] == [
            "a",
            "c",
            "b",
            "d",
            "e",
        ] or ({one["provider"] for one in answer.meta["attempts"]} == set("abcde"))
        assert answer.meta["consensus"]["asked"] == 5


async def test_one_answer_alone_is_served_with_its_quorum(gateway_of):
    async with gateway_of(a=[Empty("x")], b=[100.0]) as world:
        answer = await world.gateway.ticker("BTC/USDT", strategy="consensus")
        assert answer.provider == "b"
        assert answer.meta["consensus"]["quorum"] == 1


async def test_sources_that_disagree_are_no_answer_and_nobody_is_blamed(gateway_of):
    async with gateway_of(a=[100.0], b=[150.0]) as world:
        with pytest.raises(AllProvidersFailed, match="sources disagree about last: a 100, b 150"):
            await world.gateway.ticker("BTC/USDT", strategy="consensus")
        assert world.gateway.health.snapshot("a").state is State.UNKNOWN
        assert world.gateway.health.snapshot("b").state is State.UNKNOWN


async def test_where_there_is_none_it_is_refused(gateway_of):
    async with gateway_of(a=[100.0]) as world:
        gateway = world.gateway
        with pytest.raises(InvalidRequest, match="no consensus for candles"):
            await gateway.candles("BTC/USDT", strategy="consensus")
        with pytest.raises(InvalidRequest, match="one is pinned"):
            await gateway.ticker("BTC/USDT", strategy="consensus", provider="a")
        with pytest.raises(InvalidRequest, match="priority, fastest or consensus"):
            await gateway.ticker("BTC/USDT", strategy="best")


async def test_explain_names_those_that_would_be_asked_together(gateway_of):
    async with gateway_of(a=[1.0], b=[1.0], c=[1.0], d=[1.0]) as world:
        query = TickerQuery(**BTC)
        shown = world.gateway.explain("ticker", query, TOGETHER)
        assert shown["served_from"] == "consensus"
        assert [(c["provider"], c["verdict"], c["reason"]) for c in shown["candidates"]] == [
            ("a", "chosen", "first_choice"),
            ("b", "chosen", "asked_together"),
            ("c", "chosen", "asked_together"),
            ("d", "skipped", "lower_priority"),
        ]
        await world.gateway.fetch("ticker", query, TOGETHER, request_id="r1")
        decided = world.gateway.decision("r1")
        asked = [c["provider"] for c in decided["candidates"] if c["reason"] == "answered"]
        assert asked == ["a", "b", "c"]
