"""Commands that plugins add: beside ours, listed, and harmless where they are broken."""

import sys

import pytest

from coinmux.server.cli import plugin_commands as module
from coinmux.server.cli.plugin_commands import plugin_commands
from tests.server.cli.in_process import run_here

GREETING = """
import click
from coinmux import hookimpl

@click.command()
@click.option("--name", default="you")
def greet(name):
    "Say hello."
    click.echo(f"hello {name}")

@click.command("ticker")
def ours():
    "Never run."
    click.echo("a stranger's")

@hookimpl
def register_commands():
    return [greet, ours]
"""
RAISING = """
from coinmux import hookimpl

@hookimpl
def register_commands():
    raise SystemExit("no")
"""
NONSENSE = """
from coinmux import hookimpl

@hookimpl
def register_commands():
    return ["greet"]
"""
HANGING = """
import threading
from coinmux import hookimpl

@hookimpl
def register_commands():
    threading.Event().wait(60)
"""
BROKEN = "import nowhere_to_be_found"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs plugins of this code, as pip leaves them."""

    def make(**code):
        for name, text in code.items():
            (tmp_path / f"{name}.py").write_text(text)
            info = tmp_path / f"{name}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[coinmux]\n{name} = {name}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        plugin_commands.cache_clear()

    yield make
    plugin_commands.cache_clear()
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_a_plugins_command_runs_and_is_listed(install, tmp_path):
    install(greeter_plugin=GREETING)
    done = run_here(["greet", "--name", "Ada"], {}, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "hello Ada\n")
    assert "taken" in done.stderr
    shown = run_here(["--help"], {"COLUMNS": "120"}, cwd=tmp_path)
    assert "greet" in shown.stdout
    assert "Say hello." in shown.stdout
    assert "a stranger" not in shown.stdout


def test_broken_plugins_are_named_and_take_no_command_away(install, tmp_path):
    """One that raises, one that returns nonsense, one that cannot be imported."""
    install(
        greeter_plugin=GREETING, raising_plugin=RAISING, odd_plugin=NONSENSE, gone_plugin=BROKEN
    )
    done = run_here(["greet"], {}, cwd=tmp_path)
    assert done.stdout == "hello you\n"
    for name in ("raising_plugin", "odd_plugin", "gone_plugin"):
        assert f"plugin {name}" in done.stderr


def test_a_hook_that_never_returns_takes_no_command_away(install, tmp_path, monkeypatch):
    """It is left waiting; the command of the plugin after it runs."""
    install(greeter_plugin=GREETING, asleep_plugin=HANGING)
    monkeypatch.setattr(module, "_LOAD_S", 2.0)
    done = run_here(["greet"], {}, cwd=tmp_path)
    assert done.stdout == "hello you\n"
    assert "plugin asleep_plugin: its register_commands failed" in done.stderr
    assert "did not return within 2 s" in done.stderr


def test_a_plugin_that_is_switched_off_has_no_command(install, tmp_path):
    install(greeter_plugin=GREETING)
    done = run_here(["greet"], {"PLUGINS_BLOCK": "greeter_plugin"}, cwd=tmp_path)
    assert done.returncode == 2
    assert "greet" in done.stderr


def test_a_command_of_ours_loads_no_plugin(install, tmp_path):
    """Nor is it slowed by one."""
    install(gone_plugin=BROKEN)
    done = run_here(["env-example"], {}, cwd=tmp_path)
    assert done.returncode == 0
    assert "gone_plugin" not in done.stderr
