"""Gate spot: tickers, candles, order books, trades and markets, by its API v4.

Keyless. 200 requests in 10 seconds for each address, by IP. An error is an object with a `label`.
A candle's row begins with the volume in the quote and ends with its open, and a range takes no
count: who sends both is refused.

Source: https://www.gate.com/docs/developers/apiv4/en/#spot, read 2026-11-23.
"""

from email.utils import parsedate_to_datetime
from typing import Any

from coinmux import (
    HTTP,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    Reply,
    UsageHeader,
    When,
    hookimpl,
)
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.gateio.live import (
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.gateio.spelling import INTERVALS, STYLE

__all__ = [
    "INTERVALS",
    "STYLE",
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

#: Its rows: the volume in the quote, then the prices in an order of their own, closed or not last.
CANDLE = ("timestamp", "", "close", "high", "low", "open", "volume")
MAX_CANDLES = 1000
#: The length of a window of its rate limit.
WINDOW_S = 10.0


@hookimpl
def provider_info() -> ProviderInfo:
    """Gate, without a key."""
    return ProviderInfo(
        name="gateio",
        title="Gate",
        category="market",
        base_url="https://api.gateio.ws/api/v4",
        rate_limits=(RateLimit(200, WINDOW_S),),
        usage=(UsageHeader("x-gate-ratelimit-requests-remain", per_s=WINDOW_S, tells="remaining"),),
        priority=65,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        sockets={"": s.SocketInfo(url="wss://api.gateio.ws/ws/v4/", ping_s=15, silence_s=40)},
        errors=ErrorTable(
            code="label",
            message=("message", "detail"),
            unknown_symbol=("INVALID_CURRENCY_PAIR", "INVALID_CURRENCY"),
            rate_limited=("TOO_MANY_REQUESTS", "TOO_FAST"),
            retry_after=_until_reset_s,
            # Of a range that begins before the last 10,000 candles.
            not_offered=(When(codes=("INVALID_PARAM_VALUE",), says=("too long ago",)),),
        ),
        homepage="https://www.gate.com",
        terms_url="https://www.gate.com/legal/user-agreement",
        docs_url="https://www.gate.com/docs/developers/apiv4/en/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Its tickers tell no open, and by REST no time. The last 10,000 candles of an "
        "interval. At most 400 levels of a live book.",
    )


def _until_reset_s(reply: Reply) -> float:
    """Seconds from the reply's date to the reset its header tells, at most a window."""
    reset = reply.headers.get("x-gate-ratelimit-reset-timestamp", "")
    try:
        now_s = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except ValueError:
        return WINDOW_S
    if not (reset.isascii() and reset.isdigit()):
        return WINDOW_S
    return min(max(1.0, int(reset) - now_s), WINDOW_S)


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    params = {"currency_pair": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/spot/tickers", params), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, by a count or by a range, in seconds, both ends included."""
    params: dict[str, str | int] = {
        "currency_pair": STYLE.native(query.symbol),
        "interval": INTERVALS[query.interval],
    }
    window, length_ms = query.window(MAX_CANDLES), query.interval.ms
    # Its range is of the candles the moments lie in, and one of too many is an error: days and
    # shorter are rounded inwards. Where weeks and months begin is for it to say.
    step_ms = length_ms if length_ms < m.Interval("1w").ms else 1
    if window.first_ms is None or window.last_ms is None:
        params["limit"] = window.count
    else:
        first = -(-window.first_ms // step_ms) * step_ms
        last = min(window.last_ms // step_ms * step_ms, http.now_ms())
        params |= {"from": first // 1000, "to": max(first, last) // 1000}
    return parse_candles(await http.get_json("/spot/candlesticks", params, rows=CANDLE), query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request."""
    params: dict[str, str | int] = {
        "currency_pair": STYLE.native(query.symbol),
        "limit": query.depth,
    }
    return parse_order_book(await http.get_json("/spot/order_book", params), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request; there may be none."""
    params: dict[str, str | int] = {
        "currency_pair": STYLE.native(query.symbol),
        "limit": query.limit,
    }
    return parse_trades(await http.get_json("/spot/trades", params, empty_ok=True), query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request."""
    return parse_markets(await http.get_json("/spot/currency_pairs"), query)


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """A list of one; `change_percentage` is in percent.

    Raises:
        UnknownSymbol: the pair is listed but has no price.
    """
    row = body[0]
    STYLE.confirm(query.symbol, row["currency_pair"])
    return m.Ticker.of(
        query,
        last=_given(row["last"]),
        bid=_given(m.optional(row, "highest_bid")),
        ask=_given(m.optional(row, "lowest_ask")),
        high=_given(m.optional(row, "high_24h")),
        low=_given(m.optional(row, "low_24h")),
        change_percent=_given(m.optional(row, "change_percentage")),
        volume_base=_given(m.optional(row, "base_volume")),
        volume_quote=_given(m.optional(row, "quote_volume")),
    )


def _given(figure: Any) -> Any:
    """A figure; `nan` stands for none."""
    return None if figure == "nan" else figure


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Oldest first, times in seconds, rows of 8."""
    return m.Candles.from_rows(query, body, order=CANDLE, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """`current` is its time, `update` that of the last change; it does not name the pair."""
    return m.OrderBook(
        symbol=query.symbol,
        timestamp=m.optional(body, "current"),
        bids=m.optional(body, "bids"),
        asks=m.optional(body, "asks"),
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`side` is the taker's; the time is in milliseconds with a fraction, which is cut off."""

    def one(row: Any) -> m.Trade:
        STYLE.confirm(query.symbol, row["currency_pair"])
        return m.Trade(
            id=m.optional(row, "id"),
            timestamp=row["create_time_ms"],
            side=m.optional(row, "side"),
            price=row["price"],
            amount=row["amount"],
        )

    return m.Trades.read(query, body, one, newest_first=True)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every pair, traded now or not.

    Left out are coins that do not exist yet, and what could not be asked for by our names.
    """

    def one(row: Any) -> m.Market | None:
        kind = row.get("type", "normal")
        if not isinstance(kind, str) or not kind:
            raise ValueError("the type of a pair is a word")
        if kind == "premarket":
            return None
        active = m.traded(row["trade_status"], ("tradable",))
        return m.Market.of(STYLE, row["base"], row["quote"], native=row["id"], active=active)

    return m.Markets.read(body, one)
