"""Binance spot: tickers, candles, order books, trades and markets, from its data-only host.

Keyless. 6,000 units of weight a minute by address; who goes on after a 429 is banned (418) for two
minutes to three days. Some countries are refused with 451.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api, read 2026-11-23.
"""

from typing import Any, Literal

from coinmux import (
    HTTP,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    UsageHeader,
    When,
    hookimpl,
)
from coinmux import models as m
from coinmux.plugins.providers.binance.live import (
    SOCKETS,
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.binance.spelling import INTERVALS, STYLE

__all__ = [
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

SMALL_BOOK = 100


@hookimpl
def provider_info() -> ProviderInfo:
    """Binance, without a key."""
    return ProviderInfo(
        name="binance",
        title="Binance",
        category="market",
        base_url="https://data-api.binance.vision",
        rate_limits=(RateLimit(6000, 60),),
        usage=(UsageHeader("x-mbx-used-weight-1m", per_s=60, tells="used"),),
        priority=10,
        symbols=STYLE,
        intervals={interval: interval for interval in INTERVALS},
        max_candles=1000,
        sockets=SOCKETS,
        errors=ErrorTable(
            code="code",
            message="msg",
            # A pair longer than any it lists is refused for its characters, not as unknown.
            unknown_symbol=(-1121, When(codes=(-1100,), says=("'symbol'",))),
            rate_limited=(-1003,),
        ),
        homepage="https://www.binance.com",
        terms_url="https://www.binance.com/en/terms",
        docs_url="https://developers.binance.com/docs/binance-spot-api-docs",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Few markets in plain USD. Its order book tells no time, nor do live ones of at most "
        "20 levels.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, weight 2."""
    params = {"symbol": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/api/v3/ticker/24hr", params, weight=2), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, weight 2; its times bound the opening, both included."""
    params: dict[str, str | int | None] = {
        "symbol": STYLE.native(query.symbol),
        "interval": str(query.interval),
        "startTime": query.start,
        "endTime": query.end,
        "limit": query.limit,
    }
    path, columns = "/api/v3/klines", m.CANDLE_COLUMNS
    return m.Candles.from_rows(query, await http.get_json(path, params, weight=2, rows=columns))


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request, weight 5 up to a depth of 100, else 25."""
    body = await http.get_json(
        "/api/v3/depth",
        {"symbol": STYLE.native(query.symbol), "limit": query.depth},
        weight=5 if query.depth <= SMALL_BOOK else 25,
    )
    return parse_order_book(body, query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request, weight 25."""
    body = await http.get_json(
        "/api/v3/trades",
        {"symbol": STYLE.native(query.symbol), "limit": query.limit},
        weight=25,
        empty_ok=True,
    )
    return parse_trades(body, query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request, weight 20; without the permission sets, which are most of its megabytes."""
    params = {"showPermissionSets": "false"}
    return parse_markets(await http.get_json("/api/v3/exchangeInfo", params, weight=20), query)


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """`priceChangePercent` is in percent already.

    Raises:
        UnknownSymbol: the pair is listed but not traded any more, so that it has no price.
    """
    STYLE.confirm(query.symbol, body["symbol"])
    return m.Ticker.of(
        query,
        timestamp=m.optional(body, "closeTime"),
        last=body["lastPrice"],
        bid=m.optional(body, "bidPrice"),
        ask=m.optional(body, "askPrice"),
        open=m.optional(body, "openPrice"),
        high=m.optional(body, "highPrice"),
        low=m.optional(body, "lowPrice"),
        change_percent=m.optional(body, "priceChangePercent"),
        volume_base=m.optional(body, "volume"),
        volume_quote=m.optional(body, "quoteVolume"),
    )


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It names neither the pair nor a time."""
    return m.OrderBook(
        symbol=query.symbol, bids=m.optional(body, "bids"), asks=m.optional(body, "asks")
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """Where the buyer was the maker, the taker sold."""

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=m.optional(row, "id"),
            timestamp=row["time"],
            side=m.read_field("side", _taker, m.optional(row, "isBuyerMaker")),
            price=row["price"],
            amount=row["qty"],
        )

    return m.Trades.read(query, body, one)


def _taker(is_buyer_maker: Any) -> Literal["buy", "sell"]:
    if not isinstance(is_buyer_maker, bool):
        raise ValueError("isBuyerMaker takes true or false")
    return "sell" if is_buyer_maker else "buy"


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every pair, traded now or not."""

    def one(row: Any) -> m.Market | None:
        active = m.traded(row["status"], ("TRADING",))
        base, quote = row["baseAsset"], row["quoteAsset"]
        return m.Market.of(STYLE, base, quote, native=row["symbol"], active=active)

    return m.Markets.read(body["symbols"], one)
