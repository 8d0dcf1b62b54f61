"""A real server in a process of its own, on simulated sources."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import httpx
import pytest

from coinmux.framework.plugins.discovery import PluginLoader


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextmanager
def coinmux(*arguments, ready="/healthz", port=None, cwd=None, log=None, **environ):
    """`coinmux <arguments>` until the block ends.

    Args:
        cwd: the folder it runs in.
        log: an open file for what it prints.
    """
    port = port or free_port()
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")
    clean = {k: v for k, v in os.environ.items() if k in kept}
    child = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "coinmux",
            *arguments,
            "--port",
            str(port),
            *([] if "--env-file" in arguments else ["--env-file", os.devnull]),
        ],
        env={**clean, **environ},
        cwd=cwd,
        stdout=subprocess.PIPE if log is None else log,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 30
        while True:
            try:
                httpx.get(url + ready, timeout=1)
                break
            except httpx.TransportError:
                if child.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"did not start: {child.communicate()[0]}") from None
                time.sleep(0.05)
        yield SimpleNamespace(url=url, process=child, port=port)
    finally:
        if child.poll() is None:
            child.terminate()
        try:
            child.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def addresses_of(url):
    """Variables that lead every source of this installation to `url`."""
    loader = PluginLoader()
    loader.load(loader.discover(), wait_s=30, limit_s=30)
    found = {}
    for provider in loader.providers.values():
        info = provider.info
        variable = f"{info.name.upper()}_BASE_URL"
        names = ("", *info.hosts, *(channel.name for channel in info.channels))
        found |= {f"{variable}_{name.upper()}" if name else variable: url for name in names}
    return found


@pytest.fixture(scope="session")
def simulated_server():
    with coinmux("serve", "--simulate", CHECKER="off", LOG_LEVEL="WARNING") as server:
        yield server
