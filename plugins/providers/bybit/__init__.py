"""Bybit spot: tickers, candles, order books, trades and markets, by its API v5.

Keyless. 600 requests in 5 seconds by address; who exceeds them is refused with 403 for ten
minutes. Every answer is an envelope whose `retCode` is not 0 where it is a failure, with HTTP 200.
`category` is always sent: without it, spot candles would be those of the perpetual contract.

Source: https://bybit-exchange.github.io/docs/v5/market/tickers, read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    Reply,
    When,
    hookimpl,
)
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.bybit.live import (
    SOCKETS,
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.bybit.spelling import INTERVALS, SIDES, STYLE, ticker_of

__all__ = [
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

MAX_CANDLES = 1000
MAX_LEVELS = 200
MAX_TRADES = 60
#: How long an address that exceeded its limit is refused, by the page on rate limits.
IP_LIMIT_S = 600.0


@hookimpl
def provider_info() -> ProviderInfo:
    """Bybit, without a key."""
    return ProviderInfo(
        name="bybit",
        title="Bybit",
        category="market",
        base_url="https://api.bybit.com",
        sockets=SOCKETS,
        rate_limits=(RateLimit(600, 5),),
        priority=50,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        errors=ErrorTable(
            code="retCode",
            message="retMsg",
            ok=(0,),
            unknown_symbol=(10029, When(codes=(10001,), says=("symbol",))),
            # A 403 is of the edge: over the limit it says so, abroad its page names the country.
            rate_limited=(
                10006,
                When(codes=(10018,), retry_after_s=IP_LIMIT_S),
                When(status=(403,), says=("access too frequent",), retry_after_s=IP_LIMIT_S),
            ),
            retry_after=_until_reset_s,
            geo_blocked=(10009, 10024, When(status=(403,), says=("your country",), is_json=False)),
            auth=(10003, 10004, 10005, 10007, 10010),
        ),
        homepage="https://www.bybit.com",
        terms_url="https://www.bybit.com/en/terms-service/information",
        docs_url="https://bybit-exchange.github.io/docs/v5/intro",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Refuses some countries. At most 60 trades and 200 levels of a book.",
    )


def _until_reset_s(reply: Reply) -> float | None:
    """Seconds from the answer's time to the reset in its header; None where it has none."""
    reset = reply.headers.get("x-bapi-limit-reset-timestamp", "")
    now = reply.body.get("time") if isinstance(reply.body, dict) else None
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
    window = query.window(MAX_CANDLES)
    params: dict[str, str | int | None] = {
        "category": "spot",
        "symbol": STYLE.native(query.symbol),
        "interval": INTERVALS[query.interval],
        "start": query.start,
        "end": window.last_ms,
        "limit": window.count if query.start is None else MAX_CANDLES,
    }
    body = await http.get_json("/v5/market/kline", params, rows=m.CANDLE_COLUMNS)
    return parse_candles(body, query)


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
    bid, ask = m.optional(row, "bid1Price"), m.optional(row, "ask1Price")
    return ticker_of(row, query, timestamp=m.optional(body, "time"), bid=bid, ask=ask)


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, rows of 7, of which the first six are ours."""
    STYLE.confirm(query.symbol, body["result"]["symbol"])
    return m.Candles.from_rows(query, body["result"]["list"])


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """`ts` is when the book was made, the envelope's time when it was sent."""
    book = body["result"]
    STYLE.confirm(query.symbol, book["s"])
    return m.OrderBook(
        symbol=query.symbol,
        timestamp=m.optional(book, "ts"),
        bids=m.optional(book, "b"),
        asks=m.optional(book, "a"),
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`side` is the taker's."""

    def one(row: Any) -> m.Trade:
        STYLE.confirm(query.symbol, row["symbol"])
        return m.Trade(
            id=m.optional(row, "execId"),
            timestamp=row["time"],
            side=m.read_word("side", SIDES, m.optional(row, "side")),
            price=row["price"],
            amount=row["size"],
        )

    return m.Trades.read(query, body["result"]["list"], one, newest_first=True)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every spot instrument."""

    def one(row: Any) -> m.Market | None:
        active = m.traded(row["status"], ("Trading",))
        base, quote = row["baseCoin"], row["quoteCoin"]
        return m.Market.of(STYLE, base, quote, native=row["symbol"], active=active)

    return m.Markets.read(body["result"]["list"], one)
