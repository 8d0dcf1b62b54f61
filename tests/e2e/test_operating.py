"""What an operator does to a running server, and what they get wrong when they start it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.conftest import coinmux
from tests.e2e.test_workers import healthy, path, until, workers_of

QUIET = {"CHECKER": "off", "ARCHIVE": "off"}


def run(*arguments, cwd=None, **environ):
    return subprocess.run(
        [sys.executable, "-P", "-m", "coinmux", *arguments],
        env={**path(), **QUIET, **environ},
        cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# The address


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_is_one_line_before_anything_else_starts(workers, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        told = run("serve", "--port", port, "--workers", workers, cwd=tmp_path)
    assert told.returncode == 2
    assert told.stderr.splitlines() == [
        f"coinmux: cannot listen on 127.0.0.1 port {port}: Address already in use; "
        "set HOST or PORT (--host, --port) to an address that is free"
    ]
    assert told.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_host_that_is_not_there_is_named(workers):
    told = run("serve", "--host", "nohost.example", "--port", "0", "--workers", workers)
    assert told.returncode == 2
    assert told.stderr.startswith("coinmux: there is no host nohost.example; set HOST (--host)")


def test_an_address_of_another_machine_is_one_line():
    told = run("serve", "--host", "192.0.2.1", "--port", "0")
    assert told.returncode == 2
    assert "cannot listen on 192.0.2.1" in told.stderr
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["serve", "doctor", "providers"])
def test_a_file_of_settings_that_was_named_and_is_not_there_is_a_mistake(command, tmp_path):
    told = run(command, "--env-file", "nope.env", cwd=tmp_path)
    assert told.returncode == 2
    assert "there is no file nope.env" in told.stdout + told.stderr


def test_a_provider_that_is_not_there_is_refused_at_the_start():
    told = run("serve", "--port", "0", PROVIDERS_ONLY="krakn")
    assert told.returncode == 2
    assert "PROVIDERS_ONLY names krakn, which is not installed" in told.stderr
    assert "did you mean kraken?" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STATE_URL", "redis://:hunter22@host:port"),
        ("STATE_URL", "redis://:hunter22@127.0.0.1:1?health_check_interval=hunter22"),
        ("DATABASE_URL", "postgresql://me:hunter22@127.0.0.1:54x2/db"),
        (
            "DATABASE_URL",
            "postgresql://me:hunter22@127.0.0.1/db?sslmode=verify-full&sslrootcert=/x",
        ),
    ],
)
def test_an_address_that_cannot_be_used_is_a_plain_line(variable, value):
    told = run("serve", "--port", "0", **{variable: value, "ARCHIVE": "on"})
    assert told.returncode == 2
    assert f"coinmux: {variable} " in told.stderr
    assert "hunter22" not in told.stderr + told.stdout
    assert "Traceback" not in told.stderr


# The current folder


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_file_of_the_current_folder_is_run(workers, tmp_path):
    for name in ("server", "coinmux", "json", "framework", "plugins", "signal", "uvicorn"):
        text = f"open('ran-{name}', 'w').close()\nraise SystemExit('mine')\n"
        (tmp_path / f"{name}.py").write_text(text)
    with coinmux("serve", "--simulate", "--workers", workers, cwd=tmp_path, **QUIET) as server:
        assert healthy(server, 4)
    assert not list(tmp_path.glob("ran-*"))


# Reload


def enabled(server, name):
    return httpx.get(f"{server.url}/api/config/features/{name}", timeout=5).json()["enabled"]


def edit(file, text):
    file.write_text(text)
    file.chmod(0o600)


def test_a_hangup_reloads_and_ends_nothing(tmp_path):
    file = tmp_path / "my.env"
    edit(file, "PROVIDERS_ONLY=kraken,binance\n")
    arguments = ["serve", "--env-file", str(file)]
    with (
        (tmp_path / "log").open("w") as log,
        coinmux(*arguments, cwd=tmp_path, log=log, **QUIET) as server,
    ):
        assert enabled(server, "kraken")
        edit(file, "PROVIDERS_ONLY=binance\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not enabled(server, "kraken"))
        edit(file, "PROVIDERS_ONLY=binanse\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "the settings stay as they were" in (tmp_path / "log").read_text())
        assert enabled(server, "binance")
        assert healthy(server)
        server.process.terminate()
        assert server.process.wait(15) == 0
    text = (tmp_path / "log").read_text()
    assert "stopping: " in text
    assert "stopped" in text
    assert "alembic" not in text


@pytest.mark.parametrize("how", ["signal", "request"])
def test_all_workers_reload(tmp_path, how):
    file = tmp_path / "my.env"
    edit(file, "PROVIDERS_ONLY=kraken,binance\n")
    arguments = ["serve", "--workers", "2", "--env-file", str(file)]
    with coinmux(*arguments, cwd=tmp_path, **QUIET) as server:
        until(lambda: len(workers_of(server)) == 2 and healthy(server, 8))
        assert all(enabled(server, "kraken") for _ in range(8))
        edit(file, "PROVIDERS_ONLY=binance\n")
        if how == "signal":
            server.process.send_signal(signal.SIGHUP)
        else:
            assert httpx.post(f"{server.url}/api/config/reload", timeout=5).status_code == 200
        until(lambda: not any(enabled(server, "kraken") for _ in range(12)))
        assert len(workers_of(server)) == 2
        assert server.process.poll() is None


# A worker that stands still


def test_a_worker_that_stands_still_is_ended_and_begun_again(tmp_path):
    with (
        (tmp_path / "log").open("w") as log,
        coinmux("serve", "--simulate", "--workers", "2", log=log, **QUIET) as server,
    ):
        until(lambda: len(workers_of(server)) == 2 and healthy(server, 8))
        time.sleep(2)
        victim = workers_of(server)[0]
        victim.send_signal(signal.SIGSTOP)
        _, alive = psutil.wait_procs([victim], timeout=25)
        assert not alive
        until(lambda: len(workers_of(server)) == 2 and healthy(server, 8))
    text = (tmp_path / "log").read_text()
    assert f"worker {victim.pid} stands still: no sign of life for 10 s" in text
    assert f'"pid":{victim.pid}' in text, "a worker's lines say which it is"


def test_data_and_its_files_are_for_the_owner_alone(tmp_path):
    with coinmux("serve", cwd=tmp_path, CHECKER="off", PROVIDERS_ONLY="kraken") as server:
        until(lambda: (tmp_path / "data" / "archive.db").exists() and healthy(server))
    folder = Path(tmp_path / "data")
    assert folder.stat().st_mode & 0o077 == 0
    assert all(one.stat().st_mode & 0o077 == 0 for one in folder.iterdir())
    assert os.access(folder, os.W_OK)
