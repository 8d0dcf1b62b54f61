"""Which plugins are installed: entry points of the group `coinmux`, and those of folders."""

from __future__ import annotations

import hashlib
import importlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coinmux.framework.plugins.found import Found
from coinmux.framework.plugins.hookspecs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PROJECT_FILE = "pyproject.toml"


class BadFolder(ValueError):
    """A folder whose plugins cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class _Point:
    """An entry point, and what is known of its distribution."""

    point: EntryPoint
    origin: str
    version: str
    stamp: str

    @property
    def name(self) -> str:
        return self.point.name.lower()

    @property
    def built_in(self) -> bool:
        return self.origin == PROJECT

    def found(self) -> Found:
        point = self.point
        return Found(
            point.name, self.origin, self.version, self.built_in, point.load, point.value,
            stamp=self.stamp,
        )  # fmt: skip


class Installed:
    """What is installed, as it was when it was last looked at.

    Args:
        folders: whose `pyproject.toml` declares plugins that need not be installed.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = folders
        self._points: Sequence[_Point] | None = None

    def look(self) -> None:
        """Read anew what is installed. Blocks: it opens a file of every installed distribution.

        Raises:
            BadFolder: a folder declares no plugin.
        """
        importlib.invalidate_caches()
        # Each look at a distribution's name parses its metadata, the README among them.
        facts_of = cache(_facts_of)
        points = [
            _Point(point, *(facts_of(point.dist) or (point.value, "", "")))
            for point in entry_points(group=PROJECT)
        ]
        of_folders = [one for folder in self.folders for one in _declared_in(folder)]
        unique = {(one.point.name, one.origin): one for one in (*points, *of_folders)}
        self._points = list(unique.values())

    def found(self, allow: Iterable[str] = (), block: Iterable[str] = ()) -> list[Found]:
        """The plugins to load, built-in ones first, then by name; those of folders win."""
        allowed, blocked = ({name.lower() for name in names} for names in (allow, block))
        found = [
            one.found()
            for one in self._read()
            if (not allowed or one.name in allowed) and one.name not in blocked
        ]
        return sorted(found, key=lambda one: (not one.built_in, one.name, one.origin))

    def names(self) -> list[str]:
        """The names of all of them, whether or not they are loaded."""
        return sorted({one.name for one in self._read()})

    def _read(self) -> Sequence[_Point]:
        if self._points is None:
            self.look()
        assert self._points is not None
        return self._points


def _declared_in(folder: Path) -> list[_Point]:
    """The plugins that a project declares in its `pyproject.toml`.

    Raises:
        BadFolder: there is no such file, or it declares none.
    """
    file = folder / _PROJECT_FILE
    try:
        project: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except OSError as error:
        raise BadFolder(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BadFolder(f"{file} is no TOML: {error}") from None
    points = project.get("entry-points", {}).get(PROJECT, {})
    if not points:
        raise BadFolder(f"{file} declares no entry point of the group {PROJECT}")
    origin, version = str(project.get("name", folder.name)), str(project.get("version", ""))
    return [
        _Point(EntryPoint(str(name), str(value), PROJECT), origin, version, "")
        for name, value in points.items()
    ]


def _facts_of(distribution: Distribution | None) -> tuple[str, str, str] | None:
    """Name, version and stamp of a distribution."""
    if distribution is None:
        return None
    name = distribution.name
    if name == PROJECT:
        return name, distribution.version, ""
    record = distribution.read_text("RECORD") or ""
    return name, distribution.version, hashlib.sha256(record.encode()).hexdigest()
