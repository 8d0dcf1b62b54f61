"""`explain` of what is followed: who tells it, why no other, and what happened lately."""

import asyncio
import time

import pytest

from coinmux import InvalidRequest, UnknownProvider
from coinmux.framework.streams import connections as connections_module
from coinmux.framework.streams import feed as feed_module
from coinmux.framework.streams import service as service_module
from coinmux.framework.streams import side as side_module
from coinmux.framework.streams.sync_stream import SyncStream
from tests.framework.streams.acme import following
from tests.framework.streams.exchange import until

pytestmark = pytest.mark.realtime
BTC = "BTC/USDT"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers, and time is looked at often."""
    monkeypatch.setattr(connections_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(connections_module, "_FIRST_S", 0.02)
    monkeypatch.setattr(service_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed_module, "_TICK_S", 0.02)
    monkeypatch.setattr(feed_module, "_QUIET_S", 60)
    monkeypatch.setattr(side_module, "_PAUSE_S", 0.02)


async def say(exchange, channel, body):
    """Say it once the channel is followed."""
    await until(lambda: any(channel in one for one in exchange.channels.values()))
    await exchange.say(channel, body)


async def opened(world, *asked, first, **options):
    """A stream that has begun, after `first` was said to its exchange."""
    stream = world.gateway.stream(*asked, **options)
    entering = asyncio.ensure_future(stream.open())
    await say(*first)
    await asyncio.wait_for(entering, 5)
    return stream


def lines(found):
    return {one.provider: (one.verdict, one.reason) for one in found.candidates}


async def test_what_nobody_follows_is_explained_without_following_it():
    """Who would tell it, and why the others would not; no exchange hears of it."""
    async with following("a", "b", "c", "d", B_ENABLED="off") as world:
        found = world.gateway.explain_stream("order_book", BTC, depth=5)
        assert (found.capability, found.subject, found.query) == ("order_book", BTC, {"depth": 5})
        assert (found.followed, found.state, found.since, found.readers) == (False, None, None, 0)
        assert (found.provider, found.title) == ("a", "A")
        assert lines(found) == {
            "a": ("chosen", "first_choice"),
            "c": ("skipped", "not_needed"),
            "d": ("skipped", "not_needed"),
            "b": ("skipped", "switched_off"),
        }
        assert [one.rank for one in found.candidates] == [1, 2, 3, None]
        assert "a would tell it" in found.why
        assert found.polled_every_s is None
        assert (found.switches, found.losses) == ((), ())
        assert world.gateway.feeds() == []
        assert not any(exchange.connected for exchange in world.exchanges.values())


async def test_a_pinned_source_would_tell_it_alone():
    """The others are not asked."""
    async with following("a", "b") as world:
        found = world.gateway.explain_stream("ticker", BTC, provider="b")
        assert (found.pinned, found.provider) == ("b", "b")
        assert lines(found)["a"] == ("skipped", "not_pinned")


async def test_a_composite_price_would_be_told_by_several():
    """As many as are compared."""
    async with following("a", "b", "c", "d", CONSENSUS_SOURCES="3") as world:
        found = world.gateway.explain_stream("ticker", BTC, strategy="consensus")
        assert (found.provider, found.strategy) == ("consensus", "consensus")
        assert [one.verdict for one in found.candidates] == ["chosen"] * 3 + ["skipped"]


async def test_who_took_over_and_why_is_told():
    """The source that failed is avoided for a while; when each took over is kept."""
    async with following("a", "b") as world:
        a, b = world.exchanges["a"], world.exchanges["b"]
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        found = stream.explain()
        assert (found.followed, found.state, found.provider) == (True, "live", "a")
        assert lines(found) == {"a": ("chosen", "tells"), "b": ("skipped", "not_needed")}
        assert found.why == "it is the best of those that can tell it"
        a.refuse = 500
        a.cut()
        await say(b, "t:BTC-USDT", 101.5)
        await until(lambda: stream.explain().provider == "b")
        found = stream.explain()
        assert (found.state, found.readers) == ("live", 1)
        assert lines(found)["b"] == ("chosen", "tells")
        verdict, reason = lines(found)["a"]
        assert verdict == "skipped"
        assert reason in ("avoided", "circuit_open")
        (refused,) = (one for one in found.candidates if one.provider == "a")
        assert refused.retry_at > time.time() * 1000
        first, second = found.switches
        assert (first.before, first.provider, first.state, first.reason) == (
            None, "a", "live", None,
        )  # fmt: skip
        assert (second.before, second.provider, second.state) == ("a", "b", "live")
        assert second.reason.startswith("a: ")
        assert found.since == second.at >= first.at
        await stream.close()


async def test_what_is_polled_says_how_often_and_why():
    """No socket can be followed, so it is asked."""
    async with following("a") as world:
        world.exchanges["a"].refuse = 500
        stream = world.gateway.stream("ticker", BTC)
        await asyncio.wait_for(stream.open(), 5)
        await until(lambda: stream.explain().polled_every_s)
        found = stream.explain()
        assert (found.state, found.provider) == ("polled", "a")
        assert 1 <= found.polled_every_s <= 60
        assert "no socket tells it" in found.why
        assert lines(found)["a"][0] == "skipped"
        await stream.close()


async def test_losses_are_kept_with_what_was_missed():
    """A gap by its words, and how many there were."""
    now = int(time.time() * 1000) - 60_000
    async with following("a") as world:
        a = world.exchanges["a"]
        stream = await opened(world, "trades", BTC, first=(a, "x:BTC-USDT", [(3, now)]))
        await say(a, "x:BTC-USDT", [(9, now + 5_000)])
        await until(lambda: stream.explain().gaps)
        found = stream.explain()
        assert (found.losses[-1].provider, found.losses[-1].filled_by) == ("a", None)
        assert "5 trades" in found.losses[-1].missed
        await stream.close()


@pytest.mark.parametrize(
    ("asked", "options", "error"),
    [
        (("tickr", BTC), {}, InvalidRequest),
        (("ticker", "!!"), {}, InvalidRequest),
        (("ticker", BTC), {"depth": 5}, InvalidRequest),
        (("trades", BTC), {"strategy": "consensus"}, InvalidRequest),
        (("ticker", BTC), {"provider": "nobody"}, UnknownProvider),
    ],
)
async def test_what_cannot_be_followed_is_not_explained(asked, options, error):
    """It is refused as `stream` refuses it."""
    async with following("a") as world:
        with pytest.raises(error):
            world.gateway.explain_stream(*asked, **options)


async def test_a_plain_stream_explains_itself_too():
    """On the loop of its gateway, where nothing else changes meanwhile."""
    async with following("a") as world:
        a, loop = world.exchanges["a"], asyncio.get_running_loop()
        stream = await opened(world, "ticker", BTC, first=(a, "t:BTC-USDT", 101))
        plain = SyncStream(
            stream, lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(5)
        )
        found = await asyncio.to_thread(plain.explain)
        assert (found.provider, found.state) == ("a", "live")
        await stream.close()
