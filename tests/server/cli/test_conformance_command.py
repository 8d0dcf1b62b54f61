"""`coinmux conformance`: a table or JSON, kept on request, and an exit code."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from coinmux.framework.plugins.grades import standing
from coinmux.server.cli import main

ACME = Path(__file__).resolve().parents[3] / "examples" / "coinmux-acme" / "coinmux_acme"


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A copy of the example under another name, so that what is written is not ours."""
    shutil.copytree(ACME, tmp_path / "stranger_acme")
    (tmp_path / "stranger_acme" / "conformance.json").unlink(missing_ok=True)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "stranger_acme"
    sys.modules.pop("stranger_acme", None)


def run(*arguments):
    with pytest.raises(SystemExit) as caught:
        main(["conformance", *arguments])
    return caught.value.code


def test_it_tells_the_grade_and_every_check(stranger, capsys):
    """Of one that is named all checks are shown."""
    assert run("stranger_acme") == 0
    shown = capsys.readouterr().out
    assert "acme: silver" in shown
    assert "hostile_fields" in shown
    assert not (stranger / "conformance.json").exists()


def test_it_keeps_what_it_measured(stranger, capsys):
    """What is written is what is shown, and holds until a file changes."""
    assert run("stranger_acme", "--write", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert json.loads((stranger / "conformance.json").read_text()) == shown
    plugin = sys.modules["stranger_acme"]
    assert standing(plugin)["grade"] == "silver"
    (stranger / "samples" / "ticker.json").write_text("{}")
    assert standing(plugin) is None


def test_a_failure_is_an_exit_code(stranger, capsys):
    """With the check and what would do."""
    (stranger / "samples" / "ticker.json").unlink()
    assert run("stranger_acme") == 1
    shown = capsys.readouterr().out
    assert "acme: no grade" in shown
    assert "add" in shown


def test_a_name_nobody_has_is_a_wrong_question(capsys):
    """Exit code 2, and the name."""
    assert run("nobody_at_all") == 2
    assert "nobody_at_all" in capsys.readouterr().err


def test_where_figures_come_from(stranger, capsys):
    """The table of one provider's fields."""
    assert run("stranger_acme", "--fields") == 0
    assert "| `last` | acme | `last` | quote |" in capsys.readouterr().out
