"""A stranger's package with an entry point: installed it answers, broken it is reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import asyncio, json, msgspec
from coinmux import RequestOptions, Gateway, CoinmuxError
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.framework.plugins.discovery import PluginLoader

async def main():
    loader = PluginLoader()
    loader.load(loader.discover(allow=["acme", "binance"]), wait_s=10, limit_s=10)
    simulator = Simulator(simulated_providers(p.plugin for p in loader.providers.values()))
    await simulator.start()
    environ = {**simulator.overrides(), "PLUGINS_ALLOW": "acme,binance", "CHECKER": "off"}
    shown = {}
    async with Gateway.from_env(None, environ=environ) as gateway:
        assert await gateway.wait_loaded() == []
        for name in ("acme", "binance"):
            try:
                answer = await gateway.ticker("BTC/USDT", provider=name)
                shown[name] = [answer.provider, answer.data.last > 0]
            except CoinmuxError as error:
                shown[name] = error.code
        shown["grade"] = {p.name: p.grade for p in gateway.provider_list().providers}
        shown["origin"] = {p.name: p.origin for p in gateway.provider_list().providers}
        shown["broken"] = msgspec.to_builtins(gateway.provider_list().broken)
    await simulator.stop()
    print(json.dumps(shown))

asyncio.run(main())
"""


def install(target, example):
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
            "--disable-pip-version-check", "--no-compile", "--target", str(target),
            str(ROOT / "examples" / example),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return target


@pytest.fixture
def installed(tmp_path):
    return install(tmp_path / "site", "coinmux-acme")


def run(target, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        env={
            "PYTHONPATH": f"{target}:{ROOT / 'src'}",
            "PATH": "/usr/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(target):
    done = run(target, "-c", SCRIPT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_its_own_tests_are_one_line(installed, tmp_path):
    """The kit runs in a stranger's tests, under a configuration that is not ours."""
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\n")
    done = run(
        installed, "-m", "pytest", "-c", str(settings), "-v", "-p", "no:cacheprovider",
        str(ROOT / "examples/coinmux-acme/tests"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "test_conformance[fields-ticker] PASSED" in done.stdout


def test_its_grade_is_shown_until_it_changes(installed):
    """What was measured came with the package; one byte more and it is no longer of these files."""
    assert ask(installed)["grade"]["acme"] == "silver"
    module = installed / "coinmux_acme/__init__.py"
    module.write_text(module.read_text() + "\n")
    assert ask(installed)["grade"]["acme"] is None


def test_it_is_installed_answers_is_broken_and_is_reported(installed):
    shown = ask(installed)
    assert shown["acme"] == ["acme", True]
    assert shown["origin"]["acme"] == "coinmux-acme"
    assert shown["broken"] == []
    module = installed / "coinmux_acme/__init__.py"
    module.write_text(
        module.read_text().replace("async def fetch_ticker", "async def fetch_tickre")
    )
    shown = ask(installed)
    assert shown["acme"] == "unknown_provider"
    assert shown["binance"] == ["binance", True]
    assert "did you mean fetch_ticker?" in shown["broken"][0]["error"]


INDICATOR = """
import asyncio, json, msgspec
from coinmux import CoinmuxError, Gateway
from coinmux.framework.testing.random_candles import random_candles

async def main():
    environ = {"PLUGINS_ALLOW": "choppiness,rsi", "CHECKER": "off"}
    shown = {}
    async with Gateway.from_env(None, environ=environ) as gateway:
        assert await gateway.wait_loaded() == []
        lines = {one["name"]: one for one in gateway.indicators.catalogue.public()}
        shown["origin"] = {name: one["origin"] for name, one in lines.items()}
        for name in ("choppiness", "rsi"):
            try:
                computed = gateway.indicator_over(name, random_candles(60))
                shown[name] = [gateway.indicators.catalogue.plan(name).required, computed.reading]
            except CoinmuxError as error:
                shown[name] = error.code
        shown["broken"] = msgspec.to_builtins(gateway.provider_list().broken)
    print(json.dumps(shown))

asyncio.run(main())
"""


def test_an_indicator_of_a_stranger_works_as_ours_do_and_broken_harms_nobody(tmp_path):
    """Installed it is in the catalogue and computes; misspelt it is listed as broken."""
    site = install(tmp_path / "site", "coinmux-choppiness")

    def ask_it():
        done = run(site, "-c", INDICATOR)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    shown = ask_it()
    assert shown["origin"] == {"choppiness": "coinmux-choppiness", "rsi": "coinmux"}
    assert shown["choppiness"][0] == 15
    assert "choppiness" in shown["choppiness"][1]
    assert shown["broken"] == []
    module = site / "coinmux_choppiness/__init__.py"
    module.write_text(module.read_text().replace("def compute(", "def compuet("))
    shown = ask_it()
    assert shown["choppiness"] == "unknown_indicator"
    assert shown["rsi"][0] == 15
    assert "did you mean compute?" in shown["broken"][0]["error"]
