"""Which files of plugins have changed since the last look; for their authors."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from coinmux.framework.adoption.modules import files_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coinmux.framework.adoption.plan import Key
    from coinmux.framework.plugins.discovery import PluginLoader

_PROJECT_FILE = "pyproject.toml"
#: Time of change and size of each file.
Stamps = dict[Path, tuple[int, int]]


@dataclass(slots=True)
class Seen:
    """What has changed.

    Attributes:
        plugins: of which plugins files have changed, and those files.
        others: files of settings and projects that changed, and installations.
    """

    plugins: dict[Key, list[Path]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


class SourceWatch:
    """Looks at the files of the plugins that do not come with coinmux, by their time and size.

    A change is told once no more follows: an editor may write a file in parts.

    Args:
        env_file: of the settings.
        folders: of projects whose `pyproject.toml` names plugins.
    """

    def __init__(
        self, loader: PluginLoader, env_file: Path | None, folders: Sequence[Path]
    ) -> None:
        self._loader = loader
        self._files = [
            *([] if env_file is None else [env_file]),
            *(folder / _PROJECT_FILE for folder in folders),
        ]
        self._told = self._now()
        self._last = self._told

    def look(self) -> Seen:
        """What has changed since the last look that told something; blocks for a moment."""
        now = self._now()
        if now != self._last:
            self._last = now
            return Seen()
        told, self._told = self._told, now
        if now == told:
            return Seen()
        seen = Seen(others=[file.name for file in _differing(told.others, now.others)])
        if now.installed != told.installed:
            seen.others.append("what is installed")
        for key, files in now.plugins.items():
            # One that came since is loaded already.
            if key in told.plugins and (changed := _differing(told.plugins[key], files)):
                seen.plugins[key] = changed
        return seen

    def _now(self) -> _Look:
        return _Look(
            {
                one.key: _stamps(files_of(one))
                for one in self._loader.found
                if not one.built_in and one.value is not None
            },
            _stamps(self._files),
            _installed(),
        )


@dataclass(frozen=True, slots=True)
class _Look:
    plugins: Mapping[Key, Stamps]
    others: Stamps
    installed: frozenset[str]


def _stamps(files: Iterable[Path]) -> Stamps:
    found: Stamps = {}
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            continue  # it is gone, which is a change too
        found[file] = stat.st_mtime_ns, stat.st_size
    return found


def _installed() -> frozenset[str]:
    """The names and versions of all installed distributions, as their folders tell."""
    found: set[str] = set()
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - names alone, three times a second
        except OSError:
            continue
        found.update(name for name in names if name.endswith(".dist-info"))
    return frozenset(found)


def _differing(before: Stamps, now: Stamps) -> list[Path]:
    return sorted(one for one in {*before, *now} if before.get(one) != now.get(one))
