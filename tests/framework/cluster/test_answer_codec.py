"""Every kind of answer travels between workers as it is; nothing that runs does."""

import pickle

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Candles, NotFound, RequestOptions, RoutingError, Ticker, TickerQuery
from coinmux.framework.background.probe_queries import probe_query
from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.cluster.answer_codec import Damaged, decode, encode, key_text
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.testing.random_candles import random_candles
from coinmux.server.process.simulated_gateway import gateway_for


def fetched(data, capability="ticker", provider="a"):
    row = CAPABILITIES[capability]
    return FetchResult(
        capability=capability, data=data, provider=provider, fetched_ms=1, fetched_at=0.0,
        freshness=row.freshness, fresh_s=1.0, stale=False, simulated=False, elapsed_ms=3.5,
        attempts=[{"provider": provider, "outcome": "ok", "started_at": 1, "elapsed_ms": 3.5}],
    )  # fmt: skip


async def test_what_every_source_tells_arrives_as_it_was(tmp_path):
    """Every capability of every simulated source that can be asked without more."""
    travelled = set()
    async with gateway_for(str(tmp_path / ".env"), simulate=True, CHECKER="off") as gateway:
        for source in gateway.sources.values():
            for capability in source.fetch:
                query = probe_query(source.info, capability)
                if query is None or not source.feature.enabled:
                    continue
                try:
                    ask = RequestOptions(provider=source.name, max_age_s=0, timeout_s=20)
                    answer = await gateway.fetch(capability, query, ask)
                except (RoutingError, NotFound):
                    continue  # it cannot be asked so, or so often; what must travel is named below
                row = gateway.capabilities[capability]
                told, data = decode(encode(answer.fetched), row.result)
                assert data.encode() == answer.data.encode(), (source.name, capability)
                assert data.notes == answer.data.notes
                assert told.provider == source.name
                assert told.attempts == answer.meta["attempts"]
                travelled.add(capability)
    assert travelled >= {"ticker", "candles", "order_book", "trades", "news", "gas", "fear_greed"}
    assert travelled >= {"chain_head", "coins", "global_stats", "tvl", "social", "text_sentiment"}


def test_columns_are_equal_to_the_bit():
    candles = random_candles(50, without_volume=[3])
    _, data = decode(encode(fetched(candles, "candles")), Candles)
    for name in ("timestamp", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(data, name), getattr(candles, name))
        assert not getattr(data, name).flags.writeable
    assert (data.symbol, data.interval) == (candles.symbol, candles.interval)


@given(st.binary(max_size=300))
def test_whatever_else_lies_there_is_damaged_and_nothing_worse(data):
    with pytest.raises(Damaged):
        decode(data, Ticker)


def test_what_would_run_or_is_no_number_or_of_another_version_is_damaged():
    whole = encode(fetched(random_candles(5), "candles"))
    objects = msgspec.msgpack.encode(msgspec.msgpack.Ext(1, b"|O8|1|" + pickle.dumps([1])))
    for data in (
        pickle.dumps({"a": 1}),
        objects,
        whole[:-20],
        whole.replace(b"\xa7version\x02", b"\xa7version\x01"),
        whole.replace(b"<f8|5|", b"<f8|9|", 1),
        whole.replace(b"<f8|5|", b"|O8|5|", 1),
    ):
        with pytest.raises(Damaged):
            decode(data, Candles)


@pytest.mark.parametrize("wrong", [{"last": -5.0}, {"high": -5.0}, {"timestamp": 7}], ids=str)
def test_impossible_figures_are_refused(wrong):
    """Those of optional fields too: no worker stores them, so the bytes are damaged."""
    data = Ticker(symbol="BTC/USDT", last=5.0).model_copy(update=wrong)
    with pytest.raises(Damaged):
        decode(encode(fetched(data)), Ticker)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("provider", "x\r\nSet-Cookie: a=b"),
        ("provider", "kraken\n"),
        ("provider", ""),
        ("provider", "Kraken"),
        ("attempts", [{"provider": "<b>", "outcome": "ok", "started_at": 1, "elapsed_ms": 1.0}]),
        ("attempts", [{"provider": "a", "outcome": "well", "started_at": 1, "elapsed_ms": 1.0}]),
        ("attempts", [{"provider": "a", "secret": "x"}]),
    ],
)
def test_what_stands_beside_the_data_is_checked_too(name, value):
    """The provider goes out in a header, so nothing that could end one is taken."""
    told = msgspec.msgpack.decode(encode(fetched(Ticker(symbol="BTC/USDT", last=5.0))))
    assert decode(msgspec.msgpack.encode(told), Ticker)[0].provider == "a"
    with pytest.raises(Damaged):
        decode(msgspec.msgpack.encode({**told, name: value}), Ticker)


def test_what_was_left_out_of_an_answer_travels_with_it():
    """Other workers say so in `meta` too."""
    data = Ticker(symbol="BTC/USDT", last=5.0).damaged(3, ("3 unreadable rows left out: why",))
    _, arrived = decode(encode(fetched(data)), Ticker)
    assert arrived.rows_left_out == 3
    assert arrived.notes == data.notes
    meta = fetched(arrived).view("hit").meta
    assert meta["rows_left_out"] == 3
    assert meta["notes"] == data.notes


def test_the_key_tells_questions_apart_and_is_the_same_everywhere():
    row = CAPABILITIES["ticker"]
    one = TickerQuery(symbol="BTC/USDT")
    names = {
        key_text(row, one, RequestOptions()),
        key_text(row, one, RequestOptions(provider="a")),
        key_text(row, one, RequestOptions(strategy="fastest")),
        key_text(row, TickerQuery(symbol="ETH/USDT"), RequestOptions()),
        key_text(CAPABILITIES["candles"], one, RequestOptions()),
    }
    assert len(names) == 5
    assert key_text(row, TickerQuery(symbol="BTC/USDT"), RequestOptions(timeout_s=3)) in names
