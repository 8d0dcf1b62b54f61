"""How long a hook holds up the event loop, measured at each of its steps.

While an async hook computes or sleeps without `await`, every other request stands still. The loop
cannot say whose step it was once it goes on; whoever runs the step can.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Generator
from contextvars import ContextVar
from typing import Any

from coinmux.framework.errors import PluginTimeout

#: A step this long counts as a failure of the plugin. A busy machine may delay a step by less.
BLOCKED_S = 1.0
#: A step this long is told (`faults.md` F5).
NOTABLE_S = 0.25

_CURRENT: ContextVar[LoopWatch | None] = ContextVar("loop_watch", default=None)


class LoopWatch:
    """The longest step of one call of a hook, and of the calls it gathers.

    Attributes:
        longest_s: seconds.
    """

    __slots__ = ("longest_s",)

    def __init__(self) -> None:
        self.longest_s = 0.0

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
                took = time.monotonic() - begun
                if took > watch.longest_s:
                    watch.longest_s = took
            try:
                # A task sends nothing but None, so the next step needs no value.
                yield waits_for
                error = None
            except BaseException as caught:  # noqa: BLE001 - it is the hook's to handle
                error = caught
