"""Whoever follows a question next: what was told is not told again, and nothing goes back."""

import asyncio
import random
import time

import pytest

from coinmux import Candles, Ticker, hookimpl, sockets
from coinmux.framework.clock import SystemClock
from coinmux.framework.cluster import shared_feed, shared_voice
from tests.framework.cluster import test_shared_feeds as shared
from tests.framework.cluster.test_shared_feeds import (
    BTC,
    C,
    Ears,
    T,
    X,
    followed,
    hasty,  # noqa: F401 - leases are short here, too
    say,
    shared_by,
    sharing,
    stop_at_once,
    until_slow,
)
from tests.framework.streams.acme import STYLE, Acme
from tests.framework.streams.exchange import until

pytestmark = pytest.mark.realtime
MINUTE = 60_000


class Timed(Acme):
    """Tells the time of its prices, and answers with the candles that are asked for."""

    @hookimpl
    def stream_ticker(self, query):
        def read(channel, body):
            return [Ticker(symbol=query.symbol, timestamp=body[0], last=body[1])]

        return sockets.Subscription(channels=(f"t:{STYLE.native(query.symbol)}",), read=read)

    @hookimpl
    async def fetch_candles(self, query):
        start, end = query.start or 0, query.end or time.time() * 1000
        rows = [row for row in self.candles if start <= row[0] <= end]
        return Candles.from_rows(query, rows[-query.limit :])


@pytest.fixture
def timed(monkeypatch):
    """The exchange of `sharing` tells times."""
    monkeypatch.setattr(shared, "Acme", Timed)


def closed(events, kind="update"):
    """Opening times of the candles that events closed."""
    return [
        int(opens)
        for one in events
        if one.data is not None and one.kind == kind
        for at, opens in enumerate(one.data.timestamp)
        if at + 1 < len(one.data) or one.data.last_closed
    ]


def minute_now():
    return int(time.time() // 60) * MINUTE


class Shown(SystemClock):
    """A wall clock that goes on from where it is put, whatever second it is in truth."""

    def __init__(self, at_ms):
        super().__init__()
        self.put(at_ms)

    def put(self, at_ms):
        self._ahead_ms = at_ms - super().wall_ms()

    def wall_ms(self):
        return super().wall_ms() + self._ahead_ms


async def test_the_past_is_not_told_as_news_by_the_next_holder(store, timed):
    """Readers that came late have it of their snapshot, though no candle closed since."""
    minute = minute_now() - 2 * MINUTE
    async with sharing(store, 2, Shown(minute + MINUTE // 4)) as world:
        one, two = world.gateways
        world.plugin.candles = [
            [minute - MINUTE * back, 1, 2, 0.5, 1.5, 3] for back in range(30, 0, -1)
        ]
        first = Ears(one, "candles", BTC)
        await say(world.exchange, C, [[minute, 1, 2, 0.5, 1.5, 3]])
        await until(lambda: first.events)
        second = Ears(two, "candles", BTC)
        await until(lambda: second.events)
        holder, (other,) = await shared_by(world.gateways)
        assert holder is one

        async def whole():
            async with other.stream("candles", BTC) as stream:
                return len((await anext(stream)).data)

        for _ in range(100):
            if await whole() == 31:
                break
            await asyncio.sleep(0.05)
        assert await whole() == 31
        late = Ears(other, "candles", BTC)
        await until(lambda: late.events)
        stop_at_once(holder)
        await until_slow(
            lambda: followed(world.exchange, C) == 1 and other.feeds()[0].told_by is None
        )
        for close in (1.6, 1.7):
            await say(world.exchange, C, [[minute, 1, 2, 0.5, close, 3 + close]])
        await until_slow(
            lambda: [e for e in late.events if e.kind == "update" and e.data.close[-1] == 1.7]
        )
        for reader in (second, late):
            assert closed(reader.events) == []
        for reader in (first, second, late):
            await reader.stop()


async def test_a_candle_that_closed_while_nobody_listened_is_told_though_none_had_closed(
    store, timed
):
    """Readers were told of it while it was open."""
    minute = minute_now() - 2 * MINUTE
    before = minute - MINUTE
    clock = Shown(before + MINUTE // 4)
    async with sharing(store, 2, clock) as world:
        readers = [Ears(one, "candles", BTC) for one in world.gateways]
        await say(world.exchange, C, [[before, 1, 2, 0.5, 1.5, 3]])
        await until(lambda: all(one.events for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        stays = readers[world.gateways.index(other)]
        stop_at_once(holder)
        clock.put(minute + MINUTE // 4)
        world.plugin.candles = [[before, 1, 2, 0.5, 1.25, 4], [minute, 1, 2, 0.5, 1.5, 3]]
        await until_slow(lambda: other.feeds()[0].told_by is None)
        await say(world.exchange, C, [[minute, 1, 2, 0.5, 1.5, 3]])
        await until_slow(lambda: before in closed(stays.events))
        assert closed(stays.events).count(before) == 1
        for one in readers:
            await one.stop()


async def test_a_worker_that_begins_goes_on_from_what_readers_of_others_have(store, timed):
    """Though it has none of its own who had read before, it may take the lease first."""
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 2) as world:
        readers = [Ears(one, "trades", BTC) for one in world.gateways]
        await until(lambda: followed(world.exchange, X))
        await world.exchange.say(X, [[1, now]])
        await until(lambda: all(one.trades == [1] for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        stays = readers[world.gateways.index(other)]
        (waits,) = other._live._shared._feeds
        waits._not_before = float("inf")
        stop_at_once(holder)
        world.plugin.trades = [[1, now], [2, now + 2], [3, now + 3]]
        third = await world.one()
        late = Ears(third, "trades", BTC)
        await until_slow(lambda: third.feeds() and third.feeds()[0].told_by is None
                         and followed(world.exchange, X) == 1)  # fmt: skip
        await say(world.exchange, X, [[4, now + 4]])
        await until_slow(lambda: 4 in stays.trades)
        await until_slow(lambda: sorted(stays.trades) == [1, 2, 3, 4])
        await until_slow(lambda: set(late.trades) >= {1, 2, 3, 4})
        for one in (*readers, late):
            await one.stop()


def news(ears):
    """Ids of the trades that a reader was told as news."""
    told = [one for one in ears.events if one.kind == "update" and one.data is not None]
    return [int(trade.id) for one in told for trade in one.data.trades]


def ids_of(state):
    """Ids of the trades that are known."""
    return [] if state is None else [int(trade.id) for trade in state.trades]


async def tell(world, numbers, begun_ms, heard):
    """Have the exchange tell trades, one event each."""
    for number in numbers:
        await say(world.exchange, X, [[number, begun_ms + 10 * number]])
        await until(lambda: number in heard.trades)  # noqa: B023


async def test_a_reader_who_comes_to_a_new_worker_is_not_told_again_what_the_state_has(
    store, timed, monkeypatch
):
    """The store has the last events alone; the state that follows them reaches back further."""
    monkeypatch.setattr(shared_voice, "KEPT", 3)
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 2) as world:
        first, second = [Ears(one, "trades", BTC) for one in world.gateways]
        await tell(world, range(1, 9), now, first)
        await until(lambda: 8 in second.trades)
        third = await world.one()
        waits = Ears(third, "trades", BTC)
        await until(lambda: waits.trades)
        # It begins with what the store has kept, before or after the state as a whole is there.
        (heard,) = third._live._shared._feeds
        await until(lambda: ids_of(heard._told.snapshot()) == list(range(1, 9)))
        assert waits.trades in ([6, 7, 8], list(range(1, 9)))
        again = Ears(third, "trades", BTC, since=second.ids[-1])
        await until(lambda: third.feeds()[0].readers == 2)
        await tell(world, [9], now, first)
        await until(lambda: 9 in again.trades)
        assert news(again) == [9]
        for one in (first, second, waits, again):
            await one.stop()


async def test_a_worker_that_missed_some_tells_them_under_ids_that_no_other_knows(
    store, timed, monkeypatch
):
    """In another order than others, so that nobody may resume elsewhere from in between."""
    monkeypatch.setattr(shared_voice, "KEPT", 3)
    monkeypatch.setattr(shared_feed, "_ALONE_AFTER_S", 60)
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 2) as world:
        ears = [Ears(one, "trades", BTC) for one in world.gateways]
        await tell(world, [1, 2], now, ears[0])
        holder, (other,) = await shared_by(world.gateways)
        first, second = [ears[world.gateways.index(one)] for one in (holder, other)]
        await until(lambda: second.trades[-1:] == [2])
        other.state.store._lose(ConnectionError("closed"))
        await tell(world, range(3, 9), now, first)
        await until_slow(lambda: set(second.trades) == set(range(1, 9)))
        assert sorted(second.trades) == [*range(1, 9)]
        again = Ears(other, "trades", BTC, since=first.ids[-1])
        moved = Ears(holder, "trades", BTC, since=second.ids[-1])
        await until(lambda: all(one.feeds()[0].readers == 2 for one in world.gateways))
        await tell(world, [9], now, first)
        await until(lambda: 9 in again.trades and 9 in moved.trades)
        assert news(again) == news(moved) == [9]
        for one in (first, second, again, moved):
            await one.stop()


async def test_what_was_told_alone_is_not_told_again_by_the_worker_a_reader_moves_to(
    store, timed, monkeypatch
):
    """A worker that lost the store alone told the same, and hears in between what it had not."""
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 2) as world:
        ears = [Ears(one, "trades", BTC) for one in world.gateways]
        await tell(world, [1], now, ears[0])
        holder, (other,) = await shared_by(world.gateways)
        first, second = [ears[world.gateways.index(one)] for one in (holder, other)]
        await until(lambda: second.trades[-1:] == [1])
        reached = other.state.store._try

        async def away():
            pass

        monkeypatch.setattr(other.state.store, "_try", away)
        other.state.store._lose(ConnectionError("closed"))
        await tell(world, [2], now, first)
        await until_slow(lambda: followed(world.exchange, X) == 2)
        await until_slow(lambda: "gap" in second.kinds)
        await tell(world, [3], now, second)
        assert 2 not in second.trades
        monkeypatch.setattr(other.state.store, "_try", reached)
        await until_slow(lambda: 2 in second.trades)
        moved = Ears(holder, "trades", BTC, since=second.ids[-1])
        await until(lambda: holder.feeds()[0].readers == 2)
        await tell(world, [4], now, first)
        await until(lambda: 4 in moved.trades)
        assert sorted(second.trades)[:3] == [1, 2, 3]
        assert news(moved) == [4]
        for one in (first, second, moved):
            await one.stop()


async def test_the_store_is_sent_an_event_before_readers_have_it(store, timed):
    """A worker that is killed in between has told its readers nothing that others do not know."""
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 1) as world:
        (one,) = world.gateways
        first = Ears(one, "trades", BTC)
        await tell(world, [1], now, first)
        lane = one.state.store._lane
        lane._transport, written = Written(lane._transport), []
        first.events = Noticed(lambda: written.append(b"".join(lane._transport.written)))
        await say(world.exchange, X, [[2, now + 20]])
        await until(lambda: written)
        assert first.events[0].id.encode() in written[0]
        await first.stop()


class Written:
    """A transport that remembers what was written."""

    def __init__(self, transport):
        self._transport, self.written = transport, []

    def __getattr__(self, name):
        return getattr(self._transport, name)

    def write(self, data):
        self.written.append(data)
        self._transport.write(data)


class Noticed(list):
    """A list that says when something comes."""

    def __init__(self, notice):
        super().__init__()
        self._notice = notice

    def append(self, one):
        super().append(one)
        self._notice()


class Market:
    """An exchange where prices, trades and candles go on."""

    def __init__(self, world):
        self._world = world
        self._begun_ms = minute_now() - 900 * MINUTE
        self.trades = self.candles = 0

    async def run(self):
        """Until cancelled."""
        say, plugin = self._world.exchange.say, self._world.plugin
        while True:
            at = int(time.time() * 1000)
            await say(T, [at, 100.0])
            self.trades += 1
            plugin.trades.append([self.trades, at])
            await say(X, [[self.trades, at]])
            self.candles += self.trades % 5 == 0
            opens = self._begun_ms + self.candles * MINUTE
            row = [opens, 100, 101, 99, 100, self.trades]
            if self.trades % 5 == 4:
                plugin.candles.append(row)
                await say(C, [[*row, True]])
            else:
                await say(C, [[*row, False]])
            await asyncio.sleep(0.01)


async def trouble(world, store, rng, alive, join):
    """One thing that goes wrong, and its end."""
    kind = rng.choice(("stands still", "killed", "lost", "frozen"))
    victim = rng.choice(alive)
    await until_slow(lambda: len(victim.feeds()) == 3)
    pause_s = rng.uniform(0.05, 1.3)
    match kind:
        case "stands still":
            feeds = list(victim._live._shared._feeds)
            for feed in feeds:
                feed._is_looking = True
            await asyncio.sleep(pause_s)
            for feed in feeds:
                feed._is_looking = False
        case "killed" if len(alive) > 1:
            alive.remove(victim)
            stop_at_once(victim)
            await asyncio.sleep(pause_s)
            join(await world.one())
        case "frozen":
            store.freeze()
            await asyncio.sleep(pause_s)
            store.thaw()
        case _:
            victim.state.store._lose(ConnectionError("closed"))
    await asyncio.sleep(rng.uniform(0.2, 1.0))


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_befalls_holders_and_store_nothing_is_told_twice_or_goes_back(
    store, timed, seed
):
    """Two holders alternate under kills, pauses and losses at random; gaps are said."""
    rng = random.Random(seed)
    async with sharing(store, 0) as world:
        alive, ears = [], {}

        def join(gateway):
            alive.append(gateway)
            ears[gateway] = {
                name: Ears(gateway, name, BTC) for name in ("ticker", "trades", "candles")
            }

        for _ in range(2):
            join(await world.one())
        market = Market(world)
        task = asyncio.ensure_future(market.run())
        end = time.monotonic() + 7
        while time.monotonic() < end:
            await trouble(world, store, rng, alive, join)
        last = market.trades
        for one in alive:
            await until_slow(lambda: any(n >= last for n in ears[one]["trades"].trades[-50:]))  # noqa: B023
        task.cancel()
        await asyncio.sleep(0.3)
        for gateway, readers in ears.items():
            judge_prices(readers["ticker"].events)
            judge_trades(readers["trades"].events, is_whole=gateway in alive)
            judge_candles(readers["candles"].events)
        for readers in ears.values():
            for one in readers.values():
                await one.stop()


def judge_prices(events):
    times = [e.data.timestamp for e in events if e.data is not None and e.data.timestamp]
    assert times == sorted(times)


def judge_trades(events, *, is_whole):
    told = [e for e in events if e.data is not None]
    # The state as a whole, first and after a loss, may repeat.
    news = [int(t.id) for e in told[:1] for t in e.data.trades]
    news += [int(t.id) for e in told[1:] if e.kind == "update" for t in e.data.trades]
    assert len(news) == len(set(news)), "a trade was told twice"
    known = sorted({int(t.id) for e in told for t in e.data.trades})
    if is_whole and known and "gap" not in {one.kind for one in events}:
        assert known == list(range(known[0], known[-1] + 1)), "a trade was lost"


def judge_candles(events):
    told = closed(events)
    assert len(told) == len(set(told)), "a candle was closed twice"
    assert not set(told) & set(closed(events[:1], "snapshot"))
    opened = [int(one.data.timestamp[-1]) for one in events if one.data is not None]
    ends = [e.data.last_closed for e in events if e.data is not None]
    newest = 0
    for opens, is_closed in zip(opened, ends, strict=True):
        if is_closed is False:
            assert opens >= newest, "an open candle went back"
            newest = max(newest, opens)
