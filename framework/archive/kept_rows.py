"""Rows that are read where a failing database is no reason to fail: incidents, what was said."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from coinmux.framework.archive.trouble import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select

    from coinmux.framework.archive.database import Database
    from coinmux.framework.archive.writer import Writer

_READ_S = 2.0


class KeptRows:
    """A table that the writer fills and that is read within two seconds, or not at all.

    Args:
        failed: receives the error of a read that failed.
    """

    def __init__(
        self, database: Database, writer: Writer, failed: Callable[[BaseException], None]
    ) -> None:
        self._database = database
        self._writer = writer
        self._failed = failed

    async def _read(self, asked: Select[Any]) -> list[dict[str, Any]] | None:
        """The rows; None if the database fails."""
        engine = self._database.engine
        try:
            async with asyncio.timeout(_READ_S), engine.connect() as connection:
                return [dict(row) for row in (await connection.execute(asked)).mappings()]
        except TROUBLE as error:
            self._failed(error)
            return None
