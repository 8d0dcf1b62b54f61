"""Installed packages that go wrong in odd ways, as an operator meets them at the command."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RAISING = r"""
from coinmux import ProviderInfo, hookimpl

@hookimpl
def provider_info():
    return ProviderInfo(
        name="odd", title="\x1b]0;owned\x07Odd[/]", category="market", priority=1,
        base_url="https://odd.example",
    )

@hookimpl
async def fetch_ticker(query, http):
    return divided(query, 0)

def divided(query, by):
    return 1 / by

async def fetch_candles(query, http): ...
"""
BROKEN = r"""
raise RuntimeError("\x1b[2J\x1b]8;;http://x\x07[/red]gone")
"""


@pytest.fixture
def site(tmp_path):
    """A folder of installed packages: `install(name, text)` adds one."""
    folder = tmp_path / "site"

    def install(name, text):
        (folder / f"coinmux_{name}.py").parent.mkdir(exist_ok=True)
        (folder / f"coinmux_{name}.py").write_text(textwrap.dedent(text))
        info = folder / f"coinmux_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: coinmux-{name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[coinmux]\n{name} = coinmux_{name}\n")
        return folder

    return install


def coinmux(folder, *arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "coinmux", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{folder}:{ROOT / 'src'}",
            "COLUMNS": "200",
            "PROVIDERS_ONLY": "odd,binance",
            "PLUGINS_ALLOW": "odd,bad,binance",
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_prints_what_a_plugin_raised(site):
    """The attempt's line is followed by the error's own words."""
    done = coinmux(site("odd", RAISING), "ticker", "BTC", "--provider", "odd", "--env-file", "none")
    assert done.returncode == 1
    assert "(plugin_error)\n    ZeroDivisionError: division by zero" in done.stderr


@pytest.mark.parametrize("command", ["providers", "doctor"])
def test_no_text_of_a_plugin_commands_the_terminal(site, command):
    """Titles and errors are printed without escapes, and without being taken for markup."""
    site("odd", RAISING)
    done = coinmux(site("bad", BROKEN), command, "--env-file", "none")
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "[/red]gone" in done.stdout
    assert "fetch_candles lacks @hookimpl" in done.stdout
    assert "Traceback" not in done.stderr
