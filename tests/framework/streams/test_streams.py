"""`Gateway.stream` over exchanges on loopback: shared, failed over, filled, refused."""

import asyncio
import time

import pytest

from coinmux import InvalidRequest, SyncGateway, UnknownProvider, UnknownSymbol
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.streams import channel_silence, polled_voice
from coinmux.framework.streams import connections as connections_module
from coinmux.framework.streams import feed as feed_module
from coinmux.framework.streams import service as service_module
from coinmux.framework.streams import side as side_module
from coinmux.framework.streams import silence as silence_module
from tests.framework.streams.acme import Acme, following
from tests.framework.streams.exchange import Exchange, until

pytestmark = pytest.mark.realtime
BTC = "BTC/USDT"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers, and time is looked at often."""
    monkeypatch.setattr(connections_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(connections_module, "_FIRST_S", 0.02)
    monkeypatch.setattr(service_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed_module, "_TICK_S", 0.02)
    monkeypatch.setattr(feed_module, "_QUIET_S", 60)  # on a slow machine two seconds are soon over
    monkeypatch.setattr(side_module, "_PAUSE_S", 0.02)
    monkeypatch.setattr("coinmux.framework.streams.place._OVERLAP_S", 0.1)


async def say(exchange, channel, body):
    """Once the channel is followed."""
    await until(lambda: any(channel in one for one in exchange.channels.values()))
    await exchange.say(channel, body)


async def take(stream, count=1):
    """The next events."""
    found = []
    async with asyncio.timeout(5):
        while len(found) < count:
            found.append(await anext(stream))
    return found


async def opened(world, *asked, first=None, **options):
    """A stream that has begun, after `first` was said to its exchange."""
    stream = world.gateway.stream(*asked, **options)
    entering = asyncio.ensure_future(stream.open())
    if first is not None:
        await say(*first)
    await asyncio.wait_for(entering, 5)
    return stream


async def test_a_price_is_told_as_it_changes():
    """The first event is a snapshot, each has its source."""
    async with following("a", "b") as world:
        a = world.exchanges["a"]
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        await say(a, "t:BTC-USDT", 102)
        first, second = await take(stream, 2)
        assert (first.kind, first.data.last) == ("snapshot", 101.0)
        assert (second.kind, second.data.last) == ("update", 102.0)
        assert (first.subject, first.meta.provider, first.meta.live) == (BTC, "a", True)
        assert world.exchanges["b"].connected == 0
        await stream.close()


async def test_many_readers_cost_one_subscription():
    """However many follow it, the exchange is asked once; with the last of them it ends."""
    async with following("a") as world:
        a = world.exchanges["a"]
        first = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        others = [await opened(world, "ticker", BTC) for _ in range(99)]
        await say(a, "t:BTC-USDT", 102)
        for stream in others:
            events = await take(stream, 1)
            assert events[0].data.last in (101.0, 102.0)
        assert len([one for one in a.asked if "t:BTC-USDT" in one]) == 1
        (use,) = world.gateway.feeds()
        assert (use.readers, use.state, use.provider) == (100, "live", "a")
        for stream in (first, *others):
            await stream.close()
        await until(lambda: not a.peers)
        assert world.gateway.feeds() == []


async def test_another_source_takes_over_and_readers_stay():
    """They are told who tells it now, and why."""
    async with following("a", "b") as world:
        a, b = world.exchanges["a"], world.exchanges["b"]
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        await take(stream)
        a.cut()
        await say(b, "t:BTC-USDT", 101.5)
        told, data = await take(stream, 2)
        assert (told.kind, told.data, told.meta.provider) == ("source", None, "b")
        assert "a: " in told.meta.notes[0]
        assert (data.kind, data.data.last, data.meta.provider) == ("snapshot", 101.5, "b")
        (use,) = world.gateway.feeds()
        assert use.failovers == 1
        await stream.close()


@pytest.fixture
def soon_suspicious(monkeypatch):
    """A channel's silence is suspicious after half a second."""
    monkeypatch.setattr(silence_module, "_LEARNS_S", 0.2)
    monkeypatch.setattr(channel_silence, "_LEAST_S", 0.5)
    monkeypatch.setattr(channel_silence, "_COMES_S", 0.2)


@pytest.mark.usefixtures("soon_suspicious")
async def test_a_channel_that_stops_on_a_living_connection_is_replaced():
    """Its source itself tells another price; other feeds on the connection go on."""
    async with following("a", "b") as world:
        a, b = world.exchanges["a"], world.exchanges["b"]
        world.plugins["a"].price = 101.0
        other = await opened(
            world, "trades", BTC, first=(a, "x:BTC-USDT", [[1, 1_764_000_000_000]])
        )
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        for _ in range(10):
            await say(a, "t:BTC-USDT", 101)
            await asyncio.sleep(0.05)
        asked = len(world.plugins["a"].asked)
        await until(lambda: len(world.plugins["a"].asked) > asked)
        await asyncio.sleep(0.5)
        assert world.gateway.feeds()[-1].provider == "a"
        world.plugins["a"].price = 102.0
        await say(a, "t:BTC-USDT", 101)
        await say(b, "t:BTC-USDT", 102)
        async with asyncio.timeout(10):
            event = await anext(stream)
            while event.kind != "source":
                event = await anext(stream)
        assert event.meta.provider == "b"
        assert "a: its channel said nothing for" in event.meta.notes[0]
        explained = stream.explain()
        (avoided,) = [one for one in explained.candidates if one.provider == "a"]
        assert "its channel said nothing" in avoided.detail
        assert len(a.peers) == 1
        for one in (stream, other):
            await one.close()


@pytest.mark.usefixtures("soon_suspicious")
async def test_a_sole_source_is_asked_for_a_channel_that_stopped_once_more():
    async with following("a") as world:
        a = world.exchanges["a"]
        world.plugins["a"].price = 102.0
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        for _ in range(10):
            await say(a, "t:BTC-USDT", 101)
            await asyncio.sleep(0.05)

        def subscribed():
            return len([one for one in a.asked if "t:BTC-USDT" in one and '"subscribe"' in one])

        await until(lambda: subscribed() == 2)
        await say(a, "t:BTC-USDT", 103)
        async with asyncio.timeout(10):
            event = await anext(stream)
            while event.data is None or event.data.last != 103:
                event = await anext(stream)
        assert event.meta.live
        await stream.close()


async def test_a_pinned_source_is_waited_for():
    """Nobody else is followed; what is known is said to be old until it is back."""
    async with following("a", "b") as world:
        a = world.exchanges["a"]
        stream = await opened(world, "ticker", BTC, provider="a", first=(a, "t:BTC-USDT", 101))
        await take(stream)
        a.cut()
        (stale,) = await take(stream)
        assert (stale.kind, stale.data) == ("stale", None)
        await until(lambda: a.connected == 2)
        await say(a, "t:BTC-USDT", 103)
        (back,) = await take(stream)
        assert (back.kind, back.data.last) == ("snapshot", 103.0)
        assert world.exchanges["b"].connected == 0
        await stream.close()


async def test_a_followed_market_costs_a_request_no_call():
    """What a feed told is an answer of its source."""
    async with following("a") as world:
        a = world.exchanges["a"]
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        await until(lambda: world.gateway.cache.used)
        answer = await world.gateway.ticker(BTC)
        assert (answer.data.last, answer.provider) == (101.0, "a")
        assert world.plugins["a"].asked == []
        await stream.close()


async def test_no_trade_is_lost_or_told_twice_when_a_connection_is_cut():
    """What was traded meanwhile is asked for by REST, and marked."""
    now = int(time.time() * 1000) - 60_000
    async with following("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.trades = [(1, now), (2, now + 1)]
        stream = await opened(
            world, "trades", BTC, first=(a, "x:BTC-USDT", [(2, now + 1), (3, now + 2)])
        )
        events = await take(stream)
        plugin.trades = [(at, now + at - 1) for at in range(1, 7)]
        a.cut()
        await until(lambda: a.connected == 2)
        await say(a, "x:BTC-USDT", [(7, now + 6)])
        ids = [one.id for event in events if event.data for one in event.data.trades]
        filled = set()
        async with asyncio.timeout(5):
            while "7" not in ids or len(set(ids)) < 6:
                event = await anext(stream)
                if event.data is not None and event.kind != "snapshot":
                    ids += [one.id for one in event.data.trades]
                    if event.meta.filled_by:
                        filled |= {one.id for one in event.data.trades}
                elif event.kind == "snapshot":
                    ids = list(dict.fromkeys([*ids, *(one.id for one in event.data.trades)]))
        assert {"2", "3", "4", "5", "6", "7"} <= set(ids)
        assert len(ids) == len(set(ids))
        await stream.close()


async def test_a_connection_that_is_replaced_loses_no_trade_and_asks_nobody():
    """What both connections tell is told once."""
    now = int(time.time() * 1000) - 60_000
    async with following("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        stream = await opened(world, "trades", BTC, first=(a, "x:BTC-USDT", [(1, now)]))
        book = {"bids": [["100", "1"]], "asks": [["101", "1"]], "is_whole": True, "last": 5}
        books = await opened(world, "order_book", BTC, first=(a, "b:BTC-USDT", book))
        await until(lambda: plugin.asked)
        await asyncio.sleep(0.1)
        asked = len(plugin.asked)
        await a.send('{"op": "leaving"}')
        await until(lambda: len(a.channels) == 2)
        await until(lambda: all(len(one) == 2 for one in a.channels.values()))
        await a.say("x:BTC-USDT", [(2, now + 1)])
        await a.say("b:BTC-USDT", {**book, "last": 6})
        await a.say("x:BTC-USDT", [(3, now + 2)])
        await until(lambda: len(a.peers) == 1)
        sent = len(a.asked)
        await a.say("x:BTC-USDT", [(4, now + 3)])
        change = {"bids": [["100.5", "2"]], "asks": [], "previous": 6, "last": 7}
        await a.say("b:BTC-USDT", change)
        ids, kinds = [], set()
        while "4" not in ids:
            (event,) = await take(stream)
            ids += [one.id for one in event.data.trades]
            kinds.add(event.kind)
        assert ids == ["1", "2", "3", "4"]
        assert kinds == {"snapshot", "update"}
        assert len(plugin.asked) == asked
        best = 0.0
        while best != 100.5:
            (event,) = await take(books)
            best = event.data.bids[0][0]
        assert len(a.asked) == sent, "no book was asked for anew"
        await stream.close()
        await books.close()


async def test_a_cut_connection_is_one_failure_however_many_feeds_it_had():
    """The source's channel stays where it is."""
    now = int(time.time() * 1000) - 60_000
    async with following("a") as world:
        a, health = world.exchanges["a"], world.gateway.health
        book = {"bids": [["100", "1"]], "asks": [["101", "1"]], "is_whole": True, "last": 5}
        streams = [
            await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101)),
            await opened(world, "trades", BTC, first=(a, "x:BTC-USDT", [(1, now)])),
            await opened(world, "order_book", BTC, first=(a, "b:BTC-USDT", book)),
        ]
        assert a.connected == 1
        a.cut()
        await until(lambda: a.connected == 2)
        assert health.snapshot("a:live").failures == 1
        for stream in streams:
            await stream.close()


async def test_a_loss_that_cannot_be_mended_is_said():
    """From when to when, and how many."""
    now = int(time.time() * 1000) - 60_000
    async with following("a") as world:
        a = world.exchanges["a"]
        stream = await opened(world, "trades", BTC, first=(a, "x:BTC-USDT", [(3, now)]))
        await say(a, "x:BTC-USDT", [(9, now + 5_000)])
        async with asyncio.timeout(5):
            async for event in stream:
                if event.kind == "gap":
                    break
        assert "5 trades" in event.meta.missed
        await stream.close()


async def test_a_broken_book_is_repaired_by_a_fresh_one():
    """And is never told while it is not known to be right."""
    async with following("a") as world:
        a = world.exchanges["a"]
        whole = {"bids": [["100", "1"]], "asks": [["101", "1"]], "is_whole": True, "last": 5}
        stream = await opened(world, "order_book", BTC, first=(a, "b:BTC-USDT", whole))
        (first,) = await take(stream)
        assert first.data.bids[0] == (100.0, 1.0)
        before = len(a.asked)
        await say(a, "b:BTC-USDT", {"bids": [["99", "1"]], "asks": [], "previous": 7, "last": 8})
        await until(lambda: len(a.asked) >= before + 2)
        await say(a, "b:BTC-USDT", {**whole, "last": 20, "bids": [["100.5", "2"]]})
        (again,) = await take(stream)
        assert again.data.bids == ((100.5, 2.0),)
        await stream.close()


async def test_candles_form_and_close_once():
    """What was before them is asked for by REST."""
    minute = int(time.time() // 60 - 3) * 60_000
    async with following("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.candles = [[minute - 60_000 * at, 99, 101, 99, 100, 5] for at in range(1, 4)]
        row = [minute, "100", "101", "100", "101", "1", False]
        stream = await opened(world, "candles", BTC, first=(a, "c:BTC-USDT", [row]))
        await say(a, "c:BTC-USDT", [[*row[:6], True]])
        await say(a, "c:BTC-USDT", [[minute + 60_000, "101", "101", "101", "101", "1", False]])
        closed = []
        async with asyncio.timeout(5):
            while minute not in closed:
                event = await anext(stream)
                if event.data is not None and event.kind == "update":
                    ended = event.data.last_closed is not False
                    closed += [int(at) for at in event.data.timestamp] if ended else []
        assert closed.count(minute) == 1
        await stream.close()


async def test_candles_of_another_market_do_not_fill_what_was_missed():
    """The answer names no pair; its price tells, also to a reader that comes later."""
    minute = int(time.time() // 60 - 3) * 60_000
    async with following("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        await world.gateway.ticker(BTC)
        row = [minute, "100", "101", "100", "101", "1"]
        stream = await opened(world, "candles", BTC, first=(a, "c:BTC-USDT", [[*row, False]]))
        plugin.candles = [[minute + 60_000 * at, 0.1, 0.2, 0.1, 0.15, 5] for at in range(3)]
        plugin.asked.clear()
        a.cut()
        await until(lambda: not a.channels)
        await say(a, "c:BTC-USDT", [[minute + 120_000, *row[1:], False]])
        await until(lambda: [one for one in plugin.asked if getattr(one, "end", None)])
        async with asyncio.timeout(10):
            event = await anext(stream)
            while event.kind != "gap":
                assert event.data is None or min(event.data.low) > 1
                event = await anext(stream)
        late = await opened(world, "candles", BTC)
        (first,) = await take(late)
        assert min(first.data.low) > 1
        for one in (stream, late):
            await one.close()


async def test_a_source_without_sockets_is_polled_once_for_all():
    """`meta.live` says so."""
    async with following("a") as world:
        world.exchanges["a"].refuse = 500
        streams = [await opened(world, "ticker", BTC) for _ in range(3)]
        for stream in streams:
            (first,) = await take(stream)
            assert (first.kind, first.data.last, first.meta.live) == ("snapshot", 100.0, False)
        assert len(world.plugins["a"].asked) == 1
        for stream in streams:
            await stream.close()


async def test_a_slow_answer_keeps_nobody_from_following_the_next_source(monkeypatch):
    """Two sources say nothing, and a request takes long: the third tells it meanwhile."""
    monkeypatch.setattr(feed_module, "_QUIET_S", 0.05)
    monkeypatch.setattr(feed_module, "_BESIDE_S", 0.2)
    monkeypatch.setattr(feed_module, "_INSTEAD_S", 0.4)
    async with following("a", "b", "c") as world:
        for plugin in world.plugins.values():
            plugin.answered.clear()
        stream = await opened(world, "ticker", BTC, first=(world.exchanges["c"], "t:BTC-USDT", 101))
        (first,) = await take(stream)
        assert (first.meta.provider, first.meta.live) == ("c", True)
        assert sum(len(plugin.asked) for plugin in world.plugins.values()) == 1
        await stream.close()


async def test_while_nothing_is_told_it_is_asked_for_again(monkeypatch):
    """The first request failed; the next answers."""
    monkeypatch.setattr(feed_module, "_QUIET_S", 0.05)
    monkeypatch.setattr(polled_voice, "_AGAIN_S", 0.2)
    async with following("a") as world:
        plugin = world.plugins["a"]
        plugin.failures = 1
        stream = await opened(world, "ticker", BTC)
        (first,) = await take(stream)
        assert (first.data.last, first.meta.live) == (100.0, False)
        assert len(plugin.asked) == 2
        await say(world.exchanges["a"], "t:BTC-USDT", 101)
        event = first
        while not event.meta.live:
            (event,) = await take(stream)
        assert event.data.last == 101.0
        await stream.close()


async def test_a_reader_resumes_after_the_last_event_it_had():
    """What came since is told in order; from too long ago it gets a snapshot, and is told."""
    async with following("a") as world:
        a = world.exchanges["a"]
        keeper = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        (first,) = await take(keeper)
        for price in (102, 103):
            await say(a, "t:BTC-USDT", price)
        await until(lambda: world.gateway.feeds()[0].events >= 3)
        back = await opened(world, "ticker", BTC, since=first.id)
        (newest,) = await take(back)
        assert newest.data.last == 103.0
        late = await opened(world, "ticker", BTC, since="long-ago")
        (again,) = await take(late)
        assert (again.kind, again.data.last) == ("snapshot", 103.0)
        assert again.meta.notes
        for stream in (keeper, back, late):
            await stream.close()


@pytest.mark.parametrize(
    ("asked", "options", "error", "name"),
    [
        (("tickr", BTC), {}, InvalidRequest, "capability"),
        (("ticker", "!!"), {}, InvalidRequest, None),
        (("ticker", BTC), {"interval": "1m"}, InvalidRequest, "interval"),
        (("candles", BTC), {"interval": "7m"}, InvalidRequest, None),
        (("trades", BTC), {"depth": 5}, InvalidRequest, "depth"),
        (("order_book", BTC), {"depth": 0}, InvalidRequest, None),
        (("ticker", BTC), {"waiting": 0}, InvalidRequest, "waiting"),
        (("ticker", BTC), {"provider": "nobody"}, UnknownProvider, None),
    ],
)
async def test_what_cannot_be_followed_is_refused(asked, options, error, name):
    """When it is asked for, or when it is entered."""
    async with following("a") as world:
        with pytest.raises(error) as refused:
            async with world.gateway.stream(*asked, **options):
                pass
        if name is not None:
            assert refused.value.errors[0]["name"] == name


async def test_a_pair_nobody_lists_is_refused_at_once():
    """Whoever follows it does not wait for what never comes."""
    async with following("a", "b") as world:
        for name in ("a", "b"):
            world.exchanges[name].unknown = {"t:NOPE-USDT"}
            world.plugins[name].unlisted = {"NOPE"}
        async with asyncio.timeout(5):
            with pytest.raises(UnknownSymbol):
                await world.gateway.stream("ticker", "NOPE/USDT").open()
        assert world.gateway.feeds() == []


async def test_a_source_that_does_not_list_a_pair_leaves_it_to_others():
    """That counts against nobody."""
    async with following("a", "b") as world:
        world.exchanges["a"].unknown = {"t:BTC-USDT"}
        world.plugins["a"].unlisted = {"BTC"}
        b = world.exchanges["b"]
        stream = await opened(world, "ticker", BTC, first=(b, "t:BTC-USDT", 101))
        event = None
        while event is None or not event.meta.live:
            (event,) = await take(stream)
            assert event.meta.provider == "b"
        assert world.gateway.health.snapshot("a:live").state.value in ("UNKNOWN", "HEALTHY")
        await stream.close()


async def test_a_composite_price_is_the_median_of_those_that_agree():
    """The outlier is named, with how far it is off; one that is lost is left out."""
    async with following("a", "b", "c") as world:
        entering = asyncio.ensure_future(
            (stream := world.gateway.stream("ticker", BTC, strategy="consensus")).open()
        )
        for name, price in (("a", 100.0), ("b", 100.2), ("c", 109.0)):
            await say(world.exchanges[name], "t:BTC-USDT", price)
        await asyncio.wait_for(entering, 5)
        event = None
        while event is None or event.meta.outliers == ():
            (event,) = await take(stream)
            await say(world.exchanges["c"], "t:BTC-USDT", 109.0)
        assert event.data.last == pytest.approx(100.1)
        assert event.meta.provider == "consensus"
        assert event.meta.sources == ("a", "b")
        ((outlier, percent),) = event.meta.outliers
        assert (outlier, round(percent)) == ("c", 9)
        for exchange in world.exchanges.values():
            exchange.refuse = 500
        world.exchanges["b"].cut()
        world.exchanges["c"].cut()
        while event.meta.sources != ("a",):
            (event,) = await take(stream)
        assert "nobody confirms it" in event.meta.notes[0]
        await stream.close()


async def test_a_source_that_is_switched_off_is_followed_no_longer():
    """Readers go on with another."""
    async with following("a", "b") as world:
        a, b = world.exchanges["a"], world.exchanges["b"]
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        await take(stream)
        world.environ["A_ENABLED"] = "off"
        await world.gateway.reload()
        await say(b, "t:BTC-USDT", 101.5)
        told, data = await take(stream, 2)
        assert (told.kind, told.meta.provider) == ("source", "b")
        assert "settings changed" in told.meta.notes[0]
        assert data.data.last == 101.5
        await until(lambda: not a.peers)
        await stream.close()


async def test_a_slow_reader_of_candles_gets_the_whole_snapshot():
    """The newest candle does not take the place of those before it."""
    minute = int(time.time() // 60) * 60_000
    async with following("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.candles = [[minute - 60_000 * at, 99, 101, 99, 100, 5] for at in range(1, 4)]
        row = [minute, "100", "101", "100", "100", "1", False]
        keeper = await opened(world, "candles", BTC, first=(a, "c:BTC-USDT", [row]))
        await until(lambda: plugin.asked)
        await asyncio.sleep(0.05)
        slow = await opened(world, "candles", BTC)
        await say(a, "c:BTC-USDT", [[*row[:4], "101", "2", False]])
        await until(lambda: world.gateway.feeds()[0].messages >= 2)
        await asyncio.sleep(0.05)
        batch = await slow.batch()
        assert len(batch[0].data) == 4
        await keeper.close()
        await slow.close()


async def test_closing_the_gateway_ends_every_stream():
    """Whoever waits for an event is told that there are no more."""
    async with following("a") as world:
        a = world.exchanges["a"]
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        await take(stream)
        waiting = asyncio.ensure_future(stream.batch())
        await asyncio.sleep(0)
        await world.gateway.close()
        assert await asyncio.wait_for(waiting, 5) == []


async def test_a_program_without_an_event_loop_follows_too():
    """By a plain `with` and a plain `for`."""
    async with Exchange().open() as exchange:
        environ = {"CHECKER": "off", "ARCHIVE": "off", "A_WS_URL": exchange.url}
        found = [in_process("a", Acme("a", exchange))]

        def read():
            with SyncGateway.from_env(None, environ=environ, found=found) as gateway:
                gateway.wait_loaded()
                with gateway.stream("ticker", BTC) as stream:
                    for event in stream:
                        return event.kind, event.data.last
            return None

        reading = asyncio.ensure_future(asyncio.to_thread(read))
        await say(exchange, "t:BTC-USDT", 101)
        assert await asyncio.wait_for(reading, 10) == ("snapshot", 101.0)


async def test_a_source_that_refused_is_followed_anew_later(monkeypatch):
    """Nobody else is there: what is told meanwhile is asked for by REST."""
    monkeypatch.setattr(feed_module, "_AVOID_S", 0.1)
    monkeypatch.setattr(feed_module, "_BETTER_S", 0.05)
    async with following("a") as world:
        a = world.exchanges["a"]
        a.unknown = {"t:BTC-USDT"}
        stream = await opened(world, "ticker", BTC)
        (first,) = await take(stream)
        assert (first.meta.live, first.data.last) == (False, 100.0)
        a.unknown = set()
        await say(a, "t:BTC-USDT", 101)
        event = first
        while not event.meta.live:
            (event,) = await take(stream)
        assert event.data.last == 101.0
        await stream.close()


async def test_a_reader_that_comes_during_a_failover_is_told_by_whom_its_snapshot_is():
    """The next source is followed already and has been asked, but has told nothing yet."""
    now = int(time.time() * 1000) - 60_000
    async with following("a", "b") as world:
        a = world.exchanges["a"]
        world.plugins["b"].trades = [(7, now - 5, 200.0)]
        keeper = await opened(world, "trades", BTC, first=(a, "x:BTC-USDT", [(3, now)]))
        a.refuse = 500
        a.cut()
        await until(lambda: world.plugins["b"].asked)
        await asyncio.sleep(0.05)
        late = await opened(world, "trades", BTC)
        (event,) = await take(late)
        assert [(event.meta.provider, one.id) for one in event.data.trades] == [("a", "3")]
        for stream in (keeper, late):
            await stream.close()
