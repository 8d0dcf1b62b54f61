"""What `coinmux doctor` looks at of the process: its versions, its user, its limits."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import ssl
import sys
from importlib import metadata
from itertools import zip_longest
from typing import TYPE_CHECKING

from coinmux.framework.reports.base import installed_version
from coinmux.server.cli.findings import Finding

if TYPE_CHECKING:
    from coinmux.framework.config.settings import Settings

#: A requirement without extras and markers: its name, and its bounds.
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^\]]*\])?\s*([^;]*)(;.*)?")
_BOUND = re.compile(r"(>=|<=|==|!=|<|>)\s*([\w.]+)")
#: Descriptors that are no connection: log, archive, store, pipes to workers, the loop's own.
_OTHER_FILES = 64
#: Below it not even a few callers and sources fit.
_LEAST_FILES = 128


def versions() -> list[Finding]:
    """Ourselves, Python, and whether every package is one that we were tested with."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = [
        Finding("coinmux", "ok", installed_version()),
        Finding("python", "ok", f"{python} on {platform.system()} {platform.machine()}"),
    ]
    try:
        required = metadata.requires("coinmux") or []
    except metadata.PackageNotFoundError:
        remedy = "install it, so that its dependencies are known: pip install -e ."
        return [*found, Finding("versions", "warning", "coinmux is not installed", remedy)]
    wanted = [one for one in required if "extra ==" not in one]
    wrong = [trouble for one in wanted if (trouble := _trouble(one)) is not None]
    if wrong:
        remedy = "pip install --force-reinstall -c constraints.txt coinmux"
        return [*found, Finding("versions", "failed", "; ".join(wrong), remedy)]
    libraries = f"SQLite {sqlite3.sqlite_version}, {' '.join(ssl.OPENSSL_VERSION.split()[:2])}"
    detail = f"{len(wanted)} packages are within the ranges that are tested; {libraries}"
    return [*found, Finding("versions", "ok", detail)]


def _trouble(requirement: str) -> str | None:
    """What is wrong with the package of a requirement; None where nothing is."""
    parsed = _REQUIREMENT.match(requirement)
    assert parsed is not None
    name, bounds, marker = parsed.groups()
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        # A marker says where it is needed at all.
        return None if marker else f"{name} is not installed"
    for word, bound in _BOUND.findall(bounds):
        order = _order(installed, bound)
        held = {
            ">=": order >= 0, "<=": order <= 0, "<": order < 0, ">": order > 0, "==": order == 0,
            "!=": order != 0,
        }  # fmt: skip
        if not held[word]:
            return f"{name} {installed} is installed, and {bounds.strip()} is needed"
    return None


def _order(one: str, other: str) -> int:
    """Whether a version is lower (-1), the same (0) or higher (1), by its numbers."""
    pairs = zip_longest(_numbers(one), _numbers(other), fillvalue=0)
    return next((1 if left > right else -1 for left, right in pairs if left != right), 0)


def _numbers(version: str) -> list[int]:
    release = re.match(r"[\d.]*", version)
    assert release is not None
    return [int(part) for part in release[0].split(".") if part]


def process(settings: Settings, sources: int) -> list[Finding]:
    """The user, and whether the limits of the process are enough for the settings.

    Args:
        sources: how many are on.
    """
    return [*_user(), *_files(settings, sources), *_workers(settings)]


def _user() -> list[Finding]:
    if os.name != "posix":
        return []
    if os.geteuid() != 0:
        return [Finding("user", "ok", f"number {os.geteuid()}, not root")]
    remedy = "serve as a user of its own (docs/deploy.md)"
    return [Finding("user", "warning", "this is root, and no right of root's is needed", remedy)]


def _files(settings: Settings, sources: int) -> list[Finding]:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_in_flight + sources * settings.concurrent_per_source + _OTHER_FILES
    shown = "no limit" if soft == resource.RLIM_INFINITY else str(soft)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return [Finding("open files", "ok", f"{shown}; the settings may take {wanted}")]
    enough = 1024 * -(-wanted // 1024)
    at_most = "" if hard == resource.RLIM_INFINITY or hard >= enough else f" (the most is {hard})"
    remedy = (
        f"raise the limit: ulimit -n {enough}{at_most}, LimitNOFILE={enough} in a unit, or "
        "lower MAX_IN_FLIGHT and CONCURRENT_PER_SOURCE"
    )
    detail = f"{soft} may be open at a time, and the settings may take {wanted}"
    status = "failed" if soft < _LEAST_FILES else "warning"
    return [Finding("open files", status, detail, remedy)]


def _workers(settings: Settings) -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores is None or settings.workers <= cores:
        return []
    detail = f"{settings.workers} workers share {cores} processors"
    return [Finding("workers", "warning", detail, f"set WORKERS to {cores} or fewer")]
