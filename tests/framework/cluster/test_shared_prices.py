"""What markets cost is known to a worker that begins, as others asked before."""

import pytest

from coinmux import OrderBook, Symbol, Ticker
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.models.market import OrderBookQuery, TickerQuery
from tests.framework.cluster.support import until

pytestmark = pytest.mark.realtime
BTC, DOGE = Symbol("BTC/USDT"), Symbol("DOGE/USDT")


def tell(gateway, pair, price, source="a"):
    """Have a worker believe, or doubt, a price."""
    query = TickerQuery(symbol=pair)
    known = gateway._dispatcher.known
    return known.doubt(source, CAPABILITIES["ticker"], query, Ticker(symbol=pair, last=price))


def book_of(gateway, pair, price):
    """Why a worker doubts a book, which names no pair."""
    data = OrderBook(symbol=pair, bids=[[price, 1]], asks=[[price * 1.001, 1]])
    known = gateway._dispatcher.known
    return known.doubt("b", CAPABILITIES["order_book"], OrderBookQuery(symbol=pair), data)


def knows(gateway, pair):
    """Whether a worker knows the price of a pair."""
    known = gateway._dispatcher.known.believed(float("-inf"))
    return any(key[1][1] == pair for key, *_ in known)


async def test_another_market_s_book_is_told_by_what_another_worker_knows(workers):
    """Both learn what either was told."""
    async with workers(2) as (one, two):
        assert tell(one, DOGE, 0.15) is None
        assert tell(two, BTC, 88_000.0) is None
        await until(lambda: knows(two, DOGE) and knows(one, BTC))
        assert "off what a told just now" in book_of(two, DOGE, 2.2)
        assert book_of(two, DOGE, 0.151) is None
        assert book_of(one, BTC, 3_000.0) is not None


async def test_a_worker_that_begins_knows_before_it_answers(workers, server):
    """And one whose store was emptied tells it again."""
    async with workers(1) as (one,):
        tell(one, DOGE, 0.15)
        store = one.state.store
        await until(lambda: store.online)
        await one.state.prices.exchange()
        async with workers(1) as (two,):
            assert knows(two, DOGE)
        server.kill()
        await until(lambda: not store.online)
        server.start()
        await until(lambda: store.online)
        async with workers(1) as (three,):
            assert book_of(three, DOGE, 2.2) is not None


async def test_what_differs_is_learned_of_a_second_source_only(workers):
    """A worker that was wronged does not wrong the others."""
    async with workers(1) as (one,):
        for source in ("a", "d"):  # of one alone it would be in doubt by now
            assert tell(one, DOGE, 0.15, source) is None
        key = next(key for key, *_ in one._dispatcher.known.believed(float("-inf")))
        known, rule = one._dispatcher.known, CAPABILITIES["ticker"].jumps
        later = one.clock.monotonic() + 1
        known.learn(key, rule, 2.2, "b", later)
        assert tell(one, DOGE, 2.2, "c") is not None
        known.learn(key, rule, 2.2, "c", later)
        assert tell(one, DOGE, 0.15) is None
        assert tell(one, DOGE, 2.2, "c") is not None
        known.learn(key, rule, 2.2, "b", one.clock.monotonic() + 1)
        assert tell(one, DOGE, 0.15) is not None


async def test_what_is_no_price_in_the_store_is_left_out(workers):
    """Others may write to it, too."""
    async with workers(1) as (one,):
        tell(one, DOGE, 0.15)
        prices, store = one.state.prices, one.state.store
        await prices.exchange()
        names, times = prices._keys
        for name, told in (
            ("BTC/USDT", b"no"),
            ("nonsense", b"\x92\xcb\x3f\xf0" + b"\0" * 6 + b"\xa1a"),
        ):
            await store.ask("HSET", names, name, told)
            await store.ask("ZADD", times, 9e15, name)
        await prices.exchange()
        assert knows(one, DOGE)
        assert not knows(one, BTC)
