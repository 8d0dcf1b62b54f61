"""What the operator said, in the archive: maintenance windows, and notes on incidents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from coinmux.framework.archive.schema import SAYINGS
from coinmux.framework.archive.trouble import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Select

    from coinmux.framework.archive.database import Database
    from coinmux.framework.archive.writer import Writer

_READ_S = 2.0
_MOST = 1_000
_WINDOW, _NOTE = "maintenance", "note"


class SayingTable:
    """Stores windows and notes as rows, and returns them.

    Args:
        failed: receives the error of a read that failed.
    """

    def __init__(
        self, database: Database, writer: Writer, failed: Callable[[BaseException], None]
    ) -> None:
        self._database = database
        self._writer = writer
        self._failed = failed

    def keep(self, row: dict[str, Any]) -> None:
        """Store one, in place of what was stored of it."""
        self._writer.upsert(SAYINGS, row)

    async def since(self, at_ms: int) -> list[Mapping[str, Any]] | None:
        """The windows that last until then or longer; None if the database fails."""
        table = SAYINGS.c
        return await self._read(
            select(SAYINGS).where(table.kind == _WINDOW, table.to_at >= at_ms).limit(_MOST)
        )

    async def notes(self, incident: str) -> list[Mapping[str, Any]] | None:
        """The notes on an incident, oldest first; None if the database fails."""
        table = SAYINGS.c
        asked = select(SAYINGS).where(table.kind == _NOTE, table.about == incident)
        return await self._read(asked.order_by(table.id).limit(_MOST))

    async def _read(self, asked: Select[Any]) -> list[Mapping[str, Any]] | None:
        engine = self._database.engine
        try:
            async with asyncio.timeout(_READ_S), engine.connect() as connection:
                return [dict(row) for row in (await connection.execute(asked)).mappings()]
        except TROUBLE as error:
            self._failed(error)
            return None
