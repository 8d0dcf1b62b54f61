"""A command imports what it needs, and starts without the rest."""

import json
import os
import subprocess
import sys

import pytest

from coinmux.server.cli import COMMANDS, cli

_REPORT = """
import atexit, json, sys
atexit.register(lambda: print("\\n" + json.dumps(sorted(sys.modules))))
from coinmux.__main__ import command
command(sys.argv[1:])
"""
_SEARCHES = """
import atexit, gc, json, sys
began = [0]
gc.callbacks.append(lambda phase, info: began.__setitem__(0, began[0] + (phase == "start")))
atexit.register(lambda: print("\\n" + json.dumps([began[0], gc.get_freeze_count()])))
from coinmux.__main__ import command
began[0] = 0
command(sys.argv[1:])
"""
_SERVER = ("litestar", "uvicorn", "prometheus_client", "coinmux.server.app")


def modules_of(*arguments, **environ):
    """The modules that are loaded when the command has run."""
    done = subprocess.run(
        [sys.executable, "-c", _REPORT, *arguments, "--env-file", os.devnull],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PROVIDERS_ONLY": "binance", **environ},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments", [("ticker", "BTC/USDT"), ("explain", "ticker", "symbol=BTC/USDT")], ids=" ".join
)
def test_a_question_is_asked_without_the_server(arguments):
    """The source refuses the connection."""
    loaded = modules_of(*arguments, BINANCE_BASE_URL="http://127.0.0.1:9", ARCHIVE="off")
    unwanted = {*_SERVER, "sqlalchemy", "alembic", "coinmux.framework.simulator.simulator"}
    assert loaded & unwanted == set()
    assert "coinmux.server.cli.questions" in loaded
    assert "coinmux.plugins.providers.binance" in loaded


@pytest.mark.parametrize("command", ["ticker", "candles"])
def test_a_question_to_one_provider_loads_no_other_plugin(command):
    """Loading all takes longer than asking one."""
    pinned = (command, "BTC/USDT", "--provider", "binance")
    loaded = modules_of(*pinned, BINANCE_BASE_URL="http://127.0.0.1:9", PROVIDERS_ONLY="")
    providers = "coinmux.plugins.providers."
    plugins = {name.removeprefix(providers) for name in loaded if name.startswith(providers)}
    assert {name.partition(".")[0] for name in plugins} == {"binance"}
    assert "talib" not in loaded


def test_a_command_searches_for_no_garbage():
    """Neither while it starts nor as it ends; what it made is left out of Python's last search."""
    done = subprocess.run(
        [sys.executable, "-c", _SEARCHES, "ticker", "BTC/USDT", "--env-file", os.devnull],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "BINANCE_BASE_URL": "http://127.0.0.1:9",
            "PROVIDERS_ONLY": "binance",
            "ARCHIVE": "off",
        },
    )
    searches, left_out = json.loads(done.stdout.splitlines()[-1])
    assert searches == 0
    assert left_out > 50_000


def test_the_process_over_several_workers_imports_no_server(tmp_path):
    """It is the command's module that decides; its functions import what they serve with."""
    code = "import coinmux.server.cli.serve, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    unwanted = {"litestar", "uvicorn", "numpy", "coinmux.framework.gateway", "coinmux.server.app"}
    assert set(json.loads(done.stdout)) & unwanted == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_the_one_of_its_name(name):
    found = cli.get_command(None, name)
    assert found is not None
    assert found.name == name


def test_an_unknown_command_is_none():
    assert cli.get_command(None, "nonesuch") is None
