"""How the process is: its CPU, its memory, and whether the event loop keeps up."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from framework.events import EventBus

_EVERY_S = 0.5
#: Samples the figures are taken over: ten seconds.
_SAMPLES = 20
_LONGEST_PAUSE_S = 60.0
#: A lag worth a line in the log (`faults.md` F5).
_NOTABLE_LAG_MS = 250.0


class Vitals:
    """Samples the process twice a second.

    Attributes:
        failures: rounds of the sampling that raised, in a row.
    """

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self._process = psutil.Process()
        self._lags: deque[float] = deque(maxlen=_SAMPLES)
        self._busy: deque[float] = deque(maxlen=_SAMPLES)
        self._cpu_percent = 0.0
        self._task: asyncio.Task[None] | None = None
        self.failures = 0

    def start(self) -> None:
        """Begin to sample; `stop` must follow."""
        self._process.cpu_percent()
        self._task = asyncio.ensure_future(keep_running(self._sample_forever, self._failed))

    async def stop(self) -> None:
        """End the sampling and wait for its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def public(self) -> dict[str, Any]:
        """The figures, over the last ten seconds."""
        busy = sum(self._busy) / len(self._busy) if self._busy else 0.0
        return {
            "load_percent": round(100 * busy, 1),
            "cpu_percent": self._cpu_percent,
            "rss_mb": round(self._process.memory_info().rss / 1_048_576, 1),
            "event_loop_lag_ms": round(max(self._lags, default=0.0), 3),
        }

    async def _sample_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            wall, busy = loop.time(), time.thread_time()
            await asyncio.sleep(_EVERY_S)
            passed = loop.time() - wall
            lag_ms = max(0.0, (passed - _EVERY_S) * 1000)
            self._lags.append(lag_ms)
            self._busy.append(min(1.0, (time.thread_time() - busy) / passed))
            self._cpu_percent = self._process.cpu_percent()
            self.failures = 0
            if lag_ms > _NOTABLE_LAG_MS:
                self._events.publish(
                    "error",
                    f"the event loop stood still for {lag_ms:.0f} ms",
                    level="warning",
                    lag_ms=lag_ms,
                )

    def _failed(self, error: Exception) -> float:
        self.failures += 1
        pause_s = min(_LONGEST_PAUSE_S, 2.0**self.failures)
        self._events.publish(
            "error",
            f"sampling of the process raised {type(error).__name__}; again in {pause_s:g} s",
            level="error",
        )
        return pause_s


async def keep_running(
    work: Callable[[], Awaitable[None]], failed: Callable[[Exception], float]
) -> None:
    """Run `work` for good; when it raises, again after the seconds that `failed` says."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - the border around a background task
            await asyncio.sleep(failed(error))
