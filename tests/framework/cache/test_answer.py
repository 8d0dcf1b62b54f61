"""One fetch as each of its callers gets it, and its bytes."""

import gc
import json
import weakref

import pytest

from coinmux import Ticker
from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.cache.store import AnswerCache
from coinmux.framework.models.capability import Freshness
from coinmux.framework.models.market import OrderBook, TickerQuery
from coinmux.framework.testing.clock import FakeClock

SERVED = ("miss", "coalesced", "hit", "hit", "stale", "hit")


def ticker():
    return Ticker(symbol="BTC/USDT", last=1.5, timestamp=1_000)


def fetch(data):
    return FetchResult(
        capability="ticker",
        data=data,
        provider="a",
        fetched_ms=1_000,
        fetched_at=1.0,
        freshness=Freshness(5.0, 5.0, 60.0),
        fresh_s=5.0,
        stale=False,
        simulated=False,
        elapsed_ms=2.0,
        attempts=[{"provider": "a", "outcome": "ok", "started_at": 1, "elapsed_ms": 1.0}],
    )


@pytest.fixture
def encoded(monkeypatch):
    """What was encoded, each time."""
    made = []
    for kind in (Ticker, OrderBook):
        real = kind.encode
        monkeypatch.setattr(kind, "encode", lambda self, real=real: made.append(self) or real(self))
    return made


def test_large_data_is_encoded_once_however_it_is_served(encoded):
    """As a miss, to those who waited with it, as a hit and as a stale answer."""
    book = OrderBook(
        symbol="BTC/USDT", bids=[[1.0 - at / 1000, 2.0] for at in range(200)], asks=[[3.0, 1.0]]
    )
    fetched = fetch(book)
    for cache in SERVED:
        assert json.loads(fetched.view(cache).body)["meta"]["cache"] == cache
    assert encoded == [book]


def test_small_data_is_encoded_for_the_miss_and_once_for_all_hits(encoded):
    """Thousands of tickers are cached that nobody asks for again; they keep no bytes."""
    fetched = fetch(ticker())
    answer = fetched.view("miss")
    assert answer.body is answer.body
    bodies = [fetched.view("hit").body for _ in range(3)]
    assert bodies[0] is bodies[1] is bodies[2]
    assert len(encoded) == 2


@pytest.mark.parametrize("cache", SERVED)
def test_the_bytes_are_the_data_and_its_provenance(cache):
    """Whatever it was served as before."""
    fetched = fetch(ticker())
    for before in SERVED:
        assert fetched.view(before).body
    answer = fetched.view(cache)
    whole = json.loads(answer.body)
    assert whole["data"] == json.loads(answer.data.encode())
    assert whole["meta"] == json.loads(json.dumps(answer.meta))
    assert (whole["meta"]["cache"], whole["meta"]["stale"]) == (cache, cache == "stale")


def test_cached_answers_share_the_names_of_their_fields():
    """A set of names for each would take more memory than a ticker's values."""
    cache = AnswerCache(FakeClock(), entries=10, size=1_000_000)
    first, second, other = ticker(), ticker(), Ticker(symbol="ETH/USDT", last=1.0, bid=0.9)
    for name, data in (("a", first), ("b", second), ("c", other)):
        cache.put(name, fetch(data))
    assert first.model_fields_set is second.model_fields_set
    queries = [TickerQuery(symbol=symbol) for symbol in ("BTC/USDT", "ETH/USDT")]
    for query in queries:
        cache.put(frozenset((query, ("ticker", None, "priority"))), fetch(ticker()))
    assert queries[0].model_fields_set is queries[1].model_fields_set
    assert other.model_fields_set == {"symbol", "last", "bid"}
    copy = first.model_copy(update={"bid": 1.0})
    assert "bid" in copy.model_fields_set
    assert first.model_fields_set == second.model_fields_set == {"symbol", "last", "timestamp"}


def test_a_fetch_that_nobody_holds_is_gone_at_once():
    """It and its answers make no circle that a collection of garbage would have to find."""
    fetched = fetch(ticker())
    answer = fetched.view("hit")
    assert answer.body
    seen = weakref.ref(fetched)
    gc.disable()
    try:
        del fetched, answer
        assert seen() is None
    finally:
        gc.enable()
