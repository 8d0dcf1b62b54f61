"""Bybit spot: tickers, candles, order books, trades and markets, by its API v5.

Keyless. 600 requests in 5 seconds by address; who exceeds them is refused with 403 for ten
minutes. Every answer is an envelope whose `retCode` is not 0 where it is a failure, with HTTP 200.
`category` is always sent: without it, spot candles would be those of the perpetual contract.

Source: https://bybit-exchange.github.io/docs/v5/market/tickers, read 2026-11-23.
"""

from decimal import Decimal
from typing import Any

from coinmux import HTTP, ProviderInfo, RateLimit, Reply, Symbol, SymbolStyle, hookimpl
from coinmux import errors as e
from coinmux import models as m

STYLE = SymbolStyle()
INTERVALS = {
    "1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120",
    "4h": "240", "6h": "360", "12h": "720", "1d": "D", "1w": "W", "1M": "M",
}  # fmt: skip
CANDLE = ("timestamp", "open", "high", "low", "close", "volume")
SIDES = {"Buy": "buy", "Sell": "sell"}
MAX_CANDLES = 1000
MAX_LEVELS = 200
MAX_TRADES = 60
#: How long an address that exceeded its limit is refused, by the page on rate limits.
IP_LIMIT_S = 600.0
WRONG_PARAMETER = "10001"
INVALID_SYMBOL = "10029"
TOO_MANY_VISITS = "10006"
TOO_MANY_OF_ADDRESS = "10018"
REGION = frozenset({"10009", "10024"})
KEY = frozenset({"10003", "10004", "10005", "10007", "10010"})


@hookimpl
def provider_info() -> ProviderInfo:
    """Bybit, without a key."""
    return ProviderInfo(
        name="bybit",
        title="Bybit",
        category="market",
        base_url="https://api.bybit.com",
        rate_limits=(RateLimit(600, 5),),
        priority=50,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        homepage="https://www.bybit.com",
        terms_url="https://www.bybit.com/en/terms-service/information",
        docs_url="https://bybit-exchange.github.io/docs/v5/intro",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Refuses some countries. At most 60 trades and 200 levels of a book.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """What a `retCode` other than 0 means, and which of its two meanings a 403 has."""
    body = reply.body
    if reply.status == 403:
        # Both come from the edge: over the limit it says so, abroad its page names the country.
        said = str(body).lower()
        if "access too frequent" in said:
            return e.RateLimited("HTTP 403: access too frequent", retry_after_s=IP_LIMIT_S)
        return e.GeoBlocked("HTTP 403: refused by country") if "your country" in said else None
    if not isinstance(body, dict) or "retCode" not in body or str(body["retCode"]) == "0":
        return None
    code = str(body["retCode"])
    said = f"{code} {str(body.get('retMsg'))[:200]}"
    symbol = getattr(query, "symbol", None)
    is_symbol = code == INVALID_SYMBOL or (code == WRONG_PARAMETER and "symbol" in said.lower())
    if symbol is not None and is_symbol:
        return e.UnknownSymbol(symbol, f"Bybit: {said}")
    if code == TOO_MANY_VISITS:
        return e.RateLimited(said, retry_after_s=_until_reset_s(reply, body))
    if code == TOO_MANY_OF_ADDRESS:
        return e.RateLimited(said, retry_after_s=IP_LIMIT_S)
    if code in REGION:
        return e.GeoBlocked(said)
    if code in KEY:
        return e.AuthRefused(said)
    return e.BadStatus(said, status=reply.status)


def _until_reset_s(reply: Reply, body: dict[str, Any]) -> float | None:
    """Seconds from the answer's time to the reset its header tells; None where it tells none."""
    reset, now = reply.headers.get("x-bapi-limit-reset-timestamp", ""), body.get("time")
    if not (reset.isascii() and reset.isdigit() and type(now) is int and int(reset) > now):
        return None
    return max(1.0, (int(reset) - now) / 1000)


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    params = {"category": "spot", "symbol": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/v5/market/tickers", params), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request; its bounds are of opening times, both included."""
    start, end, limit = query.start, query.end, query.limit
    if start is not None:
        # Of a range with too many candles it gives the latest; wanted are the first.
        last = start + query.limit * query.interval.ms - 1
        end, limit = (last if end is None else min(end, last)), MAX_CANDLES
    params: dict[str, str | int | None] = {
        "category": "spot",
        "symbol": STYLE.native(query.symbol),
        "interval": INTERVALS[query.interval],
        "start": start,
        "end": end,
        "limit": limit,
    }
    return parse_candles(await http.get_json("/v5/market/kline", params), query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request, of at most 200 levels a side."""
    params: dict[str, str | int] = {
        "category": "spot",
        "symbol": STYLE.native(query.symbol),
        "limit": min(query.depth, MAX_LEVELS),
    }
    return parse_order_book(await http.get_json("/v5/market/orderbook", params), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request, of at most 60 trades."""
    params: dict[str, str | int] = {
        "category": "spot",
        "symbol": STYLE.native(query.symbol),
        "limit": min(query.limit, MAX_TRADES),
    }
    return parse_trades(await http.get_json("/v5/market/recent-trade", params), query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request: spot instruments come on one page."""
    params = {"category": "spot"}
    return parse_markets(await http.get_json("/v5/market/instruments-info", params), query)


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """`price24hPcnt` is a fraction; the time is the envelope's.

    Raises:
        UnknownSymbol: the list is empty, as its other lists of spot are for a pair it lacks.
    """
    rows = body["result"]["list"]
    if not rows:
        raise e.UnknownSymbol(query.symbol, f"Bybit lists no {query.symbol}")
    row = rows[0]
    STYLE.confirm(query.symbol, row["symbol"])
    change = row["price24hPcnt"]
    return m.Ticker(
        symbol=query.symbol,
        timestamp=body["time"],
        last=m.last_price(query.symbol, row["lastPrice"]),
        bid=m.price_or_none(row["bid1Price"]),
        ask=m.price_or_none(row["ask1Price"]),
        open=m.price_or_none(row["prevPrice24h"]),
        high=m.price_or_none(row["highPrice24h"]),
        low=m.price_or_none(row["lowPrice24h"]),
        change_percent=float(_decimal(change) * 100) if change else None,
        volume_base=row["volume24h"],
        volume_quote=row["turnover24h"],
    )


def _decimal(text: Any) -> Decimal:
    """For sums that stay decimal: as a float, 0.0114 * 100 is 1.1400000000000001."""
    return Decimal(repr(m.number(text)))


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, rows of 7, of which the first six are ours."""
    STYLE.confirm(query.symbol, body["result"]["symbol"])
    return m.Candles.from_rows(query, body["result"]["list"], order=CANDLE)


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """`ts` is when the book was made, the envelope's time when it was sent."""
    book = body["result"]
    STYLE.confirm(query.symbol, book["s"])
    return m.OrderBook(symbol=query.symbol, timestamp=book["ts"], bids=book["b"], asks=book["a"])


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`side` is the taker's."""

    def one(row: Any) -> m.Trade:
        STYLE.confirm(query.symbol, row["symbol"])
        return m.Trade(
            id=row["execId"],
            timestamp=row["time"],
            side=SIDES[row["side"]],
            price=row["price"],
            amount=row["size"],
        )

    # Newest first: reversed, trades of one moment keep their order.
    return m.Trades.latest(query, map(one, reversed(body["result"]["list"])))


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every spot instrument."""

    def one(row: Any) -> m.Market:
        symbol = Symbol(f"{row['baseCoin']}/{row['quoteCoin']}")
        return m.Market(symbol=symbol, native=row["symbol"], active=row["status"] == "Trading")

    return m.Markets.read(body["result"]["list"], one)
