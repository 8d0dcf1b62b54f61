"""When a source was asked is remembered in little memory, and told by pieces."""

import sys

from coinmux.server.monitoring.asked import AskedLog

NOON = 1_764_000_000 // 86_400 * 86_400


def test_a_piece_with_a_call_is_marked_and_others_are_not():
    """By quarter minutes for the last minutes, by minutes for hours and days."""
    log = AskedLog()
    for second in (NOON, NOON + 31, NOON + 3_540):
        log.mark(second)
    assert log.pieces(NOON + 60, 15, 4) == "1010"
    assert log.pieces(NOON + 3_600, 60, 60) == "1" + "0" * 58 + "1"
    assert log.pieces(NOON + 10_080, 10_080, 1) == "1"
    assert log.pieces(NOON, 60, 60) == "0" * 60


def test_seconds_count_only_within_minutes_with_a_call():
    """The minutes at both ends count for the part that lies inside."""
    log = AskedLog()
    for minute in (0, 1, 5):
        log.mark(NOON + minute * 60)
    assert log.seconds(NOON, NOON + 600) == 180
    assert log.seconds(NOON + 30, NOON + 90) == 60
    assert log.seconds(NOON + 120, NOON + 300) == 0
    assert log.seconds(NOON + 310, NOON + 320) == 10


def test_a_clock_that_jumps_costs_no_memory():
    """Years ahead or back: what is stored stays small."""
    log = AskedLog()
    for second in (NOON, NOON + 10**11, NOON, NOON + 10**10):
        log.mark(second)
    assert sys.getsizeof(log._minutes._bits) < 2_000
