"""A server in a process of its own, of one scripted provider.

Each is forked from a process that has imported everything, so that a start takes a fraction of what
the imports do.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from coinmux import Gateway
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.server.process import uvicorn_protocol, uvicorn_server
from tests.server.scripted import ScriptedProvider

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["pytest", "coinmux.server.app", __name__])


class Process:
    """A server in a process of its own, of one scripted provider."""

    def __init__(self, process, log, port):
        self.process = process
        self.log = log
        self.port = port
        self.writers = []

    def signal(self, sign=signal.SIGTERM):
        os.kill(self.process.pid, sign)

    async def ended(self):
        """The exit code and the log, once it is over."""
        log = await asyncio.wait_for(asyncio.to_thread(self.log.read), 10)
        await asyncio.to_thread(self.process.join, 10)
        return self.process.exitcode, log

    def end(self):
        self.process.kill()
        self.process.join()
        self.process.close()
        self.log.close()

    async def open(self, request=b""):
        """A connection on which `request` was sent; closed with the test."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(request)
        return reader, writer

    async def close(self):
        for writer in self.writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self.writers.clear()

    async def get(self, target, *lines):
        """Status line, headers and body of one answer on a connection of its own."""
        head = [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close"]
        reader, _ = await self.open("\r\n".join([*head, *lines, "", ""]).encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.decode("latin-1"), body


def _serve(log, outcomes, port, patience_s, connections, of_a_client, grace_s, settings):
    """What the process does; `log` is the pipe that takes what it prints."""
    file = os.open(log, os.O_WRONLY)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    uvicorn_protocol.PATIENCE_S = patience_s
    uvicorn_protocol.CONNECTION_LIMIT = connections
    if of_a_client is not None:
        uvicorn_protocol.CLIENT_LIMIT = of_a_client
        uvicorn_protocol.is_loopback = lambda address: False
    uvicorn_server.GRACE_S = grace_s

    async def main():
        plugin = ScriptedProvider("a", outcomes, SystemClock())
        environ = {"CHECKER": "off", "ARCHIVE": "off", "PORT": str(port), **settings}
        found = [in_process("a", plugin), *PluginLoader().discover(allow=["sma"])]
        gateway = Gateway.from_env(None, environ=environ, found=found)
        assert await gateway.wait_loaded() == []
        async with gateway:
            return await uvicorn_server.serve(gateway)

    raise SystemExit(asyncio.run(main()))


def start(outcomes, *, patience_s=10, connections=512, of_a_client=None, grace_s=10, **variables):
    """A server that listens, in a process of its own.

    With `of_a_client` this machine counts as a distant client of so many connections.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        pipe = Path(folder) / "log"
        os.mkfifo(pipe)
        given = (pipe, outcomes, port, patience_s, connections, of_a_client, grace_s, variables)
        process = _FORKS.Process(target=_serve, args=given)
        process.start()
        log = pipe.open("rb")
    lines = []
    while not any(b"listening on" in line for line in lines):
        line = log.readline()
        assert line, b"".join(lines)
        lines.append(line)
    return Process(process, log, port)
