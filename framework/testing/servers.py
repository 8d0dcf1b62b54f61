"""Real servers of one's own on loopback: PostgreSQL, and Valkey or Redis. For tests and benches."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

_STARTED_WITHIN_S = 10.0
_STORES = ("valkey-server", "redis-server")


def postgres_folder() -> Path | None:
    """Where PostgreSQL's programs are, None where they are not."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def store_program() -> str | None:
    """Valkey's or Redis's server, None where there is neither."""
    return next((path for name in _STORES if (path := shutil.which(name))), None)


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class PostgresServer:
    """A PostgreSQL server on a loopback port, with nothing in it; `close` must follow.

    Args:
        programs: from `postgres_folder`.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="coinmux-pg-"))
        # It refuses to run as root.
        as_root = os.geteuid() == 0
        self._prefix = ["runuser", "-u", "postgres", "--"] if as_root else []
        if as_root:
            shutil.chown(self._folder, "postgres" if as_root else getpass.getuser())
        self.port = free_port()
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "coinmux", "-A", "trust", "-N")
        self.start()
        self._databases = 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [*self._prefix, str(self._programs / program), *arguments],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip

    def start(self) -> None:
        """Begin, or begin again with what is there."""
        folder = self._folder
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
        log = str(folder / "log")
        self._run("pg_ctl", "-D", str(folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """End at once, connections cut."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")

    def new(self) -> str:
        """The address of an empty database."""
        self._databases += 1
        name = f"d{self._databases}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "coinmux", name)
        return f"postgresql://coinmux@127.0.0.1:{self.port}/{name}"

    def close(self) -> None:
        """End, and leave nothing behind."""
        try:
            self.stop()
        except subprocess.CalledProcessError:
            time.sleep(0)  # it was stopped already
        shutil.rmtree(self._folder, ignore_errors=True)


class StoreServer:
    """A Valkey or Redis on a loopback port that keeps nothing on disk; `close` must follow.

    Args:
        program: from `store_program`.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Begin, with nothing in it.

        Raises:
            TimeoutError: it does not.
        """
        self._process = subprocess.Popen(  # noqa: S603 - the store's own program
            [
                self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", tempfile.gettempdir(),
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + _STARTED_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                if time.monotonic() > until:
                    raise TimeoutError("the store does not start") from None
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """It is gone, with all it had."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It takes connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._process.send_signal(signal.SIGCONT)

    def run(self, *command: str) -> bytes:
        """A command of its own protocol, inline; the raw answer."""
        with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            connection.sendall(" ".join(command).encode() + b"\r\n")
            return connection.recv(65_536)

    def close(self) -> None:
        """End it, whatever it is doing."""
        self.thaw()
        self.kill()
