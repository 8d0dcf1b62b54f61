"""Loads a package's plugins in a process of its own, and checks what they turn out to be.

In a process of its own, because what is imported cannot be taken back, and because a plugin that
is not installed is found on another path.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from coinmux.server.cli.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coinmux.server.cli.authors.package import Package

#: Seconds for all plugins of a package: many times what the kit takes.
LIMIT_S = 600.0


def inspect(package: Package, limit_s: float = LIMIT_S) -> list[Finding]:
    """What a process of its own finds of the package's plugins.

    Args:
        limit_s: a process that has not ended by then is ended.
    """
    if not package.points:
        return []
    path = [*map(str, package.paths), *filter(None, sys.path)]
    environ = {
        **os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"
    }  # fmt: skip
    with TemporaryDirectory() as folder:
        told = Path(folder) / "findings.json"
        command = [sys.executable, "-P", "-m", __name__, package.name, str(told)]
        try:
            # What a plugin prints is no finding, and must not stand in the midst of a table.
            done = subprocess.run(  # noqa: S603 - this Python, and a module of ours
                command, cwd=folder, env=environ, capture_output=True, text=True,
                timeout=limit_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            detail = f"not done after {limit_s:g} s"
            return [Finding("plugins", "failed", detail, "see what it does while it is imported")]
        if not told.exists():
            lines = done.stderr.strip().splitlines() or ["it said nothing"]
            detail = f"the process ended with {done.returncode}: {lines[-1]}"
            return [Finding("plugins", "failed", detail, "see what it does while it is imported")]
        return msgspec.json.decode(told.read_bytes(), type=list[Finding])


def findings(name: str) -> Iterator[Finding]:
    """Everything about the plugins of a distribution that can be imported here."""
    # Imported before anything is watched, so that what these read is not the plugin's doing.
    from coinmux.framework.plugins.discovery import PluginLoader
    from coinmux.server.cli.authors import conformance, plugin_checks
    from coinmux.server.cli.authors.load_watch import watched
    from coinmux.server.cli.console import LOAD_WAIT_S

    loader = PluginLoader()
    found = loader.discover()
    ours = [one for one in found if one.origin == name]
    for one in ours:
        with watched() as seen:
            one.run()
        yield from plugin_checks.loading(one, seen)
    # The others first: of two plugins with one name it is this package's that is at fault.
    others = [one for one in found if one.origin != name]
    loader.load(others, wait_s=LOAD_WAIT_S, limit_s=LOAD_WAIT_S)
    loader.pending = [one for one in ours if one.error is None]
    loader.adopt(LOAD_WAIT_S)
    for one in ours:
        if one.error is not None:
            continue
        yield from plugin_checks.registered(one, loader)
        declared = [p.info for p in loader.providers.values() if p.plugin is one.loaded]
        for info in declared:
            yield from plugin_checks.facts(info)
        if one.info is not None:
            yield from conformance.provider(one.name, one.loaded)
        if one.indicators is not None:
            yield conformance.indicators(one.name, one.loaded)


if __name__ == "__main__":
    made = list(findings(sys.argv[1]))
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(made))
