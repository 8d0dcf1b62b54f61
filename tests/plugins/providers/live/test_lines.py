"""What feeds say, in the framework's own books and trades: nothing is lost, nothing guessed."""

from __future__ import annotations

import asyncio

import pytest

from coinmux.framework.errors import BrokenFeed
from coinmux.framework.streams.book_line import BookLine, BookState
from coinmux.framework.streams.trade_line import TradeLine
from coinmux.plugins.providers.binance.simulated_socket import rest_book
from tests.plugins.live_checks import PAIR, Walk, Wire, false, trades_now

#: Provider -> depth that is asked, how deep it is told, and whether what falls out of it is told.
BOOKS = {
    "binance": (100, None, False),
    "kraken": (25, 25, False),
    "bitfinex": (25, 25, True),
    "bitstamp": (100, None, False),
}
WHOLE_EACH_TIME = {"bitstamp"}


class Followed:
    """A provider's book on a wire, kept as the framework keeps it."""

    def __init__(self, name, seed=1):
        depth, levels, tells_falls = BOOKS[name]
        self.name, self.depth = name, depth
        self.walk = Walk(seed, levels, tells_falls=tells_falls)
        self.wire = Wire(name, "order_book", depth=depth)
        self.wire.connect()
        self.line = BookLine(PAIR, self.wire.feed.subscription.book)
        self.begin()

    def begin(self):
        """The whole book comes, or is asked for."""
        if self.line.needs_snapshot:
            self.line.snapshot(asyncio.run(self.asked()))
        else:
            self.wire.again()
            self.line.begin()
            self.tell(self.walk.whole())

    async def asked(self):
        walk = self.walk

        class HTTP:
            async def get_json(self, path, params, *, weight):
                return rest_book(path, params, walk.whole())

        return await self.wire.feed.subscription.book.snapshot(HTTP())

    def tell(self, row):
        for change in self.wire.tell(row):
            self.line.apply(change)

    def step(self):
        """The market moves, and the exchange tells it."""
        row = self.walk.step()
        self.tell(self.walk.whole() if self.name in WHOLE_EACH_TIME else row)

    def is_true(self):
        book = self.line.book(self.depth)
        sides = [[list(level) for level in side] for side in (book.bids, book.asks)]
        return sides == [side[: self.depth] for side in self.walk.levels]


@pytest.mark.parametrize("name", BOOKS)
def test_a_book_is_true_after_every_one_of_a_thousand_changes(name):
    followed = Followed(name, seed=23)
    for _ in range(1_000):
        followed.step()
        assert followed.is_true()
    assert followed.line.repeated == 0


@pytest.mark.parametrize("name", ["binance", "kraken", "bitfinex"])
def test_a_book_that_missed_a_change_is_never_told(name):
    """A number or a checksum shows it, if it makes a difference; a whole book heals it."""
    followed = Followed(name, seed=29)
    followed.step()
    seen = 0
    for _ in range(50):
        followed.walk.step()  # nobody tells it
        for _ in range(10):
            try:
                followed.step()
            except BrokenFeed:
                seen += 1
                assert followed.line.state is BookState.BROKEN
                break
            if followed.line.state is BookState.TRUE:
                best = followed.line.book(10)
                assert [list(level) for level in best.bids] == followed.walk.levels[0][:10]
        followed.begin()
        assert followed.is_true()
    assert seen > 20


@pytest.mark.parametrize("name", ["kraken", "bitfinex"])
def test_wrong_checksums_break_a_book_as_often_as_the_provider_says(name):
    followed = Followed(name)
    mismatches = followed.line._rules.mismatches
    for _ in range(mismatches - 1):
        followed.tell(false(followed.walk.step()))
        assert followed.line.state is BookState.DOUBTED
    with pytest.raises(BrokenFeed):
        followed.tell(false(followed.walk.step()))


@pytest.mark.parametrize("name", BOOKS)
def test_trades_are_told_once_and_in_order(name):
    """Those that come twice are known by their ids."""
    wire = Wire(name, "trades")
    wire.connect()
    line = TradeLine(PAIR, wire.feed.subscription.ids)
    line.begin()
    new = []
    for first in (512, 515, 515, 518):
        new += line.hear(wire.tell(trades_now(3, first)))
    assert [int(trade.id) for trade in new] == list(range(512, 521))
    assert line.missing() == ()


@pytest.mark.parametrize("name", ["binance", "kraken"])
def test_a_trade_that_did_not_come_is_missed(name):
    """Where ids follow each other."""
    wire = Wire(name, "trades")
    wire.connect()
    line = TradeLine(PAIR, wire.feed.subscription.ids)
    line.begin()
    line.hear(wire.tell(trades_now(3, 512)))
    line.hear(wire.tell(trades_now(3, 516)))
    assert len(line.missing()) == 1
