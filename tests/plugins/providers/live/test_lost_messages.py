"""Feeds from which messages are lost: their books and trades are true, or said not to be known."""

from __future__ import annotations

import random

import pytest

from coinmux.framework.errors import BrokenFeed
from coinmux.framework.streams.book_line import BookLine, BookState
from coinmux.framework.streams.trade_line import TradeLine
from tests.plugins.live_checks import PAIR, Walk, Wire, trades_now

#: Those whose messages about a book have numbers.
NUMBERED = ("okx", "bybit", "gemini")


def floats(side):
    return [list(level) for level in side]


@pytest.mark.parametrize("name", ["coinbase_exchange", *NUMBERED])
def test_a_book_is_true_as_long_as_nothing_is_lost(name):
    """For a thousand differences, levels that vanish and come back among them."""
    wire, walk = Wire(name, "order_book", depth=200), Walk(seed=11)
    wire.connect()
    line = BookLine(PAIR, wire.feed.subscription.book)
    for row in (walk.whole(), *(None for _ in range(1_000))):
        for change in wire.tell(row or walk.step()):
            line.apply(change)
        book = line.book(200)
        assert (floats(book.bids), floats(book.asks)) == walk.levels


@pytest.mark.parametrize("name", NUMBERED)
@pytest.mark.parametrize("seed", range(5))
def test_a_lost_difference_breaks_a_book_at_the_next_one(name, seed):
    """Whether it was lost on the way, or never told."""
    chance, walk = random.Random(seed), Walk(seed=seed)
    wire = Wire(name, "order_book", depth=200)
    wire.connect()
    line = BookLine(PAIR, wire.feed.subscription.book)
    for change in wire.tell(walk.whole()):
        line.apply(change)
    for _ in range(chance.randrange(1, 50)):
        for change in wire.tell(walk.step()):
            line.apply(change)
    lost = walk.step()
    if chance.random() < 0.5:
        wire.tell(lost)
    (late,) = wire.tell(walk.step())
    with pytest.raises(BrokenFeed):
        line.apply(late)
    assert line.state is BookState.BROKEN


def test_a_repeated_difference_is_dropped():
    """Its number is that of one that was applied."""
    for name in NUMBERED:
        wire, walk = Wire(name, "order_book", depth=200), Walk()
        wire.connect()
        line = BookLine(PAIR, wire.feed.subscription.book)
        for row in (walk.whole(), walk.step()):
            for change in wire.tell(row):
                line.apply(change)
        line.apply(change)
        book = line.book(200)
        assert (floats(book.bids), floats(book.asks), line.repeated) == (*walk.levels, 1)


def test_the_heartbeat_of_coinbase_tells_of_a_lost_trade():
    """Also where no trade follows it that has a later number."""
    wire = Wire("coinbase_exchange", "trades")
    wire.connect()
    line = TradeLine(PAIR, wire.feed.subscription.ids)
    assert len(line.hear(wire.tell(trades_now(3)))) == 3
    line.hear(wire.idle())
    assert line.missing() == ()
    wire.tell(trades_now(1, first=515))
    line.hear(wire.idle())
    assert len(line.missing()) == 1
