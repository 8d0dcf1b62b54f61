"""How the commands print, and what their exit codes mean."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table

from coinmux import CoinmuxError, InvalidRequest

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2

env_file = click.option(
    "--env-file", default=".env", show_default=True, help="File of settings and keys."
)
as_json = click.option("--json", "as_json", is_flag=True, help="JSON in place of a table.")


def console() -> Console:
    """A console on standard output; rich honours NO_COLOR and a pipe by itself."""
    return Console(soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:
    """`value` as indented JSON on standard output."""
    data = value if isinstance(value, bytes) else msgspec.json.encode(value, enc_hook=str)
    click.echo(msgspec.json.format(data, indent=2).decode())


def table(title: str, *columns: str) -> Table:
    """A table whose columns wrap rather than cut."""
    made = Table(title=title, title_justify="left")
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def cell(value: object) -> str:
    """A value as a cell: unknown is not zero."""
    if value is None:
        return "—"
    if isinstance(value, float):
        # Eight figures are what any source means.
        return f"{float(f'{value:.8g}'):,.8f}".rstrip("0").rstrip(".")
    return str(value)


def errors(error: CoinmuxError) -> int:
    """Print an error in one line, with its parts below; returns the exit code."""
    click.echo(f"coinmux: {error.detail or error.code} [{error.code}]", err=True)
    for part in ("attempts", "candidates", "errors"):
        for line in error.extra.get(part, ()):
            click.echo(
                "  " + ", ".join(f"{name}: {value}" for name, value in line.items()), err=True
            )
    if near := error.extra.get("did_you_mean"):
        click.echo(f"  did you mean {' or '.join(near)}?", err=True)
    return EXIT_USAGE if isinstance(error, InvalidRequest) else EXIT_FAILED
