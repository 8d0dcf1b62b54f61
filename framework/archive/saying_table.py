"""What the operator said, in the archive: maintenance windows, and notes on incidents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from coinmux.framework.archive.kept_rows import KeptRows
from coinmux.framework.archive.schema import SAYINGS

_MOST = 1_000
_WINDOW, _NOTE = "maintenance", "note"


class SayingTable(KeptRows):
    """Stores windows and notes as rows, and returns them."""

    def keep(self, row: dict[str, Any]) -> None:
        """Store one, in place of what was stored of it."""
        self._writer.upsert(SAYINGS, row)

    async def since(self, at_ms: int) -> list[dict[str, Any]] | None:
        """The windows that last until then or longer; None if the database fails."""
        table = SAYINGS.c
        return await self._read(
            select(SAYINGS).where(table.kind == _WINDOW, table.to_at >= at_ms).limit(_MOST)
        )

    async def notes(self, incident: str) -> list[dict[str, Any]] | None:
        """The notes on an incident, oldest first; None if the database fails."""
        table = SAYINGS.c
        asked = select(SAYINGS).where(table.kind == _NOTE, table.about == incident)
        return await self._read(asked.order_by(table.id).limit(_MOST))
