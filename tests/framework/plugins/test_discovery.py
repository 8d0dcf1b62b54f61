"""Plugins one by one: whatever one does at load, the others work (`faults.md` F1, F2)."""

import threading
import time

import pytest

from coinmux import (
    Capability,
    Freshness,
    ProviderInfo,
    Query,
    Result,
    explorer_gas,
    hookimpl,
    hookspec,
    sockets,
)
from coinmux.framework.plugins.discovery import Found, PluginLoader, in_process


def info(name="acme", **more):
    return ProviderInfo(
        name=name, title=name, category="market", base_url=f"https://{name}.example", **more
    )


class Good:
    @hookimpl
    def provider_info(self):
        return info("good")

    @hookimpl
    async def fetch_ticker(self, query, http):
        return None


class Acme:
    @hookimpl
    def provider_info(self):
        return info()

    @hookimpl
    async def fetch_ticker(self, query):
        return ("async", query)

    @hookimpl
    def fetch_candles(self, http, query):
        return ("thread", query, http)


def load(*plugins, wait_s=2.0, limit_s=10.0):
    loader = PluginLoader()
    found = [
        one if isinstance(one, Found) else in_process(f"plugin{at}", one)
        for at, one in enumerate((*plugins, Good()))
    ]
    loader.load(found, wait_s=wait_s, limit_s=limit_s)
    return loader


def raising(error):
    def load():
        raise error

    return Found("bad", "elsewhere", "1", False, load)


class MissingInfo:
    @hookimpl
    async def fetch_ticker(self, query, http): ...


class NoHooks:
    @hookimpl
    def provider_info(self):
        return info()


class WrongArguments:
    @hookimpl
    def provider_info(self):
        return info()

    @hookimpl
    async def fetch_ticker(self, query, client): ...


class TypingError:
    @hookimpl
    def provider_info(self):
        return info()

    @hookimpl
    async def fetch_tickre(self, query, http): ...


class InfoOfAnotherType(NoHooks):
    @hookimpl
    def provider_info(self):
        return {"name": "acme"}

    @hookimpl
    async def fetch_ticker(self, query, http): ...


class InfoRaises(MissingInfo):
    @hookimpl
    def provider_info(self):
        raise RuntimeError("no network at import")


class OtherApi(Acme):
    COINMUX_API = 99


class SameName(Good):
    pass


class Constructor:
    def __init__(self):
        raise OSError("disk")


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (raising(ImportError("no module named x")), "ImportError while loading"),
        (raising(SystemExit(3)), "SystemExit while loading"),
        (in_process("bad", Constructor), "OSError while loading: disk"),
        (MissingInfo(), "no provider_info"),
        (NoHooks(), "no fetch hook"),
        (WrongArguments(), "client"),
        (TypingError(), "fetch_tickre is no hook of coinmux; did you mean fetch_ticker?"),
        (InfoOfAnotherType(), "dict, not ProviderInfo"),
        (InfoRaises(), "RuntimeError while loading: no network at import"),
        (OtherApi(), "plugin API 99"),
        (in_process("bad", None), "None"),
    ],
)
def test_F1_F2_a_broken_plugin_is_listed_with_its_reason_and_harms_nobody(plugin, words):
    loader = load(plugin)
    assert list(loader.providers) == ["good"]
    assert len(loader.broken) == 1
    assert words in loader.broken[0].error


class Borrows(Acme):
    """As `from coinmux import *` leaves a module."""

    explorer_gas = staticmethod(explorer_gas)


def test_a_marked_function_imported_under_its_own_name_is_no_hook():
    """Helpers of coinmux that are hooks by another name break no plugin."""
    loader = load(Borrows())
    assert not loader.broken
    assert sorted(loader.providers["acme"].fetch) == ["candles", "ticker"]


class Several:
    def __init__(self, *infos):
        self.infos = infos

    @hookimpl
    def provider_info(self):
        return self.infos

    @hookimpl
    async def fetch_ticker(self, query, http):
        return http.provider


def test_one_plugin_may_declare_several_sources_that_share_its_hooks():
    """Each of them is a provider of its own."""
    loader = load(Several(info("north"), info("south")))
    assert list(loader.providers) == ["north", "south", "good"]
    assert loader.providers["north"].fetch == loader.providers["south"].fetch
    assert not loader.broken


@pytest.mark.parametrize(
    ("infos", "words"),
    [
        ((), "tuple, not ProviderInfo"),
        ((info("north"), {}), "tuple, not ProviderInfo"),
        ((info("north"), info("north")), "two of its providers have one name"),
    ],
)
def test_of_a_plugin_with_a_wrong_list_of_sources_none_is_taken(infos, words):
    """It is broken as a whole, and listed with the reason."""
    loader = load(Several(*infos))
    assert list(loader.providers) == ["good"]
    assert words in loader.broken[0].error


def test_F2_of_two_with_one_name_the_first_wins():
    loader = load(SameName())
    assert list(loader.providers) == ["good"]
    assert "already named good" in loader.broken[0].error


def test_F1_one_that_hangs_at_load_holds_up_nobody():
    slow = Found("slow", "elsewhere", "1", False, lambda: time.sleep(0.4) or Acme())
    begun = time.monotonic()
    loader = load(slow, wait_s=0.05)
    assert time.monotonic() - begun < 0.3
    assert list(loader.providers) == ["good"]
    slow.thread.join()
    assert loader.adopt(10) == ["acme"]


def test_the_start_waits_for_ours_and_not_for_strangers():
    """The first request finds every built-in provider, however slow the machine is."""
    begun, over = threading.Event(), threading.Event()

    def load_ours():
        # Loading goes on when the time for strangers is long over.
        begun.wait(10)
        return Acme()

    def load_theirs():
        begun.set()
        over.wait(10)
        return Good()

    ours = Found("acme", "coinmux", "1", True, load_ours)
    theirs = Found("good", "elsewhere", "1", False, load_theirs)
    loader = PluginLoader()
    loader.load([ours, theirs], wait_s=0.0, limit_s=10.0)
    assert list(loader.providers) == ["acme"]
    assert loader.pending == [theirs]
    over.set()
    theirs.thread.join()
    assert loader.adopt(10) == ["good"]


def test_F1_one_that_never_ends_is_broken_after_its_limit():
    slow = Found("slow", "elsewhere", "1", False, lambda: time.sleep(0.5))
    loader = load(slow, wait_s=0.01, limit_s=0.02)
    time.sleep(0.03)
    loader.adopt(0.02)
    assert "did not finish loading" in loader.broken[0].error
    assert loader.pending == []
    slow.thread.join()


async def test_hooks_may_take_fewer_arguments_and_be_plain_functions():
    provider = load(Acme()).providers["acme"]
    assert await provider.fetch["ticker"]("q", "h") == ("async", "q")
    assert await provider.fetch["candles"]("q", "h") == ("thread", "q", "h")


class MoonQuery(Query):
    """When."""


class Moon(Result):
    lit: float


class MoonProvider:
    @hookspec
    def fetch_moon(self, query, http):
        """The moon."""

    @hookimpl
    def coinmux_capabilities(self):
        return [Capability("moon", MoonQuery, Moon, Freshness(1, 0, 0))]


class MoonSource:
    @hookimpl
    def provider_info(self):
        return info("moon")

    @hookimpl
    async def fetch_moon(self, query, http):
        return Moon(lit=0.5)


def test_a_plugin_may_bring_a_capability_and_another_serve_it():
    loader = load(MoonProvider(), MoonSource())
    assert loader.broken == []
    assert "moon" in loader.capabilities
    assert set(loader.providers["moon"].fetch) == {"moon"}


class MoonWithoutSpec:
    """A capability and the source of it in one plugin, with no specification of the hook."""

    @hookimpl
    def coinmux_capabilities(self):
        return [Capability("moon", MoonQuery, Moon, Freshness(60, 0, 0))]

    @hookimpl
    def provider_info(self):
        return info("lunar")

    @hookimpl
    async def fetch_moon(self, query, http):
        return Moon(lit=0.5)


@pytest.mark.parametrize("before", [True, False])
def test_a_capability_needs_no_specification_of_its_hook(before):
    """One is made of its row, whichever plugin is loaded first."""
    plugins = [MoonSource(), MoonWithoutSpec()]
    loader = load(*(plugins if before else reversed(plugins)))
    assert loader.broken == []
    assert all(set(loader.providers[name].fetch) == {"moon"} for name in ("moon", "lunar"))


def test_a_hook_that_takes_what_no_fetch_hook_is_given_is_broken():
    """The specification that was made is checked as any other."""

    class Wrong(MoonWithoutSpec):
        @hookimpl
        async def fetch_moon(self, query, client): ...

    (broken,) = load(Wrong()).broken
    assert "client" in broken.error


def test_a_retired_provider_needs_no_hook():
    class Retired:
        @hookimpl
        def provider_info(self):
            return info("old", retired="gone since 2022; use coingecko")

    assert set(load(Retired()).providers) == {"old", "good"}


def test_the_built_in_entry_points_come_first_in_a_steady_order():
    names = [one.name for one in PluginLoader().discover()]
    assert "binance" in names
    ours = [one for one in PluginLoader().discover() if one.built_in]
    assert [one.name for one in ours] == sorted(one.name for one in ours)
    assert PluginLoader().discover(allow=["binance"])[0].name == "binance"
    assert "binance" not in [one.name for one in PluginLoader().discover(block=["binance"])]


class Silent:
    """A source that declares a socket and cannot follow anything on it."""

    @hookimpl
    def provider_info(self):
        return info(sockets={"": sockets.SocketInfo(url="wss://acme.example")})

    @hookimpl
    async def fetch_ticker(self, query, http): ...


class Dumb(Silent):
    """One that says what it follows, and not how it speaks."""

    @hookimpl
    def stream_ticker(self, query): ...


class Deaf(Silent):
    """One that says how it speaks, and not what it follows."""

    @hookimpl
    def socket_dialect(self, socket): ...


@pytest.mark.parametrize(
    ("plugin", "why"),
    [
        (Silent(), "declares sockets and has no socket_dialect"),
        (Dumb(), "has stream hooks and no socket_dialect"),
        (Deaf(), "declares sockets and has no stream hook"),
    ],
)
def test_a_socket_that_nothing_is_followed_on_is_refused(plugin, why):
    """And the others load."""
    loader = load(plugin)
    (broken,) = loader.broken
    assert why in broken.error
    assert list(loader.providers) == ["good"]
