"""Plugins that are told of events: none misses one, none delays who publishes it."""

import asyncio
import threading

import pytest

from coinmux import Gateway, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.extensions import listeners
from coinmux.framework.sources import registry


class Plain:
    def __init__(self, hook):
        self.hook = hook

    @hookimpl
    def on_event(self, event):
        self.hook(event)


class Async:
    def __init__(self, hook):
        self.hook = hook

    @hookimpl
    async def on_event(self, event):
        await self.hook(event)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a thread does it
            await asyncio.sleep(0.001)


class Until:
    """Collects events of the kind `config`, and tells when so many have come."""

    def __init__(self):
        self.seen = []

    def __call__(self, event):
        if event.kind == "config":
            self.seen.append(event)

    async def later(self, event):
        await asyncio.sleep(0)
        self(event)

    async def has(self, count):
        await until(lambda: len(self.seen) >= count)


def gateway_of(clock, **plugins):
    found = [in_process(name, plugin) for name, plugin in plugins.items()]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    assert gateway.loader.broken == []
    return gateway


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_every_event_is_told_in_order(clock, kind):
    seen = Until()
    plugin = Plain(seen) if kind == "plain" else Async(seen.later)
    async with gateway_of(clock, ear=plugin) as gateway:
        for number in range(50):
            gateway.events.publish("config", f"event {number}", number=number)
        await seen.has(50)
        assert [one.detail["number"] for one in seen.seen] == list(range(50))


async def test_a_listener_cannot_change_what_others_are_told(clock):
    seen, errors = Until(), []

    def spoil(event):
        try:
            event.detail["number"] = 0
        except TypeError as error:
            errors.append(error)

    async with gateway_of(clock, a=Plain(spoil), b=Plain(seen)) as gateway:
        gateway.events.publish("config", "x", number=1)
        await seen.has(1)
        assert seen.seen[0].detail["number"] == 1


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_one_that_raises_is_told_the_next_event_and_named_once(clock, said, kind):
    """Its own fault is an event too, which it raises at again: that must end."""
    seen, other = Until(), Until()

    def bad(event):
        seen(event)
        raise ValueError("bad day")

    async def bad_later(event):
        bad(event)

    plugin = Plain(bad) if kind == "plain" else Async(bad_later)
    async with gateway_of(clock, bad=plugin, good=Plain(other)) as gateway:
        for number in range(5):
            gateway.events.publish("config", f"{number}")
        await seen.has(5)
        await other.has(5)
        await until(lambda: gateway.extensions.faults.of("bad")[0].count >= 5)
        (message,) = said(gateway, "on_event")
        assert message == (
            "bad: on_event raised ValueError: bad day; counted from now on, and not said again"
        )


async def test_one_that_exits_does_not_end_the_process(clock):
    other = Until()

    def leave(event):
        raise SystemExit(3)

    async with gateway_of(clock, bad=Plain(leave), good=Plain(other)) as gateway:
        gateway.events.publish("config", "x")
        gateway.events.publish("config", "y")
        await other.has(2)
        await until(lambda: gateway.extensions.faults.of("bad"))
        assert "SystemExit" in gateway.extensions.faults.of("bad")[0].last


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_of_one_that_hangs_the_oldest_events_are_dropped(clock, said, kind, monkeypatch):
    """Whoever publishes waits for nothing, and the other listener hears all."""
    monkeypatch.setattr(listeners, "MOST", 10)
    other, going, entered = Until(), threading.Event(), []

    def hang(event):
        entered.append(event)
        going.wait(30)

    async def hang_later(event):
        entered.append(event)
        await asyncio.sleep(3600)

    plugin = Plain(hang) if kind == "plain" else Async(hang_later)
    async with gateway_of(clock, slow=plugin, good=Plain(other)) as gateway:
        gateway.events.publish("other", "the one it hangs at")
        await until(lambda: entered)
        for number in range(60):
            gateway.events.publish("config", f"{number}")
            await other.has(number + 1)
        assert gateway.extensions.listeners.dropped("slow") >= 50
        assert "is slower than the events" in said(gateway, "on_event")[0]
        assert len(said(gateway, "on_event")) == 1
        going.set()


async def test_an_async_one_is_cancelled_after_its_time(clock, monkeypatch):
    monkeypatch.setattr(listeners, "_LIMIT_S", 0.01)
    seen = Until()

    async def hang_once(event):
        if event.message == "hang":
            await asyncio.sleep(3600)
        seen(event)

    async with gateway_of(clock, slow=Async(hang_once)) as gateway:
        gateway.events.publish("config", "hang")
        gateway.events.publish("config", "go on")
        await seen.has(1)
        assert seen.seen[0].message == "go on"
        assert "no answer within" in gateway.extensions.faults.of("slow")[0].last


async def test_one_that_is_busy_for_long_is_said_so(clock, monkeypatch):
    monkeypatch.setattr(listeners, "_LIMIT_S", 0.0)
    going, entered = threading.Event(), threading.Event()

    def hang(event):
        entered.set()
        going.wait(30)

    async with gateway_of(clock, slow=Plain(hang)) as gateway:
        gateway.events.publish("config", "one")
        await asyncio.to_thread(entered.wait, 20)
        while not gateway.extensions.faults.of("slow"):
            gateway.events.publish("config", "another")
        assert "busy with one event" in gateway.extensions.faults.of("slow")[0].last
        going.set()


async def test_a_gateway_closes_although_a_listener_hangs(clock, monkeypatch):
    monkeypatch.setattr(listeners, "_END_S", 0.01)
    going, entered = threading.Event(), threading.Event()

    def hang(event):
        entered.set()
        going.wait(30)

    async with gateway_of(clock, slow=Plain(hang)) as gateway:
        gateway.events.publish("config", "one")
        await asyncio.to_thread(entered.wait, 20)
    going.set()


async def test_a_closed_gateway_tells_nobody(clock):
    seen = Until()
    async with gateway_of(clock, ear=Plain(seen)) as gateway:
        gateway.events.publish("config", "x")
        await seen.has(1)
    gateway.events.publish("config", "y")
    await asyncio.sleep(0.01)
    assert len(seen.seen) == 1


async def test_a_plugin_that_came_later_is_told_from_then_on(clock, monkeypatch):
    monkeypatch.setattr(registry, "_LOAD_WAIT_S", 0.0)
    seen, loads = Until(), threading.Event()

    def load():
        loads.wait(30)
        return Plain(seen)

    late = in_process("late", None)
    late.load = load
    environ = {"CHECKER": "off", "PLUGIN_LOAD_TIMEOUT_S": "30"}
    gateway = Gateway.from_env(None, environ=environ, found=[late], clock=clock)
    async with gateway:
        loads.set()
        assert await gateway.wait_loaded() == []
        gateway.events.publish("config", "x")
        await seen.has(1)
