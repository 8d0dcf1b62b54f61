"""`coinmux candles export`: the archived candles of a market as CSV or Parquet."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from coinmux import EventBus, InvalidRequest, Symbol, SystemClock
from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.gateway import ARCHIVE_FILE
from coinmux.framework.reference.assets import AssetTable
from coinmux.server.cli.console import env_file
from coinmux.server.cli.values import interval

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import TextIO

_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "provider")


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Unix ms from Unix ms, or from an ISO date or time, UTC unless it says otherwise."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("takes Unix milliseconds, or 2026-01-31[T12:00]") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


@click.command()
@click.argument("symbol")
@interval
@click.option("--start", callback=_moment, help="First opening time: Unix ms or an ISO date.")
@click.option("--end", callback=_moment, help="Last opening time.")
@click.option("--format", "kind", type=click.Choice(["csv", "parquet"]), default="csv")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else stdout."
)
@env_file
def export(
    symbol: str,
    interval: str,
    start: int | None,
    end: int | None,
    kind: str,
    out: Path | None,
    env_file: str,
) -> None:
    """Export every closed candle of SYMBOL in the archive, with its source, oldest first."""
    if kind == "parquet" and out is None:
        raise click.UsageError("--format parquet needs --out FILE")
    if out is not None and not out.parent.is_dir():
        raise click.BadParameter(f"there is no folder {out.parent}", param_hint="--out")
    pair, rows = asyncio.run(_rows(env_file, symbol, interval, start, end))
    if not rows:
        raise click.ClickException(f"the archive has no {interval} candles of {pair} in that time")
    if kind == "parquet":
        assert out is not None
        _write_parquet(out, rows)
    else:
        target: AbstractContextManager[TextIO]
        target = (
            nullcontext(sys.stdout) if out is None else out.open("w", newline="", encoding="utf-8")
        )
        with target as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_COLUMNS)
            writer.writerows(rows)
    if out is not None:
        click.echo(f"{len(rows)} {interval} candles of {pair} in {out}", err=True)


async def _rows(
    env: str, symbol: str, interval: str, start: int | None, end: int | None
) -> tuple[Symbol, list[tuple[Any, ...]]]:
    """Read the archive, to which a server may be writing: no start or stop is recorded."""
    # Imported here, so that the other commands start faster.
    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.archive.trouble import TROUBLE, told

    settings = EnvConfig(Path(env), os.environ).settings
    stored = settings.data_dir / ARCHIVE_FILE
    if settings.database_url is None and not stored.exists():
        raise InvalidRequest(f"there is no archive here: no {stored}, and DATABASE_URL is not set")
    clock = SystemClock()
    archive = Archive.from_settings(settings, clock, EventBus(clock), stored)
    pair = Symbol.parse(
        symbol, default_quote=settings.default_quote, assets=AssetTable.shipped().symbols
    )
    try:
        return pair, await archive.export(str(pair), interval, start, end)
    except TROUBLE as error:
        raise click.ClickException(f"the archive cannot be read: {told(error)}") from None
    finally:
        await archive.close()


def _write_parquet(out: Path, rows: list[tuple[Any, ...]]) -> None:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise click.ClickException(
            "Parquet needs pyarrow: pip install 'coinmux[parquet]'"
        ) from None
    columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
    times = pyarrow.array(columns.pop("timestamp"), pyarrow.timestamp("ms", tz="UTC"))
    table = pyarrow.table({"timestamp": times, **{name: [*c] for name, c in columns.items()}})
    pyarrow.parquet.write_table(table, out)
