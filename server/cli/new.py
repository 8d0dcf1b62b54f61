"""`coinmux new`: the package of a plugin, complete, to be changed into one's own."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import rich_click as click

from coinmux.server.cli.authors import check_installed
from coinmux.server.cli.authors.names import Kind, License, NewPlugin
from coinmux.server.cli.authors.taken import Taken
from coinmux.server.cli.authors.template import make


@click.command()
@click.argument("kind", type=click.Choice(get_args(Kind)))
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), help="Its folder [coinmux-NAME].")
@click.option("--title", default="", help="What people call it.")
@click.option("--provider", default="", help="Of a capability: the name of who answers.")
@click.option("--base-url", default="", help="What the source's paths are appended to.")
@click.option("--docs-url", default="", help="The source's documentation.")
@click.option("--author", default="", help="Who holds the copyright.")
@click.option("--license", type=click.Choice(get_args(License)), default="MIT", show_default=True)
def new(
    kind: Kind,
    name: str,
    into: Path | None,
    title: str,
    provider: str,
    base_url: str,
    docs_url: str,
    author: str,
    license: License,  # noqa: A002 - the option's name
) -> None:
    """Make the package of a new plugin: code, samples, tests, CI and a README.

    It passes its tests and `coinmux check` as it is made; what the author must decide is marked
    TODO. Nothing that is there already is overwritten.
    """
    check_installed("coinmux new", "copier")
    plugin = NewPlugin(
        kind=kind,
        name=name,
        title=title,
        provider=provider,
        base_url=base_url,
        docs_url=docs_url,
        author=author,
        license=license,
    )
    Taken.here().refuse(plugin)
    folder = into if into is not None else Path(plugin.project)
    made = make(plugin, folder)
    for path in made:
        click.echo(path)
    click.echo(
        f"\n{plugin.project} has {len(made)} files. Next:\n"
        f"  cd {folder}\n"
        "  pip install -e '.[dev]'\n"
        "  pytest\n"
        "  coinmux check .\n"
        f"grep -rn TODO src    says what is yours to decide"
    )
