"""The units for systemd, read by systemd's own checker."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coinmux.framework.config.settings import SETTINGS
from coinmux.server.cli import cli
from coinmux.server.process.process_end import GRACE_S

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy/systemd"


def unit(name):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNITS / name)
    return parser


@pytest.fixture
def analyze():
    found = shutil.which("systemd-analyze")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("systemd-analyze is not installed; scripts/services installs it")
        pytest.skip("systemd-analyze is not installed (apt-get install systemd)")
    return found


def test_systemd_has_nothing_to_say_against_the_units(analyze, tmp_path):
    """Every name and value is one it knows; the program's path is one that exists here."""
    for path in UNITS.iterdir():
        text = path.read_text().replace("/opt/coinmux/bin/coinmux", sys.executable)
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "coinmux" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_service_has_hardly_a_right(analyze):
    """systemd's own measure, 10 for none at all; a service without a word about it has 9."""
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(UNITS / "coinmux.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    (exposure,) = re.findall(r"Overall exposure level for coinmux.service: ([\d.]+)", done.stdout)
    assert float(exposure) <= 2.0


def test_the_command_is_one_of_ours_and_reads_again_what_a_reload_shall_change():
    """Settings in a file that the process reads itself; SIGHUP reloads; the stop is long enough."""
    service = unit("coinmux.service")["Service"]
    program, command, *arguments = service["ExecStart"].split()
    assert program == "/opt/coinmux/bin/coinmux"
    parameters = cli.get_command(None, command).make_context(command, ["--workers", "2"]).params
    assert {word[2:].replace("-", "_") for word in arguments if word[:2] == "--"} <= set(parameters)
    assert "--env-file" in arguments
    assert "EnvironmentFile" not in service
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    names = {pair.partition("=")[0] for pair in service["Environment"].split()}
    assert names - {"PYTHONDONTWRITEBYTECODE"} <= set(SETTINGS)
    assert int(service["TimeoutStopSec"]) > GRACE_S + 5
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")


def test_one_socket_is_handed_down_at_the_address_of_the_defaults():
    host, _, port = unit("coinmux.socket")["Socket"]["ListenStream"].partition(":")
    assert (host, int(port)) == (SETTINGS["HOST"].default, SETTINGS["PORT"].default)
