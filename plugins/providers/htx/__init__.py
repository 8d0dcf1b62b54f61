"""HTX, formerly Huobi, spot: tickers, candles, order books, trades and markets.

Keyless. 10 requests a second by IP, the least its pages tell. Every answer is an envelope whose
`status` is `"ok"`, or it is a failure with HTTP 200. `amount` is in the base, `vol` in the quote.
Candles come as the latest so many, without a range; days begin at midnight in Singapore and are
not offered here, nor what is made of days.

Source: https://huobiapi.github.io/docs/spot/v1/en/#market-data, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ErrorTable, ProviderInfo, RateLimit, Symbol, When, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.htx.live import (
    FEED,
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.htx.spelling import INTERVALS, STYLE

__all__ = [
    "INTERVALS",
    "STYLE",
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

CANDLE = ("id", "open", "high", "low", "close", "amount")
MAX_CANDLES = 2000
#: How many levels of a side it can be told to give; it gives 150 untold.
BOOKS = (5, 10, 20)


@hookimpl
def provider_info() -> ProviderInfo:
    """HTX, without a key."""
    return ProviderInfo(
        name="htx",
        title="HTX",
        category="market",
        base_url="https://api.huobi.pro",
        rate_limits=(RateLimit(10, 1),),
        priority=90,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        # It pings each five seconds.
        sockets={
            "": s.SocketInfo(url="wss://api.huobi.pro/ws", silence_s=20),
            FEED: s.SocketInfo(url="wss://api.huobi.pro/feed", silence_s=20),
        },
        errors=ErrorTable(
            marked=("status", "error"),
            code=("err-code", "err_code"),
            message=("err-msg", "err_msg"),
            unknown_symbol=(
                "base-symbol-error",
                "base-symbol-trade-disabled",
                When(says=("invalid symbol",)),
            ),
            # There are several codes and texts for too many requests.
            rate_limited=(When(says=("too-many-request", "frequency-limit", "request limit")),),
        ),
        homepage="https://www.htx.com",
        terms_url="https://www.htx.com/support/360000112261",
        docs_url="https://huobiapi.github.io/docs/spot/v1/en/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="The latest 2,000 candles, of up to 4 hours: its days begin at 16:00 UTC. At most "
        "150 levels of a book, 400 of a live one.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    params = {"symbol": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/market/detail/merged", params), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, of as many of the latest candles as reach back to what is asked.

    Raises:
        NotOffered: that is more than it gives.
    """
    size = query.limit
    length_ms, now_ms = query.interval.ms, http.now_ms()
    if query.start is not None:
        size = (now_ms - query.start) // length_ms + 1
    elif query.end is not None:
        size = query.limit + max(0, (now_ms - query.end) // length_ms + 1)
    if size > MAX_CANDLES:
        raise e.NotOffered(f"HTX gives the latest {MAX_CANDLES} candles only")
    params: dict[str, str | int] = {
        "symbol": STYLE.native(query.symbol),
        "period": INTERVALS[query.interval],
        "size": max(1, size),
    }
    return parse_candles(await http.get_json("/market/history/kline", params), query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request, of prices that are not merged."""
    params: dict[str, str | int | None] = {
        "symbol": STYLE.native(query.symbol),
        "type": "step0",
        "depth": next((levels for levels in BOOKS if levels >= query.depth), None),
    }
    return parse_order_book(await http.get_json("/market/depth", params), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request; there may be none."""
    params: dict[str, str | int] = {"symbol": STYLE.native(query.symbol), "size": query.limit}
    return parse_trades(await http.get_json("/market/history/trade", params), query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request."""
    return parse_markets(await http.get_json("/v2/settings/common/symbols"), query)


def _confirm(symbol: Symbol, channel: Any) -> None:
    """An answer names its pair in a channel, `market.btcusdt.depth.step0`.

    Raises:
        Implausible: it is about another pair.
    """
    parts = str(channel).split(".")
    if len(parts) < 2:
        raise e.Implausible(f"asked for {symbol}, the answer is about {str(channel)[:40]!r}")
    STYLE.confirm(symbol, parts[1])


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """All of the last 24 hours; the time is the envelope's.

    Raises:
        UnknownSymbol: the pair is listed but has no price.
    """
    _confirm(query.symbol, body["ch"])
    row = body["tick"]
    if row is None:
        raise e.UnknownSymbol(query.symbol, f"{query.symbol} has no price at HTX")
    return m.Ticker.of(
        query,
        timestamp=m.optional(body, "ts"),
        last=row["close"],
        bid=_best(row, "bid"),
        ask=_best(row, "ask"),
        open=m.optional(row, "open"),
        high=m.optional(row, "high"),
        low=m.optional(row, "low"),
        volume_base=m.optional(row, "amount"),
        volume_quote=m.optional(row, "vol"),
    )


def _best(row: Any, side: str) -> Any:
    """The price of `[price, amount]`; null or an empty list stands for none."""
    return m.optional(row, side, 0) if row.get(side) else None


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, objects; `id` is the opening time in seconds.

    Raises:
        UnknownSymbol: there are none at all.
    """
    _confirm(query.symbol, body["ch"])
    if not body["data"]:
        raise e.UnknownSymbol(query.symbol, f"HTX has no candles of {query.symbol}")
    return m.Candles.from_rows(query, body["data"], order=CANDLE, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """The tick has a time of its own today, the envelope always had.

    Raises:
        UnknownSymbol: the pair is listed but has no book.
    """
    _confirm(query.symbol, body["ch"])
    book = body["tick"]
    if book is None:
        raise e.UnknownSymbol(query.symbol, f"HTX has no book of {query.symbol}")
    return m.OrderBook(
        symbol=query.symbol,
        timestamp=book["ts"] if "ts" in book else m.optional(body, "ts"),
        bids=m.optional(book, "bids"),
        asks=m.optional(book, "asks"),
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """Groups of trades; `direction` is the taker's side.

    A trade is known by its `trade-id`; older answers had an `id` alone.
    """
    _confirm(query.symbol, body["ch"])

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=row["trade-id"] if "trade-id" in row else m.optional(row, "id"),
            timestamp=row["ts"],
            side=m.optional(row, "direction"),
            price=row["price"],
            amount=row["amount"],
        )

    rows = body["data"]
    if rows is not None:
        rows = [row for group in m.read_rows(rows, _rows, kind="trades") for row in group]
    return m.Trades.read(query, rows, one, newest_first=True)


def _rows(group: Any) -> list[Any]:
    rows = group["data"]
    if not isinstance(rows, list):
        raise ValueError("a group of trades is a list")
    return rows


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every pair, traded now or not, but what could not be asked for by our names."""

    def one(row: Any) -> m.Market | None:
        active = m.traded(row["state"], ("online",))
        return m.Market.of(STYLE, row["bc"], row["qc"], native=row["sc"], active=active)

    return m.Markets.read(body["data"], one)
