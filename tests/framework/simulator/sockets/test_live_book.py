"""The live book: never crossed, always changing, the same for every caller."""

from decimal import Decimal

import pytest

from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.simulator.price_model import PAIRS, PriceModel
from coinmux.framework.simulator.sockets.channel import Channel
from coinmux.framework.simulator.sockets.live_market import LiveMarket
from coinmux.framework.simulator.sockets.speech import Follow

NOW = 1_795_906_812_345


def market_of(pair):
    return LiveMarket(PriceModel(), "acme", pair)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_book_is_a_book(pair):
    """Some hundred levels on each side, best first, no price twice, bids below asks."""
    bids, asks = market_of(pair).levels(NOW)
    assert 80 < len(bids) < 151
    assert 80 < len(asks) < 151
    assert [p for p, _ in bids] == sorted({p for p, _ in bids}, reverse=True)
    assert [p for p, _ in asks] == sorted({p for p, _ in asks})
    assert bids[0][0] < asks[0][0]
    assert all(size > 0 for _, size in [*bids, *asks])


def applied(book, changes):
    for price, size in changes:
        if size:
            book[price] = size
        else:
            del book[price]


@pytest.mark.parametrize("depth", [None, 25])
def test_differences_make_the_book(depth):
    """Applied to the first whole, numbers linked, with levels that go and come back."""
    market = market_of(Symbol("ETH/USDT"))
    channel = Channel(
        Follow("book", "order_book", market.pair, depth=depth, every_ms=100), market, NOW
    )
    bids, asks, last = {}, {}, None
    removed, back = set(), 0
    for at in range(NOW, NOW + 60_000, 100):
        for row in channel.rows(at):
            assert row.is_whole == (last is None)
            assert last is None or (row.first, row.previous) == (last + 1, last)
            back += sum(price in removed for price, size in row.bids if size)
            removed |= {price for price, size in row.bids if not size}
            applied(bids, row.bids)
            applied(asks, row.asks)
            last = row.last
            assert sorted(bids.items(), reverse=True) == list(row.all_bids)
            assert sorted(asks.items()) == list(row.all_asks)
    assert last == market.book.number(NOW + 59_900)
    assert removed
    assert back
    assert (list(row.all_bids), list(row.all_asks)) == tuple(
        side[:depth] for side in market_of(market.pair).levels(NOW + 59_900)
    )


def test_a_level_that_falls_out_is_told_only_where_the_exchange_does():
    """A client of the other kind cuts its book itself."""
    market = market_of(Symbol("BTC/USDT"))
    follow = Follow("book", "order_book", market.pair, depth=10, is_fall_told=False, every_ms=100)
    channel = Channel(follow, market, NOW)
    bids = {}
    untold = 0
    for at in range(NOW, NOW + 60_000, 100):
        for row in channel.rows(at):
            applied(bids, row.bids)
            untold += max(len(bids) - 10, 0)
            bids = dict(sorted(bids.items(), reverse=True)[:10])
            assert list(bids.items()) == list(row.all_bids)
    assert untold


def test_a_whole_book_each_time_where_the_exchange_tells_it_so():
    """Cut to the depth."""
    market = market_of(Symbol("BTC/USDT"))
    channel = Channel(
        Follow("book", "order_book", market.pair, depth=5, is_whole=True), market, NOW
    )
    first, second = (channel.rows(at)[0] for at in (NOW, NOW + 1_000))
    assert channel.rows(NOW + 1_100) == []
    assert (len(first.bids), len(second.bids)) == (5, 5)
    assert first.is_whole
    assert second.is_whole
    assert second.last > first.last
    assert Decimal(0) not in {size for _, size in second.bids}
