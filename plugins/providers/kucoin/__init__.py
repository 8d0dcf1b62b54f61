"""KuCoin spot: tickers, candles, order books, trades and markets.

Keyless. 2,000 units of weight in 30 seconds by address, and some 500 requests in 10 seconds at its
edge, which the weights keep by themselves: none is below 2. Every answer is an envelope whose
`code` is `"200000"` or it is a failure, often with HTTP 200. For a pair it lacks, some addresses
answer with success and nothing in it.

Source: https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-klines, read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    Reply,
    Symbol,
    UsageHeader,
    When,
    hookimpl,
)
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.kucoin.live import (
    HOSTS,
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.kucoin.spelling import INTERVALS, STYLE

__all__ = [
    "INTERVALS",
    "STYLE",
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

#: Its rows: close before high and low.
CANDLE = ("timestamp", "open", "close", "high", "low", "volume")
MAX_CANDLES = 1500
SMALL_BOOK, LARGE_BOOK = 20, 100
#: How long its edge refuses an address, with a page of HTML.
EDGE_BLOCK_S = 30.0


@hookimpl
def provider_info() -> ProviderInfo:
    """KuCoin, without a key."""
    return ProviderInfo(
        name="kucoin",
        title="KuCoin",
        category="market",
        base_url="https://api.kucoin.com",
        rate_limits=(RateLimit(2000, 30),),
        usage=(UsageHeader("gw-ratelimit-remaining", per_s=30, tells="remaining"),),
        priority=60,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        # The endpoint is its own to name; a token of it lasts a day.
        sockets={
            "": s.SocketInfo(
                url="",
                hosts=HOSTS,
                subscriptions=300,
                messages=(RateLimit(100, 10),),
                ping_s=18,
                silence_s=28,
                life_s=86_400,
            )
        },
        errors=ErrorTable(
            code="code",
            message="msg",
            ok=(200000,),
            unknown_symbol=(900001, When(codes=(400100,), says=("trading pair",))),
            # An edge that blocks answers in HTML.
            rate_limited=(429000, When(status=(429,), is_json=False, retry_after_s=EDGE_BLOCK_S)),
            retry_after=_until_reset_s,
            geo_blocked=(400500,),
            auth=tuple(range(400001, 400008)),
        ),
        homepage="https://www.kucoin.com",
        terms_url="https://www.kucoin.com/legal/terms-of-use",
        docs_url="https://www.kucoin.com/docs-new/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="At most 100 trades and 100 levels of a book, 50 of a live one.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """Success without data is how it says that it lacks the pair."""
    symbol = getattr(query, "symbol", None)
    body = reply.body
    if symbol is None or not isinstance(body, dict) or body.get("code") != "200000":
        return None
    missing = e.UnknownSymbol(symbol, f"KuCoin has no data of {symbol}")
    return missing if body.get("data") is None else None


def _until_reset_s(reply: Reply) -> float | None:
    """Seconds until the window ends, by its header in milliseconds."""
    reset_ms = reply.headers.get("gw-ratelimit-reset", "")
    return max(1.0, int(reset_ms) / 1000) if reset_ms.isascii() and reset_ms.isdigit() else None


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, weight 15."""
    params = {"symbol": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/api/v1/market/stats", params, weight=15), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, weight 3. It takes no count, so the bounds are made from it."""
    window = query.window(MAX_CANDLES, http.now_ms())
    assert window.first_ms is not None
    assert window.last_ms is not None
    params: dict[str, str | int] = {
        "symbol": STYLE.native(query.symbol),
        "type": INTERVALS[query.interval],
        # In seconds, the end excluded.
        "startAt": window.first_ms // 1000,
        "endAt": window.last_ms // 1000 + 1,
    }
    body = await http.get_json("/api/v1/market/candles", params, weight=3, rows=CANDLE)
    return parse_candles(body, query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request, weight 2, of 20 or 100 levels a side: more take a key."""
    levels = SMALL_BOOK if query.depth <= SMALL_BOOK else LARGE_BOOK
    path = f"/api/v1/market/orderbook/level2_{levels}"
    params = {"symbol": STYLE.native(query.symbol)}
    return parse_order_book(await http.get_json(path, params, weight=2), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request, weight 3, of 100 trades."""
    params = {"symbol": STYLE.native(query.symbol)}
    return parse_trades(await http.get_json("/api/v1/market/histories", params, weight=3), query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request, weight 4."""
    return parse_markets(await http.get_json("/api/v2/symbols", weight=4), query)


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """`buy` is the best bid; `changeRate` is a fraction, `changePrice` is since 24 h ago.

    Raises:
        UnknownSymbol: it has no last price, which is how this address says it lacks the pair.
    """
    row = body["data"]
    if row["last"] is None:
        raise e.UnknownSymbol(query.symbol, f"KuCoin has no price of {query.symbol}")
    STYLE.confirm(query.symbol, row["symbol"])
    return m.Ticker.of(
        query,
        timestamp=m.optional(row, "time"),
        last=row["last"],
        bid=m.optional(row, "buy"),
        ask=m.optional(row, "sell"),
        # Of a pair listed today the whole price is its change.
        moved=m.optional(row, "changePrice"),
        high=m.optional(row, "high"),
        low=m.optional(row, "low"),
        change_fraction=m.optional(row, "changeRate"),
        volume_base=m.optional(row, "vol"),
        volume_quote=m.optional(row, "volValue"),
    )


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, times in seconds, rows of 7."""
    return m.Candles.from_rows(query, body["data"], order=CANDLE, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It does not name the pair."""
    book = body["data"]
    bids, asks = m.optional(book, "bids"), m.optional(book, "asks")
    if bids is None and asks is None:
        raise e.UnknownSymbol(query.symbol, f"KuCoin has no book of {query.symbol}")
    return m.OrderBook(
        symbol=query.symbol, timestamp=m.optional(book, "time"), bids=bids, asks=asks
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`side` is the taker's, times are in nanoseconds; a trade is known by its sequence number."""

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=m.optional(row, "sequence"),
            timestamp=int(row["time"]) // 1_000_000,
            side=m.optional(row, "side"),
            price=row["price"],
            amount=row["size"],
        )

    return m.Trades.read(query, body["data"], one)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every pair, traded now or not."""

    def one(row: Any) -> m.Market | None:
        base, quote = STYLE.asset(row["baseCurrency"]), STYLE.asset(row["quoteCurrency"])
        if STYLE.strangers & {base, quote}:
            return None
        return m.Market(
            symbol=Symbol(f"{base}/{quote}"), native=row["symbol"], active=row["enableTrading"]
        )

    return m.Markets.read(body["data"], one)
