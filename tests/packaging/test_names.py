"""The import names coinmux had before are refused by the linter."""

import subprocess
import sys

import pytest

from tests.packaging.conftest import ROOT


@pytest.mark.parametrize(
    "line",
    [
        "import framework",
        "from framework import Gateway",
        "from framework.errors import CoinmuxError",
        "import plugins.providers.binance",
        "from server.app import create_app",
        "import static",
    ],
)
def test_an_import_by_an_old_name_is_refused(line):
    """One rule names the new name."""
    found = lint(line)
    assert found.returncode == 1
    assert "TID251" in found.stdout
    assert "coinmux." in found.stdout


def test_an_import_by_the_new_name_is_not():
    """The rule is about the first name of a path only."""
    assert lint("from coinmux.framework.errors import CoinmuxError").returncode == 0


def lint(line):
    """`ruff` with the project's configuration, as for a file of the server."""
    path = ROOT / "server/cli/snippet.py"
    return subprocess.run(
        [
            sys.executable, "-m", "ruff", "check", "--select", "TID251", "--no-cache",
            "--output-format", "concise", "--stdin-filename", str(path), "-",
        ],
        input=line + "\n", cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
