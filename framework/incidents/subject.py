"""Which source an incident is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.incidents.record import Record

_OF_SOURCES = ("quota", "feed", "doubt")


def source_of(record: Record) -> str | None:
    """The source, without its channel; None where it is about none."""
    if record.kind == "source":
        return record.name.partition(":")[0]
    head, _, rest = record.name.partition(":")
    if record.kind == "warning" and head in _OF_SOURCES:
        return rest.partition(":")[0]
    return None
