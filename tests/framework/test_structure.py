"""The rooms and the doors between them, read from the code itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import coinmux

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
CODE = sorted(p for room in ("framework", "plugins", "server") for p in (ROOT / room).rglob("*.py"))
#: What a provider's simulated socket is written with.
SPEECH = "coinmux.framework.simulator.sockets.speech"


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PLUGINS, ids=name_of)
def test_plugins_use_public_names_only(path):
    """Its modules also know each other, and its simulated socket the simulator's words."""
    own = "coinmux." + ".".join(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            ("coinmux", "framework", "server", "plugins")
        ):
            if path.parents[1].name == "providers" and node.module.startswith(own):
                continue  # a plugin of several files
            if path.name == "simulated_socket.py" and node.module == SPEECH:
                continue  # only the simulator imports it
            assert node.module == "coinmux", f"{name_of(path)} imports {node.module}"
            assert {alias.name for alias in node.names} <= set(coinmux.__all__)
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("coinmux.")


def test_only_the_way_out_names_the_http_library():
    """Neither plugins nor `HTTP` see httpx: only transports that are not ours speak it."""
    users = {
        name_of(path)
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and any(a.name == "httpx" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "httpx")
    }
    assert {str(Path(name).parent) for name in users} == {"framework/transport"}


def test_the_product_never_imports_its_test_tools_but_where_they_are_the_point():
    """The simulator is served, and the kit is a command."""
    for path in CODE:
        if {"testing", "simulator"} & set(path.parts) or path.name in (
            "simulated_gateway.py",
            "conformance.py",
            "plots.py",
            "providers.py",
        ):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("coinmux.framework.testing"), name_of(
                    path
                )


def test_importing_the_framework_loads_no_plugin_and_does_nothing():
    script = (
        "import sys, coinmux; "
        "bad = [m for m in sys.modules if m == 'ccxt'"
        " or m.startswith(('coinmux.plugins', 'coinmux.server'))]; "
        "print(bad)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_two_gateways_do_not_meet():
    first = coinmux.Gateway.from_env(None, environ={"BINANCE_ENABLED": "off"})
    second = coinmux.Gateway.from_env(None, environ={})
    assert [await one.wait_loaded() for one in (first, second)] == [[], []]
    assert first.sources["binance"].disabled() is not None
    assert second.sources["binance"].disabled() is None
    assert first.events is not second.events


#: Rooms that are about a kind of model, and the typed public methods.
ABOUT_MODELS = {
    "models", "indicators", "dialects", "formats", "simulator", "samples", "testing",
}  # fmt: skip
PUBLIC_METHODS = {"gateway.py", "sync.py", "questions.py"}
#: Each has one kind of answer as its subject (candles are archived, news are scored, lists of
#: markets say who is asked), and gets answers of every kind handed.
ONE_KIND = {
    "framework/archive/archived_answers.py",
    "framework/background/backfill.py",
    "framework/background/market_lists.py",
    "framework/background/news_scoring.py",
    "framework/routing/market_directory.py",
    "framework/streams/channel_silence.py",
    "framework/streams/lanes.py",
    "framework/streams/polled_news.py",
    "framework/streams/told_candles.py",
    "framework/streams/told_state.py",
    "framework/streams/told_trades.py",
}


def names_in(node):
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} | {
        one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)
    }


def test_the_core_does_not_ask_which_model_an_answer_is():
    """What differs by capability is a method of its query or result, or a column of its row."""
    models = {
        node.name
        for path in (ROOT / "framework/models").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    assert {"Ticker", "CandlesQuery", "Query", "Result"} <= models
    asked = {
        name_of(path)
        for path in (ROOT / "framework").rglob("*.py")
        if path.relative_to(ROOT / "framework").parts[0] not in ABOUT_MODELS | PUBLIC_METHODS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("isinstance", "issubclass")
        and names_in(node.args[1]) & (models - {"Capability"})
    }
    assert asked <= ONE_KIND
