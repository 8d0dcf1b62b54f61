"""A composite price: the median of feeds that agree, and who was left out of it."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Ticker
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.streams.composite import Composite

PRICE = CAPABILITIES["ticker"].consensus
NOW = 1_790_000_000_000


def ticker(last, **more):
    return Ticker(symbol="BTC/USDT", last=last, **more)


def composite(**prices):
    made = Composite(PRICE, sorted(prices))
    for source, last in prices.items():
        made.tell(source, ticker(last), 100.0)
    return made


def test_it_is_the_median_of_those_that_agree():
    answer = composite(a=100, b=101, c=103).answer(100)
    assert (answer.provider, answer.result.last) == ("consensus", 101)
    assert (answer.sources, answer.outliers, answer.notes) == (("a", "b", "c"), (), ())


def test_bid_and_ask_are_medians_too_and_the_rest_is_the_nearest_feeds():
    made = Composite(PRICE, ["a", "b"])
    made.tell("a", ticker(100, bid=99, ask=101, high=120), 1)
    made.tell("b", ticker(102, bid=101, ask=103, high=130), 1)
    result = made.answer(1).result
    assert (result.last, result.bid, result.ask, result.high) == (101, 100, 102, 120)


def test_an_outlier_is_named_with_how_far_it_is_off_and_is_new_once():
    made = composite(a=100, b=100, c=120)
    answer = made.answer(100)
    assert (answer.outliers, answer.new_outliers) == ((("c", 20.0),), ("c",))
    assert answer.sources == ("a", "b")
    assert made.answer(100).new_outliers == ()
    made.tell("c", ticker(101), 100)
    assert made.answer(100).outliers == ()
    made.tell("c", ticker(50), 100)
    assert made.answer(100).new_outliers == ("c",)


def test_what_was_told_long_ago_is_left_out():
    made = composite(a=100, b=100, c=100)
    made.tell("a", ticker(101), 131)
    made.tell("b", ticker(101), 131)
    answer = made.answer(131)
    assert (answer.sources, answer.left_out) == (("a", "b"), (("c", "it told nothing for 31 s"),))


def test_a_feed_whose_own_time_is_behind_is_left_out():
    made = Composite(PRICE, ["a", "b", "c"])
    made.tell("a", ticker(100, timestamp=NOW), 1)
    made.tell("b", ticker(100, timestamp=NOW), 1)
    made.tell("c", ticker(90, timestamp=NOW - 31_000), 1)
    answer = made.answer(1)
    assert answer.left_out == (("c", "its time is behind that of the others"),)
    assert answer.outliers == ()


def test_of_one_feed_it_is_said_that_nobody_confirms_it():
    made = composite(a=100, b=101)
    made.lose("b", "silent")
    answer = made.answer(100)
    assert (answer.provider, answer.result.last) == ("a", 100)
    assert answer.notes == ("only a is heard: nobody confirms it",)
    assert answer.left_out == (("b", "silent"),)
    made.tell("b", ticker(100), 100)
    assert made.answer(100).provider == "consensus"


def test_two_that_differ_and_none_at_all_have_no_price():
    answer = composite(a=100, b=200).answer(100)
    assert (answer.provider, answer.result, answer.sources) == ("consensus", None, ())
    assert answer.notes == ("sources disagree about last: a 100, b 200",)
    made = Composite(PRICE, ["a"])
    assert made.answer(1).notes == ("no feed told anything lately",)
    assert made.answer(1).left_out == (("a", "it has told nothing yet"),)


def test_a_feed_without_the_figure_is_left_out():
    made = composite(a=100, b=100)
    made.tell("b", ticker(100).model_copy(update={"last": None}), 100)
    assert made.answer(100).left_out == (("b", "it does not tell last"),)


@given(
    honest=st.lists(st.floats(99, 101), min_size=2, max_size=6),
    liars=st.lists(st.sampled_from([1.0, 50.0, 200.0, 10_000.0]), max_size=4),
)
def test_as_long_as_most_are_honest_no_liar_moves_the_price(honest, liars):
    prices = {f"h{at}": price for at, price in enumerate(honest)}
    prices |= {f"l{at}": price for at, price in enumerate(liars[: len(honest) - 1])}
    answer = composite(**prices).answer(100)
    if answer.result is None:
        pytest.fail("most agree")
    assert answer.result.last == pytest.approx(median(honest))
    assert {source for source, _ in answer.outliers} == {n for n in prices if n[0] == "l"}
