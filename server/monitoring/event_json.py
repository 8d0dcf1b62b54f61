"""Events as they are shown: plain JSON, cut, free of secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from pydantic import BaseModel

from coinmux.framework.reports.base import FrozenReport, UnixMs

if TYPE_CHECKING:
    from coinmux.framework.events import Event
    from coinmux.framework.secrets import Redactor

_TEXT_LIMIT = 500


class EventReport(FrozenReport):
    """Something that happened."""

    id: Annotated[int, msgspec.Meta(description="Later events have higher ids")]
    at: UnixMs
    kind: str
    level: str
    source: str | None
    message: str
    detail: Annotated[dict[str, Any], msgspec.Meta(description="By kind")]


class ActivityReport(FrozenReport):
    """What happened, newest first."""

    events: tuple[EventReport, ...]
    last_id: int


def public(event: Event, redactor: Redactor) -> EventReport:
    """The event as it is reported, free of secrets."""
    return EventReport(
        id=event.id,
        at=event.at_ms,
        kind=event.kind,
        level=event.level,
        source=event.source,
        message=plain(event.message, redactor),
        detail=plain(event.detail, redactor),
    )


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
