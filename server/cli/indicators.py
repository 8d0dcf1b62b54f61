"""`indicators`, the catalogue, and `indicator`, the values of one."""

from __future__ import annotations

from typing import Any

import rich_click as click

from coinmux import Strategy
from coinmux.framework.gateway import Gateway
from coinmux.framework.indicators.result import IndicatorResult
from coinmux.server.cli.console import (
    as_json,
    cell,
    console,
    env_file,
    loaded_gateway,
    print_json,
    table,
)
from coinmux.server.cli.questions import (
    moment,
    origin,
    provider,
    simulated,
    strategy,
    with_gateway,
)
from coinmux.server.cli.values import Whole, interval, timeout


@click.command()
@as_json
@env_file
def indicators(as_json: bool, env_file: str) -> None:
    """List every indicator with its parameters and how many candles it needs."""
    gateway = loaded_gateway(env_file)
    # A plugin that did not load may have had indicators: without this line the list looks complete.
    for broken in gateway.loader.broken:
        click.echo(f"coinmux: broken: {broken.name} ({broken.origin}): {broken.error}", err=True)
    lines = gateway.indicators.catalogue.public()
    if as_json:
        print_json({"total": len(lines), "indicators": lines})
        return
    made = table("indicators", "name", "title", "group", "parameters", "candles")
    for line in lines:
        values = " ".join(f"{one['name']}={one['default']}" for one in line["parameters"])
        made.add_row(
            line["name"], line["title"], line["group"], values, cell(line["minimum_candles"])
        )
    console().print(made)


@click.command()
@click.argument("name")
@click.argument("symbol")
@click.argument("parameters", nargs=-1)
@interval
@click.option("--limit", type=Whole(1, 1000), default=12, show_default=True)
@click.option("--closed-only", is_flag=True, help="Leave out the candle that is still open.")
@provider
@strategy
@timeout
@simulated
@as_json
@env_file
def indicator(
    name: str,
    symbol: str,
    parameters: tuple[str, ...],
    interval: str,
    limit: int,
    closed_only: bool,
    provider: str | None,
    strategy: Strategy,
    timeout_s: float | None,
    simulate: bool,
    as_json: bool,
    env_file: str,
) -> None:
    """Show the latest values of indicator NAME of SYMBOL; PARAMETERS such as period=21."""
    given: dict[str, Any] = {}
    for text in parameters:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"{text!r} is not name=value")
        given[key] = value

    async def work(gateway: Gateway) -> IndicatorResult:
        return await gateway.indicator(
            name,
            symbol,
            interval,
            limit,
            closed_only=closed_only,
            parameters=given,
            provider=provider,
            strategy=strategy,
            timeout_s=timeout_s,
        )

    result = with_gateway(env_file, simulate, work)
    if as_json:
        print_json(result.body)
        return
    values = {key: column.tolist() for key, column in result.values.items()}
    title = f"{result.label} of {result.candles.symbol} {interval}"
    made = table(title, "opens (UTC)", *values)
    for at, time in enumerate(result.timestamps.tolist()):
        row = (column[at] for column in values.values())
        made.add_row(moment(time), *(cell(None if one != one else one) for one in row))
    out = console()
    out.print(made)
    if result.reading is not None:
        out.print(result.reading)
    out.print(origin(result.meta), style="dim")
