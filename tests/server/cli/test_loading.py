"""Commands that list plugins wait for all of them, also on a machine where loading is slow."""

import json
import os
import threading

import pytest

from coinmux.framework.plugins.discovery import Found, PluginLoader
from coinmux.framework.sources import registry
from coinmux.server.cli import console, doctor, main


@pytest.fixture(autouse=True)
def no_wait_at_start(monkeypatch):
    """A gateway that starts before any plugin but ours has loaded."""
    monkeypatch.setattr(registry, "_LOAD_WAIT_S", 0.0)
    monkeypatch.setenv("PLUGINS_BLOCK", "acme,choppiness")


@pytest.fixture
def endless(monkeypatch):
    """The plugin `rsi` and one that does not finish loading; the commands wait 2 s."""
    over = threading.Event()
    ours = PluginLoader().discover(allow=["rsi"])
    slow = Found("slow", "elsewhere", "1", False, lambda: over.wait(30))
    monkeypatch.setattr(PluginLoader, "discover", lambda *_: [*ours, slow])
    monkeypatch.setattr(console, "LOAD_WAIT_S", 2.0)
    monkeypatch.setattr(doctor, "LOAD_WAIT_S", 2.0)
    yield
    over.set()


def run(*arguments):
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--env-file", os.devnull])
    return caught.value.code


def test_every_indicator_is_listed(capsys):
    assert run("indicators", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["total"] > 200


def test_every_provider_is_listed_and_in_the_env_example(capsys):
    assert run("providers", "--json") == 0
    names = {one["name"] for one in json.loads(capsys.readouterr().out)["providers"]}
    assert len(names) > 40
    assert run("env-example") == 0
    assert "ETHERSCAN_API_KEY" in capsys.readouterr().out


def test_doctor_counts_every_provider(capsys):
    assert run("doctor", "--json") == 0
    (line,) = [
        one["detail"] for one in json.loads(capsys.readouterr().out) if one["subject"] == "plugins"
    ]
    assert int(line.split()[0]) > 40


def test_a_list_says_which_plugin_is_still_loading(endless, capsys):
    """On standard error, so that the JSON stays JSON."""
    assert run("indicators", "--json") == 0
    shown = capsys.readouterr()
    assert [one["name"] for one in json.loads(shown.out)["indicators"]] == ["rsi"]
    assert "still loading after 2 s, not listed: slow" in shown.err


def test_doctor_says_which_plugin_is_still_loading(endless, capsys):
    assert run("doctor", "--json") == 0
    findings = {one["subject"]: one for one in json.loads(capsys.readouterr().out)}
    assert findings["plugin slow"]["status"] == "warning"
    assert "still loading" in findings["plugin slow"]["detail"]


def test_an_indicator_list_says_which_plugin_is_broken(endless, monkeypatch, capsys):
    """One that takes longer than its limit is broken, and its indicators are missing."""
    monkeypatch.setenv("PLUGIN_LOAD_TIMEOUT_S", "1")
    assert run("indicators", "--json") == 0
    assert "broken: slow (elsewhere): did not finish loading" in capsys.readouterr().err
