"""Outlets: events passed on to all readers of a feed in one loop."""

import asyncio

import pytest

from coinmux.framework.models.market import Ticker
from coinmux.framework.streams import outlets as outlets_module
from coinmux.framework.streams.events import LiveEvent, LiveMeta
from coinmux.framework.streams.reader import Reader
from coinmux.framework.streams.voice import Voice
from coinmux.framework.testing.clock import FakeClock

META = LiveMeta(provider="acme", live=True, received_at=1_764_000_000_000)


class Told(Voice):
    """A feed that tells what a test says."""

    def say(self, number, *, replaces=None):
        self._last = Ticker(symbol="BTC/USDT", last=float(number))
        self._emit("update", self._last, replaces=replaces)


class Outlet:
    """Takes events until it is `full`."""

    def __init__(self):
        self.taken = []
        self.batches = []
        self.woken = 0
        self.full = False

    def take(self, events):
        if self.full:
            return False
        self.batches.append(events)
        self.taken += [event.data.last for event in events]
        return True

    def wake(self):
        self.woken += 1


@pytest.fixture
async def feed():
    return Told("ticker", "BTC/USDT", FakeClock(), simulated=False)


def led(feed, most=1_000):
    """A reader with an outlet that goes on."""
    reader, outlet = Reader(most), Outlet()
    feed.add(reader)
    reader.lead_to(outlet)
    reader.go_on()
    return reader, outlet


def prices(events):
    return [event.data.last for event in events]


async def test_events_of_one_turn_are_taken_together_and_once_for_all(feed):
    """Every outlet is given the same list; nothing waits for its reader."""
    pairs = [led(feed) for _ in range(50)]
    feed.say(1)
    feed.say(2)
    assert not any(outlet.taken for _, outlet in pairs)
    await asyncio.sleep(0)
    assert {tuple(outlet.taken) for _, outlet in pairs} == {(1.0, 2.0)}
    assert len({id(outlet.batches[0]) for _, outlet in pairs}) == 1
    assert not any(reader.waiting() for reader, _ in pairs)
    assert not any(outlet.woken for _, outlet in pairs)


async def test_only_the_newest_price_of_a_turn_is_taken(feed):
    """As where it waits for a reader."""
    _, outlet = led(feed)
    for number in range(1, 6):
        feed.say(number, replaces="ticker")
    await asyncio.sleep(0)
    assert outlet.taken == [5.0]


async def test_a_slow_reader_waits_alone(feed):
    """Its events wait for it, in order, until it goes on; the others are told meanwhile."""
    slow, full = led(feed)
    _, fast = led(feed)
    feed.say(1)
    await asyncio.sleep(0)
    full.full = True
    for number in (2, 3, 4):
        feed.say(number)
        await asyncio.sleep(0)
    assert fast.taken == [1.0, 2.0, 3.0, 4.0]
    assert full.taken == [1.0]
    assert full.woken == 3
    full.full = False
    feed.say(5)
    await asyncio.sleep(0)
    assert full.taken == [1.0]
    assert prices(slow.waiting()) == [2.0, 3.0, 4.0, 5.0]
    slow.go_on()
    feed.say(6)
    await asyncio.sleep(0)
    assert full.taken == [1.0, 6.0]
    assert slow.waiting() == []


async def test_what_a_slow_reader_misses_is_said(feed):
    """Beyond the bound the oldest go, and the next event counts them."""
    slow, full = led(feed, most=3)
    full.full = True
    for number in range(1, 11):
        feed.say(number)
    await asyncio.sleep(0)
    events = slow.waiting()
    assert prices(events) == [8.0, 9.0, 10.0]
    assert [event.meta.dropped for event in events] == [7, 0, 0]
    assert feed.use().dropped == 7


async def test_a_reader_who_comes_gets_nothing_twice(feed):
    """What was told in the same turn is in its snapshot, and not told again."""
    _, early = led(feed)
    feed.say(1)
    feed.say(2)
    late, outlet = Reader(), Outlet()
    feed.add(late)
    late.lead_to(outlet)
    feed.say(3)
    assert prices(late.waiting()) == [2.0, 3.0]
    late.go_on()
    feed.say(4)
    await asyncio.sleep(0)
    assert outlet.taken == [4.0]
    assert early.taken == [1.0, 2.0, 3.0, 4.0]


async def test_a_flood_within_one_turn_is_taken_in_parts(feed, monkeypatch):
    """Each reader gets each once, whoever is slow in the midst of it."""
    monkeypatch.setattr(outlets_module, "_MOST_TOGETHER", 4)
    _, fast = led(feed)
    slow, full = led(feed)
    full.full = True
    waiting = Reader()
    feed.add(waiting)
    for number in range(1, 12):
        feed.say(number)
    await asyncio.sleep(0)
    told = [float(number) for number in range(1, 12)]
    assert fast.taken == told
    assert [len(batch) for batch in fast.batches] == [4, 4, 3]
    assert prices(slow.waiting()) == told
    assert prices(waiting.waiting()) == told


async def test_one_who_left_is_told_nothing(feed):
    """Nor is a feed's last word lost that was told in the turn in which it ends."""
    gone, outlet = led(feed)
    _, stays = led(feed)
    feed.say(1)
    feed.remove(gone)
    await feed.close()
    assert outlet.taken == []
    assert stays.taken == [1.0]
    assert stays.woken == 1
    await asyncio.sleep(0)
    assert stays.taken == [1.0]


def test_a_reader_without_a_feed_wakes_its_outlet():
    """Whatever puts an event there."""
    reader, outlet = Reader(), Outlet()
    reader.lead_to(outlet)
    reader.go_on()
    reader.put(LiveEvent("x-1", "update", "ticker", "BTC/USDT", None, META))
    assert outlet.woken == 1
    assert [event.id for event in reader.waiting()] == ["x-1"]
    reader.end()
    assert outlet.woken == 2
    assert reader.is_over
