"""Coinbase Exchange: tickers, candles, order books, trades and markets, in real dollars.

Keyless. 10 requests a second by address, 15 at once for a moment. A request without User-Agent is
refused. A ticker takes two requests: the quote is at one address, the last 24 hours at another.

Source: https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products, read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    Symbol,
    When,
    hookimpl,
    segment,
)
from coinmux import models as m
from coinmux.plugins.providers.coinbase_exchange.live import (
    SOCKETS,
    socket_dialect,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.coinbase_exchange.spelling import INTERVALS, STYLE, trade_of

__all__ = [
    "socket_dialect",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

#: Low and high stand before open and close.
CANDLE = ("timestamp", "low", "high", "open", "close", "volume")
MAX_CANDLES = 300
#: Levels read beyond those asked for, as some may be of no size or damaged.
SPARE_LEVELS = 20


@hookimpl
def provider_info() -> ProviderInfo:
    """Coinbase Exchange, without a key."""
    return ProviderInfo(
        name="coinbase_exchange",
        title="Coinbase Exchange",
        category="market",
        base_url="https://api.exchange.coinbase.com",
        sockets=SOCKETS,
        rate_limits=(RateLimit(10, 1),),
        priority=30,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        errors=ErrorTable(
            message="message",
            # A product it does not know is a 404, one it does not list any more a 400.
            unknown_symbol=(
                When(status=(404,), says=("notfound", "not found"), about="symbol"),
                When(status=(400,), says=("delisted",), about="symbol"),
            ),
        ),
        homepage="https://exchange.coinbase.com",
        terms_url="https://www.coinbase.com/legal/user_agreement",
        docs_url="https://docs.cdp.coinbase.com/exchange",
        docs_read="2026-11-23",
        seen="recorded",
        notes="No volume in quote units. Minutes without trades have no candle.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """Two requests at once."""
    product = _product(query.symbol)
    quote, stats = await http.gather(
        http.get_json(f"{product}/ticker"), http.get_json(f"{product}/stats")
    )
    return parse_ticker(quote, stats, query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request; without a range it answers with the latest 300 or so."""
    # Both ends count, and one row more than it gives at once is a 400.
    span_ms = min(query.limit, MAX_CANDLES) * query.interval.ms
    start, end = query.start, query.end
    if start is not None:
        end = start + span_ms
    elif end is not None:
        start = end - span_ms
    params = {
        "granularity": INTERVALS[query.interval],
        "start": None if start is None else m.iso_time(start),
        "end": None if end is None else m.iso_time(end),
    }
    path = f"{_product(query.symbol)}/candles"
    return parse_candles(await http.get_json(path, params, rows=CANDLE), query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request: the best level alone, or the whole book."""
    params = {"level": 1 if query.depth == 1 else 2}
    return parse_order_book(await http.get_json(f"{_product(query.symbol)}/book", params), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request."""
    path, params = f"{_product(query.symbol)}/trades", {"limit": query.limit}
    return parse_trades(await http.get_json(path, params, empty_ok=True), query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request."""
    return parse_markets(await http.get_json("/products"), query)


def _product(symbol: Symbol) -> str:
    return f"/products/{segment(STYLE.native(symbol))}"


def parse_ticker(quote: Any, stats: Any, query: m.TickerQuery) -> m.Ticker:
    """The quote, and the last 24 hours."""
    return m.Ticker.of(
        query,
        timestamp=m.read_field("timestamp", m.iso_ms, m.optional(quote, "time")),
        last=quote["price"],
        bid=m.optional(quote, "bid"),
        ask=m.optional(quote, "ask"),
        open=m.optional(stats, "open"),
        high=m.optional(stats, "high"),
        low=m.optional(stats, "low"),
        volume_base=m.optional(quote, "volume"),
    )


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, times in seconds; a row from before the range may be among them."""
    return m.Candles.from_rows(query, body, order=CANDLE, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """Cut before it is read: the whole book has tens of thousands of levels."""
    most = query.depth + SPARE_LEVELS
    return m.OrderBook(
        symbol=query.symbol,
        timestamp=m.read_field("timestamp", m.iso_ms, body.get("time")),
        bids=_first(m.optional(body, "bids"), most),
        asks=_first(m.optional(body, "asks"), most),
    )


def _first(levels: Any, most: int) -> Any:
    return levels[:most] if isinstance(levels, list) else levels


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """Newest first."""
    return m.Trades.read(query, body, trade_of, newest_first=True)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every product, traded now or not."""

    def one(row: Any) -> m.Market | None:
        base, quote, stopped = row["base_currency"], row["quote_currency"], row["trading_disabled"]
        if not isinstance(stopped, bool):
            raise ValueError("trading_disabled takes true or false")
        active = m.traded(row["status"], ("online",)) and not stopped
        return m.Market.of(STYLE, base, quote, native=row["id"], active=active)

    return m.Markets.read(body, one)
