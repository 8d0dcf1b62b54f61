"""Where incidents are kept over a restart; the archive is one such place."""

from __future__ import annotations

from typing import Any, Protocol


class IncidentStore(Protocol):
    """Rows of incidents, and when the process was last known to run."""

    def keep(self, row: dict[str, Any]) -> None:
        """Store an incident, in place of what was stored of it."""
        ...

    def keep_presence(self, at_ms: int, word: str) -> None:
        """Store that the process runs, or that it ends now."""
        ...

    async def presence(self) -> tuple[int, str] | None:
        """When the process was last known to run, and its word then; (0, "") before the first.

        Returns:
            None if the store fails.
        """
        ...

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
        """The newest incidents that fit; None if the store fails."""
        ...
