"""Incidents become messages that real receivers get, and none that fails costs a request."""

import asyncio
from contextlib import suppress

import pytest

from coinmux import AllProvidersFailed, NoProviderAvailable, RequestOptions, TickerQuery
from tests.framework.alerts.conftest import FAILS, until

QUERY = TickerQuery(symbol="BTC/USDT")
BASE = "https://coinmux.example.com"


async def fail(world, *names):
    """Have sources fail until they are offline: each is asked alone."""
    for name in names:
        for _ in range(3):
            world.clock.advance(0.5)
            options = RequestOptions(max_age_s=0, provider=name)
            with suppress(AllProvidersFailed, NoProviderAvailable):
                await world.gateway.fetch(QUERY, options)


async def prove(world, *names):
    """Have sources answer: one that was never asked is no source to count on."""
    for name in names:
        await world.gateway.fetch(QUERY, RequestOptions(max_age_s=0, provider=name))


async def rounds(world, count=1, seconds=5.0):
    """Let time pass with the rounds that both tasks would make."""
    for _ in range(count):
        world.clock.advance(seconds)
        await world.gateway._incidents.round()
        world.gateway.alerts.round()


def settings(**more):
    return {"PUBLIC_URL": BASE, "ALERT_PAUSE_S": "0", **more}


async def test_an_incident_is_mailed_once_and_its_end_once(gateway_of, smtp):
    """With the cause, what to do, a link to its page, and no secret."""
    async with gateway_of(settings(ALERT_URLS=smtp.url), a=[FAILS], b=[2.0], c=[3.0]) as world:
        await prove(world, "b", "c")
        await fail(world, "a")
        await rounds(world, 12)
        assert until(lambda: len(smtp.got) == 1)
        (mail,) = smtp.got
        text = mail.get_content()
        (incident,) = world.gateway._incidents.book.open
        assert mail["subject"] == "[coinmux] MINOR: A"
        assert mail["to"].endswith("night@example.com")
        assert "A is offline: no route to host" in text
        assert "nothing has to be done now" in text
        assert f"{BASE}/incidents?id={incident.id}" in text
        assert "abcdefgh12345678" not in text
        world.plugins["a"].outcomes = [1.0]
        world.gateway.reset("a")
        await rounds(world, 12)
        assert until(lambda: len(smtp.got) == 2)
        over = smtp.got[1]
        assert over["subject"] == "[coinmux] over: A"
        assert "Over: A, its health was reset." in over.get_content()
        assert "It lasted 1 min" in over.get_content()
        await rounds(world, 50)
    assert len(smtp.got) == 2


async def test_every_channel_is_told_what_its_route_says(gateway_of, smtp, webhook):
    urls = f"mail={smtp.url} hook={webhook.url}"
    environ = settings(ALERT_URLS=urls, ALERT_ROUTES="mail=critical, hook=minor:source")
    async with gateway_of(environ, a=[FAILS], b=[FAILS]) as world:
        await rounds(world)
        await fail(world, "a", "b")
        await rounds(world, 14)
        assert until(lambda: smtp.got and webhook.got)
        assert smtp.got[0]["subject"] == "[coinmux] CRITICAL: Prices"
        assert "Callers get errors" in smtp.got[0].get_content()
        assert webhook.got[0].title == "[coinmux] MAJOR: A, B"
        report = world.gateway.alerts.report()
        assert [(one.name, one.least, one.categories) for one in report.channels] == [
            ("mail", "critical", ()), ("hook", "minor", ("source",)),
        ]  # fmt: skip


async def test_a_channel_that_hangs_delays_neither_requests_nor_other_channels(
    gateway_of, webhook, smtp
):
    """Its thread waits for it, its queue is bounded, and the services say so once it failed."""
    webhook.answers.seconds = 60.0
    urls = f"slow={webhook.url}?rto=0.3&cto=0.3 mail={smtp.url}"
    async with gateway_of(settings(ALERT_URLS=urls), a=[FAILS], b=[2.0], c=[3.0]) as world:
        await prove(world, "b", "c")
        await fail(world, "a")
        await rounds(world, 12)
        answer = await world.gateway.fetch(QUERY, RequestOptions(max_age_s=0))
        assert answer.provider == "b"
        assert await asyncio.to_thread(until, lambda: smtp.got)
        slow = world.gateway.alerts._lines[0].channel
        assert await asyncio.to_thread(until, lambda: slow.trouble)
        services = {one.name: one for one in world.gateway.status().services}
        assert services["alerts"].status == "DEGRADED"
        assert services["alerts"].detail.startswith("slow: ")
        await rounds(world, 3)
        found = {one.name: one for one in world.gateway._incidents.book.open}
        assert found["alerts"].title == "Alerts"
        for _ in range(80):
            world.gateway.alerts._send(slow, world.gateway.alerts._letters[0][1])
        assert slow.waiting <= 51
        slow.stop(0)


async def test_a_message_that_is_refused_is_tried_again(gateway_of, webhook, monkeypatch):
    """It arrives once the channel takes it; each try is counted."""
    webhook.answers.status = 503
    async with gateway_of(settings(ALERT_URLS=webhook.url), a=[FAILS], b=[2.0]) as world:
        await prove(world, "b")
        world.gateway.alerts.round()
        channel = world.gateway.alerts._lines[0].channel
        channel._pauses_s = (0.05,) * 200
        await fail(world, "a")
        await rounds(world, 12)
        assert await asyncio.to_thread(until, lambda: channel.trouble)
        assert "503" in channel.trouble
        webhook.answers.status = 200
        assert await asyncio.to_thread(until, lambda: webhook.got)
        assert await asyncio.to_thread(until, lambda: channel.sent)
        (message,) = world.gateway.alerts.report().messages
        assert (message.state, message.trouble) == ("sent", None)
        assert message.tries > 1
        assert {one.name: one.status for one in world.gateway.status().services}[
            "alerts"
        ] == "ONLINE"


async def test_without_a_channel_the_report_says_what_would_have_been_sent(gateway_of):
    """And what is held back, with the reason."""
    async with gateway_of(a=[FAILS], b=[2.0], c=[3.0]) as world:
        await prove(world, "b", "c")
        await fail(world, "a")
        await rounds(world)
        report = world.gateway.alerts.report()
        assert (report.configured, report.messages) == (False, ())
        assert [(one.title, one.why) for one in report.held] == [("A", "it has to last a while")]
        await rounds(world, 8)
        (message,) = world.gateway.alerts.report().messages
        assert (message.channel, message.state, message.title) == (
            None, "unsent", "[coinmux] MINOR: A",
        )  # fmt: skip
        assert {one.name for one in world.gateway.status().services}.isdisjoint({"alerts"})


async def test_a_worker_that_does_not_speak_follows_and_sends_nothing(gateway_of, webhook):
    """Once it speaks, what the other has told is not told again, and what ends is."""
    async with gateway_of(settings(ALERT_URLS=webhook.url), a=[FAILS], b=[2.0], c=[3.0]) as world:
        await prove(world, "b", "c")
        world.gateway.alerts.may_speak = lambda: False
        await fail(world, "a")
        await rounds(world, 12)
        assert world.gateway.alerts.report().messages == ()
        world.gateway.alerts.may_speak = lambda: True
        await rounds(world, 12)
        assert world.gateway.alerts.report().messages == ()
        world.gateway.reset("a")
        await rounds(world, 12)
        assert until(lambda: webhook.got)
    assert [one.title for one in webhook.got] == ["[coinmux] over: A"]


async def test_a_reload_changes_channels(gateway_of, webhook):
    """What lasts is told to a new one."""
    environ = settings()
    async with gateway_of(environ, a=[FAILS], b=[2.0], c=[3.0]) as world:
        await prove(world, "b", "c")
        await fail(world, "a")
        await rounds(world, 12)
        world.gateway.registry.environ = {**world.gateway.env.values, "ALERT_URLS": webhook.url}
        await world.gateway.reload()
        await rounds(world, 8)
        assert until(lambda: webhook.got)
    assert webhook.got[0].title == "[coinmux] MINOR: A"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nosuch://host/token12345678", "nosuch:// is no address that apprise knows"),
        ("json://127.0.0.1:9/token12345678", "Connection"),
    ],
)
async def test_a_test_message_says_why_it_does_not_arrive(gateway_of, url, said):
    async with gateway_of(settings(ALERT_URLS=f"hook={url}"), a=[1.0]) as world:
        found = await world.gateway.alerts.test()
        assert found.keys() == {"hook"}
        assert said in found["hook"]
        assert "token12345678" not in found["hook"]


async def test_a_test_message_arrives(gateway_of, webhook, smtp):
    urls = f"mail={smtp.url} hook={webhook.url}"
    async with gateway_of(settings(ALERT_URLS=urls), a=[1.0]) as world:
        assert await world.gateway.alerts.test() == {"mail": None, "hook": None}
        assert await world.gateway.alerts.test("hook") == {"hook": None}
    assert [one.title for one in webhook.got] == ["[coinmux] test: alerts arrive here"] * 2
    assert len(smtp.got) == 1
