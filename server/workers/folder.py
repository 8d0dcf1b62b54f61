"""The folder in which the workers of one server tell each other their figures and events.

It lies in memory where the system has such a place, belongs to the server's user alone, and ends
with the server. The process that watches over the workers makes it and names their files; it reads
none of them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

#: Names a worker's file in the folder, without its ending.
FIGURES = "COINMUX_FIGURES"
_PREFIX = "coinmux-"
LIVE, ENDED = ".live", ".ended"
_IN_MEMORY = "/dev/shm"  # noqa: S108 - a folder of our own with a name nobody can guess is made there


def began_ms(folder: Path) -> int:
    """When the server of that folder began, Unix ms; 0 where its name does not say."""
    text = folder.name.removeprefix(_PREFIX).partition("-")[0]
    return int(text) if text.isdigit() else 0


def remove(folder: Path) -> None:
    """Remove the folder; where the process that made it was killed, its workers do."""
    shutil.rmtree(folder, ignore_errors=True)


class WorkersFolder:
    """The folder, as the process that watches over the workers uses it."""

    def __init__(self) -> None:
        in_memory = os.access(_IN_MEMORY, os.W_OK | os.X_OK)
        where = _IN_MEMORY if in_memory else None
        prefix = f"{_PREFIX}{time.time_ns() // 1_000_000}-"
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
        self._begun = 0
        self._places: dict[str, int] = {}

    def file_of_next(self) -> str:
        """The file of a worker that begins now: the lowest place that is free, and a number."""
        taken = set(self._places.values())
        place = next(at for at in range(1, len(taken) + 2) if at not in taken)
        self._begun += 1
        name = f"{place}-{self._begun}"
        self._places[name] = place
        return str(self.path / name)

    def end(self, file: str) -> None:
        """Mark what a worker that has ended left; its place is free again."""
        self._places.pop(Path(file).name, None)
        live = Path(file + LIVE)
        if live.exists():
            live.rename(file + ENDED)

    def remove(self) -> None:
        """Remove the folder: the server has ended."""
        remove(self.path)
