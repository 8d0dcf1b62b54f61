"""One question, one answer: `ticker`, `candles` and `explain`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import rich_click as click

from coinmux.framework.cache.answer import Answer
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.gateway import Gateway
from coinmux.framework.plugins.discovery import Found
from coinmux.framework.reference.strategy import Strategy
from coinmux.framework.routing.options import STRATEGIES, RequestKeywords, RequestOptions
from coinmux.server.asgi.capability_reader import read_values
from coinmux.server.cli.console import (
    as_json,
    cell,
    console,
    env_file,
    plain,
    print_json,
    table,
    wait_loaded,
)
from coinmux.server.cli.export import export
from coinmux.server.cli.plugins_needed import needed
from coinmux.server.cli.values import Whole, interval, timeout
from coinmux.server.process.simulated_gateway import gateway_for

T = TypeVar("T")
_NESTED_CHARS = 400

provider = click.option("--provider", help="Ask this provider and no other.")
strategy = click.option(
    "--strategy", type=click.Choice(STRATEGIES), default="priority", show_default=True
)
simulated = click.option("--simulate", is_flag=True, help="Answer with simulated data.")


def with_gateway(
    env: str,
    simulate: bool,
    work: Callable[[Gateway], Awaitable[T]],
    found: Iterable[Found] | None = None,
) -> T:
    """Open a gateway, run `work` with it, close it, and return the result.

    Args:
        found: the plugins it needs; all that are installed when None.
    """

    async def run() -> T:
        # One question needs no background probes.
        async with gateway_for(env, simulate=simulate, found=found, CHECKER="off") as gateway:
            try:
                return await work(gateway)
            except CoinmuxError as error:
                _add_messages(gateway, error)
                raise

    return asyncio.run(run())


def _add_messages(gateway: Gateway, error: CoinmuxError) -> None:
    """Add to each failed attempt what its source or its plugin said."""
    said: dict[tuple[str | None, object], object] = {}
    for event in gateway.events.recent():
        if event.kind == "attempt":
            said.setdefault((event.source, event.detail.get("code")), event.detail.get("detail"))
    for line in error.extra.get("attempts", ()):
        line["detail"] = said.get((line["provider"], line.get("code")))


def moment(ms: int | None) -> str:
    """A time as text, in UTC."""
    if ms is None:
        return "—"
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def origin(meta: Mapping[str, Any]) -> str:
    """One line that says which provider answered, how fast, and which failed before it."""
    failed = [
        f"{one['provider']} {one['code']}" for one in meta["attempts"] if one["outcome"] != "ok"
    ]
    words = [f"from {meta['provider']} in {meta['elapsed_ms']:.0f} ms"]
    if failed:
        words.append(f"after {', '.join(failed)}")
    if meta["simulated"]:
        words.append("simulated")
    return "; ".join([*words, *meta["notes"]])


@click.command()
@click.argument("symbol")
@provider
@strategy
@timeout
@simulated
@as_json
@env_file
def ticker(
    symbol: str,
    provider: str | None,
    strategy: Strategy,
    timeout_s: float | None,
    simulate: bool,
    as_json: bool,
    env_file: str,
) -> None:
    """Show the ticker of SYMBOL, such as BTC/USDT, btc-usdt or BTC."""
    options: RequestKeywords = {"provider": provider, "strategy": strategy, "timeout_s": timeout_s}
    found = needed(env_file, None if simulate else provider, "ticker")
    answer = with_gateway(
        env_file, simulate, lambda gateway: gateway.ticker(symbol, **options), found
    )
    if as_json:
        print_json(answer.body)
        return
    made = table(str(answer.data.symbol), "field", "value")
    for name, value in answer.data.model_dump().items():
        if name != "symbol":
            made.add_row(name, moment(value) if name == "timestamp" else cell(value))
    out = console()
    out.print(made)
    out.print(origin(answer.meta), style="dim")


class _OrSymbol(click.RichGroup):
    """`candles BTC/USDT` shows candles; `candles export BTC/USDT` is a command of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = [_ASK, *args]
        return super().parse_args(ctx, args)


_ASK = "of"


@click.group(cls=_OrSymbol)
def candles() -> None:
    """Show the latest candles of a SYMBOL, or export those in the archive."""


candles.add_command(export)


@candles.command(_ASK)
@click.argument("symbol")
@interval
@click.option("--limit", type=Whole(1, 1000), default=24, show_default=True)
@provider
@strategy
@timeout
@simulated
@as_json
@env_file
def candles_of(
    symbol: str,
    interval: str,
    limit: int,
    provider: str | None,
    strategy: Strategy,
    timeout_s: float | None,
    simulate: bool,
    as_json: bool,
    env_file: str,
) -> None:
    """Show the latest candles of SYMBOL, oldest first."""
    options: RequestKeywords = {"provider": provider, "strategy": strategy, "timeout_s": timeout_s}
    found = needed(env_file, None if simulate else provider, "candles")
    answer = with_gateway(
        env_file,
        simulate,
        lambda gateway: gateway.candles(symbol, interval, limit, **options),
        found,
    )
    if as_json:
        print_json(answer.body)
        return
    made = table(
        f"{answer.data.symbol} {interval}", "opens (UTC)", "open", "high", "low", "close", "volume"
    )
    for row in answer.data.to_numpy().tolist():
        numbers = (None if number != number else number for number in row[1:])
        made.add_row(moment(int(row[0])), *(cell(number) for number in numbers))
    out = console()
    out.print(made)
    out.print(origin(answer.meta), style="dim")


def _pairs(parameters: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"{text!r} is not name=value")
        pairs[name] = value
    return pairs


@click.command("get")
@click.argument("capability")
@click.argument("parameters", nargs=-1)
@provider
@strategy
@timeout
@simulated
@as_json
@env_file
def get(
    capability: str,
    parameters: tuple[str, ...],
    provider: str | None,
    strategy: Strategy,
    timeout_s: float | None,
    simulate: bool,
    as_json: bool,
    env_file: str,
) -> None:
    """Ask a question of any CAPABILITY, those that plugins add included.

    PARAMETERS are the fields of its query, written name=value: chain=bitcoin.
    """
    pairs = _pairs(parameters)
    given = {"provider": provider, "strategy": strategy, "timeout_s": timeout_s}
    options = {name: str(value) for name, value in given.items() if value is not None}

    async def work(gateway: Gateway) -> Answer:
        await wait_loaded(gateway)
        question = read_values(gateway, capability, {**options, **pairs})
        return await gateway.fetch(question.capability, question.query, question.ask)

    answer = with_gateway(env_file, simulate, work, needed(env_file))
    if as_json:
        print_json(answer.body)
        return
    made = table(_title(answer.meta["capability"], pairs), "field", "value")
    for name, value in msgspec.json.decode(answer.data.encode()).items():
        nested = isinstance(value, (dict, list))
        made.add_row(plain(name), plain(_compact(value)) if nested else cell(value))
    out = console()
    out.print(made)
    out.print(origin(answer.meta), style="dim")


def _compact(value: object) -> str:
    """A nested value as JSON, cut; `--json` prints the whole."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _NESTED_CHARS else f"{text[:_NESTED_CHARS]}…"


def _title(capability: str, query: Mapping[str, object]) -> str:
    return " ".join([capability, *(f"{name}={value}" for name, value in query.items())])


@click.command()
@click.argument("capability")
@click.argument("parameters", nargs=-1)
@click.option("--provider", help="Explain a request that asks this provider only.")
@strategy
@simulated
@as_json
@env_file
def explain(
    capability: str,
    parameters: tuple[str, ...],
    provider: str | None,
    strategy: Strategy,
    simulate: bool,
    as_json: bool,
    env_file: str,
) -> None:
    """Show which provider would answer CAPABILITY, and why not the others.

    PARAMETERS are written name=value: symbol=BTC/USDT interval=1h.
    """
    pairs = _pairs(parameters)

    async def work(gateway: Gateway) -> dict[str, Any]:
        await wait_loaded(gateway)
        query = gateway.query(capability, pairs)
        return gateway.explain(
            capability, query, RequestOptions(provider=provider, strategy=strategy)
        )

    shown = with_gateway(env_file, simulate, work, needed(env_file))
    if as_json:
        print_json(shown)
        return
    made = table(
        _title(capability, shown["query"]), "rank", "provider", "verdict", "reason", "detail"
    )
    for line in shown["candidates"]:
        made.add_row(
            cell(line["rank"]), line["provider"], line["verdict"], line["reason"], line["detail"]
        )
    console().print(made)
