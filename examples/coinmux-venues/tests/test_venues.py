"""What is made of other sources, on sources made on the spot."""

import asyncio
from typing import TypeVar

import coinmux_venues as venues
from coinmux import (
    HTTP,
    Answer,
    Gateway,
    OrderBook,
    OrderBookQuery,
    ProviderInfo,
    Query,
    Result,
    Ticker,
    TickerQuery,
    UnknownSymbol,
    hookimpl,
    in_process,
)

R = TypeVar("R", bound=Result)
ENVIRON = {"CHECKER": "off", "VENUES_SOURCES": "north,south"}


class Exchange:
    """An exchange with one market, which bids and asks one unit."""

    def __init__(self, name: str, bid: float, ask: float) -> None:
        self.name, self.bid, self.ask = name, bid, ask

    @hookimpl
    def provider_info(self) -> ProviderInfo:
        return ProviderInfo(
            name=self.name,
            title=self.name,
            category="market",
            base_url=f"https://{self.name}.example",
        )

    @hookimpl
    async def fetch_order_book(self, query: OrderBookQuery) -> OrderBook:
        if str(query.symbol) != "BTC/USDT":
            raise UnknownSymbol(query.symbol)
        return OrderBook(symbol=query.symbol, bids=[[self.bid, 1]], asks=[[self.ask, 1]])

    @hookimpl
    async def fetch_ticker(self, query: TickerQuery, http: HTTP) -> Ticker:
        if str(query.symbol) != "BTC/USDT":
            raise UnknownSymbol(query.symbol)
        return Ticker(symbol=query.symbol, last=self.bid, timestamp=http.now_ms())


def ask(query: Query[R]) -> Answer[R]:
    async def run() -> Answer[R]:
        found = [
            in_process("venues", venues),
            in_process("north", Exchange("north", 100, 102)),
            in_process("south", Exchange("south", 101, 103)),
        ]
        async with Gateway.from_env(None, environ=ENVIRON, found=found) as gateway:
            return await gateway.fetch(query)

    return asyncio.run(run())


def test_the_best_of_each_side_is_found() -> None:
    best = ask(venues.BestPricesQuery(symbol="BTC/USDT")).data
    assert (best.bid, best.bid_venue, best.ask, best.ask_venue) == (101, "south", 102, "north")


def test_what_has_no_price_is_said_and_not_counted() -> None:
    answer = ask(venues.PortfolioQuery(holdings="BTC:2,NOPE:3,USDT:10"))
    assert answer.data.worth == 2 * 100 + 10
    assert answer.meta["notes"] == ("has no price: NOPE (unknown_symbol)",)
