"""Real databases: SQLite in a file, and a PostgreSQL cluster of the tests' own."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from framework.archive.archive import Archive
from framework.archive.database import Database, read_database_url
from framework.events import EventBus
from framework.testing.clock import FakeClock

ENGINES = ("sqlite", "postgresql")


def postgres_folder():
    """Where PostgreSQL's programs are, None where they are not."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Cluster:
    """A PostgreSQL server on a loopback port, with nothing in it."""

    def __init__(self, programs):
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="coinmux-pg-"))
        # It refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.prefix:
            shutil.chown(self.folder, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.run("initdb", "-D", str(self.folder / "data"), "-U", "coinmux", "-A", "trust", "-N")
        self.start()
        self.databases = 0

    def run(self, program, *arguments):
        subprocess.run(
            [*self.prefix, str(self.programs / program), *arguments],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self):
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def new(self):
        """The address of an empty database."""
        self.databases += 1
        name = f"d{self.databases}"
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "coinmux", name)
        return f"postgresql://coinmux@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def cluster():
    programs = postgres_folder()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed; scripts/services installs it")
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    made = Cluster(programs)
    yield made
    try:
        made.stop()
    except subprocess.CalledProcessError:
        time.sleep(0)  # a test stopped it already
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(params=ENGINES)
def address(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'archive.db'}"
    return request.getfixturevalue("cluster").new()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def archive_at(clock):
    """`async with archive_at(address) as archive`: open, and closed with the block."""

    @asynccontextmanager
    async def make(address, **options):
        database = Database(read_database_url(address), clock)
        archive = Archive(database, clock, EventBus(clock), **options)
        await archive.open()
        try:
            yield archive
        finally:
            await archive.close()

    return make
