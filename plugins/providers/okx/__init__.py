"""OKX spot: tickers, candles, order books, trades and markets.

Keyless. Limits are per endpoint and address: 20 tickers in 2 seconds, and so on; here one window
of 20 holds for all of them together, with weights for those that may be asked more or less often.
`code` is `"0"` or the answer is a failure, mostly with HTTP 200.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ErrorTable, ProviderInfo, RateLimit, Symbol, When, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.okx.live import (
    SOCKETS,
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.okx.spelling import INTERVALS, STYLE, ticker_of, trade_of

__all__ = [
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

MAX_CANDLES = 300
#: Candles that are not yet history and have an address of their own.
RECENT_CANDLES = 1440
#: Levels a side of the common book; the full one is slower and may be asked a quarter as often.
SMALL_BOOK = 400
MAX_TRADES = 500


@hookimpl
def provider_info() -> ProviderInfo:
    """OKX, without a key."""
    return ProviderInfo(
        name="okx",
        title="OKX",
        category="market",
        base_url="https://www.okx.com",
        sockets=SOCKETS,
        rate_limits=(RateLimit(20, 2),),
        priority=40,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        errors=ErrorTable(
            code="code",
            message="msg",
            ok=(0,),
            unknown_symbol=(51001, When(codes=(51000,), says=("instId",))),
            rate_limited=(50011, 50040, 50061),
            geo_blocked=(50051,),
            # One coin in one country: no reason to leave the source alone.
            not_offered=(50052,),
        ),
        homepage="https://www.okx.com",
        terms_url="https://www.okx.com/help/terms-of-service",
        docs_url="https://www.okx.com/docs-v5/en/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Candles of 6 hours and longer open by UTC. At most 500 trades.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request; 20 in 2 seconds."""
    params = {"instId": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/api/v5/market/ticker", params), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request; 40 in 2 seconds, 20 of old ones."""
    window = query.window(MAX_CANDLES)
    first, last = window.first_ms, window.last_ms
    params: dict[str, str | int | None] = {
        "instId": STYLE.native(query.symbol),
        "bar": INTERVALS[query.interval],
        "limit": window.count if query.start is None else MAX_CANDLES,
        # Both bounds are exclusive, and `before` alone would give the latest, not the first.
        "after": None if last is None else last + 1,
        "before": None if query.start is None else query.start - 1,
    }
    if first is not None and first < http.now_ms() - RECENT_CANDLES * query.interval.ms:
        path, weight = "/api/v5/market/history-candles", 1.0
    else:
        path, weight = "/api/v5/market/candles", 0.5
    body = await http.get_json(path, params, weight=weight, rows=m.CANDLE_COLUMNS)
    # Newest first, rows of 9, of which the first six are ours.
    return m.Candles.from_rows(query, body["data"])


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request; 40 in 2 seconds, 10 of books deeper than 400 levels."""
    params: dict[str, str | int] = {"instId": STYLE.native(query.symbol), "sz": query.depth}
    if query.depth <= SMALL_BOOK:
        body = await http.get_json("/api/v5/market/books", params, weight=0.5)
    else:
        body = await http.get_json("/api/v5/market/books-full", params, weight=2)
    return parse_order_book(body, query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request; 100 in 2 seconds."""
    body = await http.get_json(
        "/api/v5/market/trades",
        {"instId": STYLE.native(query.symbol), "limit": min(query.limit, MAX_TRADES)},
        weight=0.2,
    )
    return parse_trades(body, query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request; 20 in 2 seconds."""
    params = {"instType": "SPOT"}
    return parse_markets(await http.get_json("/api/v5/public/instruments", params), query)


def _only(body: Any, symbol: Symbol) -> Any:
    """The one row of an answer about one instrument.

    Raises:
        UnknownSymbol: there is none, as of an instrument that is suspended.
    """
    rows = body["data"]
    if rows is None or rows == []:
        raise e.UnknownSymbol(symbol, f"OKX has no data of {symbol}")
    return rows[0]


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """One row.

    Raises:
        UnknownSymbol: there is none.
    """
    return ticker_of(_only(body, query.symbol), query)


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It does not name the pair."""
    book = _only(body, query.symbol)
    return m.OrderBook(
        symbol=query.symbol,
        timestamp=m.optional(book, "ts"),
        bids=m.optional(book, "bids"),
        asks=m.optional(book, "asks"),
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """Newest first."""

    def one(row: Any) -> m.Trade:
        return trade_of(row, query.symbol)

    return m.Trades.read(query, body["data"], one, newest_first=True)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Spot instruments, traded now or not."""

    def one(row: Any) -> m.Market | None:
        active = m.traded(row["state"], ("live",))
        base, quote = row["baseCcy"], row["quoteCcy"]
        return m.Market.of(STYLE, base, quote, native=row["instId"], active=active)

    return m.Markets.read(body["data"], one)
