"""Gemini spot: tickers, candles, order books, trades and markets.

Keyless. 120 requests a minute by address, and one a second is recommended; five more wait, then
429 follows. Candles come as a fixed window: about 1,440 of a minute, fewer of the longer ones.

Its time is of the volume's window, not of the price, so a ticker has none. Days begin at 04:00 UTC
and are gathered from hours instead.

Source: https://developer.gemini.com/trading/rest-api/market-data/get-ticker, read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    When,
    hookimpl,
    segment,
)
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.gemini.live import (
    SOCKETS,
    socket_dialect,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.gemini.spelling import INTERVALS, STYLE

__all__ = [
    "socket_dialect",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

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
        sockets=SOCKETS,
        rate_limits=(RateLimit(120, 60),),
        priority=80,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=1440,
        errors=ErrorTable(
            marked=("result", "error"),
            code="reason",
            message="message",
            unknown_symbol=("InvalidSymbol", When(codes=("Bad Request",), says=("valid symbol",))),
            rate_limited=("RateLimit",),
        ),
        homepage="https://www.gemini.com",
        terms_url="https://www.gemini.com/legal/api-agreement",
        docs_url="https://developer.gemini.com",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Recent candles only. Its order book tells no time. A ticker takes two requests; a "
        "live one has no figures of a day.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """Two requests at once: neither address has both the day's prices and the volume."""
    native = segment(STYLE.native(query.symbol))
    day, now = await http.gather(
        http.get_json(f"/v2/ticker/{native}"), http.get_json(f"/v1/pubticker/{native}")
    )
    return parse_ticker(day, now, query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, of all it keeps: neither a range nor a count is taken."""
    native, length = segment(STYLE.native(query.symbol)), INTERVALS[query.interval]
    path = f"/v2/candles/{native}/{length}"
    return parse_candles(await http.get_json(path, rows=m.CANDLE_COLUMNS), query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request."""
    body = await http.get_json(
        f"/v1/book/{segment(STYLE.native(query.symbol))}",
        {"limit_bids": query.depth, "limit_asks": query.depth},
    )
    return parse_order_book(body, query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request, of at most 500 trades of the last seven days; there may be none."""
    body = await http.get_json(
        f"/v1/trades/{segment(STYLE.native(query.symbol))}",
        {"limit_trades": min(query.limit, MAX_TRADES)},
        empty_ok=True,
    )
    return parse_trades(body, query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request; the documented list has joined names alone, which must not be split."""
    return parse_markets(await http.get_json("/v1/symbols/details/all"), query)


def parse_ticker(day: Any, now: Any, query: m.TickerQuery) -> m.Ticker:
    """Prices from the v2 ticker, volumes and their time from the v1 ticker.

    Raises:
        OtherSubject: one of the two is about another pair.
    """
    STYLE.confirm(query.symbol, day["symbol"])
    volume = m.optional(now, "volume")
    if isinstance(volume, dict) and not volume.keys() >= {query.symbol.base, query.symbol.quote}:
        raise e.OtherSubject(f"asked for {query.symbol}, volumes are of {', '.join(volume)[:60]}")
    return m.Ticker.of(
        query,
        last=day["close"],
        bid=m.optional(day, "bid"),
        ask=m.optional(day, "ask"),
        open=m.optional(day, "open"),
        high=m.optional(day, "high"),
        low=m.optional(day, "low"),
        volume_base=m.optional(volume, query.symbol.base),
        volume_quote=m.optional(volume, query.symbol.quote),
    )


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, numbers.

    Raises:
        NotOffered: the asked range begins before the window does.
    """
    oldest = m.oldest_time(body)
    begins = query.start if query.start is not None else query.end
    if begins is not None and begins <= oldest - query.interval.ms:
        raise e.NotOffered(f"Gemini keeps {query.interval} candles since {oldest} only")
    return m.Candles.from_rows(query, body)


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It does not name the pair; the times of its levels are made up."""
    bids, asks = _levels(m.optional(body, "bids")), _levels(m.optional(body, "asks"))
    return m.OrderBook(symbol=query.symbol, bids=bids, asks=asks)


def _levels(side: Any) -> Any:
    """Objects as rows of price and amount; what is none is left for the model to judge."""
    if not isinstance(side, list):
        return side
    return [[row.get("price"), row.get("amount")] if isinstance(row, dict) else row for row in side]


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`type` is the taker's side, and neither where an auction or a block trade has none."""

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=m.optional(row, "tid"),
            timestamp=row["timestampms"],
            side=m.read_field("side", _side, m.optional(row, "type")),
            price=row["price"],
            amount=row["amount"],
        )

    return m.Trades.read(query, body, one, newest_first=True)


def _side(kind: Any) -> str | None:
    if not isinstance(kind, str):
        raise ValueError("the type of a trade is a word")
    return SIDES.get(kind)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Spot pairs, traded now or not; perpetual contracts are among the rows."""

    def one(row: Any) -> m.Market | None:
        if row.get("product_type", "spot") != "spot":
            return None
        active = m.traded(row["status"], TRADED)
        base, quote, native = row["base_currency"], row["quote_currency"], row["symbol"].lower()
        return m.Market.of(STYLE, base, quote, native=native, active=active)

    return m.Markets.read(body, one)
