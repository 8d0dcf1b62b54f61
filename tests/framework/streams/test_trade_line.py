"""Trades of a live feed: none is told twice, none is lost without being missing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux.framework.errors import SchemaMismatch
from coinmux.framework.models.live import TradeMark
from coinmux.framework.models.market import Trade
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.streams.trade_line import TradeLine

BTC = Symbol("BTC/USDT")
NOW = 1_790_000_000_000


def trade(number, at=None, id_="", price=None):
    return Trade(
        id=str(number) if id_ == "" else id_,
        timestamp=NOW + (number if at is None else at),
        side="buy",
        price=price or 100 + number,
        amount=1,
    )


def trades(*numbers):
    return [trade(number) for number in numbers]


def ids(found):
    return [int(one.id) for one in found]


def spans(line):
    return [(one.after_id, one.before_id, one.count) for one in line.missing()]


def test_new_trades_are_told_in_order_and_once():
    line = TradeLine(BTC, "successive")
    assert ids(line.hear(trades(2, 1))) == [1, 2]
    assert ids(line.hear(trades(2, 3))) == [3]
    assert (line.repeated, line.late, line.missing()) == (1, 0, ())
    assert ids(line.latest(2).trades) == [2, 3]
    assert line.newest.id == "3"
    assert line.told(trades(1)).symbol == BTC


def test_a_jump_of_successive_ids_is_missing_until_it_comes_or_is_fetched():
    line = TradeLine(BTC, "successive")
    line.hear(trades(1))
    assert ids(line.hear(trades(5))) == [5]
    assert spans(line) == [("1", "5", 3)]
    assert ids(line.hear(trades(3))) == [3]
    assert line.late == 1
    assert spans(line) == [("1", "3", 1), ("3", "5", 1)]
    filled = line.fill(trades(2, 3), "binance")
    assert (ids(filled.trades), filled.by) == ([2], "binance")
    assert [(one.after_id, one.before_id) for one in filled.missing] == [("3", "5")]
    assert str(filled.missing[0]).startswith("1 trade between 2026-")
    assert ids(line.latest(9).trades) == [1, 2, 3, 5]
    assert len(line.give_up()) == 1
    assert line.missing() == ()


@pytest.mark.parametrize("kind", ["rising", "none"])
def test_a_jump_of_other_ids_says_nothing(kind):
    line = TradeLine(BTC, kind)
    line.hear(trades(1))
    line.hear(trades(5))
    assert line.missing() == ()
    assert ids(line.hear(trades(3, 5))) == [3]
    assert (line.late, line.repeated) == (1, 1)


def test_a_mark_says_that_trades_were_lost():
    line = TradeLine(BTC, "successive")
    line.hear([TradeMark("7")])
    assert ids(line.hear(trades(7))) == [7]
    line.hear([*trades(8), TradeMark("8")])
    assert line.missing() == ()
    line.hear([TradeMark("10", NOW + 50)])
    line.hear([TradeMark(10)])
    assert spans(line) == [("8", "11", 2)]
    assert ids(line.hear(trades(10, 11))) == [10, 11]
    assert spans(line) == [("8", "10", 1)]
    with pytest.raises(SchemaMismatch):
        line.hear([TradeMark("x")])


def test_a_mark_that_was_not_read_opens_a_gap_where_ids_have_no_order():
    line = TradeLine(BTC)
    line.hear([TradeMark("q")])
    line.hear([trade(1, id_="a"), TradeMark("a")])
    assert line.missing() == ()
    line.hear([TradeMark("c")])
    assert spans(line) == [("a", None, None)]
    line.hear([trade(4, id_="d")])
    assert spans(line) == [("a", "d", None)]
    found = [trade(1, id_="a"), trade(2, id_="b"), trade(3, id_="c"), trade(4, id_="d")]
    assert [one.id for one in line.fill(found, "okx").trades] == ["b", "c"]
    assert line.missing() == ()


@pytest.mark.parametrize("kind", ["successive", "rising", "none"])
def test_after_a_loss_what_happened_meanwhile_is_missing(kind):
    line = TradeLine(BTC, kind)
    line.begin()
    assert line.missing() == ()
    line.hear(trades(1, 2))
    line.begin()
    line.begin()
    assert spans(line) == [("2", None, None)]
    assert str(line.missing()[0]).endswith("and now")
    line.hear(trades(6, 7))
    assert [one[:2] for one in spans(line)] == [("2", "6")]
    assert ids(line.fill(trades(4, 5, 6), "x").trades) == [4, 5]
    assert [one[:2] for one in spans(line)] == [("2", "4")]
    assert ids(line.fill(trades(2, 3, 4), "x").trades) == [3]
    assert line.missing() == ()
    assert ids(line.latest(50).trades) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("kind", ["successive", "rising", "none"])
def test_a_request_can_end_a_gap_before_the_feed_tells_anything(kind):
    line = TradeLine(BTC, kind)
    line.hear(trades(1, 2))
    line.begin()
    assert ids(line.fill(trades(1, 2), "x").trades) == []
    assert line.missing() == ()
    line.begin()
    assert ids(line.fill([], "x").trades) == []
    assert ids(line.fill(trades(2, 3, 4), "x").trades) == [3, 4]
    assert line.missing() == ()
    assert ids(line.hear(trades(4, 5))) == [5]


@pytest.mark.parametrize("kind", ["rising", "none"])
def test_a_request_that_ends_too_early_leaves_the_rest_missing(kind):
    line = TradeLine(BTC, kind)
    line.hear(trades(1))
    line.begin()
    line.hear(trades(9))
    line.fill(trades(1, 2, 3), "x")
    assert spans(line) == [("3", "9", None)]
    line.fill(trades(5, 6), "x")
    assert spans(line) == [("3", "5", None), ("6", "9", None)]


@pytest.mark.parametrize("kind", ["successive", "rising", "none"])
def test_a_source_that_repeats_its_latest_trades_lost_none(kind):
    line = TradeLine(BTC, kind)
    line.hear(trades(5, 6))
    line.begin()
    assert ids(line.hear(trades(3, 4, 5, 6, 7))) == [7]
    assert line.missing() == ()
    assert line.repeated == 4


def test_what_another_source_told_is_where_a_new_line_begins():
    line = TradeLine(BTC, "successive")
    line.begin(since_ms=NOW + 3)
    line.hear(trades(6))
    assert [(one.since_ms, one.before_id) for one in line.missing()] == [(NOW + 3, "6")]
    assert ids(line.fill(trades(2, 3, 4, 5, 6), "x").trades) == [4, 5]
    assert line.missing() == ()


def test_numbers_that_begin_anew_are_followed():
    line = TradeLine(BTC, "successive")
    line.hear(trades(1_000))
    assert ids(line.hear([trade(1, at=2_000)])) == [1]
    assert ids(line.hear([trade(2, at=2_001)])) == [2]
    assert ids(line.hear([trade(4, at=2_002)])) == [4]
    assert spans(line) == [("2", "4", 1)]


@pytest.mark.parametrize("id_", [None, "x", "-1", "1.5"])
def test_an_id_that_is_no_number_is_refused_where_the_source_declares_numbers(id_):
    with pytest.raises(SchemaMismatch, match="whole number"):
        TradeLine(BTC, "rising").hear([trade(1, id_=id_)])


def test_trades_without_ids_are_known_by_their_figures():
    line = TradeLine(BTC)
    message = [trade(1, id_=None), trade(1, id_=None)]
    assert len(line.hear(message)) == 2
    assert line.hear(message) == []
    assert len(line.hear([trade(2, id_=None)])) == 1
    line.begin()
    assert len(line.hear([trade(5, id_=None)])) == 1
    rows = [trade(n, id_=None) for n in (1, 1, 2, 3, 3, 5, 6)]
    assert [one.price for one in line.fill(rows, "x").trades] == [103, 103]
    assert line.missing() == ()
    line.begin()
    assert [one.price for one in line.fill(rows, "x").trades] == [106]
    assert line.hear([trade(6, id_=None)]) == []
    assert line.repeated == 3


def test_ids_that_requests_do_not_give_are_no_reason_to_tell_a_trade_twice():
    line = TradeLine(BTC)
    line.hear([trade(1, id_="a")])
    line.begin()
    line.hear([trade(3, id_="c")])
    rows = [trade(1, id_="10"), trade(2, id_="20"), trade(3, id_="30"), trade(4, id_="40")]
    assert [one.id for one in line.fill(rows, "x").trades] == ["20"]


def test_a_line_begins_with_what_a_request_gave():
    line = TradeLine(BTC, "successive")
    line.seed(trades(1, 2))
    assert ids(line.latest(5).trades) == [1, 2]
    assert ids(line.hear(trades(2, 3))) == [3]
    line = TradeLine(BTC, "none")
    line.hear(trades(5))
    line.seed(trades(3, 4, 5, 6))
    line.seed([])
    assert ids(line.latest(9).trades) == [3, 4, 5]
    assert (ids(line.hear(trades(4, 6))), line.missing()) == ([6], ())
    line = TradeLine(BTC, "successive")
    line.hear(trades(5))
    line.seed(trades(2, 3))
    assert spans(line) == [("3", "5", 1)]


def test_memory_is_bounded():
    line = TradeLine(BTC, "successive")
    for number in range(0, 30_000, 100):
        line.hear([trade(n) for n in range(number, number + 99)])
    assert len(line.latest(5_000).trades) == 1_000
    assert len(line.missing()) == 100
    assert line.missing()[0].after_id == "98"
    assert ids(line.hear(trades(5))) == []


KINDS = st.sampled_from(["successive", "rising", "none", "without"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["", "", "drop", "repeat", "old", "swap", "lose", "mark", "fill", "history"]
        ),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(kind=KINDS, steps=STEPS, moves=st.lists(st.integers(0, 2), min_size=1, max_size=9))
def test_whatever_goes_wrong_each_trade_is_told_once_or_missing(kind, steps, moves):
    line = TradeLine(BTC, "none" if kind == "without" else kind)
    source, told, sent = [], [], []

    def make(count):
        made = []
        for _ in range(count):
            number = len(source) + 1
            at = (source[-1].timestamp - NOW if source else 0) + moves[number % len(moves)]
            id_ = {"without": None, "none": f"u{number * 7919 % 1_000}"}.get(kind, str(number))
            source.append(trade(number, at=at, id_=id_))
            made.append(source[-1])
        return made

    def hear(message):
        sent.append(message)
        told.extend(line.hear(message))

    def is_missing(one):
        for gap in line.missing():
            if kind in ("successive", "rising"):
                after, before = int(gap.after_id), gap.before_id
                if after < int(one.id) and (before is None or int(one.id) < int(before)):
                    return True
            elif gap.since_ms <= one.timestamp and one.timestamp <= (gap.until_ms or 2 * NOW):
                return True
        return False

    hear(make(1))
    known = 1
    for fault, count in steps:
        if fault == "drop" and kind == "successive":
            make(count)
            continue
        if fault == "lose":
            make(count)
            line.begin()
            continue
        if fault in ("fill", "history"):
            told.extend(line.fill(source[-count if fault == "fill" else 0 :], "x").trades)
        elif fault == "mark" and kind != "without":
            hear([*make(count)[:1], TradeMark(source[-1].id)])
        elif fault == "swap" and kind != "without":
            first, second = make(count), make(count)
            hear(second)
            hear(first)
        elif fault == "old" and kind != "without":
            hear(sent[len(sent) // 2])
        else:
            message = make(count)
            hear(message)
            if fault == "repeat":
                hear(message)
        if fault not in ("fill", "history", "old"):
            known = len(source)
        prices = [one.price for one in told]
        assert len(prices) == len(set(prices))
        for one in source[:known]:
            assert one.price in prices or is_missing(one), (kind, steps, moves)
    hear(make(1))
    told.extend(line.fill(source, "x").trades)
    assert line.missing() == ()
    assert sorted(one.price for one in told) == [one.price for one in source], (kind, steps, moves)
    assert [one.timestamp for one in line.latest(1_000).trades] == [o.timestamp for o in source]


@pytest.mark.parametrize("kind", ["rising", "successive", "none"])
def test_trades_of_the_time_that_readers_have_are_not_told_when_another_takes_over(kind):
    """A source may begin with its latest trades, which may have been told before."""
    line = TradeLine(BTC, kind)
    line.begin(NOW + 5)
    assert ids(line.hear(trades(3, 4, 5, 6, 7))) == [6, 7]
    assert line.repeated == 3


def test_a_message_that_cannot_be_read_is_a_gap_where_no_number_tells():
    """With successive numbers the next trade tells."""
    line = TradeLine(BTC, "rising")
    line.hear(trades(1))
    line.unsure()
    line.hear(trades(5))
    assert spans(line) == [("1", "5", None)]
    assert ids(line.fill(trades(1, 3, 5), "acme").trades) == [3]
    assert line.missing() == ()
    numbered = TradeLine(BTC, "successive")
    numbered.hear(trades(1))
    numbered.unsure()
    assert numbered.missing() == ()
