"""Looks at what tells of no change by itself: capabilities, services, channels together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.incidents import conditions

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.incidents.book import IncidentBook
    from coinmux.framework.incidents.conditions import Condition
    from coinmux.framework.incidents.record import Kind
    from coinmux.framework.plugins.discovery import PluginLoader
    from coinmux.framework.reports.status import GatewayStatus
    from coinmux.framework.secrets import Redactor

_OVER: dict[Kind, str] = {
    "capability": "enough of its sources can be asked again",
    "service": "it works again",
    "warning": "it is so no more",
}


class Looks:
    """Keeps the incidents of conditions: each is open as long as looks find it.

    Args:
        book: gets them.
        status: the state of capabilities and services now.
        forewarned: what is not down yet, or is not to be trusted.
    """

    def __init__(
        self,
        book: IncidentBook,
        health: HealthTracker,
        loader: PluginLoader,
        status: Callable[[], GatewayStatus],
        redactor: Redactor,
        forewarned: Callable[[], list[Condition]],
    ) -> None:
        self._book = book
        self._health = health
        self._loader = loader
        self._status = status
        self._redactor = redactor
        self._forewarned = forewarned
        #: Found by the last look for the first time, and when.
        self._suspects: dict[tuple[str, str], int] = {}
        self._looked: set[tuple[Kind, str]] = set()

    def look(self, now_ms: int) -> None:
        """Open what is found, and close what is found no more."""
        status = self._status()
        found = [
            *conditions.of_capabilities(status.capabilities),
            *conditions.of_services(status.services, self._loader.broken),
            *self._forewarned(),
        ]
        suspects, self._suspects = self._suspects, {}
        standing: set[tuple[Kind, str]] = set()
        for one in found:
            key = (one.kind, one.name)
            is_open = self._book.open_of(one.kind, one.name) is not None
            if key not in suspects and not is_open:
                # Some last for a moment.
                self._suspects[key] = now_ms
                continue
            standing.add(key)
            self._begin(one, suspects.get(key, now_ms))
        for kind, name in self._looked - standing:
            self._book.end(now_ms, kind, name, _OVER[kind])
        self._looked = standing
        self._grade(standing)
        known = set(self._health.sources())
        for record in self._book.open:
            if record.kind == "source" and record.name not in known:
                self._book.end(now_ms, "source", record.name, "it was removed")

    def _begin(self, one: Condition, at: int) -> None:
        self._book.begin(
            at, one.kind, one.name, title=one.title, severity=one.severity, code=one.code,
            message=self._redactor.clean(one.message)[:300], capabilities=one.capabilities,
        )  # fmt: skip

    def _grade(self, standing: set[tuple[Kind, str]]) -> None:
        """A source that was the last for something is worse than one that others stand in for."""
        gone = {
            name
            for kind, name in standing
            if kind == "capability"
            and (found := self._book.open_of("capability", name)) is not None
            and found.code == conditions.NO_SOURCE_LEFT
        }
        for record in self._book.open:
            if record.kind == "source" and record.severity == "minor":
                if gone.isdisjoint(record.capabilities):
                    continue
                record.severity = "major"
                self._book.note_change(record)
