"""What readers have of a question, through changes of who tells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Candles, CandlesQuery, OrderBook, Ticker, Trade, Trades
from coinmux.framework.models.market import OrderBookQuery, TickerQuery, TradesQuery
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


def test_what_was_told_is_not_told_again_by_anybody():
    """But in the state as a whole; another trade of the same number is another one."""
    state = state_for(TradesQuery(symbol=BTC))
    told = trades((1, 0, 1.0), (2, 5, 1.0))
    assert state.take(told, A) is told
    assert state.take(told, A) is None
    assert ids(state.take(trades((2, 5, 1.0), (3, 6, 1.0)), A)) == ["3"]
    assert state.take(told, A, is_whole=True) is told
    assert ids(state.snapshot()) == ["1", "2", "3"]
    assert state.take(trades((3, 900, 1.0)), A) is None  # REST may tell its time differently
    assert ids(state.take(trades((1, 90_000, 1.0)), A)) == ["1"]


def test_what_many_sources_told_in_turn_is_not_told_again_when_it_is_heard_anew():
    """A worker that takes over hears the last events of the store again, the oldest first."""
    state = state_for(TradesQuery(symbol=BTC))
    # One tells between all others, so that its trades reach back to the beginning.
    turns = [
        (source, trades((n, 10 * n + at, 1.0)))
        for n in range(9)
        for at, source in ((0, f"other {n}"), (5, A))
    ]
    for source, told in turns:
        state.switch()
        assert state.take(told, source) is told
    for source, told in turns:
        state.switch()
        assert state.take(told, source) is None


def test_a_price_does_not_go_back_in_its_source_s_own_time():
    """Another source has its own; nor does it in the state as a whole."""
    state = state_for(TickerQuery(symbol=BTC))

    def price(at):
        return Ticker(symbol=BTC, timestamp=NOW + at, last=1.0 + at)

    assert state.take(price(5), A) is not None
    assert state.take(price(4), A) is None
    assert state.snapshot() == price(5)
    assert state.take(price(1), B) is not None
    assert state.take(price(5), A) is not None
    assert state.take(price(3), A, is_whole=True) is None
    assert state.take(price(6), A, is_whole=True) is not None


def test_the_middle_of_several_prices_has_a_time_that_may_go_back():
    """It is one of theirs."""
    state = state_for(TickerQuery(symbol=BTC))
    for at in (5, 4):
        assert state.take(Ticker(symbol=BTC, timestamp=NOW + at, last=1.0), "consensus") is not None


def test_a_book_of_a_new_teller_is_not_older_than_what_readers_have():
    """One teller's own may be of any time."""
    state = state_for(OrderBookQuery(symbol=BTC))

    def book(at):
        return OrderBook(symbol=BTC, timestamp=NOW + at, bids=[[1 + at, 1]], asks=[[20, 1]])

    assert state.take(book(5), A) is not None
    assert state.take(book(4), A) is not None
    state.switch()
    assert state.take(book(2), A) is None
    assert state.take(book(3), A) is None
    assert state.take(book(6), A) is not None


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
    # Whoever came meanwhile has the past of a snapshot, and who was there before began after it.
    assert times(state.take(candles(4.0, 5.5, at=2), A)) == [3]


def test_the_next_goes_on_from_the_candle_before_the_first_that_is_open():
    """It may close while nobody listens."""
    state = state_for(CandlesQuery(symbol=BTC, interval="1m"))
    state.take(candles(5.0, at=3), A)
    assert state.since_ms == MINUTE + 2 * 60_000
    state.switch()
    assert times(state.take(candles(1.0, 2.0, 3.0, 5.5, 6.0), A)) == [3, 4]


def test_the_next_goes_on_from_a_candle_that_is_missing():
    """Until it is told, or readers are told that it will not come."""
    state = state_for(CandlesQuery(symbol=BTC, interval="1m"))
    state.take(candles(1.0, 2.0), A)
    state.take(candles(4.0, at=3, is_closed=True), A)
    assert state.since_ms == MINUTE
    assert times(state.take(candles(2.0, at=1, is_closed=True), A)) == [1]
    assert state.since_ms == MINUTE + 60_000
    assert state.take(candles(2.5, at=1, is_closed=True), B) is None
    state.gave_up()
    assert state.since_ms == MINUTE + 3 * 60_000


def test_an_open_candle_does_not_come_after_it_was_closed():
    """Nor one from before."""
    state = state_for(CandlesQuery(symbol=BTC, interval="1m"))
    state.take(candles(1.0, 2.0, is_closed=True), A)
    assert state.take(candles(2.0, at=1), A) is None
    assert state.take(candles(0.9), B) is None
    assert times(state.take(candles(0.9, 2.0, 3.0), B)) == [2]
    assert times(state.take(candles(4.0, at=4), B)) == [4]
    assert state.take(candles(3.5, at=3), B) is None
    # But where another source, which lags behind, tells the state as a whole.
    assert times(state.take(candles(3.5, at=3), A, is_whole=True)) == [3]
    assert times(state.take(candles(3.6, at=3), A)) == [3]


@pytest.mark.parametrize("query", [TickerQuery, TradesQuery, CandlesQuery])
def test_of_nothing_there_is_no_state(query):
    """Nor anything to go on from."""
    given = {"interval": "1m"} if query is CandlesQuery else {}
    state = state_for(query(symbol=BTC, **given))
    assert state.snapshot() is None
    assert state.since_ms is None
    state.switch()
    assert state.snapshot() is None
