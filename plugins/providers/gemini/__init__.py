"""Gemini spot: tickers, candles, order books, trades and markets.

Keyless. 120 requests a minute by address, and one a second is recommended; five more wait, then
429 follows. Candles come as a fixed window: about 1,440 of a minute, fewer of the longer ones.

Its time is of the volume's window, not of the price, so a ticker has none. Days begin at 04:00 UTC
and are gathered from hours instead.

Source: https://developer.gemini.com/trading/rest-api/market-data/get-ticker, read 2026-11-23.
"""

from __future__ import annotations

import asyncio
from typing import Any

from coinmux import (
    HTTP,
    BadStatus,
    Candles,
    CandlesQuery,
    Implausible,
    Market,
    Markets,
    MarketsQuery,
    NotOffered,
    OrderBook,
    OrderBookQuery,
    ProviderInfo,
    Query,
    RateLimit,
    RateLimited,
    Reply,
    Symbol,
    SymbolStyle,
    Ticker,
    TickerQuery,
    Trade,
    Trades,
    TradesQuery,
    UnknownSymbol,
    hookimpl,
    last_price,
    price_or_none,
    segment,
)

STYLE = SymbolStyle(case="lower")
INTERVALS = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1hr",
}  # fmt: skip
CANDLE = ("timestamp", "open", "high", "low", "close", "volume")
SIDES = {"buy": "buy", "sell": "sell"}
MAX_TRADES = 500
#: Of `status`: where orders may meet.
TRADED = frozenset({"open", "limit_only"})


@hookimpl
def provider_info() -> ProviderInfo:
    """Gemini, without a key."""
    return ProviderInfo(
        name="gemini",
        title="Gemini",
        category="market",
        base_url="https://api.gemini.com",
        rate_limits=(RateLimit(120, 60),),
        priority=80,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=1440,
        homepage="https://www.gemini.com",
        terms_url="https://www.gemini.com/legal/api-agreement",
        docs_url="https://developer.gemini.com",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Recent candles only. Its order book tells no time. A ticker takes two requests.",
    )


@hookimpl
def map_error(reply: Reply, query: Query) -> Exception | None:
    """What a `reason` means; one that is not known here is left to the status."""
    body = reply.body
    if not isinstance(body, dict) or body.get("result") != "error":
        return None
    reason, message = str(body.get("reason"))[:60], str(body.get("message"))[:200]
    said = f"{reason}: {message}"
    symbol = getattr(query, "symbol", None)
    is_symbol = reason == "InvalidSymbol" or (
        reason == "Bad Request" and "valid symbol" in message.lower()
    )
    if symbol is not None and is_symbol:
        return UnknownSymbol(symbol, f"Gemini: {said}")
    if reason == "RateLimit":
        return RateLimited(said)
    return BadStatus(said, status=200) if reply.status == 200 else None


@hookimpl
async def fetch_ticker(query: TickerQuery, http: HTTP) -> Ticker:
    """Two requests at once: neither address has both the day's prices and the volume."""
    native = segment(STYLE.native(query.symbol))
    try:
        async with asyncio.TaskGroup() as group:
            day = group.create_task(http.get_json(f"/v2/ticker/{native}"))
            now = group.create_task(http.get_json(f"/v1/pubticker/{native}"))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return parse_ticker(day.result(), now.result(), query)


@hookimpl
async def fetch_candles(query: CandlesQuery, http: HTTP) -> Candles:
    """One request, of all it keeps: neither a range nor a count is taken."""
    native, length = segment(STYLE.native(query.symbol)), INTERVALS[query.interval]
    return parse_candles(await http.get_json(f"/v2/candles/{native}/{length}"), query)


@hookimpl
async def fetch_order_book(query: OrderBookQuery, http: HTTP) -> OrderBook:
    """One request."""
    body = await http.get_json(
        f"/v1/book/{segment(STYLE.native(query.symbol))}",
        {"limit_bids": query.depth, "limit_asks": query.depth},
    )
    return parse_order_book(body, query)


@hookimpl
async def fetch_trades(query: TradesQuery, http: HTTP) -> Trades:
    """One request, of at most 500 trades of the last seven days; there may be none."""
    body = await http.get_json(
        f"/v1/trades/{segment(STYLE.native(query.symbol))}",
        {"limit_trades": min(query.limit, MAX_TRADES)},
        empty_ok=True,
    )
    return parse_trades(body, query)


@hookimpl
async def fetch_markets(query: MarketsQuery, http: HTTP) -> Markets:
    """One request; the documented list has joined names alone, which must not be split."""
    return parse_markets(await http.get_json("/v1/symbols/details/all"), query)


def parse_ticker(day: Any, now: Any, query: TickerQuery) -> Ticker:
    """Prices from the v2 ticker, volumes and their time from the v1 ticker.

    Raises:
        Implausible: one of the two is about another pair.
    """
    STYLE.confirm(query.symbol, day["symbol"])
    volume = now["volume"]
    if volume.keys() != {query.symbol.base, query.symbol.quote, "timestamp"}:
        raise Implausible(f"asked for {query.symbol}, volumes are of {', '.join(volume)[:60]}")
    last, opened = last_price(query.symbol, day["close"]), price_or_none(day["open"])
    return Ticker(
        symbol=query.symbol,
        last=last,
        bid=price_or_none(day["bid"]),
        ask=price_or_none(day["ask"]),
        open=opened,
        high=price_or_none(day["high"]),
        low=price_or_none(day["low"]),
        change_percent=None if opened is None else (last / opened - 1) * 100,
        volume_base=volume[query.symbol.base],
        volume_quote=volume[query.symbol.quote],
    )


def parse_candles(body: Any, query: CandlesQuery) -> Candles:
    """Newest first, numbers.

    Raises:
        NotOffered: the asked range begins before the window does.
    """
    oldest = min(row[0] for row in body)
    begins = query.start if query.start is not None else query.end
    if begins is not None and begins <= oldest - query.interval.ms:
        raise NotOffered(f"Gemini keeps {query.interval} candles since {oldest} only")
    return Candles.from_rows(query, body, order=CANDLE)


def parse_order_book(body: Any, query: OrderBookQuery) -> OrderBook:
    """It does not name the pair; the times of its levels are made up."""
    bids, asks = (
        [(level["price"], level["amount"]) for level in body[side]] for side in ("bids", "asks")
    )
    return OrderBook(symbol=query.symbol, bids=bids, asks=asks)


def parse_trades(body: Any, query: TradesQuery) -> Trades:
    """`type` is the taker's side, and neither where an auction or a block trade has none."""

    def one(row: Any) -> Trade:
        return Trade(
            id=str(row["tid"]),
            timestamp=row["timestampms"],
            side=SIDES.get(row["type"]),
            price=row["price"],
            amount=row["amount"],
        )

    # Newest first: reversed, trades of one moment keep their order.
    return Trades.latest(query, map(one, reversed(body)))


def parse_markets(body: Any, query: MarketsQuery) -> Markets:
    """Spot pairs, traded now or not; perpetual contracts are among the rows."""

    def one(row: Any) -> Market | None:
        if row.get("product_type", "spot") != "spot":
            return None
        symbol = Symbol(f"{row['base_currency']}/{row['quote_currency']}".upper())
        return Market(symbol=symbol, native=row["symbol"].lower(), active=row["status"] in TRADED)

    return Markets.read(body, one)
