"""A provider's stored grade, valid only while the provider's files are those that were measured.

The kit (`coinmux.framework.testing.conformance`) writes `conformance.json` beside the provider,
with a digest of its files; this module reads it, and ignores it if the digest no longer matches.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.resources.abc import Traversable

#: Incremented when the checks, or what a grade requires, change.
KIT_VERSION = 3
FILE = "conformance.json"
GRADES = ("bronze", "silver", "gold")


def package_of(plugin: object) -> str | None:
    """The package that contains the plugin; None for a plugin outside any package."""
    module = plugin if inspect.ismodule(plugin) else inspect.getmodule(type(plugin))
    if module is None:
        return None
    return module.__name__ if hasattr(module, "__path__") else module.__package__ or None


def digest(package: str) -> str:
    """SHA-256 of the names and contents of all files of the package except the stored grade."""
    made = hashlib.sha256()
    for name, file in sorted(_files(resources.files(package), ""), key=lambda found: found[0]):
        # Git may have converted line endings.
        content = file.read_bytes().replace(b"\r\n", b"\n")
        made.update(f"{name}\0{len(content)}\0".encode())
        made.update(content)
    return made.hexdigest()


def _files(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{above}{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__" and not entry.name.startswith("."):
                yield from _files(entry, f"{name}/")
        elif name != FILE and not entry.name.startswith(".") and not name.endswith(".pyc"):
            yield name, entry


def measured(package: str) -> dict[str, Any] | None:
    """The stored measurement of the package, valid or not; None if there is none."""
    try:
        stored = json.loads(resources.files(package).joinpath(FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return stored if isinstance(stored, dict) else None


def standing(plugin: object) -> dict[str, Any] | None:
    """The stored measurement of the plugin's package; None if there is none or a file has changed.

    It reads every file of the package.
    """
    package = package_of(plugin)
    if package is None:
        return None
    try:
        stored = measured(package)
        current = stored is not None and stored.get("digest") == digest(package)
        return stored if current else None
    except (OSError, ImportError):
        return None


def grade_in(standing: Callable[[], dict[str, Any] | None], name: str) -> str | None:
    """The grade in a measurement, if it is one of the provider of that name."""
    stored = standing()
    if stored is None or stored.get("provider") != name or stored.get("grade") not in GRADES:
        return None
    return str(stored["grade"])
