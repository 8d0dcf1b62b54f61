"""E4 of chain heads: behind the highest block seen lately."""

import pytest

from coinmux import ChainHead, Implausible
from coinmux.framework.quality.chain_lag import ChainHeads
from coinmux.framework.testing.clock import FakeClock

AT = 1_764_000_000_000


def head(height, seconds=0.0, chain="ethereum"):
    return ChainHead(chain=chain, height=height, timestamp=AT + int(seconds * 1000)).head()


@pytest.mark.parametrize(
    ("chain", "height", "seconds", "lag"),
    [
        ("ethereum", 1000, 0, None),
        ("ethereum", 999, -12, None),
        ("ethereum", 997, -36, "36 s behind"),
        ("bsc", 984, -12, None),
        ("bsc", 983, -13, "17 blocks behind"),
        ("bitcoin", 999, -900, None),
        ("bitcoin", 997, -1800, "1800 s behind"),
        ("ethereum", 1003, 36, None),
    ],
)
def test_E4_how_far_is_too_far(chain, height, seconds, lag):
    """By blocks, or by the blocks' own times; two slow blocks are no lag yet."""
    heads = ChainHeads(FakeClock())
    assert heads.lag(head(1000, chain=chain)) is None
    assert heads.lag(head(height, seconds, chain)) == lag


def test_a_block_without_a_time_is_judged_by_height():
    """Some sources tell the height alone."""
    heads = ChainHeads(FakeClock())
    heads.lag(head(1000))
    assert heads.lag(ChainHead(chain="ethereum", height=990).head()) is None
    assert heads.lag(ChainHead(chain="ethereum", height=900).head()) == "100 blocks behind"


def test_what_was_seen_a_minute_ago_says_nothing():
    """Else a chain that was rolled back would never be fresh again."""
    clock = FakeClock()
    heads = ChainHeads(clock)
    heads.lag(head(1000))
    clock.advance(61)
    assert heads.lag(head(900)) is None


def at(clock, height, age_s):
    return ChainHead(
        chain="ethereum", height=height, timestamp=clock.wall_ms() - int(age_s * 1000)
    ).head()


def test_a_stuck_node_that_answers_first_makes_nobody_implausible():
    """Its block is old, the others' are of just now: they are the measure."""
    clock = FakeClock()
    heads = ChainHeads(clock)
    heads.lag(at(clock, 24_000_000, 90_000))
    assert heads.lag(at(clock, 24_007_500, 5)) is None
    assert heads.lag(at(clock, 24_000_000, 90_000)) == "7500 blocks behind"


def test_a_leap_with_an_old_block_is_refused():
    """No chain makes a million blocks in a minute."""
    clock = FakeClock()
    heads = ChainHeads(clock)
    heads.lag(at(clock, 24_000_000, 5))
    with pytest.raises(Implausible):
        heads.lag(at(clock, 99_000_000, 90_000))
    assert heads.lag(at(clock, 24_000_001, 5)) is None


def test_of_two_heads_of_just_now_nobody_is_blamed():
    """Which of them is made up cannot be told."""
    clock = FakeClock()
    heads = ChainHeads(clock)
    heads.lag(at(clock, 999_000_000, 5))
    assert heads.lag(at(clock, 24_000_000, 5)) is None
    assert heads.lag(at(clock, 999_000_001, 5)) is None
