"""Measures the process: its CPU, its memory and the lag of its event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from coinmux.framework.events import EventBus

_EVERY_S = 0.5
#: Samples the figures are taken over: ten seconds.
_SAMPLES = 20
_LONGEST_PAUSE_S = 60.0
#: A lag above this is logged (`faults.md` F5).
_NOTABLE_LAG_MS = 250.0
#: New work is shed while the lag exceeds this in so many samples in a row.
_STRAINED_LAG_MS = 1_000.0
_STRAINED_SAMPLES = 4
#: Where no limit is set: this share of the memory the machine or the container has.
_MEMORY_SHARE = 0.9
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


class ProcessMetrics:
    """Samples the process twice a second.

    Args:
        memory_limit_mb: above it new work is shed; 0 for nine tenths of the memory there is.
        workers: how many processes share the machine's memory.

    Attributes:
        strain: why new work must be shed, as text for people; None while it is accepted.
        failures: how many rounds of sampling have raised in a row.
    """

    def __init__(self, events: EventBus, memory_limit_mb: int = 0, workers: int = 1) -> None:
        self._events = events
        self._limit_mb = memory_limit_mb or _MEMORY_SHARE * _memory_mb() / workers
        self.strain: str | None = None
        self._process = psutil.Process()
        self._lags: deque[float] = deque(maxlen=_SAMPLES)
        self._busy: deque[float] = deque(maxlen=_SAMPLES)
        self._cpu_percent = 0.0
        self._task: asyncio.Task[None] | None = None
        self.failures = 0

    def start(self) -> None:
        """Start sampling; `stop` must follow."""
        self._process.cpu_percent()
        self._task = asyncio.ensure_future(keep_running(self._sample_forever, self._failed))

    async def stop(self) -> None:
        """Stop sampling and wait until it has ended."""
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
            "tasks": len(asyncio.all_tasks()),
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
            self._judge(self._process.memory_info().rss / 1_048_576)
            if lag_ms > _NOTABLE_LAG_MS:
                self._events.publish(
                    "error",
                    f"the event loop stood still for {lag_ms:.0f} ms",
                    level="warning",
                    lag_ms=lag_ms,
                )

    def _judge(self, rss_mb: float) -> None:
        """Decide whether the process is overloaded; publish an event when that changes."""
        latest = list(self._lags)[-_STRAINED_SAMPLES:]
        strain = None
        if rss_mb > self._limit_mb:
            strain = f"{rss_mb:.0f} MB of memory are in use, more than {self._limit_mb:.0f}"
        elif len(latest) == _STRAINED_SAMPLES and min(latest) > _STRAINED_LAG_MS:
            strain = f"the event loop has been {min(latest):.0f} ms late for a while"
        if (strain is None) != (self.strain is None):
            what = "new work is taken again" if strain is None else f"new work is shed: {strain}"
            self._events.publish("error", what, level="warning")
        self.strain = strain

    def _failed(self, error: Exception) -> float:
        self.failures += 1
        pause_s = min(_LONGEST_PAUSE_S, 2.0**self.failures)
        self._events.publish(
            "error",
            f"sampling of the process raised {type(error).__name__}; again in {pause_s:g} s",
            level="error",
        )
        return pause_s


def _memory_mb() -> float:
    """Memory of the machine, or of the container where that is less."""
    total: float = psutil.virtual_memory().total
    with suppress(OSError, ValueError):
        total = min(total, float(_CGROUP_LIMIT.read_text()))
    return total / 1_048_576
