"""Lines of text in one order for all workers: a file that each appends to and all read.

The file is begun anew when it is full; the one before stays, so that no reader misses a line.
"""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: Ids of one file; it is full long before.
_IDS = 1_000_000_000
_FULL_BYTES = 4_000_000


class SharedLine(NamedTuple):
    """A line that a worker wrote.

    Attributes:
        id: its place; later lines have higher ones, and every worker gives it the same.
        text: without its ending.
    """

    id: int
    text: bytes


def _nothing() -> Sequence[bytes]:
    return ()


class SharedLines:
    """The file of one kind of lines, and how far this worker has read it.

    Args:
        name: of the files in the folder, which get numbers.
        head: the lines that a file begins with which this worker begins: what who reads no earlier
            file has to know.
    """

    def __init__(
        self, folder: Path, name: str, head: Callable[[], Sequence[bytes]] = _nothing
    ) -> None:
        self._folder = folder
        self._name = name
        self._head = head
        self._file = 1
        self._offset = 0

    def append(self, lines: Sequence[bytes]) -> None:
        """Tell all workers.

        Raises:
            OSError: the folder is gone, or full.
        """
        text = b"".join(line + b"\n" for line in lines)
        with (self._folder / f"{self._name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            number = self._newest()
            file = self._path(number)
            if file.exists() and file.stat().st_size > _FULL_BYTES:
                self._path(number - 1).unlink(missing_ok=True)
                file = self._path(number + 1)
                text = b"".join(line + b"\n" for line in self._head()) + text
            with file.open("ab", buffering=0) as out:
                out.write(text)

    def read(self) -> Iterator[SharedLine]:
        """What was added since the last time, by this worker too.

        Raises:
            OSError: the folder is gone.
        """
        while True:
            follows = self._path(self._file + 1).exists()
            try:
                with self._path(self._file).open("rb") as file:
                    file.seek(self._offset)
                    text = file.read()
            except FileNotFoundError:
                newest = self._newest()
                if newest <= self._file:
                    return
                # It was away for two whole files: what is left begins with the older one.
                self._file, self._offset = max(self._file + 1, newest - 1), 0
                continue
            whole = text.rfind(b"\n") + 1
            for line in text[:whole].splitlines(keepends=True):
                self._offset += len(line)
                yield SharedLine(self._file * _IDS + self._offset, line[:-1])
            if not follows:
                return
            self._file, self._offset = self._file + 1, 0

    def _newest(self) -> int:
        start = f"{self._name}-"
        numbers = [int(file.name.removeprefix(start)) for file in self._folder.glob(f"{start}*")]
        return max(numbers, default=1)

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}-{number}"
