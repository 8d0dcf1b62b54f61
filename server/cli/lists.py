"""`providers` and `env-example`: what is installed, and what it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from coinmux.framework.config.env_example import env_example as env_example_text
from coinmux.server.cli.console import (
    as_json,
    cell,
    console,
    env_file,
    loaded_gateway,
    plain,
    print_json,
    table,
)

if TYPE_CHECKING:
    from coinmux.framework.reports.providers import ProviderReport


@click.command()
@as_json
@env_file
def providers(as_json: bool, env_file: str) -> None:
    """List every provider: what it can do, whether it is on, and why not."""
    gateway = loaded_gateway(env_file)
    shown = gateway.provider_list()
    if as_json:
        print_json(shown)
        return
    made = table("providers", "name", "category", "on", "capabilities", "limits")
    for line in shown.providers:
        state = "yes" if line.enabled else f"no: {line.reason}"
        made.add_row(line.name, line.category, state, " ".join(line.capabilities), _limits(line))
    out = console()
    out.print(made)
    for broken in shown.broken:
        out.print(plain(f"broken: {broken.name} ({broken.origin}): {broken.error}"), style="red")
    for one in shown.plugins:
        api = "" if one.api_version is None else f", plugin API {one.api_version}"
        out.print(plain(f"plugin: {one.name} ({one.origin}{api}): {' '.join(one.hooks)}"))
        for fault in one.faults:
            out.print(plain(f"  {fault.hook}, {fault.count} times: {fault.last}"), style="yellow")
    for odd in shown.warnings:
        out.print(plain(f"warning: {odd.name} ({odd.origin}): {odd.message}"), style="yellow")


def _limits(line: ProviderReport) -> str:
    windows = line.limits.windows
    return ", ".join(f"{cell(one.requests)}/{cell(one.per_s)} s" for one in windows) or "—"


@click.command("env-example")
@env_file
def env_example(env_file: str) -> None:
    """Print an .env with every setting and key, explained, without values."""
    gateway = loaded_gateway(env_file)
    click.echo(env_example_text(source.info for source in gateway.sources.values()), nl=False)
