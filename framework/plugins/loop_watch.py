"""How long a hook holds up the event loop, measured at each of its steps.

While an async hook computes or sleeps without `await`, every other request stands still. The loop
cannot say whose step it was once it goes on; whoever runs the step can.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Awaitable, Generator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from coinmux.framework.errors import PluginTimeout

#: A step this long counts as a failure of the plugin.
BLOCKED_S = 1.0
#: A step this long is told (`faults.md` F5).
NOTABLE_S = 0.25

#: What a call before waited for a processor may count for a hook's first step, up to so much.
_KNOWN_S = 0.05
#: Of a thread on Linux: nanoseconds on a processor, and nanoseconds it waited for one.
_SCHEDULED = "/proc/thread-self/schedstat"
_local = threading.local()

_CURRENT: ContextVar[LoopWatch | None] = ContextVar("loop_watch", default=None)


class _Scheduled:
    """The system's account of the thread that opens it; open until the thread has gone."""

    def __init__(self) -> None:
        self.file = os.open(_SCHEDULED, os.O_RDONLY)

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):  # it could not be opened
            os.close(self.file)


def _starved_s() -> float:
    """Seconds this thread has waited for a processor; 0 where the system does not tell."""
    try:
        if not hasattr(_local, "scheduled"):
            _local.scheduled = _Scheduled()
        return int(os.pread(_local.scheduled.file, 64, 0).split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


class LoopWatch:
    """The longest notable step of one call of a hook, and of the calls it gathers.

    Time in which a busy machine had no processor for the loop is no fault of the hook's.

    Attributes:
        longest_s: seconds; 0 where each step was short.
    """

    __slots__ = ("_starved_s", "longest_s")

    def __init__(self) -> None:
        self.longest_s = 0.0
        now = time.monotonic()
        known: tuple[float, float] | None = getattr(_local, "known", None)
        if known is None or now - known[0] > _KNOWN_S:
            # Read again only after a while: each call of a hook begins with it.
            known = _local.known = (now, _starved_s())
        self._starved_s = known[1]

    def step(self, took_s: float) -> None:
        """Record a step that took so long by the clock, which is notable."""
        took_s -= _starved_s() - self._starved_s
        if took_s > self.longest_s:
            self.longest_s = took_s

    def failure(self) -> PluginTimeout | None:
        """The error of a call that held up the loop; None for one that did not."""
        return None if self.longest_s < BLOCKED_S else PluginTimeout(self.said())

    def said(self) -> str:
        """What it did, in words."""
        return (
            f"held up the event loop for {self.longest_s * 1000:.0f} ms: "
            "await, or make the hook a plain function, which runs in a thread"
        )


class Watched(Awaitable[Any]):
    """An awaitable whose steps are measured.

    Args:
        watch: records them; that of the hook which is running by default.
    """

    __slots__ = ("_awaited", "_watch")

    def __init__(self, awaited: Awaitable[Any], watch: LoopWatch | None = None) -> None:
        self._awaited = awaited
        self._watch = watch if watch is not None else _CURRENT.get()

    def __await__(self) -> Generator[Any, Any, Any]:
        watch = self._watch
        if watch is None:
            return (yield from self._awaited.__await__())
        _CURRENT.set(watch)
        steps: Any = self._awaited.__await__()
        error: BaseException | None = None
        while True:
            begun = time.monotonic()
            try:
                if error is None:
                    waits_for = next(steps)
                elif hasattr(steps, "throw"):
                    waits_for = steps.throw(error)
                else:
                    raise error
            except StopIteration as end:
                return end.value
            finally:
                took_s = time.monotonic() - begun
                if took_s >= NOTABLE_S:
                    watch.step(took_s)
            try:
                # A task sends nothing but None, so the next step needs no value.
                yield waits_for
                error = None
            except BaseException as caught:  # noqa: BLE001 - it is the hook's to handle
                error = caught
