"""The command `coinmux`."""

from __future__ import annotations

from collections.abc import Sequence

import rich_click as click

from coinmux import CoinmuxError
from coinmux.framework.reports.base import installed_version
from coinmux.server.cli.conformance import conformance
from coinmux.server.cli.console import EXIT_FAILED, EXIT_USAGE, errors
from coinmux.server.cli.doctor import doctor
from coinmux.server.cli.export import export
from coinmux.server.cli.indicators import indicator, indicators
from coinmux.server.cli.lists import env_example, providers
from coinmux.server.cli.questions import candles, explain, ticker
from coinmux.server.cli.serve import serve, simulate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(installed_version(), prog_name="coinmux")
def cli() -> None:
    """One door to crypto data: every source a plugin, every answer routed and explained.

    Exit codes: 0 success; 1 no source could answer, or a check failed; 2 the question or a setting
    was wrong.
    """


candles.add_command(export)
for command in (
    serve, simulate, ticker, candles, indicator, explain, providers, indicators, doctor,
    conformance, env_example,
):  # fmt: skip
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with its exit code."""
    try:
        code = cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except click.Abort:
        code = 130
    except CoinmuxError as error:
        code = errors(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"coinmux: {where}{error.strerror or error}", err=True)
        code = EXIT_FAILED
    raise SystemExit(code if isinstance(code, int) else 0)
