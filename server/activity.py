"""The activity log: what happened and why, newest first. Requests are counted elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel

if TYPE_CHECKING:
    from framework.events import Event
    from framework.redact import Redactor

_KEPT = 2_000
_TEXT_LIMIT = 500


class ActivityLog:
    """Keeps the newest events but requests, which would push the others out."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._kept: deque[Event] = deque(maxlen=_KEPT)

    def __call__(self, event: Event) -> None:
        """Take an event in; a listener of the event stream."""
        if event.kind != "request":
            self._kept.append(event)

    def recent(self, after: int, limit: int) -> dict[str, Any]:
        """The newest `limit` events of ids above `after`, and the newest id there is."""
        found: list[dict[str, Any]] = []
        for event in reversed(self._kept):
            if event.id <= after or len(found) >= limit:
                break
            found.append(self.public(event))
        return {"events": found, "last_id": self._kept[-1].id if self._kept else 0}

    def public(self, event: Event) -> dict[str, Any]:
        """The event in the REST contract's words, free of secrets."""
        return {
            "id": event.id,
            "at": event.at_ms,
            "kind": event.kind,
            "level": event.level,
            "source": event.source,
            "message": plain(event.message, self._redactor),
            "detail": plain(event.detail, self._redactor),
        }


def plain(value: Any, redactor: Redactor) -> Any:
    """`value` as JSON can hold it: models as objects, texts cut and free of secrets."""
    if isinstance(value, str):
        return redactor.clean(str(value))[:_TEXT_LIMIT]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json", exclude_none=True), redactor)
    if isinstance(value, Mapping):
        return {str(name): plain(one, redactor) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one, redactor) for one in value]
    try:
        return plain(msgspec.to_builtins(value), redactor)
    except TypeError:
        return plain(str(value), redactor)
