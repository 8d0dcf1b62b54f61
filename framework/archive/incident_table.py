"""Incidents in the archive, and when the process was last known to run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from coinmux.framework.archive.kept_rows import KeptRows
from coinmux.framework.archive.schema import INCIDENTS, PRESENCE

#: The name of the row of the process; all workers share it.
_PROCESS = "process"
_ESCAPE = "\\"


class IncidentTable(KeptRows):
    """Stores incidents as rows, and returns them, the newest first."""

    def keep(self, row: dict[str, Any]) -> None:
        """Store an incident, in place of what was stored of it."""
        self._writer.upsert(INCIDENTS, row)

    def keep_presence(self, at_ms: int, word: str) -> None:
        """Store that the process runs, or that it ends now."""
        self._writer.upsert(PRESENCE, {"name": _PROCESS, "at": at_ms, "word": word})

    async def presence(self) -> tuple[int, str] | None:
        """When the process was last known to run, and its word then; (0, "") before the first.

        Returns:
            None if the database fails.
        """
        asked = select(PRESENCE.c.at, PRESENCE.c.word).where(PRESENCE.c.name == _PROCESS)
        rows = await self._read(asked)
        if rows is None:
            return None
        return (rows[0]["at"], rows[0]["word"]) if rows else (0, "")

    async def find(
        self,
        *,
        limit: int,
        id_: str | None = None,
        kind: str | None = None,
        severity: str | None = None,
        source: str | None = None,
        capability: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        ended: bool | None = None,
        below: str | None = None,
    ) -> list[dict[str, Any]] | None:
        """The newest incidents that fit; None if the database fails.

        Args:
            id_: of one incident.
            source: its own, and those of its channels (`source:channel`).
            from_ms: those that had not ended before.
            to_ms: those that had begun by then.
            ended: only those that have, or that have not.
            below: only ids before this one.
        """
        table = INCIDENTS.c
        asked = select(INCIDENTS)
        if id_ is not None:
            asked = asked.where(table.id == id_)
        if kind is not None:
            asked = asked.where(table.kind == kind)
        if severity is not None:
            asked = asked.where(table.severity == severity)
        if source is not None:
            channels = table.name.like(f"{_escaped(source)}:%", escape=_ESCAPE)
            asked = asked.where(table.kind == "source", or_(table.name == source, channels))
        if capability is not None:
            within = table.capabilities.like(f"%,{_escaped(capability)},%", escape=_ESCAPE)
            asked = asked.where(within)
        if from_ms is not None:
            asked = asked.where(or_(table.ended_at.is_(None), table.ended_at >= from_ms))
        if to_ms is not None:
            asked = asked.where(table.started_at <= to_ms)
        if ended is not None:
            asked = asked.where(table.ended_at.is_not(None) if ended else table.ended_at.is_(None))
        if below is not None:
            asked = asked.where(table.id < below)
        return await self._read(asked.order_by(table.id.desc()).limit(limit))


def _escaped(text: str) -> str:
    for sign in (_ESCAPE, "%", "_"):
        text = text.replace(sign, _ESCAPE + sign)
    return text
