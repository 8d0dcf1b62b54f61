"""For how long the workers waited for a core that others had: the machine's doing, not theirs."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LOOK_S = 0.1
#: No answer takes so long.
_KEPT_S = 20.0
#: A worker answers nobody while it starts, and waits for a core more than any other then.
_STARTS_S = 5.0


class CoreWaits:
    """What Linux counts of each worker's main thread, in which all its answers are made.

    Args:
        pids: of the workers of now.
        read: seconds for which the main thread of a process has waited for a core so far; None
            where the process is gone, or nobody counts it.
    """

    def __init__(
        self, pids: Callable[[], Iterable[int]], read: Callable[[int], float | None] | None = None
    ) -> None:
        self._pids = pids
        self._read = read or waited_s
        self._begun: dict[int, float] = {}
        self._looks: deque[tuple[float, dict[int, float]]] = deque(maxlen=round(_KEPT_S / _LOOK_S))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.look(time.monotonic())
            await asyncio.sleep(_LOOK_S)

    def look(self, now: float) -> None:
        """Read them all."""
        found: dict[int, float] = {}
        for pid in self._pids():
            self._begun.setdefault(pid, now)
            if (waited := self._read(pid)) is not None:
                found[pid] = waited
        self._looks.append((now, found))

    def longest_s(self, since: float) -> float:
        """The longest that any of them waited since then, of those that did not just begin."""
        before: dict[int, float] = {}
        for at, look in self._looks:
            if at > since:
                break
            before = look
        newest = self._looks[-1][1] if self._looks else {}
        return max(
            (
                newest[pid] - waited
                for pid, waited in before.items()
                if pid in newest and since - self._begun[pid] > _STARTS_S
            ),
            default=0.0,
        )


def waited_s(pid: int) -> float | None:
    """Of the main thread of a process, by `/proc/<pid>/schedstat`."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None
