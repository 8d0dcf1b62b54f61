"""One fetch as each of its callers gets it, and its bytes."""

import gc
import json
import weakref

from coinmux import Ticker
from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.models.capability import Freshness


def fetch():
    return FetchResult(
        capability="ticker",
        data=Ticker(symbol="BTC/USDT", last=1.5, timestamp=1_000),
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


def test_the_data_is_encoded_once_however_it_is_served(monkeypatch):
    """As a miss, to those who waited with it, and as a hit again and again."""
    fetched = fetch()
    made = []
    real = Ticker.encode
    monkeypatch.setattr(Ticker, "encode", lambda self: made.append(self) or real(self))
    served = ("miss", "coalesced", "hit", "hit", "stale", "miss")
    bodies = [fetched.view(cache).body for cache in served]
    assert made == [fetched.data]
    assert bodies[2] is bodies[3]
    for cache, body in zip(served, bodies, strict=True):
        whole = json.loads(body)
        assert whole["data"] == json.loads(real(fetched.data))
        assert whole["meta"] == json.loads(json.dumps(fetched.view(cache).meta))
        assert (whole["meta"]["cache"], whole["meta"]["stale"]) == (cache, cache == "stale")


def test_a_fetch_that_nobody_holds_is_gone_at_once():
    """It and its answers make no circle that a collection of garbage would have to find."""
    fetched = fetch()
    answer = fetched.view("hit")
    assert answer.body
    seen = weakref.ref(fetched)
    gc.disable()
    try:
        del fetched, answer
        assert seen() is None
    finally:
        gc.enable()
