"""The disk of `DATA_DIR`: nearly full, or full within a day if it goes on like this."""

from __future__ import annotations

import asyncio
import shutil
from collections import deque
from typing import TYPE_CHECKING

from coinmux.framework.incidents.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coinmux.framework.incidents.record import Severity

_EVERY_S = 60.0
#: A share of the disk that is little, and an amount that is plenty however large the disk is.
_LITTLE, _PLENTY = 0.05, 5 * 2**30
#: With less than this, databases begin to fail.
_ALMOST_NONE = 200 * 2**20
#: What it will be in a day is judged by this much of the past at least, and where less is free than
#: this share.
_LEAST_S, _MOST_S, _SOON_S = 1_800.0, 21_600.0, 86_400.0
_WATCHED = 0.25


class DiskWatch:
    """Measures in a thread, as a disk of another machine may hang.

    Args:
        folder: of `DATA_DIR`; None where nothing is stored there.
        usage: total and free bytes of the disk of a folder.
    """

    def __init__(
        self,
        folder: Callable[[], Path | None],
        usage: Callable[[Path], tuple[int, int]] | None = None,
    ) -> None:
        self._folder = folder
        self._usage = _usage if usage is None else usage
        self._due = 0.0
        self._measures: deque[tuple[float, int]] = deque()
        self._total = 0
        self._task: asyncio.Task[None] | None = None

    def measure(self, now: float) -> None:
        """Begin a measurement if one is due and none hangs."""
        folder = self._folder()
        if folder is None or now < self._due or (self._task is not None and not self._task.done()):
            return
        self._due = now + _EVERY_S
        self._task = asyncio.ensure_future(self._measure(folder, now))

    async def stop(self) -> None:
        """Wait for no measurement any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _measure(self, folder: Path, now: float) -> None:
        try:
            self._total, free = await asyncio.to_thread(self._usage, folder)
        except OSError:
            return  # the archive says what is wrong with it
        self._measures.append((now, free))
        while now - self._measures[0][0] > _MOST_S:
            self._measures.popleft()

    def look(self) -> list[Condition]:
        """Whether the disk is nearly full, or soon."""
        if not self._measures:
            return []
        free = self._measures[-1][1]
        message = f"{free / 2**30:.1f} GiB of {self._total / 2**30:.0f} GiB are free"
        severity: Severity
        if free < _ALMOST_NONE:
            severity, code = "major", "disk_full"
        elif free < min(_LITTLE * self._total, _PLENTY):
            severity, code = "minor", "disk_nearly_full"
        elif (left_s := self._left_s()) is not None:
            severity, code = "minor", "disk_filling"
            message += f"; at the rate of late it is full in {left_s / 3_600:.0f} h"
        else:
            return []
        return [Condition("warning", "disk", "Disk of DATA_DIR", severity, code, message)]

    def _left_s(self) -> float | None:
        """Seconds until it is full, where that is within a day."""
        (first_at, first), (last_at, free) = self._measures[0], self._measures[-1]
        past_s = last_at - first_at
        if past_s < _LEAST_S or free >= first or free > _WATCHED * self._total:
            return None
        left_s = free * past_s / (first - free)
        return left_s if left_s < _SOON_S else None


def _usage(folder: Path) -> tuple[int, int]:
    found = shutil.disk_usage(folder)
    return found.total, found.free
