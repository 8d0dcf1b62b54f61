"""`coinmux conformance`: runs the checks over installed providers and stores the results."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import rich_click as click

from coinmux.framework.plugins.discovery import Found, PluginLoader
from coinmux.server.cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    LOAD_WAIT_S,
    as_json,
    console,
    plain,
    print_json,
    table,
    warn_of_loading,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.testing.conformance import Report

_MARKS = {"passed": "[green]passed[/]", "failed": "[red]failed[/]", "not_applicable": "—"}
#: Width of the line that shows the progress.
_LINE = 70
_MISSING = "[yellow]missing[/]"


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--write", "keep", is_flag=True, help="Store the results in conformance.json.")
@click.option("--ours", is_flag=True, help="Check the built-in providers.")
@click.option("--fields", is_flag=True, help="Print docs/fields.md, made of their samples.")
@as_json
def conformance(
    names: tuple[str, ...], keep: bool, ours: bool, fields: bool, as_json: bool
) -> None:
    """Check providers against what plugins promise, without a network, and grade them.

    NAME is that of an installed provider or of a module; without one all installed providers are
    checked. The exit code is 1 if a provider fails a check that all must pass.
    """
    # Imported here, so that the other commands start faster.
    from coinmux.framework.testing.conformance import Subject, examine, write
    from coinmux.framework.testing.conformance.fields_doc import fields_table

    if names and (others := sorted(set(names) & set(indicator_plugins()))):
        click.echo(
            f"coinmux: {others[0]} has indicators and no provider; check it with "
            "coinmux.framework.testing.indicators.check_indicator",
            err=True,
        )
        raise SystemExit(EXIT_USAGE)
    try:
        subjects = [Subject.of(name) for name in names or installed(ours=ours)]
    except LookupError as error:
        click.echo(f"coinmux: {error}", err=True)
        raise SystemExit(EXIT_USAGE) from error
    if fields:
        click.echo(fields_table(subjects), nl=False)
        return
    reports = [asyncio.run(examine(subject, _progress(subject.name))) for subject in subjects]
    _progress("")("")
    if keep:
        for report in reports:
            try:
                write(report)
            except (OSError, ValueError) as error:
                click.echo(f"coinmux: {error}", err=True)
                raise SystemExit(EXIT_FAILED) from error
    if as_json:
        print_json([report.public() for report in reports])
    else:
        for report in reports:
            _show(report, detailed=bool(names))
    if not all(report.is_sound for report in reports):
        raise SystemExit(EXIT_FAILED)


def _progress(name: str) -> Callable[[str], None]:
    """Shows on a terminal which check of which provider is running, in a line that is replaced."""

    def show(check: str) -> None:
        if sys.stderr.isatty():
            text = f"{name}: {check} …" if check else ""
            click.echo(f"\r{text:<{_LINE}.{_LINE}}\r", nl=False, err=True)

    return show


def installed(*, ours: bool = False) -> list[str]:
    """Names of the installed providers, also of those that fail to load; or the built-in only."""
    found = _loaded()
    return sorted(
        {one.name for one in found if (one.built_in or not ours) and not _is_of_indicators(one)}
    )


def indicator_plugins() -> list[str]:
    """Names of the installed plugins that have indicators only."""
    return sorted({one.name for one in _loaded() if _is_of_indicators(one)})


def _loaded() -> list[Found]:
    loader = PluginLoader()
    found = loader.discover()
    loader.load(found, wait_s=LOAD_WAIT_S, limit_s=LOAD_WAIT_S)
    warn_of_loading(one.name for one in found if one.pending)
    return found


def _is_of_indicators(one: Found) -> bool:
    return one.indicators is not None and one.info is None


def _show(report: Report, *, detailed: bool) -> None:
    """Print a table of its checks; for many providers only of the checks that failed."""
    grade = report.grade or ("retired" if report.retired else "no grade")
    made = table(f"{report.name}: {grade}", "check", "for", "", "reason")
    for verdict in report.verdicts:
        check = verdict.check
        if not detailed and verdict.status != "failed":
            continue
        mark = _MARKS[verdict.status]
        if verdict.status == "failed" and not check.binding:
            mark = _MISSING
        reason = verdict.reason or (check.promise if detailed else "")
        made.add_row(check.name, check.level, mark, plain(reason))
    out = console()
    if made.row_count:
        out.print(made)
    else:
        out.print(f"{report.name}: {grade}")
