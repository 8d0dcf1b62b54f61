"""A real Valkey or Redis of the tests' own, and workers that share it."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from framework import Gateway
from framework.clock import SystemClock
from framework.loader import in_process
from framework.state import shared

PROGRAMS = ("valkey-server", "redis-server")


class StoreServer:
    """A server on a loopback port that keeps nothing on disk."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [
                self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", str(self.folder),
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("the store does not start")

    def kill(self):
        """It is gone, with all it had."""
        self.process.kill()
        self.process.wait()

    def freeze(self):
        """It takes connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def run(self, *command):
        """A command of its own protocol, inline; the raw answer."""
        with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            connection.sendall(" ".join(command).encode() + b"\r\n")
            return connection.recv(65536)


@pytest.fixture(scope="session")
def program():
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Valkey or Redis is installed; scripts/services installs one")
        pytest.skip("no Valkey or Redis is installed (apt-get install redis-server)")
    return found


@pytest.fixture
def server(program, tmp_path):
    made = StoreServer(program, tmp_path)
    yield made
    made.thaw()
    made.kill()


@pytest.fixture
def workers(server, monkeypatch):
    """`async with workers(3, plugin, …) as gateways`: as many that share the store."""

    # So that a test need not wait for what happens every other second.
    monkeypatch.setattr(shared, "_BEAT_S", 0.2)

    def one(*plugins, **settings):
        environ = {"CHECKER": "off", "STATE_URL": server.url, **settings}
        found = [in_process(plugin.name, plugin) for plugin in plugins]
        return Gateway.from_env(None, environ=environ, found=found, clock=SystemClock())

    @asynccontextmanager
    async def make(count, *plugins, **settings):
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(one(*plugins, **settings)) for _ in range(count)]

    make.one = one
    return make
