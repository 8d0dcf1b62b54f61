"""A plain function that must answer at once, called in a thread of its own.

It is asked on the way of a request, and the event loop waits for it: some milliseconds at most,
whatever it does. A hook called by the loop itself could stop the whole process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from coinmux.framework.errors import PluginError, PluginTimeout
from coinmux.framework.health.classify import quoted

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.plugins.extensions.faults import HookFaults

T = TypeVar("T")

#: Seconds that are waited. A sound hook takes microseconds.
LIMIT_S = 0.05
#: Seconds in which one that was late is not asked; twice as many each further time.
_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


class Resting(Exception):
    """It was late and is not asked for now."""


class PromptCall:
    """Calls `function`, one call at a time; the caller waits `LIMIT_S` seconds at most."""

    def __init__(self, function: Callable[..., Any], name: str, clock: Clock) -> None:
        self._function = function
        self._name = name
        self._clock = clock
        self._thread: threading.Thread | None = None
        #: Locks as signals: the thread waits for one, the caller for the other.
        self._go, self._done = threading.Lock(), threading.Lock()
        self._given: tuple[Any, ...] | None = ()
        self._result: Any = None
        self._error: BaseException | None = None
        self._is_out = False
        self._pause_s = _PAUSE_S
        self._rests_until = 0.0

    def __call__(self, *given: Any) -> Any:
        """What the function returns.

        Raises:
            PluginTimeout: it did not return in time; its result will not be used.
            Resting: it was late before, and is still running or is left alone for a while.
            Exception: whatever it raises; a `PluginError` in place of what would end a process.
        """
        if self._is_out and not self._is_back():
            raise Resting
        if self._thread is None:
            self._begin()
        self._given = given
        self._go.release()
        if not self._done.acquire(timeout=LIMIT_S):
            self._is_out = True
            self._rests_until = self._clock.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            raise PluginTimeout(f"did not return within {LIMIT_S * 1000:g} ms")
        self._pause_s = _PAUSE_S
        result, error = self._result, self._error
        self._result = self._error = None
        if isinstance(error, Exception):
            raise error
        if error is not None:
            raise PluginError(quoted(error)) from error
        return result

    def close(self) -> None:
        """End the thread, unless the function never returns."""
        if self._thread is not None and (not self._is_out or self._done.acquire(blocking=False)):
            self._given = None
            self._go.release()
        self._thread = None

    def _is_back(self) -> bool:
        if self._clock.monotonic() < self._rests_until or not self._done.acquire(blocking=False):
            return False
        self._is_out = False
        return True

    def _begin(self) -> None:
        self._go.acquire()
        self._done.acquire()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._go.acquire()
            given = self._given
            if given is None:
                return
            try:
                self._result, self._error = self._function(*given), None
            except BaseException as error:  # noqa: BLE001 - a plugin's defect must not end the thread
                self._result, self._error = None, error
            self._done.release()


class AskedHook(Generic[T]):
    """A hook that is asked on the way of a request; whatever it does, the request goes on.

    Args:
        check: what it returned, if it is sound; raises where it is not.
    """

    def __init__(
        self,
        plugin: str,
        hook: str,
        function: Callable[..., object],
        check: Callable[[object], T],
        faults: HookFaults,
        clock: Clock,
    ) -> None:
        self.plugin = plugin
        self._hook = hook
        self._check = check
        self._faults = faults
        self._call = PromptCall(function, f"{hook}-{plugin}", clock)

    def ask(self, *given: Any) -> T | None:
        """What it says; None where it says nothing, or nothing that can be used."""
        try:
            told = self._call(*given)
        except Resting:
            return None
        except PluginTimeout as late:
            self._faults.note(self.plugin, self._hook, late.detail)
            return None
        except Exception as error:  # noqa: BLE001 - a plugin's defect must not fail a request
            self._faults.raised(self.plugin, self._hook, error)
            return None
        try:
            return None if told is None else self._check(told)
        except Exception as error:  # noqa: BLE001 - it reads what the plugin made
            self._faults.note(self.plugin, self._hook, f"returned nonsense: {quoted(error)}")
            return None

    def close(self) -> None:
        """End its thread."""
        self._call.close()
