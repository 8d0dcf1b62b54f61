"""Plugins come and go while a gateway runs, and nobody who asks notices."""

import asyncio
import sys

import pytest

from coinmux import RequestOptions
from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.errors import NotFound, UnknownProvider
from coinmux.framework.models.market import TickerQuery
from coinmux.framework.reference.symbols import Symbol

WAITING = """
import asyncio
from coinmux import ProviderInfo, Ticker, hookimpl

GATES = {}

@hookimpl
def provider_info():
    return ProviderInfo(
        name="slow", title="Slow", category="market", base_url="https://slow.example",
    )

@hookimpl
async def fetch_ticker(query, http):
    began, gate = GATES["began"], GATES["gate"]
    began.set()
    await gate.wait()
    return Ticker(symbol=query.symbol, last=7.0, timestamp=http.now_ms())
"""
MOON = """
from coinmux import Capability, Freshness, ProviderInfo, Query, Result, hookimpl

class MoonQuery(Query["Moon"]):
    place: str = "Bern"

class Moon(Result):
    lit: float

@hookimpl
def coinmux_capabilities():
    return [Capability("moon", MoonQuery, Moon, Freshness(3600, 0, 86400))]

@hookimpl
def provider_info():
    return ProviderInfo(
        name="moon", title="Moon", category="market", base_url="https://moon.example",
    )

@hookimpl
async def fetch_moon(query, http):
    return Moon(lit=0.5)
"""
AND_MOON = """
from coinmux import ProviderInfo, hookimpl

@hookimpl
def provider_info():
    return ProviderInfo(
        name="luna", title="Luna", category="market", base_url="https://luna.example",
    )

@hookimpl
async def fetch_moon(query, http):
    from extra_moon import Moon
    return Moon(lit=0.25)
"""
INDICATOR = """
from coinmux import IndicatorInfo, Output, hookimpl

@hookimpl
def indicator_info():
    return IndicatorInfo(
        name="twice", title="Twice", group="Overlap Studies", label="TWICE", inputs=("close",),
        parameters=(), outputs=(Output("twice"),), minimum=lambda values: 1, formula="2x",
        source="nobody",
    )

@hookimpl
def compute(inputs, parameters):
    return inputs["close"] * 2
"""
RULE = """
from coinmux import Freshness, hookimpl

@hookimpl
def cache_rule(capability, query, freshness):
    return Freshness(60, 60, freshness.failed_s)
"""
BTC = TickerQuery(symbol=Symbol.of("BTC", "USDT"))


def names(changes):
    return [one.name for one in changes]


async def until(so):
    async with asyncio.timeout(20):
        while not so():  # noqa: ASYNC110 - a thread that imports tells nobody
            await asyncio.sleep(0.01)


async def price(gateway, provider):
    return (await gateway.ticker("BTC/USDT", provider=provider, max_age_s=0)).data.last


async def test_a_new_plugin_answers_after_a_reload(gateway, site):
    with pytest.raises(UnknownProvider):
        await price(gateway, "acme")
    site.install("acme", last=2.0)
    plugins = (await gateway.reload()).plugins
    assert [(one.name, one.origin, one.version) for one in plugins.adopted] == [
        ("acme", "extra-acme", "1.0")
    ]
    assert await price(gateway, "acme") == 2.0
    assert gateway.provider("acme").version == "1.0"
    assert gateway.source_health_of("acme").state == "HEALTHY"
    again = (await gateway.reload()).plugins
    assert (again.adopted, again.retired, again.broken, again.waiting) == ((), (), (), ())


async def test_a_plugin_that_is_gone_is_listed_no_more(gateway, site):
    site.install("acme")
    await gateway.reload()
    site.uninstall("acme")
    plugins = (await gateway.reload()).plugins
    assert names(plugins.retired) == ["acme"]
    assert "acme" not in names(gateway.provider_list().providers)
    assert "acme" not in names(gateway.source_health().sources)
    with pytest.raises(UnknownProvider):
        await price(gateway, "acme")


async def test_the_health_of_a_plugin_that_is_gone_is_forgotten_later(gateway, site):
    """Calls in flight may still ask for it."""
    site.install("acme")
    await gateway.reload()
    site.uninstall("acme")
    await gateway.reload()
    assert "acme" in gateway.health.sources()
    gateway.registry._leaving._until["acme"] = gateway.clock.monotonic()
    gateway.registry.adopt_if_ready()
    assert "acme" not in gateway.health.sources()


async def test_a_request_in_flight_ends_in_peace(gateway, site):
    site.install("slow", WAITING)
    await gateway.reload()
    began, gate = asyncio.Event(), asyncio.Event()
    sys.modules["extra_slow"].GATES.update(began=began, gate=gate)
    asked = asyncio.ensure_future(gateway.ticker("BTC/USDT", provider="slow"))
    await asyncio.wait_for(began.wait(), 20)
    site.uninstall("slow")
    assert names((await gateway.reload()).plugins.retired) == ["slow"]
    gate.set()
    answer = await asked
    assert (answer.provider, answer.data.last) == ("slow", 7.0)


async def test_a_request_that_goes_on_to_a_retired_source_asks_the_next(gateway, site):
    """It was judged before the source went."""
    site.install("slow", WAITING.replace('"slow", title', '"slow", priority=1, title'))
    site.install("second")
    site.install("third", last=3.0)
    await gateway.reload()
    began, gate = asyncio.Event(), asyncio.Event()
    module = sys.modules["extra_slow"]
    module.GATES.update(began=began, gate=gate)
    module.Ticker = None  # what it answers fails
    # So short that the next source is looked at before the first is asked.
    asked = asyncio.ensure_future(gateway.fetch(BTC, RequestOptions(timeout_s=5)))
    await asyncio.wait_for(began.wait(), 20)
    site.uninstall("second")
    await gateway.reload()
    gate.set()
    assert (await asked).provider == "third"


async def test_a_later_installation_is_loaded_from_its_files(gateway, site):
    """What Python imported of the former one is not taken for it."""
    site.install("acme", last=1.0)
    await gateway.reload()
    site.uninstall("acme")
    await gateway.reload()
    for version, last in (("1.0", 5.0), ("2.0", 6.0)):
        site.install("acme", version=version, last=last)
        assert names((await gateway.reload()).plugins.adopted) == ["acme"]
        assert await price(gateway, "acme") == last
        site.uninstall("acme")
        await gateway.reload()


async def test_an_upgraded_plugin_goes_on_and_says_that_it_waits(gateway, site):
    site.install("acme", version="1.1", last=1.0)
    await gateway.reload()
    site.install("acme", version="1.2", last=2.0)
    plugins = (await gateway.reload()).plugins
    assert [(one.name, one.detail) for one in plugins.waiting] == [
        ("acme", "restart to use version 1.2 (1.1 is running)")
    ]
    assert await price(gateway, "acme") == 1.0
    assert gateway.provider("acme").version == "1.1"
    assert any("restart to use version 1.2" in one.message for one in gateway.events.recent())


async def test_a_broken_plugin_is_listed_and_touches_no_other(gateway, site):
    site.install("good", last=4.0)
    site.install("bad", "import missing_library\n")
    plugins = (await gateway.reload()).plugins
    assert names(plugins.adopted) == ["good"]
    ((name, detail),) = [(one.name, one.detail) for one in plugins.broken]
    assert name == "bad"
    assert "No module named 'missing_library'" in detail
    assert "(extra_bad.py line 1)" in detail
    assert names(gateway.provider_list().broken) == ["bad"]
    assert await price(gateway, "good") == 4.0


async def test_a_broken_plugin_that_was_mended_is_taken_in(gateway, site):
    site.install("acme", "import missing_library\n")
    await gateway.reload()
    site.install("acme", last=8.0)
    assert names((await gateway.reload()).plugins.adopted) == ["acme"]
    assert await price(gateway, "acme") == 8.0
    assert gateway.provider_list().broken == ()


async def test_a_plugin_is_switched_off_and_on_without_a_restart(gateway, site, environ):
    site.install("acme", last=2.0)
    await gateway.reload()
    before = gateway.loader.providers["acme"].plugin
    environ["PLUGINS_BLOCK"] = "acme"
    assert names((await gateway.reload()).plugins.retired) == ["acme"]
    assert "acme" not in gateway.sources
    environ["PLUGINS_BLOCK"] = ""
    assert names((await gateway.reload()).plugins.adopted) == ["acme"]
    assert await price(gateway, "acme") == 2.0
    assert gateway.loader.providers["acme"].plugin is before, "others may hold its classes"


async def test_ours_are_switched_off_and_on_as_well(gateway, environ):
    environ["PLUGINS_BLOCK"] = "lexicon"
    assert names((await gateway.reload()).plugins.retired) == ["lexicon"]
    environ["PLUGINS_BLOCK"] = ""
    assert names((await gateway.reload()).plugins.adopted) == ["lexicon"]
    assert "lexicon" in gateway.sources


async def test_settings_may_name_what_was_installed_just_now(gateway, site, environ):
    site.install("acme")
    environ |= {"PLUGINS_ALLOW": "acme", "PROVIDERS_ONLY": "acme"}
    assert names((await gateway.reload()).plugins.adopted) == ["acme"]
    assert list(gateway.sources) == ["acme"]


async def test_settings_that_cannot_be_used_leave_the_plugins_as_they_were(gateway, site, environ):
    site.install("acme")
    environ["PLUGINS_ALLOW"] = "acmee"
    with pytest.raises(InvalidSetting, match="acme"):
        await gateway.reload()
    assert "acme" not in gateway.sources
    assert "lexicon" in gateway.sources


async def test_a_capability_comes_and_goes_with_its_plugin(gateway, site):
    site.install("moon", MOON)
    await gateway.reload()
    assert (await gateway.get("moon")).data.lit == 0.5
    assert "moon" in names(gateway.capability_list().capabilities)
    assert "moon" in names(gateway.status().capabilities)
    site.uninstall("moon")
    await gateway.reload()
    assert "moon" not in names(gateway.capability_list().capabilities)
    assert "moon" not in names(gateway.status().capabilities)
    site.install("moon", MOON.replace("0.5", "0.75"))
    await gateway.reload()
    assert (await gateway.get("moon", options=RequestOptions(max_age_s=0))).data.lit == 0.75


async def test_a_plugin_that_needs_anothers_capability_follows_it(gateway, site):
    """As after a restart: without the other its hook is none, with it, it is one."""
    site.install("luna", AND_MOON)
    assert "fetch_moon is no hook" in (await gateway.reload()).plugins.broken[0].detail
    site.install("moon", MOON)
    plugins = (await gateway.reload()).plugins
    assert names(plugins.adopted) == ["luna", "moon"]
    assert plugins.broken == ()
    assert (await gateway.get("moon", options=RequestOptions(provider="luna"))).data.lit == 0.25
    site.uninstall("moon")
    plugins = (await gateway.reload()).plugins
    assert names(plugins.retired) == ["moon"]
    assert names(gateway.provider_list().broken) == ["luna"]


async def test_an_indicator_comes_and_goes(gateway, site):
    from coinmux.framework.testing.random_candles import random_candles

    site.install("twice", INDICATOR)
    assert names((await gateway.reload()).plugins.adopted) == ["twice"]
    plan = gateway.indicators.catalogue.plan("twice")
    assert [one.info.name for one in gateway.indicators.catalogue] == ["rsi", "twice"]
    candles = random_candles(5)
    result = gateway.indicator_over("twice", candles)
    assert result.outputs[0][-1] == pytest.approx(2 * candles.close[-1])
    site.uninstall("twice")
    await gateway.reload()
    assert [one.info.name for one in gateway.indicators.catalogue] == ["rsi"]
    with pytest.raises(Exception, match="no indicator 'twice'"):
        gateway.indicators.present(plan)


async def test_what_a_plugin_does_beyond_sources_comes_and_goes(gateway, site):
    site.install("acme", last=1.0)
    site.install("lasting", RULE)
    assert names((await gateway.reload()).plugins.adopted) == ["acme", "lasting"]
    assert gateway.explain("ticker", BTC)["cache_rule"]["plugin"] == "lasting"
    site.uninstall("lasting")
    await gateway.reload()
    assert gateway.explain("ticker", BTC)["cache_rule"] is None


async def test_a_name_that_was_taken_is_had_by_the_other_once_it_is_free(gateway, site):
    site.install("first", last=1.0)
    await gateway.reload()
    site.install("rival", text=None, last=2.0)
    rival = site.folder / "extra_rival.py"
    rival.write_text(rival.read_text().replace('name="rival"', 'name="first"'))
    assert "already named first" in (await gateway.reload()).plugins.broken[0].detail
    assert await price(gateway, "first") == 1.0
    site.uninstall("first")
    await gateway.reload()
    assert await price(gateway, "first") == 2.0


async def test_requests_are_answered_while_a_plugin_loads(gateway, site):
    site.install("quick", last=1.0)
    await gateway.reload()
    site.install("late", "import threading\nGO = threading.Event()\nimport extra_late_gate\n")
    (site.folder / "extra_late_gate.py").write_text(
        "import sys\nsys.modules['extra_late'].GO.wait(20)\nraise ImportError('it was let go')\n"
    )
    reload = asyncio.ensure_future(gateway.reload())
    await until(lambda: "extra_late" in sys.modules)
    assert await price(gateway, "quick") == 1.0
    assert not reload.done()
    sys.modules["extra_late"].GO.set()
    assert "it was let go" in (await reload).plugins.broken[0].detail


async def test_a_plugin_that_does_not_finish_loading_is_given_up(gateway, site, environ):
    environ["PLUGIN_LOAD_TIMEOUT_S"] = "1"
    site.install("stuck", "import threading\nGO = threading.Event()\nGO.wait(30)\n")
    plugins = (await gateway.reload()).plugins
    assert plugins.broken[0].detail == "did not finish loading within 1 s"
    again = await gateway.reload()
    assert again.plugins.broken == (), "its thread still hangs: it is not begun again"
    assert names(gateway.provider_list().broken) == ["stuck"]
    sys.modules["extra_stuck"].GO.set()


async def test_two_reloads_at_once_take_it_in_once(gateway, site):
    site.install("acme")
    one, other = await asyncio.gather(gateway.reload(), gateway.reload())
    assert sorted([names(one.plugins.adopted), names(other.plugins.adopted)]) == [[], ["acme"]]


async def test_a_reload_ends_though_its_caller_has_gone(gateway, site):
    site.install("acme")
    asked = asyncio.ensure_future(gateway.reload())
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await asyncio.gather(*gateway._reloads)
    assert "acme" in gateway.sources


async def test_a_signal_that_cannot_be_obeyed_is_told(gateway, environ):
    environ["PLUGINS_ALLOW"] = "nobody"
    gateway.reload_soon()
    await asyncio.gather(*gateway._reloads)
    told = [one.message for one in gateway.events.recent() if one.level == "error"]
    assert any("the settings stay as they were: PLUGINS_ALLOW" in one for one in told)


async def test_the_list_of_plugins_says_what_each_holds_and_why_it_does_not_run(
    gateway, site, environ
):
    site.install("moon", MOON)
    site.install("twice", INDICATOR)
    site.install("bad", "import missing_library\n")
    site.install("blocked")
    environ["PLUGINS_BLOCK"] = "blocked"
    await gateway.reload()
    site.install("twice", INDICATOR, version="2.0")
    await gateway.reload()
    lines = {one.name: one for one in gateway.plugin_list().plugins}
    assert list(lines) == ["bad", "blocked", "lexicon", "moon", "rsi", "twice"]
    moon = lines["moon"]
    assert (moon.state, moon.providers, moon.capabilities) == ("on", ("moon",), ("moon",))
    assert (moon.origin, moon.version, moon.module) == ("extra-moon", "1.0", "extra_moon")
    assert moon.hooks == ("coinmux_capabilities", "fetch_moon", "provider_info")
    assert moon.kinds == ("provider", "capability")
    assert lines["rsi"].indicators == ("rsi",)
    assert (lines["twice"].state, lines["twice"].version) == ("on", "1.0")
    assert lines["twice"].detail == "restart to use version 2.0 (1.0 is running)"
    assert (lines["bad"].state, lines["bad"].api_version) == ("broken", None)
    assert "missing_library" in lines["bad"].detail
    assert (lines["blocked"].state, lines["blocked"].detail) == ("off", "PLUGINS_BLOCK names it")


async def test_a_wrong_name_of_a_plugin_is_told_the_right_one(gateway, site):
    site.install("acme")
    await gateway.reload()
    for wrong, right in (("acmee", "acme"), ("lexikon", "lexicon")):
        with pytest.raises(NotFound) as raised:
            gateway.plugin(wrong)
        assert raised.value.extra["did_you_mean"] == [right]
    assert [one.name for one in gateway.plugin("ACME")] == ["acme"]
