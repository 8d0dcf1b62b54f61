"""OKX spot: tickers, candles, order books, trades and markets.

Keyless. Limits are per endpoint and address: 20 tickers in 2 seconds, and so on; here one window
of 20 holds for all of them together, with weights for those that may be asked more or less often.
`code` is `"0"` or the answer is a failure, mostly with HTTP 200.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ProviderInfo, RateLimit, Reply, Symbol, SymbolStyle, hookimpl
from coinmux import errors as e
from coinmux import models as m

STYLE = SymbolStyle(separator="-")
#: From 6 hours on, without `utc` they would open by Hong Kong time.
INTERVALS = {
    "1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1H", "2h": "2H",
    "4h": "4H", "6h": "6Hutc", "12h": "12Hutc", "1d": "1Dutc", "3d": "3Dutc", "1w": "1Wutc",
    "1M": "1Mutc",
}  # fmt: skip
CANDLE = ("timestamp", "open", "high", "low", "close", "volume")
MAX_CANDLES = 300
#: Candles that are not yet history and have an address of their own.
RECENT_CANDLES = 1440
#: Levels a side of the common book; the full one is slower and may be asked a quarter as often.
SMALL_BOOK = 400
MAX_TRADES = 500
TOO_MANY = frozenset({"50011", "50040", "50061"})
UNKNOWN_INSTRUMENT = "51001"
WRONG_PARAMETER = "51000"
WRONG_REGION = "50051"
FORBIDDEN_COIN = "50052"


@hookimpl
def provider_info() -> ProviderInfo:
    """OKX, without a key."""
    return ProviderInfo(
        name="okx",
        title="OKX",
        category="market",
        base_url="https://www.okx.com",
        rate_limits=(RateLimit(20, 2),),
        priority=40,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        homepage="https://www.okx.com",
        terms_url="https://www.okx.com/help/terms-of-service",
        docs_url="https://www.okx.com/docs-v5/en/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Candles of 6 hours and longer open by UTC. At most 500 trades.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """What a `code` other than `"0"` means; with an error status, unknown ones are left to it."""
    code = reply.body.get("code") if isinstance(reply.body, dict) else None
    if not isinstance(reply.body, dict) or not isinstance(code, str) or code == "0":
        return None
    said = f"{code} {str(reply.body.get('msg'))[:200]}"
    symbol = getattr(query, "symbol", None)
    is_spelling = code == WRONG_PARAMETER and "instId" in said
    if symbol is not None and (code == UNKNOWN_INSTRUMENT or is_spelling):
        return e.UnknownSymbol(symbol, f"OKX: {said}")
    if code in TOO_MANY:
        return e.RateLimited(said)
    if code == WRONG_REGION:
        return e.GeoBlocked(said)
    if code == FORBIDDEN_COIN:
        # One coin in one country: no reason to leave the source alone.
        return e.NotOffered(said)
    return e.BadStatus(said, status=200) if reply.status == 200 else None


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request; 20 in 2 seconds."""
    params = {"instId": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/api/v5/market/ticker", params), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request; 40 in 2 seconds, 20 of old ones."""
    params: dict[str, str | int | None] = {
        "instId": STYLE.native(query.symbol),
        "bar": INTERVALS[query.interval],
        "limit": min(query.limit, MAX_CANDLES),
    }
    span_ms = min(query.limit, MAX_CANDLES) * query.interval.ms
    start, end = query.start, query.end
    if start is not None:
        # Both bounds are exclusive, and `before` alone would give the latest, not the first.
        last = start + span_ms if end is None else min(start + span_ms, end + 1)
        params |= {"after": last, "before": start - 1, "limit": MAX_CANDLES}
    elif end is not None:
        params["after"] = end + 1
        start = end - span_ms
    oldest = http.now_ms() - RECENT_CANDLES * query.interval.ms
    if start is not None and start < oldest:
        body = await http.get_json("/api/v5/market/history-candles", params)
    else:
        body = await http.get_json("/api/v5/market/candles", params, weight=0.5)
    return parse_candles(body, query)


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


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """For spot `vol24h` is in base and `volCcy24h` in quote; an empty string stands for none."""
    row = body["data"][0]
    STYLE.confirm(query.symbol, row["instId"])
    last, opened = m.last_price(query.symbol, row["last"]), m.price_or_none(row["open24h"])
    return m.Ticker(
        symbol=query.symbol,
        timestamp=row["ts"],
        last=last,
        bid=m.price_or_none(row["bidPx"]),
        ask=m.price_or_none(row["askPx"]),
        open=opened,
        high=m.price_or_none(row["high24h"]),
        low=m.price_or_none(row["low24h"]),
        change_percent=None if opened is None else (last / opened - 1) * 100,
        volume_base=row["vol24h"] or None,
        volume_quote=row["volCcy24h"] or None,
    )


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, rows of 9, of which the first six are ours."""
    return m.Candles.from_rows(query, body["data"], order=CANDLE)


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It does not name the pair."""
    book = body["data"][0]
    return m.OrderBook(
        symbol=query.symbol, timestamp=book["ts"], bids=book["bids"], asks=book["asks"]
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`side` is the taker's; turned, so that trades of one millisecond keep their order."""

    def one(row: Any) -> m.Trade:
        STYLE.confirm(query.symbol, row["instId"])
        return m.Trade(
            id=row["tradeId"],
            timestamp=row["ts"],
            side=row["side"],
            price=row["px"],
            amount=row["sz"],
        )

    return m.Trades.latest(query, map(one, reversed(body["data"])))


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Spot instruments, traded now or not."""

    def one(row: Any) -> m.Market:
        symbol = Symbol(f"{row['baseCcy']}/{row['quoteCcy']}")
        return m.Market(symbol=symbol, native=row["instId"], active=row["state"] == "live")

    return m.Markets.read(body["data"], one)
