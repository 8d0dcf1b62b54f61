"""What readers have of a question, through changes of who tells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Candles, CandlesQuery, Ticker, Trade, Trades
from coinmux.framework.models.market import TickerQuery, TradesQuery
from coinmux.framework.streams.told_state import state_for

NOW = 1_764_000_000_000
MINUTE = NOW // 60_000 * 60_000
BTC = "BTC/USDT"
#: Two sources.
A, B = "a", "b"


def trades(*rows):
    return Trades(
        symbol=BTC,
        trades=tuple(
            Trade(id=None if n is None else str(n), timestamp=NOW + at, price=price, amount=1.0)
            for n, at, price in rows
        ),
    )


def candles(*closes, at=0, is_closed=False):
    query = CandlesQuery(symbol=BTC, interval="1m")
    rows = [[MINUTE + 60_000 * (at + n), 1, 9, 0.5, close, 1] for n, close in enumerate(closes)]
    return Candles.from_rows(query, rows).model_copy(update={"last_closed": is_closed})


def ids(result):
    return [] if result is None else [one.id for one in result.trades]


def times(result):
    return [] if result is None else [(int(t) - MINUTE) // 60_000 for t in result.timestamp]


def test_a_price_is_told_as_it_is():
    """Only what a new teller repeats is left out, once."""
    state = state_for(TickerQuery(symbol=BTC))
    price = Ticker(symbol=BTC, last=1.0)
    assert state.take(price, A) is price
    assert state.take(price, A) is price
    state.switch()
    assert state.take(Ticker(symbol=BTC, last=1.0), A) is None
    assert state.take(price, A) is price
    assert state.snapshot() is price


def test_one_teller_may_tell_what_it_likes():
    """Its own feed has looked for what comes twice."""
    state = state_for(TradesQuery(symbol=BTC))
    told = trades((1, 0, 1.0), (2, 5, 1.0))
    assert state.take(told, A) is told
    assert state.take(told, A) is told


def test_a_new_teller_begins_with_the_moment_of_the_newest_trade():
    """Others of that moment may be missing; what is known of it is left out again."""
    state = state_for(TradesQuery(symbol=BTC))
    state.take(trades((1, 0, 1.0), (2, 5, 1.0)), A)
    assert state.since_ms == NOW + 4
    state.switch()
    assert ids(state.take(trades((2, 5, 1.0), (3, 5, 1.0), (4, 6, 1.0)), A)) == ["3", "4"]
    assert ids(state.snapshot()) == ["1", "2", "3", "4"]


def test_trades_before_all_that_is_known_are_not_told():
    """They are older than the reader's first."""
    state = state_for(TradesQuery(symbol=BTC))
    state.take(trades((10, 100, 1.0)), A)
    state.switch()
    assert ids(state.take(trades((9, 90, 1.0), (11, 110, 1.0)), A)) == ["11"]


def test_trades_without_ids_are_known_by_their_figures_as_often_as_they_were_told():
    """Two may be alike."""
    state = state_for(TradesQuery(symbol=BTC))
    state.take(trades((None, 0, 1.0), (None, 0, 1.0)), A)
    state.switch()
    new = state.take(trades(*[(None, 0, 1.0)] * 3), A)
    assert len(new.trades) == 1


def test_a_request_may_give_trades_other_ids():
    """Then figures tell."""
    state = state_for(TradesQuery(symbol=BTC))
    state.take(trades((1, 0, 1.0)), A)
    state.switch()
    assert ids(state.take(trades(("x", 0, 1.0), ("y", 1, 2.0)), A, is_asked=True)) == ["y"]


def test_another_source_has_trades_and_ids_of_its_own():
    """The state as a whole is of the one that told last, and its ids may be another's too."""
    state = state_for(TradesQuery(symbol=BTC))
    state.take(trades((1, 0, 1.0), (2, 5, 1.0)), A)
    state.switch()
    assert ids(state.take(trades((2, 5, 7.0), (3, 6, 7.0)), B)) == ["2", "3"]
    assert ids(state.snapshot()) == ["2", "3"]
    assert {one.price for one in state.snapshot().trades} == {7.0}
    assert state.since_ms == NOW + 5
    state.add(trades((0, -1, 1.0)), A)
    assert ids(state.snapshot()) == ["2", "3"]
    state.switch()
    assert ids(state.take(trades((2, 5, 1.0), (4, 7, 1.0)), A)) == ["4"]
    assert ids(state.snapshot()) == ["0", "1", "2", "4"]


def test_candles_as_a_whole_are_of_one_source():
    """What another closed is not closed again, nor told under the next one's name."""
    state = state_for(CandlesQuery(symbol=BTC, interval="1m"))
    state.take(candles(1.0, 2.0, 3.0), A)
    state.switch()
    assert times(state.take(candles(1.5, 2.5, 3.5), B)) == [2]
    assert state.snapshot().close.tolist() == [3.5]
    state.add(candles(1.5, 2.5, 3.5), B)
    state.add(candles(1.0, at=-1), A)
    assert state.snapshot().close.tolist() == [1.5, 2.5, 3.5]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)), min_size=1, max_size=8))
def test_whoever_tells_it_no_trade_is_told_twice(stretches):
    """Each teller begins where it likes, with what is known or what is not."""
    state = state_for(TradesQuery(symbol=BTC))
    told = []
    for first, count in stretches:
        state.switch()
        for n in range(first, first + count):
            told += ids(state.take(trades((n, n // 3, 1.0)), A))
    assert len(told) == len(set(told))


def test_a_candle_is_closed_once_whoever_tells_it():
    """And an open one that is known already is not told again."""
    state = state_for(CandlesQuery(symbol=BTC, interval="1m"))
    state.take(candles(1.0, 2.0, 3.0), A)
    assert state.since_ms == MINUTE + 60_000
    state.switch()
    assert state.take(candles(1.5, 2.5, 3.0), A) is None
    assert times(state.take(candles(1.0, 2.0, 4.0), A)) == [2]
    assert times(state.take(candles(4.5, at=2, is_closed=True), A)) == [2]
    assert times(state.snapshot()) == [0, 1, 2]
    state.switch()
    assert state.take(candles(4.5, at=2, is_closed=True), A) is None


def test_the_past_is_known_without_being_told():
    """For readers that come; what was told is not changed by it."""
    state = state_for(CandlesQuery(symbol=BTC, interval="1m"))
    state.take(candles(5.0, at=3), A)
    state.add(candles(1.0, 2.0, 3.0, 4.0), A)
    assert times(state.snapshot()) == [0, 1, 2, 3]
    assert state.snapshot().close[-1] == 5.0
    state.switch()
    assert times(state.take(candles(4.0, 5.5, at=2), A)) == [2, 3]


@pytest.mark.parametrize("query", [TickerQuery, TradesQuery, CandlesQuery])
def test_of_nothing_there_is_no_state(query):
    """Nor anything to go on from."""
    given = {"interval": "1m"} if query is CandlesQuery else {}
    state = state_for(query(symbol=BTC, **given))
    assert state.snapshot() is None
    assert state.since_ms is None
    state.switch()
    assert state.snapshot() is None
