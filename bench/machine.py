"""On what it was measured: the machine, the system, the versions, the revision."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from bench.peers.environment import PEERS
from bench.processes import ROOT

_SHOWN = (
    "aiohttp", "aiosqlite", "asyncpg", "ccxt", "httptools", "httpx", "litestar", "msgspec", "numpy",
    "pandas-ta-classic", "pluggy", "pydantic", "redis", "sqlalchemy", "ta-lib", "talipp", "uvicorn",
    "uvloop",
)  # fmt: skip


def cpu_model() -> str:
    """The processor by its own name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def cores() -> int:
    """Those this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def revision() -> str:
    """The commit of the work tree, with a plus where files differ from it; empty without git."""
    try:
        told = subprocess.run(
            ("git", "describe", "--always", "--exclude=*", "--abbrev=10", "--dirty=+"),
            cwd=ROOT, capture_output=True, check=True, text=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.stdout.strip()


def versions() -> dict[str, str]:
    """Of the libraries measured here, and of each peer's environment."""
    told = {}
    for name in _SHOWN:
        try:
            told[name] = version(name)
        except PackageNotFoundError:
            told[name] = "not installed"
    for peer in PEERS:
        told |= peer.versions()
    return told


def run(*, quick: bool) -> dict[str, Any]:
    """All of it, the moment, and whether it was but a look."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "revision": revision(),
        "quick": quick,
        "cpu": cpu_model(),
        "cores": cores(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "os": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": versions(),
    }
