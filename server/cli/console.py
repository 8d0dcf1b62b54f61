"""What the commands print with, their errors, and what their exit codes mean."""

from __future__ import annotations

import asyncio
import math
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import rich_click as click
from click.core import ParameterSource

from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.config.settings import DEFAULT_ENV_FILE, InvalidSetting
from coinmux.framework.errors import CoinmuxError, FeatureDisabled, InvalidRequest
from coinmux.framework.reference.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.console import Console
    from rich.table import Table

    from coinmux.framework.gateway import Gateway

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069]")
EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
#: How long a command that lists plugins waits until all have loaded.
LOAD_WAIT_S = 30.0


def _existing(context: click.Context, parameter: click.Parameter, path: str) -> str:
    """The path; a file that was named and is not there is a mistake, a missing default is none."""
    given = context.get_parameter_source("env_file") is not ParameterSource.DEFAULT
    if given and not Path(path).exists():
        raise click.BadParameter(f"there is no file {path}", ctx=context, param=parameter)
    return path


env_file = click.option(
    "--env-file",
    default=str(DEFAULT_ENV_FILE),
    show_default=True,
    callback=_existing,
    help="File with settings and keys.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def read_env(path: str, options: Mapping[str, str] | None = None) -> EnvConfig:
    """The configuration as a command reads it.

    Args:
        options: variables that win over file and environment.
    """
    return EnvConfig(Path(path), {**os.environ, **(options or {})})


def console() -> Console:
    """A console on standard output; rich itself obeys NO_COLOR and sees a pipe."""
    # rich is imported where something is printed: most of a server's life nothing is.
    from rich.console import Console

    return Console(soft_wrap=not sys.stdout.isatty())


def loaded_gateway(env: str) -> Gateway:
    """A closed gateway with every plugin loaded, for commands that list what there is."""
    from coinmux.framework.gateway import Gateway

    async def make() -> Gateway:
        gateway = Gateway.from_env(env)
        try:
            await wait_loaded(gateway)
        finally:
            await gateway.close()
        return gateway

    return asyncio.run(make())


async def wait_loaded(gateway: Gateway) -> None:
    """Wait until every plugin has loaded; print a warning that names those which have not."""
    warn_of_loading(await gateway.wait_loaded(LOAD_WAIT_S))


def warn_of_loading(names: Iterable[str]) -> None:
    """Print a warning on standard error if plugins are still loading."""
    if shown := ", ".join(sorted(names)):
        click.echo(f"coinmux: still loading after {LOAD_WAIT_S:g} s, not listed: {shown}", err=True)


def print_json(value: Any) -> None:
    """`value` as indented JSON on standard output."""
    data = value if isinstance(value, bytes) else msgspec.json.encode(value, enc_hook=str)
    click.echo(msgspec.json.format(data, indent=2).decode())


def table(title: str, *columns: str) -> Table:
    """A table whose long cells wrap and are never cut."""
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def plain(text: str) -> str:
    """Text of a plugin or a source for a cell: no control characters, no markup of `rich`."""
    from rich.markup import escape

    return escape(clean_text(text))


def cell(value: object) -> str:
    """A value as the text of a cell; an unknown value is a dash, not a zero."""
    if value is None:
        return "—"
    if isinstance(value, float):
        # No source gives more than eight significant figures.
        return f"{float(f'{value:.8g}'):,.8f}".rstrip("0").rstrip(".")
    return plain(str(value))


def errors(error: CoinmuxError) -> int:
    """Print an error and what would help, and return the exit code it stands for."""
    lines = [f"coinmux: {error.detail or error.code} [{error.code}]"]
    lines += [f"  {line}" for line in (*_parts(error), *_hints(error))]
    # What plugins and sources say must not command the terminal.
    lines = [_CONTROL.sub(" ", line) for line in lines]
    click.echo("\n".join(lines), err=True)
    return EXIT_USAGE if isinstance(error, InvalidRequest) else EXIT_FAILED


def _parts(error: CoinmuxError) -> Iterator[str]:
    """What the error is made of: failed attempts, sources passed over, wrong parameters."""
    for one in error.extra.get("attempts", ()):
        took = f"{one['elapsed_ms']:.0f} ms"
        yield f"{one['provider']}: {one['outcome']} after {took} ({one['code']})"
        if said := one.get("detail"):
            yield f"  {clean_text(said)}"
    yield from _passed_over(error.extra.get("candidates", ()))
    for one in error.extra.get("errors", ()):
        line = f"{one['name']} {one['message']}"
        if line not in error.detail:
            yield line
        if known := one.get("known"):
            yield f"known: {', '.join(map(str, known))}"


def _passed_over(candidates: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Sources that were not asked, those of one reason in one line."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in candidates:
        groups.setdefault((one["reason"], one["detail"]), []).append(one["provider"])
    for (reason, detail), names in groups.items():
        yield f"{', '.join(names)}: {detail} ({reason})"


def _hints(error: CoinmuxError) -> Iterator[str]:
    """What a person can do about it."""
    if near := error.extra.get("did_you_mean"):
        yield f"did you mean {' or '.join(near)}?"
    elif known := error.extra.get("known"):
        yield f"known: {', '.join(map(str, known))}"
    if isinstance(error, InvalidSetting):
        yield "it is read from the environment, else from .env; see `coinmux env-example`"
    if isinstance(error, FeatureDisabled):
        if error.missing:
            yield f"set {' and '.join(error.missing)} in .env or in the environment;"
            yield "`coinmux env-example` says where to get a key"
        elif error.reason == "switched_off":
            yield "PROVIDERS_ONLY names the providers that are on; <NAME>_ENABLED switches one"
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s:
        yield f"try again in {math.ceil(retry_after_s)} s"
