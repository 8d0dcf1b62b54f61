"""What a stream of events follows, from its query string."""

import pytest

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.reference.symbols import Symbol
from coinmux.server.asgi.live_params import MOST_SYMBOLS, read_questions


def read(capability, query, last=None):
    return read_questions(capability, query.encode(), last, Symbol.parse)


def test_several_markets_are_followed_in_their_order():
    """One that is there twice is followed once."""
    found = read("ticker", "symbols=btc-usdt,ETH/USDT,BTC-USDT,eth/usdt&provider=Kraken")
    assert [str(one.symbol) for one in found] == ["BTC/USDT", "ETH/USDT"]
    assert {one.options.provider for one in found} == {"kraken"}


@pytest.mark.parametrize(
    ("capability", "query", "fields"),
    [
        ("ticker", "symbol=BTC/USDT", {}),
        ("order_book", "symbols=BTC/USDT&depth=5", {"depth": 5}),
        ("candles", "symbols=BTC/USDT&interval=1m", {"interval": "1m"}),
    ],
)
def test_a_question_has_what_its_feed_is_known_by(capability, query, fields):
    """Interval and depth, where there are some."""
    (found,) = read(capability, query)
    assert found.fields == fields


@pytest.mark.parametrize(
    ("last", "since"),
    [
        ("f-1,g-2", ["f-1", "g-2"]),
        (",g-2", [None, "g-2"]),
        ("f-1", [None, None]),
        (None, [None, None]),
    ],
)
def test_a_stream_resumes_each_market(last, since):
    """An id of another list of markets resumes none."""
    found = read("ticker", "symbols=BTC/USDT,ETH/USDT", last)
    assert [one.since for one in found] == since


@pytest.mark.parametrize(
    ("capability", "query", "name"),
    [
        ("ticker", "", "symbols"),
        ("ticker", "symbols=,", "symbols"),
        ("ticker", f"symbols={','.join(f'A{n}/USDT' for n in range(MOST_SYMBOLS + 1))}", "symbols"),
        ("ticker", "symbols=BTC/USDT&symbol=ETH/USDT", "symbols"),
        ("ticker", "symbols=BTC/USDT,%21%21", "symbols"),
        ("ticker", "symbols=BTC/USDT&depth=5", "depth"),
        ("candles", "symbols=BTC/USDT&interval=7m", "interval"),
        ("candles", "symbols=BTC/USDT&interval=1m&limit=5", "limit"),
        ("order_book", "symbols=BTC/USDT&depth=0", "depth"),
        ("trades", "symbols=BTC/USDT&strategy=best", "strategy"),
    ],
)
def test_what_will_not_do_is_named(capability, query, name):
    """Before anything is followed."""
    with pytest.raises(InvalidRequest) as refused:
        read(capability, query)
    assert refused.value.errors[0]["name"] == name
