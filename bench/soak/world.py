"""The processes of a soak: database, store, simulator, and the workers under test."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from coinmux.framework.testing.servers import (
    PostgresServer,
    StoreServer,
    free_port,
    postgres_folder,
    store_program,
)

ROOT = Path(__file__).resolve().parents[2]
_READY_S = 60.0


@dataclass
class World:
    """What runs.

    Attributes:
        url: of the workers.
        simulator: the simulator's own address.
        database: None where PostgreSQL is not installed; a file then.
        store: None where neither Valkey nor Redis is.
        log: what the workers printed.
    """

    url: str
    simulator: str
    server: subprocess.Popen
    database: PostgresServer | None
    store: StoreServer | None
    database_url: str
    log: Path
    folder: Path
    processes: list[subprocess.Popen] = field(default_factory=list)

    def workers(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.server.pid).children()
            return sorted(
                (one for one in children if one.is_running()), key=lambda one: one.create_time()
            )
        return []

    def stop_server(self) -> int | None:
        """Its exit code; None where it had to be killed."""
        self.server.send_signal(signal.SIGTERM)
        try:
            return self.server.wait(30)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        for process in [self.server, *self.processes]:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.store is not None:
            self.store.close()
        if self.database is not None:
            self.database.close()


def build(workers: int) -> World:
    """Start everything and wait until it answers."""
    folder = Path(tempfile.mkdtemp(prefix="coinmux-soak-"))
    programs, store = postgres_folder(), store_program()
    database = PostgresServer(programs) if programs else None
    shared = StoreServer(store) if store else None
    database_url = database.new() if database else f"sqlite:///{folder / 'archive.db'}"
    simulator_port, port = free_port(), free_port()
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # The code beside this file, whichever is installed.
    clean["PYTHONPATH"] = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    simulator = subprocess.Popen(
        [
            sys.executable, "-m", "coinmux", "simulate", "--port", str(simulator_port),
            "--env-file", os.devnull,
        ],
        env={**clean, "PYTHONUNBUFFERED": "1", "COLUMNS": "1000"},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    overrides = _overrides(simulator)
    log = folder / "log"
    environ = {
        **clean,
        **overrides,
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "INFO",
        "OFFLINE_RETRY_S": "5",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ADMIN_TOKEN": "",
        **({"STATE_URL": shared.url} if shared else {}),
    }
    server = subprocess.Popen(
        [
            sys.executable, "-m", "coinmux", "serve", "--workers", str(workers),
            "--env-file", os.devnull,
        ],
        env=environ, stdout=log.open("w"), stderr=subprocess.STDOUT, cwd=folder,
    )  # fmt: skip
    world = World(
        f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}", server, database, shared,
        database_url, log, folder, [simulator],
    )  # fmt: skip
    end = time.monotonic() + _READY_S
    while True:
        try:
            if httpx.get(f"{world.url}/readyz", timeout=5).status_code == 200:
                return world
        except httpx.TransportError:
            if server.poll() is not None or time.monotonic() > end:
                world.close()
                raise RuntimeError(f"the workers do not start: {log.read_text()[-2000:]}") from None
        time.sleep(0.1)


def _overrides(simulator: subprocess.Popen) -> dict[str, str]:
    """The variables the simulator prints, until it has printed its last."""
    found: dict[str, str] = {}
    assert simulator.stdout is not None
    os.set_blocking(simulator.stdout.fileno(), False)
    quiet_since, end = time.monotonic(), time.monotonic() + _READY_S
    while time.monotonic() < end:
        line = simulator.stdout.readline()
        if not line:
            if found and time.monotonic() - quiet_since > 0.5:
                return found
            time.sleep(0.05)
            continue
        quiet_since = time.monotonic()
        name, is_one, value = line.strip().partition("=")
        if is_one and not line.startswith("#"):
            found[name] = value
    raise RuntimeError("the simulator does not start")
