"""`coinmux doctor` looks where it hurts: folder, disk, port, archive, store, network, clock."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.cli.in_process import run_here

ROOT = Path(__file__).resolve().parents[3]


def around(environ):
    """The environment of the command."""
    return {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "PORT": "0",
        "PLUGINS_ALLOW": "binance,kraken,etherscan,nomics,rsi", **environ,
    }  # fmt: skip


def in_its_own_process(arguments, environ, cwd):
    command = [sys.executable, "-P", "-m", "coinmux", *arguments]
    return subprocess.run(
        command, env=environ, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


def examined(*arguments, cwd, run=run_here, **environ):
    done = run(["doctor", "--json", *arguments], around(environ), cwd)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def doctor(*arguments, cwd, **environ):
    code, lines = examined(*arguments, cwd=cwd, **environ)
    return code, {one["subject"]: (one["status"], one["detail"], one["remedy"]) for one in lines}


def test_a_clean_place_is_well(tmp_path):
    code, found = doctor(cwd=tmp_path, run=in_its_own_process)
    assert code == 0
    assert {name: found[name][0] for name in ("folder", "port", "archive", "shared state")} == {
        "folder": "ok", "port": "ok", "archive": "ok", "shared state": "ok",
    }  # fmt: skip
    assert found["indicators"][1].endswith("indicators loaded")
    assert "MiB are free" in found["disk"][1]
    assert "MiB are free" in found["memory"][1]
    assert list(tmp_path.iterdir()) == [], "a look makes nothing"


def test_unset_keys_are_one_line(tmp_path):
    _, found = doctor(cwd=tmp_path)
    assert found["keys"][0] == "warning"
    assert "etherscan" in found["keys"][1]
    assert "etherscan" not in found
    assert "nomics" in found["retired"][1]


def test_databases_and_stores_that_are_not_there_fail(tmp_path):
    code, found = doctor(
        cwd=tmp_path,
        DATABASE_URL="postgresql://me:hunter22@127.0.0.1:1/x",
        STATE_URL="redis://:hunter22@127.0.0.1:1",
    )
    assert code == 1
    assert found["archive"] == (
        "failed", "the database does not accept connections", "see that it runs"
    )  # fmt: skip
    assert found["shared state"][0] == "failed"
    assert "hunter22" not in str(found)


def test_a_store_that_is_there_is_well(tmp_path, store):
    _, found = doctor(cwd=tmp_path, STATE_URL=store.url)
    assert found["shared state"] == ("ok", "the store of STATE_URL answers", "")


@pytest.mark.parametrize("kind", ["junk", "newer", "folder"])
def test_an_archive_that_cannot_be_used_fails_with_what_to_do(tmp_path, kind):
    file = tmp_path / "kept" / "archive.db"
    file.parent.mkdir(mode=0o700)
    if kind == "junk":
        file.write_bytes(b"nothing " * 1000)
    elif kind == "folder":
        file.mkdir()
    else:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
            connection.execute("INSERT INTO alembic_version VALUES ('9999')")
            connection.commit()
    code, found = doctor(cwd=tmp_path, DATA_DIR="kept")
    assert code == 1
    status, *said = found["archive"]
    assert status == "failed"
    words = {"junk": "move it away", "newer": "newer coinmux", "folder": "see that it is a file"}
    assert words[kind] in " ".join(said)


def test_a_taken_port_and_an_open_folder_are_warned_of(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        _, found = doctor(cwd=tmp_path, PORT=str(other.getsockname()[1]))
    assert found["port"][0] == "warning"
    assert "Address already in use" in found["port"][1]
    assert found["folder"] == ("warning", "data may be read by others", "chmod 700 data")


def test_a_folder_that_cannot_be_fails(tmp_path):
    (tmp_path / "file").write_text("x")
    code, found = doctor(cwd=tmp_path, DATA_DIR="file/data")
    assert code == 1
    assert found["folder"][0] == "failed"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder in which nothing can be made")
def test_a_folder_in_which_nothing_can_be_made_fails_for_every_user(tmp_path):
    """The data's and the archive's: permissions alone would let the superuser through."""
    code, found = doctor(cwd=tmp_path, DATA_DIR="/proc/x", DATABASE_URL="sqlite:////proc/y/a.db")
    assert code == 1
    assert found["folder"][1:] == (
        "/proc/x cannot be written to", "see who owns /proc, or set DATA_DIR"
    )  # fmt: skip
    assert found["archive"][1:] == ("/proc/y cannot be written to", "see who owns /proc")


def test_every_setting_that_will_not_do_has_its_line(tmp_path):
    """Nobody mends them one by one; a host that is none fails too."""
    code, found = doctor(cwd=tmp_path, HOST="nohost.invalid")
    assert (code, found["port"][0]) == (1, "failed")
    assert "there is no host nohost.invalid" in found["port"][1]
    _, lines = examined(cwd=tmp_path, PORT="abc", LOG_LEVEL="LOUD")
    assert [one["detail"] for one in lines if one["status"] == "failed"] == [
        "PORT takes a whole number from 0 to 65535",
        "LOG_LEVEL takes DEBUG, INFO, WARNING or ERROR",
    ]


def test_names_nothing_reads_are_told(tmp_path):
    (tmp_path / ".env").write_text("KRAKN_ENABLED=off\nHF_TOKEN=changeme\n")
    (tmp_path / ".env").chmod(0o600)
    _, found = doctor(cwd=tmp_path)
    assert found["settings"][0] == "warning"


def test_without_a_network_the_probes_conclude_that_there_is_no_way_out(tmp_path):
    dead = {f"{name}_BASE_URL": "http://127.0.0.1:9" for name in ("BINANCE", "KRAKEN")}
    dead["KRAKEN_BASE_URL"] = "http://127.0.0.1:10"
    code, found = doctor("--probe", cwd=tmp_path, **dead)
    assert code == 1
    assert found["network"][1].startswith("no way out of this machine: none of 2 sources")
    assert "HTTPS_PROXY" in found["network"][2]
    assert "kraken" not in found
