"""What happens in all workers, in one order: a file that each appends to and all read.

An event's id is its place in the file, so that every worker gives the same, and a page that goes on
with another worker misses nothing. The file is begun anew when it is full; the one before stays.
"""

from __future__ import annotations

import fcntl
from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Ids of one file; it is full long before.
_IDS = 1_000_000_000
_FULL_BYTES = 4_000_000
#: Requests kept, changes and errors, and lines of the activity log: as in one process.
_REQUESTS, _OTHERS, _ACTIVITY = 2_000, 500, 5_000
#: A request, another event, a line of the activity log, and how many requests were left out.
Kind = Literal["r", "e", "a", "d"]


class Line(NamedTuple):
    """Something that happened in one of the workers.

    Attributes:
        id: later ones have higher ids.
        data: JSON, by kind.
    """

    id: int
    kind: str
    data: bytes


class EventBoard:
    """The shared file, and the newest of what it says.

    Attributes:
        last: the id of the newest event that was read; 0 before the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = 1
        self._offset = 0
        self._requests: deque[Line] = deque(maxlen=_REQUESTS)
        self._others: deque[Line] = deque(maxlen=_OTHERS)
        self._activity: deque[Line] = deque(maxlen=_ACTIVITY)
        self._left_out: deque[Line] = deque(maxlen=_OTHERS)
        self.last = 0

    def append(self, lines: Sequence[tuple[Kind, bytes]]) -> None:
        """Tell all workers.

        Raises:
            OSError: the folder is gone, or full.
        """
        text = b"".join(b"%b %b\n" % (kind.encode("ascii"), data) for kind, data in lines)
        with (self._folder / "events.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            number = self._newest()
            file = self._path(number)
            if file.exists() and file.stat().st_size > _FULL_BYTES:
                self._path(number - 1).unlink(missing_ok=True)
                file = self._path(number + 1)
            with file.open("ab", buffering=0) as out:
                out.write(text)

    def read(self) -> None:
        """Read what was added since the last time.

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
            self._take(text)
            if not follows:
                return
            self._file, self._offset = self._file + 1, 0

    def since(self, seen: int, most: int) -> tuple[list[Line], int]:
        """The newest requests and events after `seen`, in order, and how many were left out.

        Events that are no request take precedence over requests.
        """
        others = [line for line in self._others if line.id > seen]
        requests = [line for line in self._requests if line.id > seen]
        found = others[-most:]
        room = most - len(found)
        found += requests[-room:] if room else []
        left_out = len(others) + len(requests) - len(found)
        left_out += sum(int(line.data) for line in self._left_out if line.id > seen)
        return sorted(found), left_out

    def is_too_old(self, seen: int) -> bool:
        """Whether requests after that place are kept no more."""
        return len(self._requests) == _REQUESTS and seen < self._requests[0].id

    def activity(self, after: int, limit: int) -> list[Line]:
        """The newest lines of the activity log after that id, newest first."""
        found = [line for line in self._activity if line.id > after]
        return found[: -limit - 1 : -1]

    @property
    def last_activity(self) -> int:
        """The id of the newest line of the activity log; 0 before the first."""
        return self._activity[-1].id if self._activity else 0

    def _take(self, text: bytes) -> None:
        whole = text.rfind(b"\n") + 1
        into = {
            b"r": self._requests, b"e": self._others, b"a": self._activity, b"d": self._left_out,
        }  # fmt: skip
        for line in text[:whole].splitlines(keepends=True):
            self._offset += len(line)
            kind, _, data = line[:-1].partition(b" ")
            ident = self._file * _IDS + self._offset
            into[kind].append(Line(ident, kind.decode("ascii"), data))
            if kind in b"re":
                self.last = ident

    def _newest(self) -> int:
        numbers = [int(file.name.removeprefix("events-")) for file in self._folder.glob("events-*")]
        return max(numbers, default=1)

    def _path(self, number: int) -> Path:
        return self._folder / f"events-{number}"
