"""Processes the bench starts: pinned to a core where the system allows it, and always ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
_LOADED_S = 2.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _cores() -> list[int]:
    return (
        sorted(psutil.Process().cpu_affinity() or [0]) if hasattr(os, "sched_setaffinity") else []
    )


#: Before anything is pinned.
_ALL_CORES = _cores()


def pin(pid: int, core: int) -> None:
    if len(_ALL_CORES) > 1:
        os.sched_setaffinity(pid, {_ALL_CORES[core % len(_ALL_CORES)]})


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """This process stays on one core meanwhile."""
    pin(0, core)
    try:
        yield
    finally:
        if len(_ALL_CORES) > 1:
            os.sched_setaffinity(0, _ALL_CORES)


def search_path(*first: str) -> str:
    """`PYTHONPATH` of a child: `first`, what this process was given, and the bench itself."""
    given = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(part for part in (*first, given, str(ROOT)) if part)


@contextmanager
def process(
    arguments: list[str],
    *,
    core: int | None = None,
    cwd: str | None = None,
    python: str = sys.executable,
    environ: Mapping[str, str] | None = None,
    **more: str,
) -> Iterator[subprocess.Popen[str]]:
    """A Python that runs `arguments`; what it prints is in `stdout`."""
    child = subprocess.Popen(
        [python, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": search_path(*([cwd] if cwd else [])),
            **(environ or {}),
            **more,
        },
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    if core is not None:
        pin(child.pid, core)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def loopback_source() -> Iterator[str]:
    """The address of `bench.upstream`, on a core of its own."""
    with process(["-m", "bench.upstream"], core=1) as child:
        assert child.stdout is not None
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"


def wait_for(port: int, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on {port}")


def settled(port: int) -> None:
    """Wait for a server, and for what it loads beside its start."""
    wait_for(port)
    time.sleep(_LOADED_S)


def cpu_s(pid: int) -> float:
    """CPU seconds of the process and its children so far."""
    owner = psutil.Process(pid)
    used = 0.0
    for one in (owner, *owner.children(recursive=True)):
        times = one.cpu_times()
        used += times.user + times.system
    return used
