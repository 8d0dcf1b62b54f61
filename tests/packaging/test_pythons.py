"""`scripts/pythons` runs the suite under each Python that is installed."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "pythons"
_MAKE = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in *BASE={failing}*) exit 2 ;; esac
"""


@pytest.fixture
def pythons(tmp_path):
    """`pythons(*arguments, failing="none")`: the script, where the suite fails under one Python.

    Python 3.12 is the shim of a version manager that has none of that version.
    """

    def program(name, text):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o755)

    for version in ("3.11", "3.12", "3.13", "3.14"):
        program(f"python{version}", f"#!/bin/sh\nexit {127 if version == '3.12' else 0}\n")

    def run(*arguments, failing="none", **environ):
        program("make", _MAKE.format(log=tmp_path / "log", failing=failing))
        done = subprocess.run(
            [SCRIPT, *arguments],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **environ},
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        log = tmp_path / "log"
        return done, log.read_text().splitlines() if log.exists() else []

    return run


def test_each_python_has_an_environment_of_its_own_and_a_line(pythons):
    done, made = pythons("tests/server", "-x")
    assert made == [
        f"test BASE=python{version} VENV=.venv-{version} ARGS=tests/server -x"
        for version in ("3.11", "3.13", "3.14")
    ]
    assert done.stdout.split("\n")[1:-1] == [
        "Python 3.11: passed", "Python 3.12: not installed", "Python 3.13: passed",
        "Python 3.14: passed",
    ]  # fmt: skip
    assert done.returncode == 0


def test_a_failure_under_one_is_a_failure_and_the_others_run(pythons):
    done, made = pythons(failing="python3.11")
    assert len(made) == 3
    assert "Python 3.11: failed\n" in done.stdout
    assert "Python 3.14: passed\n" in done.stdout
    assert done.returncode == 1


def test_without_any_python_nothing_has_passed(pythons):
    done, made = pythons(PYTHONS="3.12")
    assert (done.returncode, made) == (1, [])
