"""`coinmux archive backup` and `restore`, beside a server that writes."""

import json
import os
import sqlite3
import time
from contextlib import closing

import pytest

from tests.e2e.conftest import coinmux
from tests.server.cli.in_process import run_here


def archive(*arguments, cwd, **environ):
    return run_here(["archive", *arguments], {"PATH": os.environ["PATH"], **environ}, cwd)


def changes_in(file):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT source, after FROM changes ORDER BY id").fetchall()


def test_the_archive_of_a_running_server_is_copied_and_restored(tmp_path):
    """What the server wrote at its start is in the copy, and in the archive filled from it."""
    kept = {"DATA_DIR": str(tmp_path / "data"), "CHECKER": "off", "LOG_LEVEL": "WARNING"}
    with coinmux("serve", PLUGINS_ALLOW="binance,rsi", ready="/readyz", **kept) as server:
        # Its start is the first row, and is written after its callers are taken.
        until = time.monotonic() + 30
        while archive("backup", "copy.db", cwd=tmp_path, **kept).returncode or not changes_in(
            tmp_path / "copy.db"
        ):
            assert server.process.poll() is None
            assert time.monotonic() < until
            (tmp_path / "copy.db").unlink(missing_ok=True)
    fresh = {**kept, "DATA_DIR": str(tmp_path / "fresh")}
    done = archive("restore", "copy.db", cwd=tmp_path, **fresh)
    assert done.returncode == 0, done.stderr
    assert "the archive is filled from copy.db" in done.stdout
    restored = changes_in(tmp_path / "fresh" / "archive.db")
    assert restored == changes_in(tmp_path / "copy.db")
    assert (tmp_path / "fresh").stat().st_mode & 0o777 == 0o700
    again = archive("restore", "copy.db", cwd=tmp_path, **fresh)
    assert again.returncode == 2
    assert "holds rows already" in again.stderr
    assert archive("restore", "copy.db", "--replace", cwd=tmp_path, **fresh).returncode == 0
    counts = json.loads(archive("backup", "b.db", "--json", cwd=tmp_path, **fresh).stdout)
    assert counts["changes"] == len(restored)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backup", "copy.db"), "there is no archive yet: the server makes it"),
        (("backup", "there.db"), "there.db: there is such a file already"),
        (("backup", "nowhere/copy.db"), "nowhere: there is no such folder"),
        (("restore", "copy.db"), "copy.db: there is no such file"),
        (("restore", "there.db"), "there.db is no copy of an archive"),
    ],
    ids=["no-archive", "taken", "no-folder", "no-copy", "junk"],
)
def test_what_cannot_be_done_is_said(tmp_path, arguments, said):
    (tmp_path / "there.db").write_text("x")
    done = archive(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_with_a_password_is_not_shown(tmp_path):
    url = "postgresql://me:hunter22@127.0.0.1:1/x"
    done = archive("backup", "copy.db", cwd=tmp_path, DATABASE_URL=url)
    assert done.returncode == 2
    assert "the database does not accept connections" in done.stderr
    assert "hunter22" not in done.stderr + done.stdout
