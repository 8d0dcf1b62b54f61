"""Tells once that the archive has trouble, and once that it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.events import EventBus


class ArchiveWatch:
    """Publishes an event when the archive's state changes.

    Args:
        engine: for people: `SQLite` or `PostgreSQL`.
    """

    def __init__(self, events: EventBus, engine: str) -> None:
        self._events = events
        self._engine = engine
        self._known: str | None = None

    def look(self, state: str, detail: str) -> None:
        """Compare the state with the one told last.

        Args:
            state: as in the list of services.
            detail: why, and what to do.
        """
        if state == self._known:
            return
        before, self._known = self._known, state
        if state == "ONLINE":
            word = "back" if before else "open"
            self._events.publish("archive", f"the archive is {word}: {self._engine}")
        elif state != "OFFLINE":
            self._events.publish(
                "archive", f"the archive has trouble: {detail}", level="warning", state=state
            )
        else:
            self._events.publish(
                "archive",
                f"the archive is not kept: {detail}; sources are asked all the same",
                level="error",
                state=state,
            )
