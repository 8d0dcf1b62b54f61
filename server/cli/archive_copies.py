"""`coinmux archive backup` and `restore`: the whole archive in one file, and back."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from coinmux import SystemClock
from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.gateway import ARCHIVE_FILE
from coinmux.server.cli.console import as_json, env_file, print_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.archive.database import Database

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def archive() -> None:
    """Copy the archive to a file, and fill it from one."""


@archive.command()
@_FILE
@as_json
@env_file
def backup(file: Path, as_json: bool, env_file: str) -> None:
    """Write all of the archive to FILE, a new one; a server may be writing meanwhile.

    The file is of SQLite, whichever database the archive is in, and can be restored into either.
    """
    from coinmux.framework.archive.backup import back_up

    counts = _with_database(env_file, lambda database: back_up(database, file, SystemClock()))
    _tell(f"{file} holds the archive", counts, as_json=as_json)


@archive.command()
@_FILE
@click.option("--replace", is_flag=True, help="Delete what the archive holds first.")
@as_json
@env_file
def restore(file: Path, replace: bool, as_json: bool, env_file: str) -> None:
    """Fill the archive from FILE, all of it or nothing; stop the server first.

    A server that runs goes on, but still knows the past it read at its start.
    """
    from coinmux.framework.archive.backup import restore as fill

    counts = _with_database(
        env_file, lambda database: fill(file, database, SystemClock(), replace=replace)
    )
    _tell(f"the archive is filled from {file}", counts, as_json=as_json)


def _with_database(
    env: str, work: Callable[[Database], Awaitable[dict[str, int]]]
) -> dict[str, int]:
    # Imported here, so that the other commands start faster.
    from coinmux.framework.archive.database import Database, read_database_url
    from coinmux.framework.archive.trouble import TROUBLE, told

    settings = EnvConfig(Path(env), os.environ).settings
    stored = settings.data_dir / ARCHIVE_FILE
    address = settings.database_url
    url = read_database_url(f"sqlite:///{stored}" if address is None else address.reveal())

    async def run() -> dict[str, int]:
        database = Database(url, SystemClock())
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (FileExistsError, FileNotFoundError) as error:
        if error.filename is None:
            raise click.ClickException(told(error)) from None
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    except TROUBLE as error:
        raise click.ClickException(told(error)) from None


def _tell(done: str, counts: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
        return
    rows = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no rows"
    click.echo(f"{done}: {rows}")
