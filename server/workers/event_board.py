"""What happens in all workers, in one order.

An event's id is its place in the file that they share, so that every worker gives the same, and a
page that goes on with another worker misses nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from coinmux.server.workers.shared_lines import SharedLines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Requests kept, changes and errors, and lines of the activity log: as in one process.
_REQUESTS, _OTHERS, _ACTIVITY = 2_000, 500, 5_000
#: Lines that are read in one turn of the loop.
_TOGETHER = 200
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


class _Where(msgspec.Struct):
    """Of a line of the activity log: the capability that changed, and its state since."""

    capability: str | None = None
    after: str | None = None


class _Change(msgspec.Struct):
    """What tells a change of state from another event, and from another change.

    Attributes:
        t, at: when, Unix ms: the one of an event, the other of a line of the activity log.
    """

    kind: str
    t: int = 0
    at: int = 0
    source: str | None = None
    after: str | None = None
    detail: _Where = msgspec.field(default_factory=_Where)


_CHANGE = msgspec.json.Decoder(_Change)
#: What two workers tell within this time is one change.
_SAME_MS = 5_000
_Place = tuple[str, str | None, str | None]


class EventBoard:
    """The shared file, and the newest of what it says.

    Each worker tells of a source that changed its state; the first of them is shown.

    Args:
        worker: a name that no other worker has, without a space.

    Attributes:
        last: the id of the newest event that was read; 0 before the first.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self._worker = worker.encode("ascii")
        self._lines = SharedLines(folder, "events")
        self._requests: deque[Line] = deque(maxlen=_REQUESTS)
        self._others: deque[Line] = deque(maxlen=_OTHERS)
        self._activity: deque[Line] = deque(maxlen=_ACTIVITY)
        self._left_out: deque[Line] = deque(maxlen=_OTHERS)
        #: By the lines so far, of both kinds: the state of each source and capability, and when a
        #: change to a state was first told, with those who have told it.
        self._states: dict[_Place, str] = {}
        self._changes: dict[tuple[_Place, str], tuple[int, set[bytes]]] = {}
        self.last = 0

    def append(self, lines: Sequence[tuple[Kind, bytes]]) -> None:
        """Tell all workers.

        Raises:
            OSError: the folder is gone, or full.
        """
        self._lines.append(
            [b"%b %b %b" % (kind.encode("ascii"), self._worker, data) for kind, data in lines]
        )

    async def read(self) -> None:
        """Read what was added since the last time.

        A worker that begins has much to read; callers have their turn meanwhile.

        Raises:
            OSError: the folder is gone.
        """
        into = {
            b"r": self._requests, b"e": self._others, b"a": self._activity, b"d": self._left_out,
        }  # fmt: skip
        for number, line in enumerate(self._lines.read(), 1):
            if number % _TOGETHER == 0:
                await asyncio.sleep(0)
            kind, worker, data = line.text.split(b" ", 2)
            if kind in b"ea" and self._is_known(kind, worker, data):
                continue
            into[kind].append(Line(line.id, kind.decode("ascii"), data))
            if kind in b"re":
                self.last = line.id

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

    def _is_known(self, kind: bytes, worker: bytes, data: bytes) -> bool:
        """Whether it says of a source what another worker has said of it."""
        told = _CHANGE.decode(data)
        if told.kind not in ("state", "state_change"):
            return False
        after = told.after or told.detail.after or ""
        place = kind.decode("ascii"), told.source, told.detail.capability
        if self._states.get(place) == after:
            return True
        at = told.t or told.at
        first_at, tellers = self._changes.get((place, after), (0, set[bytes]()))
        if abs(at - first_at) <= _SAME_MS and worker not in tellers:
            # It has learnt of it from others, or at the same time.
            tellers.add(worker)
            return True
        self._changes[place, after] = at, {worker}
        self._states[place] = after
        return False
