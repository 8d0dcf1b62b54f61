"""Bitstamp spot: tickers, candles, order books, trades and markets.

Keyless. 400 requests a second and 10,000 in ten minutes by address. A slash ends every path:
without it a redirect follows. Numbers are strings, times are seconds.

Source: https://www.bitstamp.net/api/, read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    Reply,
    Symbol,
    SymbolStyle,
    hookimpl,
    segment,
)
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.bitstamp.live import (
    SOCKETS,
    socket_dialect,
    stream_order_book,
    stream_trades,
)
from coinmux.plugins.providers.bitstamp.rows import SIDES, from_micro
from coinmux.plugins.providers.bitstamp.spelling import ALIASES, STYLE

__all__ = ["socket_dialect", "stream_order_book", "stream_trades"]


#: As answers spell a pair; a slash tells base from quote.
SLASHED = SymbolStyle(separator="/", aliases=ALIASES)
INTERVALS = {
    "1m": "60", "3m": "180", "5m": "300", "15m": "900", "30m": "1800", "1h": "3600",
    "2h": "7200", "4h": "14400", "6h": "21600", "12h": "43200", "1d": "86400", "3d": "259200",
}  # fmt: skip
MAX_CANDLES = 1000
#: Markets that are always there: a page that is not found for one of them has moved.
SURE = frozenset({"BTC/USD", "BTC/EUR", "BTC/USDT", "ETH/USD", "ETH/EUR"})


@hookimpl
def provider_info() -> ProviderInfo:
    """Bitstamp, without a key."""
    return ProviderInfo(
        name="bitstamp",
        title="Bitstamp",
        category="market",
        base_url="https://www.bitstamp.net/api/v2",
        rate_limits=(RateLimit(400, 1), RateLimit(10_000, 600)),
        priority=70,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        sockets=SOCKETS,
        errors=ErrorTable(
            code=("response_code", "code"),
            message=("response_explanation", "reason"),
            unknown_symbol=("400.003", "404.003"),
            rate_limited=("400.002",),
        ),
        homepage="https://www.bitstamp.net",
        terms_url="https://www.bitstamp.net/terms-of-use/",
        docs_url="https://www.bitstamp.net/api/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Trades of the last hour. Tells no volume in the quote. Live it tells trades and "
        "books alone: candles are built from its trades.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """What a 404 means, and errors without a code."""
    symbol = getattr(query, "symbol", None)
    if reply.status == 404 and symbol is not None and symbol not in SURE:
        # The market is part of the path, and a path of no market is answered like any that does
        # not exist, by a page of HTML or by JSON. That the API itself has moved shows in SURE.
        return e.UnknownSymbol(symbol, f"Bitstamp has no page of {symbol}")
    if isinstance(reply.body, dict) and reply.body.get("status") == "error":
        return e.BadStatus(str(reply.body.get("reason"))[:200], status=reply.status)
    return None


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    return parse_ticker(await http.get_json(_path("ticker", query.symbol)), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, of the candles up to an end: it heeds no start where it has one."""
    window = query.window(MAX_CANDLES)
    params: dict[str, str | int | None] = {
        "step": INTERVALS[query.interval],
        "limit": window.count,
        "start": None if query.start is None else query.start // 1000,
        "end": None if window.last_ms is None else window.last_ms // 1000,
    }
    return parse_candles(await http.get_json(_path("ohlc", query.symbol), params), query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request, of the whole book."""
    return parse_order_book(await http.get_json(_path("order_book", query.symbol)), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request, of the trades of an hour; there may be none."""
    path = _path("transactions", query.symbol)
    return parse_trades(await http.get_json(path, {"time": "hour"}, empty_ok=True), query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request."""
    return parse_markets(await http.get_json("/markets/"), query)


def _path(what: str, symbol: Symbol) -> str:
    return f"/{what}/{segment(STYLE.native(symbol))}/"


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """`open` is of midnight UTC, `open_24` of 24 h ago; newer answers name the pair, older none."""
    for name in ("pair", "market"):
        if name in body:
            SLASHED.confirm(query.symbol, body[name])
    return m.Ticker.of(
        query,
        timestamp_s=m.optional(body, "timestamp"),
        last=body["last"],
        bid=m.optional(body, "bid"),
        ask=m.optional(body, "ask"),
        open=body.get("open_24"),
        high=m.optional(body, "high"),
        low=m.optional(body, "low"),
        change_percent=body.get("percent_change_24"),
        volume_base=m.optional(body, "volume"),
    )


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Oldest first, objects."""
    SLASHED.confirm(query.symbol, body["data"]["pair"])
    rows = body["data"]["ohlc"]
    return m.Candles.from_rows(query, rows, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It has thousands of levels, of which the best are kept, and does not name the pair."""
    return m.OrderBook(
        symbol=query.symbol,
        timestamp=m.read_field("timestamp", from_micro, m.optional(body, "microtimestamp")),
        bids=m.optional(body, "bids"),
        asks=m.optional(body, "asks"),
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`type` is the taker's side: in recorded answers those of type 0 are at the ask."""

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=m.optional(row, "tid"),
            timestamp=m.seconds_ms(row["date"]),
            side=m.read_word("side", SIDES, m.optional(row, "type")),
            price=row["price"],
            amount=row["amount"],
        )

    return m.Trades.read(query, body, one, newest_first=True)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Spot pairs, traded now or not; perpetual contracts are among the rows."""

    def one(row: Any) -> m.Market | None:
        if row.get("market_type", "SPOT") != "SPOT":
            return None
        base, quote = map(STYLE.asset, row["name"].split("/"))
        return m.Market(
            symbol=Symbol(f"{base}/{quote}"),
            native=row["market_symbol"],
            active=m.traded(row["trading"], ("Enabled",)),
        )

    return m.Markets.read(body, one)
