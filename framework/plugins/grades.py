"""A provider's grade, as the conformance kit measured it and only while nothing has changed since.

The kit (`coinmux.framework.testing.conformance`) writes `conformance.json` beside the provider,
with a digest of its files; here it is read back, and holds only where the digest still fits.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

#: Raised when what is checked, or what a grade takes, changes.
KIT_VERSION = 1
FILE = "conformance.json"
GRADES = ("bronze", "silver", "gold")


def package_of(plugin: object) -> str | None:
    """The package whose files are the plugin's; None for one that is no package's."""
    module = plugin if inspect.ismodule(plugin) else inspect.getmodule(type(plugin))
    if module is None:
        return None
    return module.__name__ if hasattr(module, "__path__") else module.__package__ or None


def digest(package: str) -> str:
    """Of every file of the package but the measurement itself: names and contents."""
    made = hashlib.sha256()
    for name, file in sorted(_files(resources.files(package), ""), key=lambda found: found[0]):
        # A checkout may have turned line ends.
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
    """What the kit wrote of the package, whether or not it still fits; None where it did not."""
    try:
        held = json.loads(resources.files(package).joinpath(FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) else None


def standing(plugin: object) -> dict[str, Any] | None:
    """What the kit wrote of the plugin's package; None where there is nothing, or it has changed.

    Reads every file of the package: not for the event loop.
    """
    package = package_of(plugin)
    if package is None:
        return None
    try:
        held = measured(package)
        return held if held is not None and held.get("digest") == digest(package) else None
    except (OSError, ImportError):
        return None


def grade_in(held: dict[str, Any] | None, name: str) -> str | None:
    """The grade in what was written, where it is about the provider of that name."""
    if held is None or held.get("provider") != name or held.get("grade") not in GRADES:
        return None
    return str(held["grade"])
