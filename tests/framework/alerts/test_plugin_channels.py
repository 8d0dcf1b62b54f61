"""Channels of plugins: damped and told as every other, and none stops another."""

import threading
from types import SimpleNamespace

import pytest

from coinmux import AlertChannelKind, EnvVar, Gateway, hookimpl
from coinmux.framework.alerts import senders
from coinmux.framework.plugins.discovery import in_process


class Channels:
    def __init__(self, *kinds):
        self.kinds = kinds

    @hookimpl
    def register_alert_channels(self):
        return self.kinds


def gateway_of(environ, **plugins):
    found = [in_process(name, plugin) for name, plugin in plugins.items()]
    return Gateway.from_env(None, environ={"CHECKER": "off", **environ}, found=found)


async def sent(environ, **plugins):
    """What became of a test message, by channel."""
    gateway = gateway_of(environ, **plugins)
    assert gateway.loader.broken == []
    try:
        return await gateway.alerts.test()
    finally:
        await gateway.close()


PAGER = {"ALERT_URLS": "night=acmepager://place/team-token-123456"}


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
async def test_an_alert_is_sent_by_the_kind_of_its_address(is_async):
    got = []

    def send(alert, address, settings):
        got.append((alert, address, settings))

    async def send_later(alert, address, settings):
        send(alert, address, settings)

    kind = AlertChannelKind(
        "acmepager", send_later if is_async else send, env=(EnvVar("ACME_TOKEN"),)
    )
    told = await sent({**PAGER, "ACME_TOKEN": "abcdefgh-1"}, acme=Channels(kind))
    assert told == {"night": None}
    ((alert, address, settings),) = got
    assert "test" in (alert.title + alert.body).lower()
    assert address == "acmepager://place/team-token-123456"
    assert settings == {"ACME_TOKEN": "abcdefgh-1"}


async def test_a_missing_variable_is_named():
    kind = AlertChannelKind("acmepager", lambda *_: None, env=(EnvVar("ACME_TOKEN"),))
    assert await sent(PAGER, acme=Channels(kind)) == {"night": "ACME_TOKEN not set"}


def raises(*_):
    raise OSError("refused by team-token-123456 with abcdefgh-1")


def leaves(*_):
    raise SystemExit(2)


@pytest.mark.parametrize(
    ("send", "said"),
    [
        (raises, "acme: OSError: refused by *** with ***"),
        (leaves, "acme: SystemExit: 2"),
        (lambda *_: False, "acme: send returned bool; it returns None, or raises"),
    ],
    ids=["raises", "exits", "returns"],
)
async def test_a_faulty_channel_says_why_without_secrets_and_the_others_are_told(send, said):
    bad = AlertChannelKind("acmepager", send, env=(EnvVar("ACME_TOKEN"),))
    good = AlertChannelKind("goodpager", lambda *_: None)
    environ = {
        "ALERT_URLS": f"{PAGER['ALERT_URLS']} day=goodpager://x",
        "ACME_TOKEN": "abcdefgh-1",
    }
    told = await sent(environ, acme=Channels(bad), good=Channels(good))
    assert told["day"] is None
    assert told["night"].replace("[redacted]", "***") == said


async def test_one_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr(senders, "LIMIT_S", 0.01)
    going = threading.Event()
    kind = AlertChannelKind("acmepager", lambda *_: going.wait(30))
    gateway = gateway_of(PAGER, acme=Channels(kind))
    assert await gateway.alerts.test() == {"night": "acme did not return within 0.01 s"}
    assert await gateway.alerts.test() == {"night": "acme is still busy with an earlier message"}
    going.set()
    await gateway.close()


async def test_the_report_names_the_plugin_of_a_channel():
    kind = AlertChannelKind("acmepager", lambda *_: None)
    gateway = gateway_of(
        {"ALERT_URLS": "night=acmepager://x hook=json://127.0.0.1:1"}, acme=Channels(kind)
    )
    shown = {one.name: one.plugin for one in gateway.alerts.report().channels}
    assert shown == {"night": "acme", "hook": None}
    await gateway.close()


async def test_a_variable_of_a_channel_is_known_and_secret():
    """No warning that nothing reads it, and its value is in no text."""
    kind = AlertChannelKind("acmepager", lambda *_: None, env=(EnvVar("ALERT_URLZ"),))
    gateway = gateway_of({"ALERT_URLZ": "abcdefgh-1"}, acme=Channels(kind))
    assert gateway.registry.warnings == ()
    assert "abcdefgh-1" not in gateway.redactor.clean("key=abcdefgh-1")
    await gateway.close()


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("acmepager", "returns a list of AlertChannelKind"),
        ([SimpleNamespace(scheme="x")], "returns a list of AlertChannelKind"),
        (None, "returns a list of AlertChannelKind"),
        ([AlertChannelKind("ab", print), AlertChannelKind("ab", print)], "a scheme twice"),
    ],
    ids=["text", "other", "none", "twice"],
)
async def test_nonsense_is_listed_as_broken(returned, words):
    plugin = Channels()
    plugin.kinds = returned
    gateway = gateway_of({}, acme=plugin)
    (broken,) = gateway.loader.broken
    assert words in broken.error
    await gateway.close()


async def test_a_scheme_taken_by_another_plugin_is_listed_as_broken():
    kinds = Channels(AlertChannelKind("acmepager", print))
    gateway = gateway_of({}, acme=kinds, other=Channels(*kinds.kinds))
    (broken,) = gateway.loader.broken
    assert (broken.name, broken.error) == (
        "other", "ValueError: acme already sends alerts to acmepager://",
    )  # fmt: skip
    await gateway.close()
