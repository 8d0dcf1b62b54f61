"""`Gateway.stream_indicator` over exchanges on loopback: as a request would answer, but told."""

import asyncio
import math
import time

import pytest

from coinmux import InsufficientData, InvalidRequest, UnknownIndicator, UnknownProvider
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.streams import connections as connections_module
from coinmux.framework.streams import feed as feed_module
from coinmux.framework.streams import service as service_module
from coinmux.framework.streams import side as side_module
from tests.framework.streams.acme import following
from tests.framework.streams.exchange import until

pytestmark = pytest.mark.realtime
BTC, STEP = "BTC/USDT", 60_000
INDICATORS = ["sma", "ema", "rsi", "macd", "bollinger_bands", "atr", "vwap"]


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers, and time is looked at often."""
    monkeypatch.setattr(connections_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(connections_module, "_FIRST_S", 0.02)
    monkeypatch.setattr(service_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed_module, "_TICK_S", 0.02)
    monkeypatch.setattr(feed_module, "_QUIET_S", 60)
    monkeypatch.setattr(side_module, "_PAUSE_S", 0.02)


def watching(*names):
    """A gateway over sources of these names that computes indicators."""
    return following(*names, also=PluginLoader().discover(allow=INDICATORS))


def minute_before(count):
    return int(time.time() // 60 - count) * STEP


def walk(until_ms, count):
    """Rows of candles that end before that time."""
    found, close = [], 100.0
    for at in range(count):
        opened, close = close, 100 + 5 * math.sin(at / 7) + (at * 37 % 11) / 10
        high, low = max(opened, close) + 0.3, min(opened, close) - 0.2
        found.append([until_ms - (count - at) * STEP, opened, high, low, close, 10.0 + at % 5])
    return found


def frame(row, closed):
    return [row[0], *map(str, row[1:]), closed]


async def say(exchange, channel, body):
    """Say it once the channel is followed."""
    await until(lambda: any(channel in one for one in exchange.channels.values()))
    await exchange.say(channel, body)


async def take(stream, wanted=lambda event: True):
    """The next event that is wanted."""
    async with asyncio.timeout(5):
        async for event in stream:
            if wanted(event):
                return event
    raise AssertionError("it ended")


async def begun(world, name, first, **options):
    """A stream of an indicator that has begun, after its exchange told a candle."""
    stream = world.gateway.stream_indicator(name, BTC, interval="1m", **options)
    entering = asyncio.ensure_future(stream.open())
    await say(world.exchanges["a"], "c:BTC-USDT", [first])
    await asyncio.wait_for(entering, 5)
    return stream


@pytest.mark.parametrize("name", ["sma", "ema", "rsi", "macd", "bollinger-bands", "atr", "vwap"])
async def test_values_are_those_of_a_request(name):
    """Of a closed candle to the last digit: it is computed from as many candles."""
    minute = minute_before(3)
    async with watching("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.candles = walk(minute, 700)
        row = [minute, 100.0, 101.0, 99.0, 100.5, 3.0]
        stream = await begun(world, name, frame(row, closed=False))
        snapshot = await take(stream)
        assert (snapshot.kind, snapshot.capability) == ("snapshot", "indicator")
        assert snapshot.subject.endswith("BTC/USDT 1m")
        data = snapshot.data
        assert (data.indicator, str(data.symbol), data.interval) == (name, BTC, "1m")
        assert len(data.timestamps) == 200
        assert (data.timestamps[-1], data.last_closed) == (minute, False)
        assert (snapshot.meta.provider, snapshot.meta.live) == ("a", True)
        row = [minute, 100.0, 103.0, 99.0, 102.5, 8.0]
        await say(a, "c:BTC-USDT", [frame(row, closed=True)])
        closed = await take(stream, lambda one: one.data and one.data.last_closed)
        assert (closed.kind, closed.data.timestamps) == ("update", (minute,))
        after = [minute + STEP, 102.5, 104.0, 102.0, 103.5, 2.0]
        await say(a, "c:BTC-USDT", [frame(after, closed=False)])
        opened = await take(stream, lambda one: one.data and not one.data.last_closed)
        assert opened.data.timestamps == (minute + STEP,)
        plugin.candles = [*plugin.candles, row, after]
        answer = await world.gateway.indicator(
            name, BTC, interval="1m", limit=200, max_age_s=0, provider="a"
        )
        assert answer.timestamps[-1] == minute + STEP
        for output, column in answer.values.items():
            assert closed.data.values[output] == (column[-2],)
            assert opened.data.latest[output] == pytest.approx(column[-1], rel=1e-9)
        assert opened.data.reading == answer.reading
        assert opened.data.parameters == answer.parameters
        await stream.close()


async def test_it_is_computed_once_for_all_readers(monkeypatch):
    """However many there are; the open candle from no more candles than it takes."""
    minute = minute_before(0)
    async with watching("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.candles = walk(minute, 600)
        row = [minute, 100.0, 101.0, 99.0, 100.5, 3.0]
        first = await begun(world, "sma", frame(row, closed=False), parameters={"period": 20})
        others = [
            world.gateway.stream_indicator("sma", BTC, interval="1m", parameters={"period": "20"})
            for _ in range(20)
        ]
        for other in others:
            await other.open()
            assert len((await take(other)).data.timestamps) == 200
        sizes = []
        service, run = world.gateway.indicators, world.gateway.indicators.run

        async def counted(plan, frame: Frame):
            sizes.append(frame.size)
            return await run(plan, frame)

        monkeypatch.setattr(service, "run", counted)
        await say(a, "c:BTC-USDT", [frame([*row[:4], 100.7, 4.0], closed=False)])
        for other in others:
            event = await take(other)
            assert (event.kind, event.data.timestamps) == ("update", (minute,))
        assert len(sizes) == 1
        assert sizes[0] < 40
        uses = {one.capability: one for one in world.gateway.feeds()}
        assert (uses["indicator"].readers, uses["candles"].readers) == (21, 1)
        assert uses["indicator"].query["indicator"] == "sma"
        for stream in (first, *others):
            await stream.close()
        await until(lambda: world.gateway.feeds() == [])


async def test_another_source_tells_it_from_its_own_history():
    """Readers are told who, and get the state as a whole, computed from that one's candles."""
    minute = minute_before(0)
    async with watching("a", "b") as world:
        a, b = world.exchanges["a"], world.exchanges["b"]
        row = [minute, 100.0, 101.0, 99.0, 100.5, 3.0]
        for name, offset in (("a", 0), ("b", 1)):
            rows = walk(minute, 600)
            world.plugins[name].candles = [
                [at, *(price + offset for price in prices), volume] for at, *prices, volume in rows
            ]
        stream = await begun(world, "sma", frame(row, closed=False))
        before = await take(stream)
        a.refuse = 500
        a.cut()
        other = [minute, 101.0, 102.0, 100.0, 101.5, 3.0]
        await say(b, "c:BTC-USDT", [frame(other, closed=False)])
        said = await take(stream, lambda one: one.kind == "source")
        assert (said.meta.provider, said.data) == ("b", None)
        assert said.meta.notes[0].startswith("a: ")
        after = await take(stream, lambda one: one.kind == "snapshot")
        assert after.meta.provider == "b"
        assert after.data.values["sma"][0] == pytest.approx(before.data.values["sma"][0] + 1)
        found = stream.explain()
        assert (found.capability, found.provider) == ("candles", "b")
        await stream.close()


async def test_closed_candles_alone_may_be_followed():
    """The open one is nowhere in them."""
    minute = minute_before(3)
    async with watching("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.candles = walk(minute, 600)
        row = [minute, 100.0, 101.0, 99.0, 100.5, 3.0]
        stream = await begun(world, "ema", frame(row, closed=False), closed_only=True)
        snapshot = await take(stream)
        assert (snapshot.data.timestamps[-1], snapshot.data.last_closed) == (minute - STEP, True)
        await say(a, "c:BTC-USDT", [frame([*row[:4], 100.8, 5.0], closed=False)])
        await say(a, "c:BTC-USDT", [frame([*row[:4], 100.9, 6.0], closed=True)])
        event = await take(stream)
        assert (event.data.timestamps, event.data.last_closed) == ((minute,), True)
        await stream.close()


async def test_where_candles_are_polled_values_follow_them():
    """`meta.live` says so."""
    minute = minute_before(0)
    async with watching("a") as world:
        world.exchanges["a"].refuse = 500
        world.plugins["a"].candles = [*walk(minute, 600), [minute, 100, 101, 99, 100.5, 3]]
        async with world.gateway.stream_indicator("rsi", BTC, interval="1m") as stream:
            event = await take(stream)
            assert (event.kind, event.meta.live, event.meta.provider) == ("snapshot", False, "a")
            assert event.data.timestamps[-1] == minute


async def test_a_reader_resumes_after_the_last_event_it_had():
    """As of a market."""
    minute = minute_before(0)
    async with watching("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.candles = walk(minute, 600)
        row = [minute, 100.0, 101.0, 99.0, 100.5, 3.0]
        stream = await begun(world, "rsi", frame(row, closed=False))
        first = await take(stream)
        await say(a, "c:BTC-USDT", [frame([*row[:4], 100.8, 5.0], closed=False)])
        newest = await take(stream)
        async with world.gateway.stream_indicator(
            "rsi", BTC, interval="1m", since=first.id
        ) as again:
            event = await take(again)
            assert (event.kind, event.id) == ("update", newest.id)
        await stream.close()


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("nosuch", {}, UnknownIndicator),
        ("rsi", {"interval": "7m"}, InvalidRequest),
        ("rsi", {"parameters": {"period": 1}}, InvalidRequest),
        ("rsi", {"parameters": {"nosuch": 1}}, InvalidRequest),
        ("rsi", {"strategy": "consensus"}, InvalidRequest),
        ("rsi", {"waiting": 0}, InvalidRequest),
        ("rsi", {"provider": "nobody"}, UnknownProvider),
    ],
)
async def test_what_cannot_be_followed_is_refused(name, options, error):
    """When it is asked for, or when it is entered; nothing goes on after it."""
    async with watching("a") as world:
        with pytest.raises(error):
            async with world.gateway.stream_indicator(name, BTC, **{"interval": "1m", **options}):
                pass
        await until(lambda: world.gateway.feeds() == [])


async def test_too_short_a_history_is_refused():
    """As by a request; the candles are followed no longer."""
    minute = minute_before(0)
    async with watching("a") as world:
        world.plugins["a"].candles = walk(minute, 5)
        row = [minute, 100.0, 101.0, 99.0, 100.5, 3.0]
        with pytest.raises(InsufficientData):
            await begun(world, "rsi", frame(row, closed=False))
        await until(lambda: world.gateway.feeds() == [])


class Uninstalled:
    """What is installed, once these plugins no longer are."""

    def __init__(self, gateway, *names):
        self._left = [one for one in gateway.loader.found if one.name not in names]

    def look(self):
        """It is known."""

    def found(self, allow=(), block=()):
        return self._left

    def names(self):
        return [one.name for one in self._left]


async def test_one_whose_indicator_is_uninstalled_says_so():
    """What was told stays, and is told to be no longer true."""
    minute = minute_before(3)
    async with watching("a") as world:
        a, plugin = world.exchanges["a"], world.plugins["a"]
        plugin.candles = walk(minute, 300)
        row = [minute, 100.0, 101.0, 99.0, 100.5, 3.0]
        stream = await begun(world, "rsi", frame(row, closed=False))
        await take(stream)
        world.gateway.registry.looks = True
        world.gateway.loader.installed_plugins = Uninstalled(world.gateway, "rsi")
        assert [one.name for one in (await world.gateway.reload()).plugins.retired] == ["rsi"]
        notes = ()
        # Its candles may be stale for a moment first: the reload made their source anew.
        while not any("no indicator 'rsi'" in note for note in notes):
            row[4] += 0.5
            await say(a, "c:BTC-USDT", [frame(row, closed=False)])
            event = await take(stream)
            notes = event.meta.notes if event.kind == "stale" else ()
        await stream.close()


async def test_a_feed_goes_over_to_another_source_where_its_own_is_uninstalled():
    async with watching("a", "b") as world:
        a, b = world.exchanges["a"], world.exchanges["b"]
        stream = world.gateway.stream("ticker", BTC)
        entering = asyncio.ensure_future(stream.open())
        await say(a, "t:BTC-USDT", 101)
        await asyncio.wait_for(entering, 5)
        assert (await take(stream)).meta.provider == "a"
        world.gateway.registry.looks = True
        world.gateway.loader.installed_plugins = Uninstalled(world.gateway, "a")
        assert [one.name for one in (await world.gateway.reload()).plugins.retired] == ["a"]
        await say(b, "t:BTC-USDT", 102)
        told = await take(stream, lambda event: event.data is not None)
        assert (told.meta.provider, told.data.last) == ("b", 102.0)
        await until(lambda: not a.channels)
        assert "a:live" not in world.gateway.health.sources()
        await stream.close()
