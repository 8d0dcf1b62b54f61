"""The status of the whole follows from what can be answered, not from a count of sources."""

import pytest

from coinmux import Channel, Outcome, ProviderInfo, hookimpl
from coinmux.framework.gateway import Gateway
from coinmux.framework.plugins.discovery import in_process


def source(name, *capabilities, base_url="https://x.example", channels=()):
    """A provider of these capabilities that is never asked here."""
    info = ProviderInfo(
        name=name, title=name, category="market", base_url=base_url, channels=channels
    )

    def ask(query, http):
        raise AssertionError("nobody asks")

    made = {"provider_info": hookimpl(lambda: info)}
    for capability in capabilities:

        async def fetch(query, http):
            raise AssertionError("nobody asks")

        made[f"fetch_{capability}"] = hookimpl(fetch)
    return in_process(name, type(name, (), {k: staticmethod(v) for k, v in made.items()}))


@pytest.fixture
async def whole(clock):
    """`whole(*sources)`: a gateway of them."""
    opened = []

    async def make(*sources):
        gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=sources, clock=clock)
        await gateway.__aenter__()
        opened.append(gateway)
        assert await gateway.wait_loaded() == []
        return gateway

    yield make
    for gateway in opened:
        await gateway.__aexit__(None, None, None)


def fail(gateway, name, capability=None, times=3):
    """Take a source or channel offline, as its failures would."""
    capability = capability or gateway.health.capabilities(name)[0]
    for _ in range(times):
        lease = gateway.health.begin(name, capability, 1)
        if lease is None:
            return
        gateway.health.record(lease, Outcome.FAILURE, elapsed_s=0.1, code="upstream_timeout")


def succeed(gateway, name, capability):
    lease = gateway.health.begin(name, capability, 1)
    gateway.health.record(lease, Outcome.SUCCESS, elapsed_s=0.1)


def lines(gateway):
    return {
        one.name: (one.status, one.usable, one.enabled) for one in gateway.status().capabilities
    }


async def test_one_source_of_three_offline_changes_nothing(whole):
    """The others answer."""
    gateway = await whole(source("a", "ticker"), source("b", "ticker"), source("c", "ticker"))
    succeed(gateway, "b", "ticker")
    fail(gateway, "a", "ticker")
    assert gateway.status().status == "ONLINE"
    assert lines(gateway) == {"ticker": ("ONLINE", 2, 3)}


async def test_a_capability_nobody_can_answer_degrades_the_whole(whole):
    """And the reason names it."""
    gateway = await whole(source("a", "ticker"), source("b", "gas", "chain_head"))
    succeed(gateway, "a", "ticker")
    fail(gateway, "b", "gas")
    status = gateway.status()
    assert status.status == "DEGRADED"
    assert status.reason == "no source can be asked for newest blocks and gas now"
    assert gateway.ready() == (True, status.reason)


async def test_one_local_source_of_many_is_not_data(whole):
    """A word list on this machine answers no question about the market."""
    gateway = await whole(source("a", "ticker"), source("words", "text_sentiment", base_url=""))
    fail(gateway, "a", "ticker")
    assert gateway.status().status == "OFFLINE"
    assert gateway.ready()[0] is False
    assert lines(gateway)["text_sentiment"][0] == "ONLINE"


async def test_a_source_nobody_asked_proves_nothing_where_all_others_fail(whole):
    """Without a network every source that was asked is offline; the unasked would be too."""
    gateway = await whole(source("a", "ticker"), source("b", "ticker"), source("c", "ticker"))
    assert gateway.status().status == "ONLINE"
    fail(gateway, "a", "ticker")
    fail(gateway, "c", "ticker", times=1)
    assert gateway.status().status == "OFFLINE"
    succeed(gateway, "b", "ticker")
    assert gateway.status().status == "ONLINE"


async def test_several_that_fail_while_nobody_answers_are_enough(whole):
    """The first failures of a day without a network make no source offline yet."""
    gateway = await whole(*(source(name, "ticker") for name in "abcd"))
    for name in "ab":
        fail(gateway, name, "ticker", times=1)
    assert gateway.status().status == "ONLINE"
    fail(gateway, "c", "ticker", times=1)
    assert gateway.status().status == "OFFLINE"
    succeed(gateway, "d", "ticker")
    assert gateway.status().status == "ONLINE"


async def test_a_container_proves_nothing_before_a_channel_answered(whole):
    """Its channels may all be asked and never have answered; one that did is proof."""
    channels = tuple(
        Channel(name=name, base_url=f"https://{name}.example") for name in ("one", "two")
    )
    gateway = await whole(source("nodes", "gas", channels=channels), source("a", "ticker"))
    fail(gateway, "a", "ticker")
    fail(gateway, "nodes:one", times=1)
    assert lines(gateway)["gas"] == ("OFFLINE", 0, 1)
    succeed(gateway, "nodes:two", "channel")
    assert lines(gateway)["gas"] == ("ONLINE", 1, 1)


async def test_the_last_source_of_several_degrades_the_whole(whole):
    """One more failure and nobody is left; where there was one source alone, nothing is lost."""
    gateway = await whole(source("a", "ticker"), source("b", "ticker"), source("c", "gas"))
    for name, capability in (("a", "ticker"), ("b", "ticker"), ("c", "gas")):
        succeed(gateway, name, capability)
    assert gateway.status().status == "ONLINE"
    fail(gateway, "a", "ticker")
    status = gateway.status()
    assert (status.status, status.reason) == ("DEGRADED", "one source is left for prices")
    assert lines(gateway) == {"ticker": ("DEGRADED", 1, 2), "gas": ("ONLINE", 1, 1)}


async def test_without_prices_and_candles_the_whole_is_offline(whole):
    """News alone are not what people come for; candles alone are."""
    gateway = await whole(source("a", "ticker"), source("b", "candles"), source("c", "news"))
    succeed(gateway, "c", "news")
    fail(gateway, "a", "ticker")
    assert gateway.status().status == "DEGRADED"
    fail(gateway, "b", "candles")
    assert gateway.status().status == "OFFLINE"
    assert gateway.status().answering


async def test_a_short_cooldown_is_waited_for_and_a_long_one_is_not(whole, clock):
    """Ten seconds are within a request's time."""
    gateway = await whole(source("a", "gas"), source("b", "ticker"))
    for wait_s, expected in ((5, "ONLINE"), (3600, "DEGRADED")):
        lease = gateway.health.begin("a", "gas", 1)
        gateway.health.record(
            lease, Outcome.HOLD, elapsed_s=0.1, code="upstream_rate_limited", retry_after_s=wait_s
        )
        assert gateway.status().status == expected
        clock.advance(wait_s + 10)


async def test_a_container_is_what_its_channels_are(whole):
    """None of them left: nothing is answered, whatever its own state."""
    channels = (
        Channel(name="one", base_url="https://one.example"),
        Channel(name="two", base_url="https://two.example"),
    )
    gateway = await whole(source("feeds", "news", channels=channels), source("a", "ticker"))
    succeed(gateway, "a", "ticker")
    fail(gateway, "feeds:one")
    assert gateway.status().status == "ONLINE"
    fail(gateway, "feeds:two")
    assert gateway.status().status == "DEGRADED"


async def test_no_source_at_all_is_offline(whole):
    """And says so."""
    gateway = await whole()
    status = gateway.status()
    assert (status.status, status.reason) == ("OFFLINE", "no source is on")


async def test_a_container_shows_what_its_channels_show(whole):
    """Some down: degraded; all that were asked: offline, with the newest error; reset: unknown."""
    channels = tuple(
        Channel(name=name, base_url=f"https://{name}.example") for name in ("one", "two", "three")
    )
    gateway = await whole(source("nodes", "chain_head", channels=channels))
    changes = []
    gateway.health.subscribe(lambda change: changes.append((change.source, change.after)))
    succeed(gateway, "nodes:one", "channel")
    assert gateway.source_health_of("nodes").state == "HEALTHY"
    fail(gateway, "nodes:two")
    assert gateway.source_health_of("nodes").state == "DEGRADED"
    fail(gateway, "nodes:one")
    health = gateway.source_health_of("nodes")
    assert (health.state, health.last_error.code) == ("OFFLINE", "upstream_timeout")
    assert (health.failures, health.channels.usable, health.channels.total) == (6, 1, 3)
    assert ("nodes", "OFFLINE") in changes
    assert gateway.health.standing("nodes", "chain_head").eligible  # for what `three` may answer
    report = gateway.source_health()
    assert (report.summary.total, report.summary.offline) == (1, 1)
    assert (report.channels.total, report.channels.offline) == (3, 2)
    gateway.reset("nodes")
    assert gateway.source_health_of("nodes").state == "UNKNOWN"
