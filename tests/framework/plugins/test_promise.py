"""The promise of the README: one broken plugin never stops the others."""

import threading

import pytest

from coinmux import AlertChannelKind, Gateway, ProviderInfo, Ticker, hookimpl
from coinmux.framework.plugins.discovery import Found, in_process
from coinmux.framework.plugins.extensions import prompt_call
from coinmux.framework.sources import registry


class Source:
    COINMUX_API = 1

    def __init__(self, name="sound"):
        self.name = name

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market",
            base_url=f"https://{self.name}.example",
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        return Ticker(symbol=query.symbol, last=1)


def failing(error):
    def load():
        raise error

    return load


class InfoRaises(Source):
    @hookimpl
    def provider_info(self):
        raise RuntimeError("no network")


class InfoOfAnotherType(Source):
    @hookimpl
    def provider_info(self):
        return {"name": "acme"}


class OfAnotherApi(Source):
    COINMUX_API = 2


class WithNoNumber(Source):
    COINMUX_API = "1.0"


class Misspelt(Source):
    @hookimpl
    async def fetch_tickre(self, query, http): ...


class AsyncAdvice:
    @hookimpl
    async def advise_order(self, sources): ...


class Raising:
    @hookimpl
    def advise_order(self, sources):
        raise KeyError("advice")

    @hookimpl
    def cache_rule(self, query):
        raise KeyError("rule")

    @hookimpl
    def on_event(self, event):
        raise SystemExit(1)


class Nonsense:
    @hookimpl
    def advise_order(self, sources):
        return 7

    @hookimpl
    def cache_rule(self, query):
        return "for long"


class Hanging:
    def __init__(self, going):
        self.going = going

    @hookimpl
    def advise_order(self, sources):
        self.going.wait(30)

    @hookimpl
    def cache_rule(self, query):
        self.going.wait(30)

    @hookimpl
    def on_event(self, event):
        self.going.wait(30)


class NoChannels:
    @hookimpl
    def register_alert_channels(self):
        return [AlertChannelKind]


class RoutesRaise:
    @hookimpl
    def register_routes(self):
        raise KeyError("routes")


class NoRoutes:
    @hookimpl
    def register_routes(self):
        return ["/spread"]


BROKEN = {
    "absent": (failing(ImportError("no module named x")), "ImportError while loading"),
    "leaves": (failing(SystemExit(3)), "SystemExit while loading: 3"),
    "nothing": (lambda: None, "the entry point is None"),
    "number": (lambda: 7, "has no hook of coinmux"),
    "info_raises": (InfoRaises, "RuntimeError while loading: no network"),
    "info_other": (InfoOfAnotherType, "dict, not ProviderInfo"),
    "newer": (OfAnotherApi, "is for plugin API 2, this is 1: upgrade coinmux"),
    "no_number": (WithNoNumber, "COINMUX_API that is no whole number"),
    "misspelt": (Misspelt, "did you mean fetch_ticker?"),
    "same_name": (Source, "another provider is already named sound"),
    "async_advice": (AsyncAdvice, "advise_order is async"),
    "routes_raise": (RoutesRaise, "KeyError"),
    "no_routes": (NoRoutes, "returns a list of Route"),
    "no_channels": (NoChannels, "returns a list of AlertChannelKind"),
}


@pytest.fixture
def going():
    event = threading.Event()
    yield event
    event.set()


async def test_one_broken_plugin_never_stops_the_others(going, monkeypatch):
    """Broken in every way at once, beside one that is sound: it answers, and each is named."""
    monkeypatch.setattr(registry, "_LOAD_WAIT_S", 1.0)

    def wait():
        going.wait(30)

    found = [Found("asleep", "elsewhere", "1", False, wait), in_process("a_sound", Source())]
    found += [Found(name, "elsewhere", "1", False, load) for name, (load, _) in BROKEN.items()]
    found += [in_process("raising", Raising()), in_process("nonsense", Nonsense())]
    found += [in_process("hanging", Hanging(going))]
    environ = {"CHECKER": "off", "PLUGIN_LOAD_TIMEOUT_S": "1"}
    gateway = Gateway.from_env(None, environ=environ, found=found)
    # A sound hook is never late for want of a processor; the one that hangs is, twice.
    monkeypatch.setattr(prompt_call, "LIMIT_S", 1.0)
    async with gateway:
        assert await gateway.wait_loaded() == []
        for _ in range(3):
            answer = await gateway.ticker("BTC/USDT", max_age_s=0)
            assert answer.provider == "sound"
        shown = gateway.provider_list()
        broken = {one.name: one.error for one in shown.broken}
        assert broken.keys() == {*BROKEN, "asleep"}
        assert "did not finish loading within 1 s" in broken["asleep"]
        for name, (_, words) in BROKEN.items():
            assert words in broken[name], name
        listed = gateway.plugin_list().plugins
        plugins = {one.name: one for one in listed if one.state == "on"}
        assert plugins.keys() == {"a_sound", "raising", "nonsense", "hanging"}
        assert plugins["a_sound"].api_version == 1
        assert plugins["raising"].api_version is None
        faults = {
            (name, fault.hook): fault.last for name, one in plugins.items() for fault in one.faults
        }
        assert "KeyError" in faults["raising", "advise_order"]
        assert "KeyError" in faults["raising", "cache_rule"]
        assert "nonsense" in faults["nonsense", "advise_order"]
        assert "nonsense" in faults["nonsense", "cache_rule"]
        assert "did not return" in faults["hanging", "advise_order"]
        assert "did not return" in faults["hanging", "cache_rule"]
        assert not plugins["a_sound"].faults
        going.set()
