"""Small jobs once a second: plugins that loaded late, saving of cooldowns and quotas."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus

_TICK_S = 1.0
#: A process that is killed loses the count of so many seconds at most.
_QUOTA_EVERY_S = 10.0
_LONGEST_PAUSE_S = 60.0


class Housekeeping:
    """One task; when a job fails it goes on after a growing pause.

    Args:
        adopt: takes in the plugins that finished loading since the start.
        save_cooldowns: writes the cooldowns that must survive a restart, if they changed.
        save_quota: hands what is used of quotas to the archive.
        read_grades: reads the files of every provider; in a thread, once the start is over.

    Attributes:
        trouble: why its last round failed; None while it succeeds.
    """

    def __init__(
        self,
        adopt: Callable[[], None],
        save_cooldowns: Callable[[], None],
        save_quota: Callable[[], None],
        read_grades: Callable[[], None],
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._adopt = adopt
        self._save_cooldowns = save_cooldowns
        self._save_quota = save_quota
        self._read_grades: Callable[[], None] | None = read_grades
        self._events = events
        self._clock = clock
        self._quota_saved_at = float("-inf")
        self._failures = 0
        self.trouble: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._run, self._failed))

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def round(self) -> None:
        """Do every job that is due.

        Raises:
            OSError: the cooldowns cannot be written.
        """
        self._adopt()
        self._save_cooldowns()
        now = self._clock.monotonic()
        if now - self._quota_saved_at >= _QUOTA_EVERY_S:
            self._quota_saved_at = now
            self._save_quota()

    async def _run(self) -> None:
        while True:
            self.round()
            self._failures = 0
            self.trouble = None
            await asyncio.sleep(_TICK_S)
            if self._read_grades is not None:
                read, self._read_grades = self._read_grades, None
                await asyncio.to_thread(read)

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        self.trouble = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
        pause_s = min(_LONGEST_PAUSE_S, _TICK_S * 2.0**self._failures)
        self._events.publish(
            "error",
            f"housekeeping: {type(error).__name__}: {error}; again in {pause_s:g} s",
            level="error",
        )
        return pause_s
