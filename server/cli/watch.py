"""`coinmux watch`: markets as they move, in a table that changes or as lines."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rich_click as click

from coinmux.server.cli.console import cell, console, env_file, plain, table
from coinmux.server.cli.questions import provider, simulated, with_gateway

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from coinmux.framework.gateway import Gateway
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.market import Ticker
    from coinmux.framework.streams.events import LiveEvent
    from coinmux.framework.streams.stream import Stream

#: How often the table is drawn.
_DRAWS_PER_S = 4
_FIGURES = ("last", "bid", "ask", "24 h")
_COLUMNS = ("market", *_FIGURES, "at (UTC)", "from")
_LESS = ("bid", "ask")
_WIDE = 96


@click.command()
@click.argument("symbols", nargs=-1, required=True)
@click.option("--trades", is_flag=True, help="Print trades, a line each, instead of prices.")
@click.option("--count", type=click.IntRange(1), help="End after so many events.")
@provider
@simulated
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@env_file
def watch(
    symbols: Sequence[str],
    trades: bool,
    count: int | None,
    provider: str | None,
    simulate: bool,
    as_json: bool,
    env_file: str,
) -> None:
    """Follow SYMBOLS, such as BTC/USDT ETH/USDT, until Ctrl-C.

    In a terminal prices are a table that changes; piped, each event is a line.
    """
    capability = "trades" if trades else "ticker"
    try:
        with_gateway(
            env_file,
            simulate,
            lambda gateway: _watch(gateway, capability, symbols, provider, count, as_json=as_json),
        )
    except KeyboardInterrupt:
        raise SystemExit(0) from None


async def _watch(
    gateway: Gateway,
    capability: str,
    symbols: Sequence[str],
    provider: str | None,
    count: int | None,
    *,
    as_json: bool,
) -> None:
    shown: _Lines | _Board
    if as_json or capability == "trades" or not sys.stdout.isatty():
        shown = _Lines(console(), as_json=as_json)
    else:
        shown = _Board(console(), symbols)
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(gateway.stream(capability, symbol, provider=provider))
            for symbol in dict.fromkeys(symbols)
        ]
        left = _Left(count)
        with shown:
            await _until_over(left, [_follow(stream, shown, left) for stream in streams])


async def _until_over(left: _Left, following: list[Coroutine[Any, Any, None]]) -> None:
    """Follow all until enough was shown, or until one cannot be followed any more."""
    tasks = [asyncio.ensure_future(one) for one in following]
    over = asyncio.ensure_future(left.is_over.wait())
    try:
        await asyncio.wait((over, *tasks), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (over, *tasks):
            task.cancel()
        await asyncio.gather(over, *tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


class _Left:
    """How many events are still to come."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self.is_over = asyncio.Event()

    def one(self) -> bool:
        """Count one event; whether it is to be shown."""
        if self.is_over.is_set():
            return False
        if self._count is not None:
            self._count -= 1
            if self._count == 0:
                self.is_over.set()
        return True


async def _follow(stream: Stream[Result], shown: _Lines | _Board, left: _Left) -> None:
    async for event in stream:
        if left.one():
            shown.take(event)


class _Lines:
    """Each event as a line: for pipes, and for trades."""

    def __init__(self, out: Console, *, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def take(self, event: LiveEvent[Result]) -> None:
        """Print an event."""
        if self._as_json:
            head = f'{{"event":"{event.kind}","id":"{event.id}",'
            click.echo(head + event.encode().decode()[1:])
            return
        for line in _lines(event):
            self._out.print(line, markup=False, highlight=False)
        sys.stdout.flush()


def _lines(event: LiveEvent[Result]) -> list[str]:
    from coinmux.framework.models.market import Ticker, Trades

    data, at = event.data, _time(event.meta.received_at)
    if isinstance(data, Trades):
        return [
            f"{_time(one.timestamp)} {data.symbol} {one.side or '?':4} "
            f"{_exact(one.price)} x {_exact(one.amount)}  {event.meta.provider}"
            for one in data.trades
        ]
    if isinstance(data, Ticker):
        return [f"{at} {data.symbol} {_exact(data.last)}  {event.meta.provider}"]
    return [f"{at} {event.subject}: {_said(event)}"]


def _exact(value: float) -> str:
    """With each digit the source told, and no exponent: a line may be read by a program."""
    import numpy as np

    return np.format_float_positional(value, trim="-")


def _said(event: LiveEvent[Result]) -> str:
    """What happened to a feed, in words."""
    notes = "; ".join(event.meta.notes)
    words = {
        "gap": f"lost: {event.meta.missed}",
        "source": f"from {event.meta.provider} now",
        "stale": "no source tells at present",
    }.get(event.kind, event.kind)
    return plain(f"{words} ({notes})" if notes else words)


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S")


class _Board:
    """The newest price of each market, in a table that changes."""

    def __init__(self, out: Console, symbols: Sequence[str]) -> None:
        from rich.live import Live

        #: Market -> its cells by column.
        self._rows: dict[str, dict[str, str]] = {}
        # No figure is broken in two: where the terminal is narrow, two columns less are shown.
        self._columns = [name for name in _COLUMNS if out.width >= _WIDE or name not in _LESS]
        self._waiting = list(symbols)
        self._live = Live(self._table(), console=out, refresh_per_second=_DRAWS_PER_S)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._live.update(self._table())
        self._live.stop()

    def take(self, event: LiveEvent[Result]) -> None:
        """Put an event into its row."""
        from coinmux.framework.models.market import Ticker

        row = self._rows.setdefault(event.subject, {"market": event.subject})
        source = plain(event.meta.provider) + ("" if event.meta.live else " (asked)")
        if isinstance(event.data, Ticker):
            row |= _figures(event.data)
            row["from"] = source
        else:
            row["from"] = f"{source}: {_said(event)}"
        self._live.update(self._table())

    def _table(self) -> Table:
        from rich.box import SIMPLE_HEAD

        made = table("", *self._columns)
        made.box, made.pad_edge = SIMPLE_HEAD, False
        for name, column in zip(self._columns, made.columns, strict=True):
            column.no_wrap = name != "from"
            column.justify = "right" if name in _FIGURES else "left"
        for row in self._rows.values():
            made.add_row(*(row.get(name, "") for name in self._columns))
        if not self._rows:
            made.add_row(plain(", ".join(self._waiting)), "waiting")
        return made


def _figures(ticker: Ticker) -> dict[str, str]:
    change, at = ticker.change_percent, ticker.timestamp
    return {
        "last": cell(ticker.last),
        "bid": cell(ticker.bid),
        "ask": cell(ticker.ask),
        "24 h": "—" if change is None else f"{change:+.2f} %",
        "at (UTC)": "—" if at is None else _time(at),
    }
