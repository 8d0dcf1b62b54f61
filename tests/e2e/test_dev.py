"""`serve --dev`: what an author writes runs a moment later, and what is broken stops nothing."""

import os
import re
import shutil
import subprocess
import sys
import time

import httpx
import pytest

from tests.e2e.conftest import coinmux
from tests.e2e.test_third_party_plugin import ROOT

QUIET = {"CHECKER": "off", "PLUGINS_ALLOW": "acme,binance"}


def until(so, within_s=20):
    end = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def project(tmp_path):
    """The folder of a plugin's project, which is not installed."""
    return shutil.copytree(ROOT / "examples/coinmux-acme", tmp_path / "coinmux-acme")


def test_a_change_runs_at_once_and_a_broken_one_leaves_the_former(project, tmp_path):
    module = project / "coinmux_acme/__init__.py"
    said = tmp_path / "log"
    arguments = ("serve", "--dev", "--simulate", "--plugin-path", str(project))
    with said.open("w") as log, coinmux(*arguments, log=log, **QUIET) as server:

        def listed():
            return httpx.get(f"{server.url}/api/providers", timeout=20).json()

        def title():
            return {one["name"]: one["title"] for one in listed()["providers"]}["acme"]

        def answers():
            asked = {"symbol": "BTC/USDT", "provider": "acme", "max_age_s": "0"}
            return httpx.get(f"{server.url}/api/market/ticker", params=asked, timeout=20)

        assert title() == "Acme Exchange"
        whole = module.read_text()
        module.write_text(whole.replace('title="Acme Exchange"', 'title="Acme Anew"'))
        until(lambda: title() == "Acme Anew")
        assert answers().status_code == 200, answers().text
        module.write_text(whole + "\nfrom nowhere import nothing\n")
        until(lambda: listed()["broken"])
        (broken,) = listed()["broken"]
        line = len((whole + "\nfrom nowhere").splitlines())
        assert f"(coinmux_acme/__init__.py line {line}); its former code goes on" in broken["error"]
        assert title() == "Acme Anew"
        assert answers().status_code == 200, answers().text
        (plugin,) = [
            one
            for one in httpx.get(f"{server.url}/api/plugins", timeout=20).json()["plugins"]
            if one["name"] == "acme"
        ]
        assert (plugin["state"], plugin["providers"]) == ("on", ["acme"])
        module.write_text(whole.replace('title="Acme Exchange"', 'title="Acme Again"'))
        until(lambda: title() == "Acme Again")
        assert listed()["broken"] == []
    text = re.sub(r"\s+", " ", said.read_text())
    assert "--dev is for authors of plugins, not for deployment; watched: acme" in text
    assert "acme 1.0.0 was loaded anew; coinmux conformance coinmux_acme checks it" in text
    assert "is broken: ModuleNotFoundError" in text


def test_settings_and_new_entry_points_are_read_as_they_are_written(project, tmp_path):
    settings = tmp_path / "settings"
    settings.write_text("CHECKER=off\n")
    settings.chmod(0o600)
    arguments = ("serve", "--dev", "--simulate", "--plugin-path", str(project))
    with coinmux(*arguments, "--env-file", str(settings), **QUIET) as server:

        def states():
            told = httpx.get(f"{server.url}/api/providers", timeout=20).json()["providers"]
            return {one["name"]: one["enabled"] for one in told}

        assert states() == {"acme": True, "binance": True}
        settings.write_text("CHECKER=off\nBINANCE_ENABLED=no\n")
        until(lambda: states() == {"acme": True, "binance": False})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dev", "--workers", "2"), "--dev serves with one process, and WORKERS is 2"),
        (("--plugin-path", "."), "--plugin-path goes with --dev"),
        (("--dev", "--plugin-path", str(ROOT / "docs")), "pyproject.toml cannot be read"),
    ],
)
def test_what_it_cannot_do_is_said(arguments, words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "coinmux", "serve", "--port", "0", *arguments],
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        | {"COLUMNS": "300"},
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert words in done.stderr
