"""Changes of state as events: how serious one is, and the sentence for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.health.circuit import State

if TYPE_CHECKING:
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.status import StateChange
    from coinmux.framework.secrets import Redactor

_WORSE = frozenset({State.OFFLINE, State.DISABLED, State.DEGRADED})


class ChangeEvents:
    """Publishes each change of state; a listener of the health tracker."""

    def __init__(self, events: EventBus, redactor: Redactor) -> None:
        self._events = events
        self._redactor = redactor

    def on_change(self, change: StateChange) -> None:
        """Publish one change.

        A change of one capability mostly follows that of its source, whose event comes just before,
        so it is of level `debug`.
        """
        place, level = change.source, "warning" if change.after in _WORSE else "info"
        if change.capability is not None:
            place, level = f"{change.source} {change.capability}", "debug"
        self._events.publish(
            "state",
            f"{place} went from {change.before} to {change.after}",
            level=level,
            source=change.source,
            capability=change.capability,
            before=str(change.before),
            after=str(change.after),
            reason=self._redactor.clean(change.reason),
        )
