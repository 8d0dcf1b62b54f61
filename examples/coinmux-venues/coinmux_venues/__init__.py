"""Venues: what no single exchange tells, made of what several tell.

`best_prices` is the best bid and the best ask of a pair over several exchanges; `portfolio` is
what holdings are worth. Both ask other sources through `http.ask`, so that every call is cached,
limited, failed over and explained as a caller's own.
"""

import asyncio
from collections.abc import Sequence

from coinmux import (
    HTTP,
    Capability,
    CoinmuxError,
    EnvVar,
    Freshness,
    InputsMissing,
    OrderBook,
    OrderBookQuery,
    ProviderInfo,
    Query,
    Result,
    TickerQuery,
    UnknownSymbol,
    hookimpl,
)
from coinmux.models import Symbol
from pydantic import BaseModel, Field, field_validator

COINMUX_API = 1
#: Asked where `VENUES_SOURCES` names none.
USUAL = "binance,bybit,coinbase_exchange,kraken,okx"
_COINS = 30


class VenueQuote(BaseModel):
    """One exchange's best levels: prices in quote units, amounts in base units."""

    venue: str
    bid: float
    bid_amount: float
    ask: float
    ask_amount: float
    timestamp: int | None = None


class BestPricesQuery(Query["BestPrices"]):
    """The best bid and the best ask over venues."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")


class BestPrices(Result):
    """Where a pair is sold for least and bought for most."""

    symbol: Symbol
    bid: float = Field(description="The highest bid, in quote units")
    bid_venue: str = Field(description="Who bids it")
    ask: float = Field(description="The lowest ask, in quote units")
    ask_venue: str = Field(description="Who asks it")
    spread_percent: float = Field(description="Ask above bid, of the ask; negative where crossed")
    timestamp: int | None = Field(default=None, description="The oldest book's time, Unix ms")
    venues: tuple[VenueQuote, ...] = Field(description="Each venue's own levels, best bid first")


class PortfolioQuery(Query["Portfolio"]):
    """What holdings are worth."""

    holdings: str = Field(
        description="Coins and amounts: BTC:0.5,ETH:2", min_length=3, max_length=1_000
    )
    quote: str = Field(default="USDT", description="What the worth is told in", max_length=20)

    @field_validator("holdings")
    @classmethod
    def _is_read(cls, text: str) -> str:
        if len(_amounts(text)) > _COINS:
            raise ValueError(f"takes {_COINS} coins at most")
        return text

    @property
    def amounts(self) -> dict[str, float]:
        """Each coin with its amount."""
        return _amounts(self.holdings)


def _amounts(text: str) -> dict[str, float]:
    held: dict[str, float] = {}
    for part in text.split(","):
        coin, _, amount = part.partition(":")
        try:
            held[coin.strip().upper()] = held.get(coin.strip().upper(), 0) + float(amount)
        except ValueError:
            raise ValueError(f"takes COIN:AMOUNT,… as BTC:0.5,ETH:2, not {part!r}") from None
    return held


class Position(BaseModel):
    """One holding: its amount in its own coin, price and worth in the quote."""

    asset: str
    amount: float
    price: float
    worth: float
    share_percent: float


class Portfolio(Result):
    """Holdings and what they are worth together."""

    holdings: str
    quote: str
    worth: float = Field(description="Of all that has a price, in the quote")
    positions: tuple[Position, ...] = Field(description="The largest first")


@hookimpl
def coinmux_capabilities() -> Sequence[Capability]:
    return [
        Capability(
            "best_prices", BestPricesQuery, BestPrices, Freshness(2, 5, 30), max_age_s=60,
            description="The best bid and ask of a pair over several exchanges.", group="market",
        ),
        Capability(
            "portfolio", PortfolioQuery, Portfolio, Freshness(10, 20, 300),
            description="What holdings are worth.", group="market",
        ),
    ]  # fmt: skip


@hookimpl
def provider_info() -> ProviderInfo:
    return ProviderInfo(
        name="venues", title="Venues", category="market", base_url="",
        asks=("order_book", "ticker"),
        env=(EnvVar("VENUES_SOURCES", required=False, secret=False,
                    description="Exchanges whose best prices are compared, with commas."),),
        notes="Derived from other sources: each answer names them in meta.attempts.",
    )  # fmt: skip


@hookimpl
async def fetch_best_prices(query: BestPricesQuery, http: HTTP) -> BestPrices:
    names = (http.setting("VENUES_SOURCES") or USUAL).split(",")
    told = await http.gather(*(_quote(query.symbol, name.strip(), http) for name in names))
    quotes = [one for one in told if isinstance(one, VenueQuote)]
    missing = [one for one in told if isinstance(one, str)]
    if not quotes:
        raise _nobody_told(query.symbol, missing)
    bid, ask = max(quotes, key=lambda one: one.bid), min(quotes, key=lambda one: one.ask)
    times = [one.timestamp for one in quotes if one.timestamp is not None]
    return BestPrices(
        symbol=query.symbol,
        bid=bid.bid,
        bid_venue=bid.venue,
        ask=ask.ask,
        ask_venue=ask.venue,
        spread_percent=100 * (ask.ask - bid.bid) / ask.ask,
        timestamp=min(times, default=None),
        venues=tuple(sorted(quotes, key=lambda one: -one.bid)),
        notes=tuple(f"left out: {one}" for one in missing),
    )


@hookimpl
async def fetch_portfolio(query: PortfolioQuery, http: HTTP) -> Portfolio:
    held = query.amounts
    asked = [coin for coin in held if coin != query.quote]
    told = await http.gather(*(_price(coin, query.quote, http) for coin in asked))
    prices = {coin: one for coin, one in zip(asked, told, strict=True) if isinstance(one, float)}
    missing = [one for one in told if isinstance(one, str)]
    if asked and not prices:
        raise _nobody_told(query.holdings, missing)
    if query.quote in held:
        prices[query.quote] = 1.0
    worth = sum(held[coin] * price for coin, price in prices.items())
    positions = (
        Position(
            asset=coin, amount=held[coin], price=price, worth=held[coin] * price,
            share_percent=100 * held[coin] * price / worth if worth else 0.0,
        )
        for coin, price in prices.items()
    )  # fmt: skip
    return Portfolio(
        holdings=query.holdings,
        quote=query.quote,
        worth=worth,
        positions=tuple(sorted(positions, key=lambda one: -one.worth)),
        notes=tuple(f"has no price: {one}" for one in missing),
    )


async def _quote(symbol: Symbol, venue: str, http: HTTP) -> VenueQuote | str:
    """The venue's best levels, or in words why there are none."""
    try:
        async with asyncio.timeout(3):
            book: OrderBook = (
                await http.ask(OrderBookQuery(symbol=symbol, depth=5), provider=venue)
            ).data
    except (CoinmuxError, TimeoutError) as error:
        return f"{venue} ({getattr(error, 'code', 'timeout')})"
    if not book.bids or not book.asks:
        return f"{venue} (one side of its book is empty)"
    return VenueQuote(
        venue=venue, bid=book.bids[0][0], bid_amount=book.bids[0][1],
        ask=book.asks[0][0], ask_amount=book.asks[0][1], timestamp=book.timestamp,
    )  # fmt: skip


async def _price(coin: str, quote: str, http: HTTP) -> float | str:
    """What one coin costs, or in words why that is not known."""
    try:
        answer = await http.ask(TickerQuery(symbol=f"{coin}/{quote}"))
    except CoinmuxError as error:
        return f"{coin} ({error.code})"
    return answer.data.last if answer.data.last is not None else f"{coin} (no last price)"


def _nobody_told(what: object, missing: Sequence[str]) -> CoinmuxError:
    """Nobody lists it, or who does did not answer."""
    if all("unknown_symbol" in one for one in missing):
        return UnknownSymbol(what)
    return InputsMissing("; ".join(missing))
