"""Functions named like hooks that lack `@hookimpl` are reported, and so is a slow import."""

import sys
import textwrap
import time
from types import ModuleType

import pytest

from coinmux import Gateway
from coinmux.framework.plugins.discovery import in_process

HEAD = """
    from coinmux import ProviderInfo, Ticker, IndicatorInfo, Output, hookimpl
    INFO = ProviderInfo(
        name="acme", title="Acme", category="market", base_url="https://acme.example"
    )
"""
MARKED = """
    @hookimpl
    def provider_info(): return INFO
    @hookimpl
    async def fetch_ticker(query, http): ...
"""


@pytest.fixture
def module(request):
    """A module of its own, made of text and importable while the test runs."""

    def make(text):
        made = ModuleType("coinmux_written")
        sys.modules[made.__name__] = made
        request.addfinalizer(lambda: sys.modules.pop(made.__name__, None))
        exec(textwrap.dedent(HEAD) + textwrap.dedent(text), made.__dict__)
        return made

    return make


def gateway_of(module):
    return Gateway.from_env(None, environ={"CHECKER": "off"}, found=[in_process("acme", module)])


def warned(gateway):
    return [one.message for one in gateway.loader.doubts]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("async def fetch_candles(query, http): ...", "fetch_candles lacks"),
        ("def fetch_candles(http, query): ...", "fetch_candles lacks"),
        ("def fetch_gas(): ...", "fetch_gas lacks"),
        ("def map_error(reply, query): ...", "map_error lacks"),
        ("def coinmux_capabilities(): ...", "coinmux_capabilities lacks"),
        ("def compute(inputs, parameters): ...", "compute lacks"),
        ("async def fetch_tikcer(query, http): ...", "fetch_tikcer lacks"),
        (
            "async def fetch_gas(query): ...\nasync def fetch_news(query): ...",
            "fetch_gas, fetch_news lack",
        ),
    ],
)
async def test_a_hook_without_its_mark_is_a_warning(module, text, names):
    """The provider works; the list, the doctor and the log name what is never called."""
    gateway = gateway_of(module(MARKED + textwrap.indent(text, "    ")))
    assert list(gateway.sources) == ["acme"]
    (message,) = warned(gateway)
    assert message.startswith(f"{names} @hookimpl")
    (shown,) = gateway.provider_list().warnings
    assert (shown.name, shown.message) == ("acme", message)
    events = [one for one in gateway.events.recent() if one.kind == "plugin"]
    assert [(one.level, one.source) for one in events] == [("warning", "acme")]
    assert message in events[0].message
    await gateway.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "def provider_info(): return INFO\nasync def fetch_ticker(query, http): ...",
            "fetch_ticker, provider_info lack @hookimpl",
        ),
        ("x = 1", "has no hook of coinmux"),
        ("def indicator_info(): ...\ndef compute(inputs): ...", "compute, indicator_info lack"),
        (
            "def provider_info(): return INFO\n@hookimpl\nasync def fetch_ticker(query, http): ...",
            "no provider_info; provider_info lacks @hookimpl",
        ),
        (
            "@hookimpl\ndef provider_info(): return INFO\nasync def fetch_ticker(query): ...",
            "no fetch hook; fetch_ticker lacks @hookimpl",
        ),
    ],
)
async def test_without_the_hooks_it_needs_it_is_broken(module, text, reason):
    """The reason names the mark, and it is an event of level error, which the log writes."""
    gateway = gateway_of(module(textwrap.indent(text, "    ")))
    (broken,) = gateway.loader.broken
    assert reason in broken.error
    (event,) = (one for one in gateway.events.recent() if one.kind == "plugin")
    assert event.level == "error"
    assert broken.error in event.message
    await gateway.close()


@pytest.mark.parametrize(
    "text",
    [
        "async def fetch_page(http, path): ...",
        "def fetch_all(symbols): ...",
        "from coinmux.framework.simulator.simulator import simulated_providers as fetch_gas",
        "fetch_gas = 1",
        "class Helper:\n    def fetch_gas(self, query): ...",
    ],
)
async def test_helpers_are_no_hooks(module, text):
    """A helper of another shape, an import, a value and another class are not reported."""
    gateway = gateway_of(module(MARKED + textwrap.indent(text, "    ")))
    assert warned(gateway) == []
    await gateway.close()


async def test_a_slow_import_is_told(module, monkeypatch):
    """How long it took is a warning of that plugin."""
    monkeypatch.setattr("coinmux.framework.plugins.discovery._SLOW_S", 0.05)
    made = module(MARKED)
    found = in_process("acme", made)
    load = found.load
    found.load = lambda: (time.sleep(0.06), load())[1]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=[found])
    await gateway.wait_loaded()
    assert "s to load" in warned(gateway)[0]
    await gateway.close()
