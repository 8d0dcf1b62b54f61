"""What went wrong in hooks that answer no question: counted, said once, and harmless."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.errors import PluginError
from coinmux.framework.health.classify import quoted

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus
    from coinmux.framework.secrets import Redactor

_TRACE_CHARS = 8_000


@dataclass(slots=True)
class HookFault:
    """The faults of one hook of one plugin.

    Attributes:
        count: since the start.
        last: what the latest was, in words.
        last_ms: when it was, Unix ms.
    """

    plugin: str
    hook: str
    count: int
    last: str
    last_ms: int


class HookFaults:
    """Faults by plugin and hook. The first of each is an event; later ones are counted alone."""

    def __init__(self, events: EventBus, redactor: Redactor, clock: Clock) -> None:
        self._events = events
        self._redactor = redactor
        self._clock = clock
        self._known: dict[tuple[str, str], HookFault] = {}

    def raised(self, plugin: str, hook: str, error: BaseException) -> None:
        """Note what a hook raised."""
        if isinstance(error, PluginError) and error.__cause__ is not None:
            error = error.__cause__
        self.note(plugin, hook, f"raised {quoted(error)}", trace=_trace_of(error))

    def note(self, plugin: str, hook: str, fault: str, *, trace: str | None = None) -> None:
        """Note a fault.

        Args:
            fault: what the hook did, as a sentence goes on after its name.
            trace: where in the plugin's code, for the log.
        """
        fault, now_ms = self._redactor.clean(fault)[:300], self._clock.wall_ms()
        known = self._known.get((plugin, hook))
        if known is not None:
            known.count += 1
            known.last, known.last_ms = fault, now_ms
            return
        self._known[plugin, hook] = HookFault(plugin, hook, 1, fault, now_ms)
        self._events.publish(
            "plugin",
            f"{plugin}: {hook} {fault}; counted from now on, and not said again",
            level="warning",
            source=plugin,
            trace=None if trace is None else self._redactor.clean(trace),
            hook=hook,
        )

    def of(self, plugin: str) -> list[HookFault]:
        """The faults of a plugin, by hook."""
        return sorted(
            (one for one in self._known.values() if one.plugin == plugin),
            key=lambda one: one.hook,
        )


def _trace_of(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))[-_TRACE_CHARS:]
    except BaseException:  # noqa: BLE001 - it reads members of the plugin's own error
        return "".join(traceback.format_tb(error.__traceback__))[-_TRACE_CHARS:]
