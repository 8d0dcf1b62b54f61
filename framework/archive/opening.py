"""An archive from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.archive.archive import Archive
from coinmux.framework.archive.database import Database, read_database_url

if TYPE_CHECKING:
    from pathlib import Path

    from coinmux.framework.clock import Clock
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.events import EventBus


def archive_of(settings: Settings, clock: Clock, events: EventBus, file: Path) -> Archive:
    """The archive, not opened yet.

    Args:
        file: of the database, where no `DATABASE_URL` is set.

    Raises:
        InvalidRequest: `DATABASE_URL` is no address of a known database.
    """
    address = settings.database_url
    url = read_database_url(f"sqlite:///{file}" if address is None else address.reveal())
    return Archive(
        Database(url, clock),
        clock,
        events,
        events_days=settings.archive_events_days,
        most_mb=settings.archive_max_mb,
    )
