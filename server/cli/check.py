"""`coinmux check`: what a stranger would ask of a plugin before installing it."""

from __future__ import annotations

import rich_click as click

from coinmux.server.cli.authors import check_installed
from coinmux.server.cli.authors.inspection import inspect
from coinmux.server.cli.authors.package import opened
from coinmux.server.cli.console import EXIT_FAILED, as_json
from coinmux.server.cli.findings import show


@click.command()
@click.argument("what", default=".", metavar="[PATH|NAME]")
@as_json
def check(what: str, as_json: bool) -> None:
    """Check a plugin's package: metadata, loading, types, samples, tests and conformance.

    PATH is a folder with a pyproject.toml, by default this one; it need not be installed. NAME is
    an installed package, or a plugin of one. The plugin's code is run; its source is not asked.
    Exit code 0: nothing has failed, though there may be warnings; 1: something has.
    """
    check_installed("coinmux check", "packaging")
    # Imported here: it needs the extra.
    from coinmux.server.cli.authors.metadata_checks import metadata

    with opened(what) as package:
        findings = [*metadata(package), *inspect(package)]
        sound = show(f"check {package.name}", findings, as_json=as_json)
    if not sound:
        raise SystemExit(EXIT_FAILED)
