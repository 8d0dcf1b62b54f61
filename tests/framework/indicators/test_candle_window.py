"""The window an indicator that is followed is computed from: what a feed changes in it."""

import numpy as np
import pytest

from coinmux import Candles, CandlesQuery
from coinmux.framework.indicators.candle_window import CandleWindow

AT = 1_764_000_000_000
STEP = 60_000


def candles(*numbered, last_closed=True):
    """Candles by their number and close."""
    query = CandlesQuery(symbol="BTC/USDT", interval="1m", limit=1_000)
    rows = [[AT + number * STEP, c, c, c, c, 1.0] for number, c in numbered]
    return Candles.from_rows(query, rows).model_copy(update={"last_closed": last_closed})


def shown(window, **how):
    frame = window.frame(**{"with_open": True, **how})
    times = ((frame.timestamp - AT) // STEP).tolist()
    return dict(zip(times, frame.columns["close"].tolist(), strict=True))


def numbers(taken):
    return [(time - AT) // STEP for time in taken.closed]


def test_an_open_candle_moves_and_closes():
    """Its last figures stay; the next is open after it."""
    window = CandleWindow(candles((0, 1), (1, 2), last_closed=False), 10)
    assert (window.newest_closed, window.opened) == (AT, AT + STEP)
    taken = window.take(candles((1, 3), last_closed=False))
    assert (taken.closed, taken.has_moved) == ((), True)
    assert shown(window) == {0: 1, 1: 3}
    assert not window.take(candles((1, 3), last_closed=False)).has_moved
    taken = window.take(candles((1, 4)))
    assert (numbers(taken), window.opened) == ([1], None)
    window.take(candles((2, 5), last_closed=False))
    assert shown(window) == {0: 1, 1: 4, 2: 5}
    assert shown(window, with_open=False) == {0: 1, 1: 4}


def test_what_is_closed_never_changes():
    """Whatever is told of it later."""
    window = CandleWindow(candles((0, 1), (1, 2)), 10)
    taken = window.take(candles((0, 8), (1, 9)))
    assert (taken.closed, taken.was_filled) == ((), False)
    assert not window.take(candles((1, 9), last_closed=False)).has_moved
    assert shown(window) == {0: 1, 1: 2}


def test_a_missing_candle_is_put_in_its_place():
    """Those after it stay; it is said, since what they gave was computed without it."""
    window = CandleWindow(candles((0, 1), (3, 4)), 10)
    taken = window.take(candles((1, 2), (2, 3), (3, 9)))
    assert taken.was_filled
    assert shown(window) == {0: 1, 1: 2, 2: 3, 3: 4}


def test_as_many_are_kept_as_a_request_gives():
    """The open one counts, so there is room for it while there is none."""
    window = CandleWindow(candles((0, 1), (1, 2), (2, 3), last_closed=False), 3)
    window.take(candles((2, 4), (3, 5), last_closed=False))
    assert shown(window) == {1: 2, 2: 4, 3: 5}
    window.take(candles((3, 6)))
    assert shown(window) == {2: 4, 3: 6}
    assert shown(window, last=1) == {3: 6}


def test_a_hole_between_history_and_feed_is_seen():
    """What follows at once does not tear it, nor what overlaps."""
    window = CandleWindow(candles((0, 1), (1, 2)), 10)
    assert window.follows(candles((1, 2), (2, 3)), STEP)
    assert window.follows(candles((2, 3)), STEP)
    assert not window.follows(candles((3, 4)), STEP)


def test_unknown_volumes_do_not_move_a_candle():
    """One that is not known is like another."""
    unknown = candles((0, 1), last_closed=False).model_copy(update={"volume": np.array([np.nan])})
    window = CandleWindow(unknown, 5)
    assert not window.take(unknown).has_moved


def test_a_frame_cannot_be_written_to():
    """Indicators share it."""
    frame = CandleWindow(candles((0, 1)), 5).frame(with_open=True)
    with pytest.raises(ValueError, match="read-only"):
        frame.columns["close"][0] = 2
