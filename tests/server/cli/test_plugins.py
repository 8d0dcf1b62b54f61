"""`coinmux plugins`: what is installed, and switching it off and on by the file of settings."""

import json
import sys

import pytest

from tests.server.cli.in_process import run_here


@pytest.fixture
def run(tmp_path):
    """The command on few plugins, with a file of settings of its own."""
    file = tmp_path / ".env"
    file.write_text("# mine\nPLUGINS_ALLOW=kraken,rsi,etherscan # few\n")
    file.chmod(0o600)

    def call(*arguments, **environ):
        return run_here(("plugins", *arguments, "--env-file", str(file)), environ, tmp_path)

    call.file = file
    return call


def listed(done):
    assert done.returncode == 0, done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)["plugins"]}


def test_every_plugin_is_listed_with_how_to_install_another(run):
    lines = listed(run("--json"))
    assert lines["kraken"]["providers"] == ["kraken"]
    assert lines["binance"]["state"] == "off"
    assert lines["binance"]["detail"] == "PLUGINS_ALLOW does not name it"
    text = run().stdout
    assert f"{sys.executable} -m pip install NAME" in text.replace("\n", "")


def test_one_is_told_with_what_it_lacks(run):
    done = run("etherscan")
    assert "etherscan needs ETHERSCAN_API_KEY" in done.stdout
    assert "state: on" in done.stdout


def test_one_is_switched_off_and_on_by_the_file(run):
    done = run("off", "Kraken")
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0, f"wrote PLUGINS_BLOCK=kraken to {run.file}",
    )  # fmt: skip
    assert run.file.read_text() == (
        "# mine\nPLUGINS_ALLOW=kraken,rsi,etherscan # few\nPLUGINS_BLOCK=kraken\n"
    )
    assert listed(run("--json"))["kraken"]["state"] == "off"
    assert "is off already: nothing was written" in run("off", "kraken").stdout
    assert run("on", "kraken").returncode == 0
    assert listed(run("--json"))["kraken"]["state"] == "on"


def test_one_that_the_file_does_not_allow_is_allowed(run):
    done = run("on", "binance", "--json")
    assert json.loads(done.stdout)["written"] == {"PLUGINS_ALLOW": "kraken,rsi,etherscan,binance"}
    assert listed(run("--json"))["binance"]["state"] == "on"


def test_what_the_environment_decides_is_not_written_in_vain(run):
    before = run.file.read_text()
    done = run("on", "kraken", PLUGINS_BLOCK="kraken")
    assert done.returncode == 2
    assert "PLUGINS_BLOCK is set in the environment, which wins" in done.stderr
    assert run.file.read_text() == before


def test_a_wrong_name_writes_nothing_and_is_told_the_right_one(run):
    before = run.file.read_text()
    done = run("off", "krakn")
    assert done.returncode == 2
    assert "did you mean kraken?" in done.stderr
    assert run.file.read_text() == before


@pytest.mark.parametrize("words", [("a", "b"), ("off", "a", "b")])
def test_other_words_are_refused(run, words):
    done = run(*words)
    assert done.returncode == 2
    assert "off NAME, on NAME" in done.stderr
