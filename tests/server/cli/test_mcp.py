"""`coinmux mcp`: what it needs, what it refuses, and what is not loaded without it."""

import subprocess
import sys

from coinmux.server import mcp as package
from coinmux.server.cli import serve as serve_module
from tests.server.cli.in_process import run_here


def test_without_the_sdk_it_says_what_to_install(monkeypatch):
    """One line, and the exit code of a setting that will not do."""
    monkeypatch.setattr(package, "find_spec", lambda name: None)
    done = run_here(["mcp"], {})
    assert done.returncode == 2
    assert "coinmux mcp needs the official SDK: pip install 'coinmux[mcp]'" in done.stderr
    assert done.stdout == ""


def test_a_port_needs_http():
    """Standard output has none."""
    done = run_here(["mcp", "--port", "7860"], {})
    assert done.returncode == 2
    assert "--host and --port need --http" in done.stderr


def test_over_http_it_is_the_server_with_the_door_open(monkeypatch):
    """The REST API beside it, with its limits and keys."""
    seen = {}

    def listened(settings):
        seen["settings"] = settings
        raise SystemExit(7)

    monkeypatch.setattr(serve_module, "_listen", listened)
    monkeypatch.setattr(serve_module, "ignore_signals", lambda: None)
    assert run_here(["mcp", "--http", "--port", "7999"], {}).returncode == 7
    assert seen["settings"].mcp
    assert seen["settings"].port == 7999


def test_the_server_does_not_load_the_sdk():
    """It takes a second, and belongs to whoever installs the extra."""
    code = (
        "import sys, coinmux.server.app, coinmux.server.cli.mcp, coinmux.server.mcp.door; "
        "print(sorted({'mcp', 'mcp_types', 'starlette'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
