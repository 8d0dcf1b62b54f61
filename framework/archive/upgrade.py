"""Migrations of an archive that an earlier version has written.

Imports alembic, so it is itself imported only where there is something to migrate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from coinmux.framework.archive.trouble import UnusableDatabase, told

if TYPE_CHECKING:
    from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Run the migrations; what a killed one of an earlier version left is completed by them.

    Raises:
        UnusableDatabase: a newer version has written it.
    """
    config = _migrations()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise UnusableDatabase(told(error)) from error


def require_known(version: str) -> None:
    """Raise `UnusableDatabase` if no migration leads to that version of the tables."""
    try:
        ScriptDirectory.from_config(_migrations()).get_revision(version)
    except CommandError as error:
        raise UnusableDatabase(told(error)) from error


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
