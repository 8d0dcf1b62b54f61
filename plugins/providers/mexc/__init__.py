"""MEXC spot: tickers, candles, order books, trades and markets, by its API v3.

Keyless. 500 units of weight in 10 seconds for each address, by IP; its firewall answers 403 where
it had enough, for ten minutes. Its paths are Binance's, its figures are not: the change is a
fraction, an hour is `60m`, and the end of a range is not part of it.

Source: https://mexcdevelop.github.io/apidocs/spot_v3_en/, read 2026-11-23.
"""

from typing import Any, Literal

from coinmux import HTTP, ErrorTable, ProviderInfo, RateLimit, When, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.mexc.live import (
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.mexc.spelling import INTERVALS, STYLE

__all__ = [
    "INTERVALS",
    "STYLE",
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

#: Its page says 1,000; it gives 500.
MAX_CANDLES = 500
#: How long who exceeded a limit is refused, by its page of questions.
FIREWALL_S = 600.0
#: `status` of a pair that is traded, in two spellings.
TRADED = frozenset({"1", "ENABLED"})


@hookimpl
def provider_info() -> ProviderInfo:
    """MEXC, without a key."""
    return ProviderInfo(
        name="mexc",
        title="MEXC",
        category="market",
        base_url="https://api.mexc.com",
        rate_limits=(RateLimit(500, 10),),
        priority=85,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=MAX_CANDLES,
        # It says nothing of limits but the 30, and ends what is silent for a minute.
        sockets={
            "": s.SocketInfo(
                url="wss://wbs-api.mexc.com/ws",
                subscriptions=30,
                batch=30,
                ping_s=20,
                silence_s=45,
                life_s=86_400,
            )
        },
        errors=ErrorTable(
            code="code",
            message=("msg", "message"),
            ok=(0, 200),
            unknown_symbol=(-1121, 10007),
            rate_limited=(429, 510, When(status=(403,), is_json=False, retry_after_s=FIREWALL_S)),
        ),
        homepage="https://www.mexc.com",
        terms_url="https://www.mexc.com/terms",
        docs_url="https://www.mexc.com/api-docs/spot-v3/introduction",
        docs_read="2026-11-23",
        seen="recorded",
        notes="At most 500 candles. Its trades have no ids.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, weight 1."""
    params = {"symbol": STYLE.native(query.symbol)}
    return parse_ticker(await http.get_json("/api/v3/ticker/24hr", params), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, weight 1; a range is always sent with both of its ends."""
    window = query.window(MAX_CANDLES)
    end = window.last_ms
    # Opening times are whole seconds, so a millisecond more is the same, end excluded or not.
    if end is not None and end % 1000 == 0:
        end += 1
    params: dict[str, str | int | None] = {
        "symbol": STYLE.native(query.symbol),
        "interval": INTERVALS[query.interval],
        "startTime": window.first_ms,
        "endTime": end,
        "limit": window.count,
    }
    columns = m.CANDLE_COLUMNS
    body = await http.get_json("/api/v3/klines", params, empty_ok=True, rows=columns)
    return parse_candles(body, query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request, weight 1."""
    params: dict[str, str | int] = {"symbol": STYLE.native(query.symbol), "limit": query.depth}
    return parse_order_book(await http.get_json("/api/v3/depth", params), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request, weight 5; there may be none."""
    params: dict[str, str | int] = {"symbol": STYLE.native(query.symbol), "limit": query.limit}
    body = await http.get_json("/api/v3/trades", params, weight=5, empty_ok=True)
    return parse_trades(body, query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request, weight 10."""
    return parse_markets(await http.get_json("/api/v3/exchangeInfo", weight=10), query)


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """`priceChangePercent` is a fraction, whatever its name says.

    Raises:
        UnknownSymbol: the pair is listed but has no price.
    """
    STYLE.confirm(query.symbol, body["symbol"])
    return m.Ticker.of(
        query,
        timestamp=m.optional(body, "closeTime"),
        last=body["lastPrice"],
        bid=m.optional(body, "bidPrice"),
        ask=m.optional(body, "askPrice"),
        open=m.optional(body, "openPrice"),
        high=m.optional(body, "highPrice"),
        low=m.optional(body, "lowPrice"),
        change_fraction=m.optional(body, "priceChangePercent"),
        volume_base=m.optional(body, "volume"),
        volume_quote=m.optional(body, "quoteVolume"),
    )


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Rows of 8, of which the first six are ours.

    Raises:
        UnknownSymbol: there are none at all.
    """
    if body == [] and query.start is None and query.end is None:
        raise e.UnknownSymbol(query.symbol, f"MEXC has no candles of {query.symbol}")
    return m.Candles.from_rows(query, body)


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It does not name the pair; its time is not documented, but there."""
    return m.OrderBook(
        symbol=query.symbol,
        timestamp=body.get("timestamp"),
        bids=m.optional(body, "bids"),
        asks=m.optional(body, "asks"),
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """Where the buyer was the maker, the taker sold; `id` is always null."""

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=m.optional(row, "id"),
            timestamp=row["time"],
            side=m.read_field("side", _taker, m.optional(row, "isBuyerMaker")),
            price=row["price"],
            amount=row["qty"],
        )

    return m.Trades.read(query, body, one, newest_first=True)


def _taker(is_buyer_maker: Any) -> Literal["buy", "sell"]:
    if not isinstance(is_buyer_maker, bool):
        raise ValueError("isBuyerMaker takes true or false")
    return "sell" if is_buyer_maker else "buy"


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every pair, traded now or not, but what could not be asked for by our names."""

    def one(row: Any) -> m.Market | None:
        active = m.traded(row["status"], TRADED)
        base, quote = row["baseAsset"], row["quoteAsset"]
        return m.Market.of(STYLE, base, quote, native=row["symbol"], active=active)

    return m.Markets.read(body["symbols"], one)
