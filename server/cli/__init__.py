"""The command `coinmux`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

import rich_click as click

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.reports.base import installed_version
from coinmux.server.cli.console import EXIT_FAILED, EXIT_USAGE, errors

#: Each command, and the module of this package that has it; only the module of the command that
#: runs is imported. The order is that of `coinmux --help`.
COMMANDS: Mapping[str, str] = {
    "serve": "serve",
    "simulate": "serve",
    "mcp": "mcp",
    "ticker": "questions",
    "candles": "questions",
    "get": "questions",
    "indicator": "indicators",
    "watch": "watch",
    "explain": "questions",
    "providers": "lists",
    "plugins": "plugins",
    "indicators": "indicators",
    "archive": "archive_copies",
    "doctor": "doctor",
    "alerts": "alerts",
    "maintenance": "maintenance",
    "note": "maintenance",
    "conformance": "conformance",
    "new": "new",
    "check": "check",
    "env-example": "lists",
    "keys": "keys",
}


class _Commands(click.RichGroup):
    """The commands by name; a command is imported when it is asked for.

    Plugins are looked at where a name is none of ours, and for the list of all.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *self._of_plugins()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return self._of_plugins().get(cmd_name)
        found = getattr(import_module(f"{__name__}.{module}"), cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    @staticmethod
    def _of_plugins() -> Mapping[str, click.Command]:
        from coinmux.server.cli.plugin_commands import plugin_commands

        return plugin_commands(tuple(COMMANDS))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(installed_version(), prog_name="coinmux")
def cli() -> None:
    """One door to crypto data: every source a plugin, every answer routed and explained.

    Exit codes: 0 success; 1 no source could answer, or a check failed; 2 the question or a setting
    was wrong.
    """


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
