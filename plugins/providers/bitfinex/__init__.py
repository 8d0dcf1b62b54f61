"""Bitfinex spot: tickers, candles, order books, trades and markets, by its API v2.

Keyless. Each address has its own limit, from 15 requests a minute for trades to 240 for books; an
address that exceeds one is blocked for a minute. Answers are lists without names, in which close
stands before high and low, and sold amounts are negative. Pairs are `tBTCUSD`, with a colon where
one of the names is longer (`tDOGE:USD`); Tether is UST and USD Coin is UDC.

Source: https://docs.bitfinex.com/reference/rest-public-ticker and the pages beside it, read
2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ErrorTable, ProviderInfo, RateLimit, When, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.bitfinex.live import (
    SOCKETS,
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.bitfinex.rows import ticker_of, trade_of
from coinmux.plugins.providers.bitfinex.spelling import INTERVALS, PAPER, SHORT, STYLE

__all__ = [
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]

#: What the names of its perpetual contracts end in.
CONTRACT = "F0"
#: Its rows: close before high and low.
CANDLE = ("timestamp", "open", "close", "high", "low", "volume")
#: What a request takes of the 90 a minute: candles may be asked 30 times, trades 15.
CANDLES_WEIGHT, TRADES_WEIGHT = 3, 6
#: How many levels of a side it gives.
BOOKS = (1, 25, 100)
#: How long an address that exceeds a limit is blocked.
BLOCKED_S = 60.0


@hookimpl
def provider_info() -> ProviderInfo:
    """Bitfinex, without a key."""
    return ProviderInfo(
        name="bitfinex",
        title="Bitfinex",
        category="market",
        base_url="https://api-pub.bitfinex.com/v2",
        rate_limits=(RateLimit(90, 60),),
        priority=75,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=10_000,
        sockets=SOCKETS,
        errors=ErrorTable(
            # `["error", code, text]`, with HTTP 500 for an unknown pair; over a limit, an object.
            marked=("0", "error"),
            code="1",
            message=("2", "error"),
            unknown_symbol=(When(codes=(10020,), says=("symbol",)),),
            rate_limited=(
                When(codes=(11010, "ERR_RATE_LIMIT"), retry_after_s=BLOCKED_S),
                When(says=("ERR_RATE_LIMIT",), retry_after_s=BLOCKED_S),
            ),
        ),
        homepage="https://www.bitfinex.com",
        terms_url="https://www.bitfinex.com/legal/exchange/terms",
        docs_url="https://docs.bitfinex.com/docs/introduction",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Its tickers and books tell no time but live. At most 100 levels of a book, live "
        "250, whose prices have five digits. No volume in quote units. Minutes without trades have "
        "no candle.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request; 90 a minute."""
    return parse_ticker(await http.get_json(f"/ticker/{STYLE.native(query.symbol)}"), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, 30 a minute; both bounds are of opening times and included."""
    params = {
        "limit": query.limit,
        "start": query.start,
        "end": query.end,
        # From a start on oldest first, so that the first of the range come, not the last.
        "sort": -1 if query.start is None else 1,
    }
    key = f"trade:{INTERVALS[query.interval]}:{STYLE.native(query.symbol)}"
    path = f"/candles/{key}/hist"
    weight = CANDLES_WEIGHT
    body = await http.get_json(path, params, weight=weight, empty_ok=True, rows=CANDLE)
    return parse_candles(body, query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request; 240 a minute."""
    levels = next((levels for levels in BOOKS if levels >= query.depth), BOOKS[-1])
    path = f"/book/{STYLE.native(query.symbol)}/P0"
    return parse_order_book(await http.get_json(path, {"len": levels}), query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request; 15 a minute."""
    path = f"/trades/{STYLE.native(query.symbol)}/hist"
    params = {"limit": query.limit}
    body = await http.get_json(path, params, weight=TRADES_WEIGHT, empty_ok=True)
    return parse_trades(body, query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request; 90 a minute."""
    return parse_markets(await http.get_json("/conf/pub:list:pair:exchange"), query)


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """Figures by place; the relative change is a fraction; neither pair nor time is named."""
    return ticker_of(body, query)


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Newest first, or oldest first where a start was asked.

    Raises:
        UnknownSymbol: there are none at all, which is how this address answers for any pair.
    """
    if body == [] and query.start is None and query.end is None:
        raise e.UnknownSymbol(query.symbol, f"Bitfinex has no candles of {query.symbol}")
    return m.Candles.from_rows(query, body, order=CANDLE)


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """One list of `[price, orders, amount]` for both sides: asked amounts are negative."""

    def one(row: Any) -> tuple[float, float] | None:
        amount = m.number(m.required(row, 2))
        return (m.number(row[0]), amount) if amount else None

    levels = m.read_rows(body, one, kind="levels")
    return m.OrderBook(
        symbol=query.symbol,
        bids=[(price, amount) for price, amount in levels if amount > 0],
        asks=[(price, -amount) for price, amount in levels if amount < 0],
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """Newest first; the taker sold where the amount is negative.

    Raises:
        UnknownSymbol: there are none, though the list goes back to a pair's first trade.
    """
    if body == []:
        raise e.UnknownSymbol(query.symbol, f"Bitfinex has no trades of {query.symbol}")
    return m.Trades.read(query, body, trade_of, newest_first=True)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """The pairs traded now, but those of paper and those that could not be asked for by our names.

    What has neither a colon nor six letters is not split by guessing.
    """

    def one(pair: Any) -> m.Market | None:
        base, colon, quote = pair.partition(":")
        if not colon:
            if len(pair) != 2 * SHORT:
                return None
            base, quote = pair[:SHORT], pair[SHORT:]
        if quote in PAPER or quote.endswith(CONTRACT):
            return None
        return m.Market.of(STYLE, base, quote, native=f"t{pair}", active=True)

    return m.Markets.read(body[0], one)
