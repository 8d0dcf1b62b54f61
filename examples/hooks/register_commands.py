"""`coinmux spread BTC/USDT`: what a market asks above what it bids."""

from collections.abc import Sequence

import click
from coinmux import SyncGateway, hookimpl


@click.command()
@click.argument("symbol")
def spread(symbol: str) -> None:
    """Ask above bid, in percent."""
    with SyncGateway.from_env() as gateway:
        book = gateway.order_book(symbol, 5)
    bid, ask = book.data.bids[0][0], book.data.asks[0][0]
    click.echo(f"{100 * (ask / bid - 1):.4f} % at {book.provider}")


@hookimpl
def register_commands() -> Sequence[click.Command]:
    return [spread]
