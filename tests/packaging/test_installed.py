"""The wheel in an empty environment, outside the checkout."""

import json
import os
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, run, serving

#: Modules of a stranger's project whose names coinmux used to install.
STRANGERS = {
    "server.py": "raise RuntimeError('this server is a stranger')\n",
    "plugins/__init__.py": "raise RuntimeError('these plugins are a stranger')\n",
    "framework/__init__.py": "raise RuntimeError('this framework is a stranger')\n",
    "static/__init__.py": "raise RuntimeError('this folder is a stranger')\n",
}
ENV_FILE = ("--env-file", os.devnull)


@pytest.fixture
def project(tmp_path):
    """A folder with modules of the names that coinmux used to install."""
    for name, text in STRANGERS.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def providers(client):
    shown = client.get("/api/providers").json()
    return {one["name"] for one in shown["providers"]}, shown["broken"]


def test_it_is_imported_from_where_it_was_installed(distributions, tmp_path):
    """Neither the checkout nor the editable installation is what runs."""
    code = "import coinmux, coinmux.framework, coinmux.server; print(coinmux.__file__)"
    shown = run(distributions.python, "-c", code, cwd=tmp_path).stdout.strip()
    assert Path(shown).parent == distributions.site / "coinmux"


def test_version_and_help(distributions, tmp_path):
    """The command and the module are the same program."""
    version = run(distributions.command, "--version", cwd=tmp_path).stdout
    assert version.startswith("coinmux, version ")
    module = (distributions.python, "-m", "coinmux")
    assert run(*module, "--version", cwd=tmp_path).stdout == version
    assert "conformance" in run(*module, "--help", cwd=tmp_path).stdout


def test_pages_data_and_the_archive_on_simulated_sources(distributions, tmp_path):
    """`coinmux serve --simulate` needs nothing but what the wheel installed."""
    command = (distributions.command, "serve", "--simulate", *ENV_FILE)
    with serving(*command, cwd=tmp_path, DATABASE_URL="sqlite:///kept.sqlite") as client:
        for page in ("/", "/system-monitor", "/chart", "/docs"):
            answer = client.get(page)
            assert answer.status_code == 200, page
            assert "text/html" in answer.headers["content-type"]
        ticker = client.get("/api/market/ticker", params={"symbol": "BTC/USDT"}).json()
        assert ticker["data"]["last"] > 0
        assert ticker["meta"]["simulated"] is True
        candles = client.get("/api/market/candles", params={"symbol": "BTC/USDT"})
        assert candles.status_code == 200
        names, broken = providers(client)
        assert "binance" in names
        assert broken == []
        services = {one["name"]: one for one in client.get("/api/status").json()["services"]}
        assert services["database"]["status"] == "ONLINE"
    assert (tmp_path / "kept.sqlite").stat().st_size > 0


def test_conformance_of_a_built_in_provider(distributions, tmp_path):
    """The kit finds the samples that were installed, and the grade is the one that is stored."""
    done = run(distributions.command, "conformance", "binance", "--json", cwd=tmp_path)
    (report,) = json.loads(done.stdout)
    stored = ROOT / "plugins/providers/binance/conformance.json"
    assert report["grade"] == json.loads(stored.read_text())["grade"]


def test_a_project_with_modules_of_our_old_names_in_front(distributions, project):
    """Nothing of coinmux is imported by a name that is not its own: no plugin is broken.

    `python -m coinmux` without arguments serves; the working folder is first on its path.
    """
    with serving(
        distributions.python, "-m", "coinmux",
        cwd=project, PYTHONPATH=str(project), ARCHIVE="off",
    ) as client:  # fmt: skip
        names, broken = providers(client)
        assert broken == []
        assert {"binance", "lexicon"} <= names
        assert "rsi" in client.get("/api/indicators").text
        assert client.get("/").status_code == 200


def test_the_command_in_such_a_project(distributions, project):
    """With arguments the module is the command, in front of strangers too."""
    module = (distributions.python, "-m", "coinmux")
    shown = run(*module, "providers", "--json", *ENV_FILE, cwd=project, PYTHONPATH=str(project))
    assert json.loads(shown.stdout)["broken"] == []
