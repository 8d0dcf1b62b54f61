"""Kept answers take bounded memory, and go least recently used first."""

from hypothesis import given
from hypothesis import strategies as st

from coinmux import Ticker
from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.cache.store import AnswerCache
from coinmux.framework.models.capability import Freshness
from coinmux.framework.testing.clock import FakeClock


def fetched(notes=()):
    return FetchResult(
        capability="ticker", data=Ticker(symbol="BTC/USDT", last=1, notes=tuple(notes)),
        provider="a", fetched_ms=0, fetched_at=0.0, freshness=Freshness(5, 10, 60), fresh_s=5.0,
        stale=False, simulated=False, elapsed_ms=1.0, attempts=[],
    )  # fmt: skip


def size_of_one():
    cache = AnswerCache(FakeClock(), entries=1, size=10**9)
    cache.put("a", fetched())
    return cache.used


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=200), st.integers(1, 12))
def test_S13_neither_entries_nor_bytes_go_past_their_limit(steps, entries):
    one = size_of_one()
    cache = AnswerCache(FakeClock(), entries=entries, size=8 * one)
    for key, is_read in steps:
        if is_read:
            cache.get(("ticker", key))
        else:
            cache.put(("ticker", key), fetched())
        assert len(cache) <= min(entries, 8)
        assert cache._used == len(cache) * one


def test_the_least_recently_used_goes_first():
    cache = AnswerCache(FakeClock(), entries=2, size=10**9)
    for key in "ab":
        cache.put(key, fetched())
    cache.get("a")
    cache.put("c", fetched())
    assert cache.get("b") is None
    assert cache.get("a") is not None
    cache.clear()
    assert len(cache) == 0


def test_a_cache_of_nothing_keeps_nothing():
    cache = AnswerCache(FakeClock(), entries=0, size=10**9)
    cache.put("a", fetched())
    assert len(cache) == 0
