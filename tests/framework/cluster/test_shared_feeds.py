"""One feed for all workers: gateways that share a store, over one exchange on loopback."""

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

import pytest
from msgspec import structs

from coinmux import Gateway, NoProviderAvailable, UnknownSymbol
from coinmux.framework.cluster import feed_codec, shared_feed, shared_feeds
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.streams import connections as connections_module
from coinmux.framework.streams import feed as feed_module
from coinmux.framework.streams import polled_voice
from coinmux.framework.streams import service as service_module
from coinmux.framework.streams import side as side_module
from coinmux.framework.streams.events import LiveEvent
from tests.framework.streams.acme import Acme
from tests.framework.streams.exchange import Exchange, until

pytestmark = pytest.mark.realtime
BTC = "BTC/USDT"
T, X, C = "t:BTC-USDT", "x:BTC-USDT", "c:BTC-USDT"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Leases are short, nothing lingers, and time is looked at often."""
    monkeypatch.setattr(shared_feed, "LEASE_S", 0.8)
    monkeypatch.setattr(shared_feed, "_ALONE_AFTER_S", 0.3)
    monkeypatch.setattr(shared_feed, "_LINGER_S", 0.3)
    monkeypatch.setattr(shared_feeds, "_BEAT_S", 0.1)
    monkeypatch.setattr(connections_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(connections_module, "_FIRST_S", 0.02)
    monkeypatch.setattr(service_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed_module, "_TICK_S", 0.02)
    monkeypatch.setattr(feed_module, "_QUIET_S", 60)
    monkeypatch.setattr(side_module, "_PAUSE_S", 0.02)


@asynccontextmanager
async def sharing(store, count, clock=None, **settings):
    """So many gateways on one store, all over the exchange `a`."""
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(Exchange().open())
        plugin = Acme("a", exchange)
        environ = {
            "CHECKER": "off", "ARCHIVE": "off", "STATE_URL": store.url,
            "A_WS_URL": exchange.url, **settings,
        }  # fmt: skip

        async def one():
            found = [in_process("a", plugin)]
            gateway = Gateway.from_env(None, environ=environ, found=found, clock=clock)
            assert await gateway.wait_loaded() == []
            return await stack.enter_async_context(gateway)

        yield SimpleNamespace(
            exchange=exchange, plugin=plugin, one=one, gateways=[await one() for _ in range(count)]
        )


class Ears:
    """A reader that remembers all it was told."""

    def __init__(self, gateway, *asked, **options):
        self.events = []
        self.stream = gateway.stream(*asked, **options)
        self._task = asyncio.ensure_future(self._listen())

    async def _listen(self):
        async with self.stream:
            async for event in self.stream:
                self.events.append(event)

    @property
    def kinds(self):
        return [one.kind for one in self.events]

    @property
    def prices(self):
        return [one.data.last for one in self.events if one.data is not None]

    @property
    def trades(self):
        return [int(t.id) for one in self.events if one.data is not None for t in one.data.trades]

    @property
    def ids(self):
        return [one.id for one in self.events]

    async def stop(self):
        await self.stream.close()
        await asyncio.gather(self._task, return_exceptions=True)


def followed(exchange, channel):
    """How many connections follow it now."""
    return sum(channel in channels for channels in exchange.channels.values())


def asked(exchange, channel):
    """How often it was ever subscribed to."""
    return len([one for one in exchange.asked if channel in one and '"subscribe"' in one])


async def say(exchange, channel, body):
    await until(lambda: followed(exchange, channel))
    await exchange.say(channel, body)


def holder_of(gateways):
    """The gateway that follows for all, and the others."""
    (holder,) = [one for one in gateways if one.feeds() and one.feeds()[0].told_by is None]
    return holder, [one for one in gateways if one is not holder]


async def shared_by(gateways):
    """Wait until one of them follows for all."""

    def so():
        uses = [one.feeds()[0] for one in gateways if one.feeds()]
        return len(uses) == len(gateways) and (
            sum(one.told_by is not None for one in uses) == len(gateways) - 1
        )

    await until(so)
    return holder_of(gateways)


async def until_slow(condition, within_s=15.0):
    """As `until`, for what a store's end takes."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "never came true"
        await asyncio.sleep(0.02)


def stop_at_once(gateway):
    """Have a worker end as by SIGKILL: it renews nothing, says nothing, hears nothing."""
    feeds = gateway._live._shared
    feeds._beats.cancel()
    for feed in feeds._feeds:
        feed._is_looking = True
        feed._from_inner = lambda event: None
        if feed._inner is not None:
            for reader in feed._inner.readers:
                reader._take = lambda event: None
            feed._inner._task.cancel()
            if feed._inner._side is not None:
                feed._inner._side.stop()


async def test_one_subscription_however_many_gateways_read(store):
    """All are told the same events, with the same ids; figures count one feed."""
    async with sharing(store, 3) as world:
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await say(world.exchange, T, 101)
        await until(lambda: all(one.events for one in readers))
        holder, others = await shared_by(world.gateways)
        for price in (102, 103, 104):
            await world.exchange.say(T, price)
            await until(lambda: all(one.prices[-1] == price for one in readers))  # noqa: B023
        assert asked(world.exchange, T) == 1
        assert len({tuple(one.ids[1:]) for one in readers}) == 1
        assert {tuple(one.kinds) for one in readers} == {("snapshot", "update", "update", "update")}
        (held,) = holder.feeds()
        assert (held.messages, held.heard, held.readers) == (4, 0, 1)
        await until(lambda: holder.feeds()[0].told_to == 2)
        for one in others:
            (heard,) = one.feeds()
            assert (heard.messages, heard.events, heard.state) == (0, 0, "live")
            assert heard.told_by == holder.state.worker
            assert heard.heard == 4
        for reader in readers:
            await reader.stop()
        await until(lambda: not world.exchange.peers)


async def test_a_holder_goes_on_for_the_readers_of_others(store):
    """And ends when they have left, too."""
    async with sharing(store, 2) as world:
        first = Ears(world.gateways[0], "ticker", BTC)
        await say(world.exchange, T, 101)
        await until(lambda: first.events)
        second = Ears(world.gateways[1], "ticker", BTC)
        await until(lambda: second.events)
        await until(lambda: world.gateways[0].feeds()[0].told_to == 1)
        await first.stop()
        await asyncio.sleep(0.3)
        await world.exchange.say(T, 102)
        await until(lambda: second.prices[-1] == 102.0)
        assert asked(world.exchange, T) == 1
        await second.stop()
        await until(lambda: not world.exchange.peers)
        assert world.gateways[0].feeds() == []


async def test_a_holder_that_leaves_is_followed_at_once(store):
    """It gives the lease up; its successor goes on, and says so."""
    async with sharing(store, 2) as world:
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await say(world.exchange, T, 101)
        await until(lambda: all(one.events for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        left, stays = readers if holder is world.gateways[0] else readers[::-1]
        await left.stop()
        await holder.close()
        await until(lambda: asked(world.exchange, T) == 2)
        await say(world.exchange, T, 102)
        await until(lambda: 102.0 in stays.prices)
        assert stays.kinds == ["snapshot", "source", "update"]
        assert stays.events[1].meta.notes == ("another process follows it now",)
        assert other.feeds()[0].told_by is None
        await stays.stop()


def cut_off_at_once(gateway):
    """Have the store see its connections end, as when its process is killed."""
    gateway.state.news._task.cancel()
    gateway.state.store._supervisor.cancel()
    gateway.state.store._hang_up(None)


async def test_a_killed_holder_is_followed_before_its_lease_ends(store, monkeypatch):
    """The store knows that it is gone; one that only stands still keeps its lease."""
    monkeypatch.setattr(shared_feed, "LEASE_S", 60)
    monkeypatch.setattr(shared_feed, "_GONE_S", 0.3)
    async with sharing(store, 3) as world:
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await say(world.exchange, T, 101)
        await until(lambda: all(one.events for one in readers))
        holder, others = await shared_by(world.gateways)
        stop_at_once(holder)
        await asyncio.sleep(1)
        assert asked(world.exchange, T) == 1
        cut_off_at_once(holder)
        await until_slow(lambda: asked(world.exchange, T) == 2)
        await say(world.exchange, T, 102)
        alive = [readers[world.gateways.index(one)] for one in others]
        await until(lambda: all(one.prices[-1] == 102.0 for one in alive))
        for one in alive:
            await one.stop()


async def test_the_loss_of_the_store_is_noticed_when_it_happens(store, monkeypatch):
    """Nobody waits for the next time that leases are renewed."""
    monkeypatch.setattr(shared_feeds, "_BEAT_S", 60)
    monkeypatch.setattr(shared_feed, "LEASE_S", 60)
    async with sharing(store, 2) as world:
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await say(world.exchange, T, 101)
        await until(lambda: all(one.events for one in readers))
        await shared_by(world.gateways)
        store.kill()
        await until_slow(lambda: followed(world.exchange, T) == 2)
        for one in readers:
            await one.stop()


async def test_no_trade_is_lost_or_told_twice_when_the_holder_is_killed(store):
    """What was traded meanwhile is asked for, trades of the last moment included."""
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 3) as world:
        readers = [Ears(one, "trades", BTC) for one in world.gateways]
        await until(lambda: followed(world.exchange, X))
        for number in range(1, 6):
            await world.exchange.say(X, [[number, now + 10 * number]])
        await until(lambda: all(one.trades and one.trades[-1] == 5 for one in readers))
        holder, others = await shared_by(world.gateways)
        alive = [readers[world.gateways.index(one)] for one in others]
        stop_at_once(holder)
        # 6 is of the moment of 5; both were traded while nobody listened.
        world.plugin.trades = [[n, now + 10 * min(n, 5)] for n in range(1, 7)] + [[7, now + 70]]
        await until_slow(lambda: asked(world.exchange, X) == 2)
        await say(world.exchange, X, [[8, now + 80]])
        await until(lambda: all({6, 7, 8} <= set(one.trades) for one in alive))
        for one in alive:
            assert sorted(one.trades) == list(range(1, 9))
            assert len(set(one.ids)) == len(one.ids)
            assert "source" in one.kinds
            assert "gap" not in one.kinds
        assert len({tuple(one.ids[-3:]) for one in alive}) == 1
        for one in alive:
            await one.stop()


async def test_trades_that_cannot_be_had_after_a_takeover_are_said_to_be_missing(store):
    """All readers that are left are told of the gap."""
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 2) as world:
        readers = [Ears(one, "trades", BTC) for one in world.gateways]
        await until(lambda: followed(world.exchange, X))
        await world.exchange.say(X, [[1, now]])
        await until(lambda: all(one.trades == [1] for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        stays = readers[world.gateways.index(other)]
        stop_at_once(holder)
        world.plugin.trades = [[50, now + 5_000]]
        await until_slow(lambda: asked(world.exchange, X) == 2)
        await say(world.exchange, X, [[51, now + 6_000]])
        await until(lambda: "gap" in stays.kinds)
        await until(lambda: sorted(stays.trades) == [1, 50, 51])
        await stays.stop()


async def test_a_former_holder_that_wakes_up_tells_nothing(store):
    """Neither the others nor its own readers: it hears the new holder instead."""
    async with sharing(store, 2) as world:
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await say(world.exchange, T, 101)
        await until(lambda: all(one.events for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        (feed,) = holder._live._shared._feeds
        feed._is_looking = True  # it stands still
        await until_slow(lambda: other.feeds()[0].told_by is None)
        token = feed._token
        await until(lambda: followed(world.exchange, T) == 2)
        assert feed.role == "holds"
        feed._is_looking = False
        feed._unsent.append(feed_codec.encode(feed._recent[-1], token, "live", None))
        feed._send_now()  # what it had on its way
        await world.exchange.say(T, 102)
        await until(lambda: feed.role == "hears")
        await until(lambda: followed(world.exchange, T) == 1)
        await world.exchange.say(T, 103)
        await until(lambda: all(one.prices[-1] == 103.0 for one in readers))
        for one in readers:
            assert one.prices.count(102.0) <= 1
            assert one.prices == sorted(one.prices)
            assert len(set(one.ids)) == len(one.ids)
        assert holder.feeds()[0].told_by == other.state.worker
        for one in readers:
            await one.stop()


async def test_a_pause_in_which_nobody_took_the_lease_costs_nothing(store):
    """What came meanwhile is told once the store has confirmed the holder."""
    async with sharing(store, 1) as world:
        reader = Ears(world.gateways[0], "ticker", BTC)
        await say(world.exchange, T, 101)
        await until(lambda: reader.events)
        (feed,) = world.gateways[0]._live._shared._feeds
        await until(lambda: feed.role == "holds")
        feed._is_looking = True
        await asyncio.sleep(1.0)
        await world.exchange.say(T, 102)
        await until(lambda: feed._held_back)
        assert reader.prices == [101.0]
        feed._is_looking = False
        await until(lambda: reader.prices == [101.0, 102.0])
        assert asked(world.exchange, T) == 1
        await reader.stop()


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_without_the_store_each_follows_for_itself_and_they_meet_again(store, how):
    """No trade is told twice, and readers notice no more than who tells it."""
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 2) as world:
        readers = [Ears(one, "trades", BTC) for one in world.gateways]
        await until(lambda: followed(world.exchange, X))
        number = 0

        async def trade_some(count):
            nonlocal number
            for _ in range(count):
                number += 1
                world.plugin.trades.append([number, now + 10 * number])
                await world.exchange.say(X, [[number, now + 10 * number]])
                await asyncio.sleep(0.005)

        await trade_some(3)
        await until(lambda: all(one.trades and one.trades[-1] == 3 for one in readers))
        await shared_by(world.gateways)
        (store.kill if how == "killed" else store.freeze)()
        await until_slow(lambda: followed(world.exchange, X) == 2)
        await trade_some(5)
        await until_slow(lambda: all(set(one.trades) == set(range(1, 9)) for one in readers))
        uses = [one.feeds()[0] for one in world.gateways]
        assert [one.told_by for one in uses] == [None, None]
        (store.start if how == "killed" else store.thaw)()
        await until_slow(lambda: followed(world.exchange, X) == 1)
        await trade_some(5)
        await until(lambda: all(13 in one.trades for one in readers))
        for one in readers:
            assert sorted(one.trades) == list(range(1, 14))
            assert set(one.kinds) <= {"snapshot", "update", "source"}
        await shared_by(world.gateways)
        for one in readers:
            await one.stop()


@pytest.mark.parametrize("beat_s", [0.1, 2.0], ids=["is noticed", "is over before it is noticed"])
async def test_no_reader_notices_a_short_loss_of_the_store(store, monkeypatch, beat_s):
    """Nobody follows for itself, and what was told meanwhile is told again to the others."""
    monkeypatch.setattr(shared_feed, "_ALONE_AFTER_S", 10)
    monkeypatch.setattr(shared_feed, "LEASE_S", 10)
    monkeypatch.setattr(shared_feeds, "_BEAT_S", beat_s)
    now = int(time.time() * 1000) - 60_000
    async with sharing(store, 2) as world:
        readers = [Ears(one, "trades", BTC) for one in world.gateways]
        await say(world.exchange, X, [[1, now]])
        await until(lambda: all(one.trades == [1] for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        holder.state.store._lose(ConnectionError("closed"))
        other.state.store._lose(ConnectionError("closed"))
        for number in range(2, 30):
            await world.exchange.say(X, [[number, now + number]])
            await asyncio.sleep(0.01)
        await until_slow(lambda: all(one.trades == list(range(1, 30)) for one in readers))
        assert asked(world.exchange, X) == 1
        for one in readers:
            await one.stop()


async def test_without_a_store_at_the_start_it_is_followed_at_once(store):
    """Nobody waits for a store that is not there."""
    store.kill()
    async with sharing(store, 1) as world:
        reader = Ears(world.gateways[0], "ticker", BTC)
        await say(world.exchange, T, 101)
        await until(lambda: reader.prices == [101.0])
        await reader.stop()


async def test_a_reader_resumes_on_another_worker(store):
    """By the id of the last event it was told, on a worker that followed nothing before."""
    async with sharing(store, 2) as world:
        one, two = world.gateways
        first = Ears(one, "trades", BTC)
        now = int(time.time() * 1000) - 60_000
        await until(lambda: followed(world.exchange, X))
        for number in range(1, 7):
            await world.exchange.say(X, [[number, now + 10 * number]])
        await until(lambda: first.trades == [1, 2, 3, 4, 5, 6])
        second = Ears(two, "trades", BTC, since=first.events[3].id)
        await until(lambda: second.trades == [5, 6])
        assert second.ids == first.ids[4:]
        third = Ears(two, "trades", BTC)
        await until(lambda: third.trades == [1, 2, 3, 4, 5, 6])
        assert third.kinds == ["snapshot"]
        for ears in (first, second, third):
            await ears.stop()


async def test_a_worker_that_comes_late_has_all_candles(store):
    """Not only those that were told since the feed began."""
    minute = int(time.time() // 60) * 60_000
    async with sharing(store, 2) as world:
        one, two = world.gateways
        world.plugin.candles = [
            [minute - 60_000 * back, 1, 2, 0.5, 1.5, 3] for back in range(30, 0, -1)
        ]
        first = Ears(one, "candles", BTC)
        await say(world.exchange, C, [[minute, 1, 2, 0.5, 1.5, 3]])
        await until(lambda: first.events)
        early = Ears(two, "candles", BTC)
        await until(lambda: early.events)

        async def whole():
            stream = two.stream("candles", BTC)
            async with stream:
                event = await anext(stream)
                return len(event.data)

        for _ in range(100):
            if await whole() == 31:
                break
            await asyncio.sleep(0.05)
        assert await whole() == 31
        await first.stop()
        await early.stop()


async def test_a_candle_is_closed_once_through_a_takeover(store):
    """The next holder begins after the last that readers have."""
    minute = int(time.time() // 60) * 60_000
    async with sharing(store, 2) as world:
        readers = [Ears(one, "candles", BTC) for one in world.gateways]
        await until(lambda: followed(world.exchange, C))
        before = minute - 120_000
        await world.exchange.say(C, [[before, 1, 2, 0.5, 1.5, 3, True]])
        await world.exchange.say(C, [[before + 60_000, 1, 2, 0.5, 1.5, 3, False]])
        await until(lambda: all(len(one.events) >= 2 for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        stays = readers[world.gateways.index(other)]
        stop_at_once(holder)
        world.plugin.candles = [[before + 60_000 * n, 1, 2, 0.5, 1.5, 3] for n in range(3)]
        await until_slow(lambda: asked(world.exchange, C) == 2)
        await say(world.exchange, C, [[before + 60_000, 1, 3, 0.5, 1.5, 4, True]])
        await world.exchange.say(C, [[before + 120_000, 1, 2, 0.5, 1.5, 3, False]])

        def closed():
            return [
                int(time)
                for one in stays.events
                if one.data is not None
                for at, time in enumerate(one.data.timestamp)
                if at + 1 < len(one.data) or one.data.last_closed
            ]

        await until(lambda: before + 60_000 in closed())
        await until(lambda: stays.events[-1].data.timestamp[-1] == before + 120_000)
        assert closed() == sorted(set(closed()))
        await stays.stop()


async def test_a_pair_that_nobody_lists_is_refused_by_every_worker(store):
    """The lease does not stand in the way."""
    async with sharing(store, 2) as world:
        world.plugin.unlisted = {"BTC"}
        world.exchange.unknown = {T}
        for one in world.gateways:
            with pytest.raises((UnknownSymbol, NoProviderAvailable)):
                await one.stream("ticker", BTC).open()
            assert one.feeds() == []


async def test_a_polled_feed_is_shared(store, monkeypatch):
    """One worker asks for all."""
    monkeypatch.setattr(polled_voice, "_LEAST_POLL_S", 0.1)
    monkeypatch.setattr(polled_voice, "_MOST_POLL_S", 0.1)
    async with sharing(store, 2) as world:
        world.exchange.refuse = 503
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await until_slow(lambda: all(one.events for one in readers))
        _, (other,) = await shared_by(world.gateways)
        assert other.feeds()[0].state == "polled"
        assert not readers[1].events[-1].meta.live
        world.plugin.price = 107.0
        await until_slow(lambda: all(one.prices[-1] == 107.0 for one in readers))
        for one in readers:
            await one.stop()


async def test_a_composite_feed_is_shared(store):
    """A reader that comes is told whose median it is and what is to be said of it, too."""
    async with sharing(store, 2) as world:
        readers = [Ears(one, "ticker", BTC, strategy="consensus") for one in world.gateways]
        await say(world.exchange, T, 101)
        await until_slow(lambda: all(one.events for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        late = [Ears(one, "ticker", BTC, strategy="consensus") for one in (holder, other)]
        await until(lambda: all(one.events for one in late))
        (said,) = {one.events[0].meta.notes for one in readers}
        assert said
        for one in (*readers, *late):
            assert one.events[0].meta.sources == ("a",)
            assert one.events[0].meta.notes == said
        mine, theirs = (
            one.explain_stream("ticker", BTC, strategy="consensus") for one in (holder, other)
        )
        assert (mine.told_by, mine.told_last) == (None, None)
        assert theirs.told_by is not None
        last = theirs.told_last
        assert (last.kind, last.sources, last.notes) == (
            readers[1].events[-1].kind, ("a",), said,
        )  # fmt: skip
        assert last.at == readers[1].events[-1].meta.received_at
        for one in (*readers, *late):
            await one.stop()
        assert asked(world.exchange, T) == 1


async def test_a_worker_that_nobody_reads_explains_what_another_follows(store):
    """It follows nothing for that, and says what it would do where nobody follows it."""
    async with sharing(store, 2) as world:
        holder, other = world.gateways
        before = await other.explain_shared_stream("ticker", BTC)
        assert (before.told_by, before.told_last, before.state) == (None, None, None)
        assert before == other.explain_stream("ticker", BTC)
        reader = Ears(holder, "ticker", BTC)
        await say(world.exchange, T, 101)
        await until(lambda: reader.events)
        found = await other.explain_shared_stream("ticker", BTC)
        assert found.told_by == holder.state.worker
        assert (found.state, found.provider, found.followed) == ("live", "a", False)
        assert found.why == "another process follows it"
        last = reader.events[-1]
        assert (found.told_last.provider, found.told_last.at) == ("a", last.meta.received_at)
        assert found.candidates == other.explain_stream("ticker", BTC).candidates
        assert other.feeds() == []
        mine = await holder.explain_shared_stream("ticker", BTC)
        assert (mine.told_by, mine.followed) == (None, True)
        assert (await other.explain_shared_stream("ticker", BTC, provider="a")).told_by is None
        await reader.stop()
        assert asked(world.exchange, T) == 1


async def test_a_price_that_a_frozen_store_passes_on_late_is_not_told_after_a_newer_one(store):
    """Of another source, so that the sources' own times cannot tell."""
    async with sharing(store, 2) as world:
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await say(world.exchange, T, 101)
        await until(lambda: all(one.events for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        hears = readers[world.gateways.index(other)]
        (feed,) = other._live._shared._feeds
        feed._now_overlaps()
        last = hears.events[-1]

        async def told(price, at_ms):
            meta = structs.replace(last.meta, provider="b", received_at=at_ms)
            data = last.data.model_copy(update={"last": price})
            late = LiveEvent(f"late-{price}", "update", "ticker", BTC, data, meta, "ticker")
            sent = feed_codec.encode(late, feed._holder, "live", None)
            await holder.state.store.ask("PUBLISH", feed.channel_name, sent)

        await told(99, last.meta.received_at - 4_000)
        await told(102, last.meta.received_at)
        await until(lambda: hears.prices[-1] == 102)
        assert 99 not in hears.prices
        for one in readers:
            await one.stop()


async def test_what_is_no_event_is_left_out_and_counted(store):
    """The store is shared with other programs."""
    async with sharing(store, 2) as world:
        readers = [Ears(one, "ticker", BTC) for one in world.gateways]
        await say(world.exchange, T, 101)
        await until(lambda: all(one.events for one in readers))
        holder, (other,) = await shared_by(world.gateways)
        (feed,) = other._live._shared._feeds
        for rubbish in (b"no", b"\x93\x01\x02\x03"):
            await holder.state.store.ask("PUBLISH", feed.channel_name, rubbish)
        await world.exchange.say(T, 102)
        await until(lambda: all(one.prices[-1] == 102.0 for one in readers))
        assert other._live._shared.damaged == 2
        for one in readers:
            await one.stop()
