"""What an incident is about in the words of `ALERT_ROUTES`, and what a person can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.health.tracker import KEY_REFUSED
from coinmux.framework.incidents.conditions import NO_SOURCE_LEFT

if TYPE_CHECKING:
    from coinmux.framework.config.alert_settings import Category
    from coinmux.framework.incidents.record import Record

_SERVICES: dict[str, Category] = {
    "database": "archive",
    "shared_state": "state",
    "process": "process",
}
_WARNINGS: dict[str, Category] = {
    "quota": "quota", "key": "key", "feed": "feed", "disk": "disk", "doubt": "doubt",
}  # fmt: skip


def category_of(record: Record) -> Category:
    """What `ALERT_ROUTES` calls it."""
    if record.kind == "capability":
        return "capability"
    if record.kind == "source":
        return "key" if record.code == KEY_REFUSED else "source"
    head, _, rest = record.name.partition(":")
    if record.kind == "warning":
        return _WARNINGS.get(head, "service")
    if head == "plugin" and rest:
        return "plugin"
    return _SERVICES.get(record.name, "service")


def advice(record: Record) -> str:
    """What a person who is woken by it can do, in a sentence or two."""
    category = category_of(record)
    if category == "source":
        if record.severity == "minor":
            return "Others answer in its place: nothing has to be done now."
        return "Nobody stands in for all it did. See what it says of itself, then coinmux doctor."
    if category == "capability":
        if record.code != NO_SOURCE_LEFT:
            return "It is still answered. One more loss, and it is not."
        return "Callers get errors. Check this machine's network and DNS first: coinmux doctor."
    return _ADVICE[category]


_ADVICE: dict[Category, str] = {
    "quota": "Others are asked first. A larger plan or a second source helps; it can wait.",
    "key": "Get a new key, set it in .env, and POST /api/config/reload (or send SIGHUP).",
    "plugin": "The others work. Reinstall it, or its version before; coinmux doctor says more.",
    "archive": "Answers go on; nothing is kept meanwhile. Check the database and its disk.",
    "state": "Each worker goes on alone with its share of the limits. Check Valkey or Redis.",
    "feed": "It answers, and with nothing new. See whether the feed has moved; it can wait.",
    "disk": "Make room on the disk of DATA_DIR, or set ARCHIVE_MAX_MB.",
    "doubt": "Its answers contradict others and are held back. Switch it off if it goes on.",
    "process": "It runs again. The log, or the kernel's (out of memory?), says why it ended.",
    "service": "The monitor shows the services; coinmux doctor says what to do.",
}
