"""`coinmux keys`: a key that is shown once, and the line by which it is known."""

import json

import pytest

from coinmux.framework.config.api_keys import owner_of, read_api_keys
from tests.server.cli.in_process import run_here


def run(*arguments):
    """The command, without the settings of whoever runs the test."""
    return run_here(arguments, {})


def _read(line):
    name, _, value = line.partition("=")
    assert name == "API_KEYS"
    return read_api_keys(value)


def test_the_line_knows_the_key_and_does_not_hold_it(tmp_path):
    """With the limits that were given, beside the consumers there are."""
    made = json.loads(run("keys", "alice", "--per-min", "120", "--json").stdout)
    (alice,) = _read(made["line"])
    assert owner_of(made["key"], [alice]) is alice
    assert made["key"] not in made["line"]
    file = tmp_path / "env"
    file.write_text(made["line"] + "\n")
    file.chmod(0o600)
    options = ("--scope", "news", "--scope", "market", "--monthly", "9", "--env-file", str(file))
    second = json.loads(run("keys", "bob", *options, "--json").stdout)
    former, bob = _read(second["line"])
    assert former == alice
    assert (bob.name, bob.scopes, bob.per_min, bob.monthly) == ("bob", ("market", "news"), None, 9)
    again = json.loads(run("keys", "alice", "--env-file", str(file), "--json").stdout)
    (renewed,) = _read(again["line"])
    assert owner_of(made["key"], [renewed]) is None
    assert file.read_text() == made["line"] + "\n"


def test_people_are_told_what_to_do_with_it():
    """The key, the line, and how it is sent."""
    told = run("keys", "alice").stdout
    assert "cmx_" in told
    assert "API_KEYS=alice:" in told
    assert "X-API-Key" in told


@pytest.mark.parametrize("name", ["Alice", "operator", "a b", "x" * 33])
def test_a_name_that_cannot_be_used_is_refused(name):
    """It is a label of metrics and a part of the line."""
    found = run("keys", name)
    assert found.returncode == 2
    assert "small letters" in found.stderr
