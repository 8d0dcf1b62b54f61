"""Bitstamp spot: tickers, candles, order books, trades and markets.

Keyless. 400 requests a second and 10,000 in ten minutes by address. A slash ends every path:
without it a redirect follows. Numbers are strings, times are seconds.

Source: https://www.bitstamp.net/api/, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ProviderInfo, RateLimit, Reply, Symbol, SymbolStyle, hookimpl, segment
from coinmux import errors as e
from coinmux import models as m

STYLE = SymbolStyle(case="lower")
INTERVALS = {
    "1m": "60", "3m": "180", "5m": "300", "15m": "900", "30m": "1800", "1h": "3600",
    "2h": "7200", "4h": "14400", "6h": "21600", "12h": "43200", "1d": "86400", "3d": "259200",
}  # fmt: skip
CANDLE = ("timestamp", "open", "high", "low", "close", "volume")
SIDES = {"0": "buy", "1": "sell"}
TOO_MANY = "400.002"
UNKNOWN_MARKET = frozenset({"400.003", "404.003"})
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
        max_candles=1000,
        homepage="https://www.bitstamp.net",
        terms_url="https://www.bitstamp.net/terms-of-use/",
        docs_url="https://www.bitstamp.net/api/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Trades of the last hour. Tells no volume in the quote.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """Codes such as `400.002` where the error is JSON, and what a 404 means."""
    symbol = getattr(query, "symbol", None)
    body = reply.body if isinstance(reply.body, dict) else {}
    code = str(body.get("response_code") or body.get("code") or "")
    said = f"{code} {body.get('response_explanation') or body.get('reason') or ''}"[:200].strip()
    if code == TOO_MANY:
        return e.RateLimited(said)
    if symbol is not None and code in UNKNOWN_MARKET:
        return e.UnknownSymbol(symbol, f"Bitstamp: {said}")
    if reply.status == 404 and symbol is not None and symbol not in SURE:
        # The market is part of the path, and a path of no market is answered like any that does
        # not exist, by a page of HTML or by JSON. That the API itself has moved shows in SURE.
        return e.UnknownSymbol(symbol, f"Bitstamp has no page of {symbol}")
    is_error = body.get("status") == "error" or code.startswith("500.")
    return e.BadStatus(said or "an error", status=reply.status) if is_error else None


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    return parse_ticker(await http.get_json(_path("ticker", query.symbol)), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, of the candles up to an end: it heeds no start where it has one."""
    end = query.end
    if query.start is not None:
        last = query.start + query.limit * query.interval.ms - 1
        end = last if end is None else min(end, last)
    params: dict[str, str | int | None] = {
        "step": INTERVALS[query.interval],
        "limit": query.limit,
        "start": None if query.start is None else query.start // 1000,
        "end": None if end is None else end // 1000,
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


def _confirm(symbol: Symbol, said: Any) -> None:
    """Here a pair is spelled with a slash, which tells base from quote."""
    if str(said).upper() != str(symbol):
        raise e.Implausible(f"asked for {symbol}, the answer is about {str(said)[:40]!r}")


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """`open` is of midnight UTC, `open_24` of 24 h ago; newer answers name the pair, older none."""
    for name in ("pair", "market"):
        if name in body:
            _confirm(query.symbol, body[name])
    return m.Ticker(
        symbol=query.symbol,
        timestamp=int(body["timestamp"]) * 1000,
        last=m.last_price(query.symbol, body["last"]),
        bid=m.price_or_none(body["bid"]),
        ask=m.price_or_none(body["ask"]),
        open=m.price_or_none(body.get("open_24")),
        high=m.price_or_none(body["high"]),
        low=m.price_or_none(body["low"]),
        change_percent=body.get("percent_change_24"),
        volume_base=body["volume"],
    )


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Oldest first, objects."""
    _confirm(query.symbol, body["data"]["pair"])
    rows = [[row[column] for column in CANDLE] for row in body["data"]["ohlc"]]
    return m.Candles.from_rows(query, rows, order=CANDLE, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """It has thousands of levels, of which the best are kept, and does not name the pair."""
    book = m.OrderBook(
        symbol=query.symbol,
        timestamp=int(body["microtimestamp"]) // 1000,
        bids=body["bids"],
        asks=body["asks"],
    )
    return book.cut(query.depth)


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`type` is the taker's side: in recorded answers those of type 0 are at the ask."""

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=str(row["tid"]),
            timestamp=int(row["date"]) * 1000,
            side=SIDES[str(row["type"])],
            price=row["price"],
            amount=row["amount"],
        )

    # Newest first, and seconds do not tell the order of trades: reversed, equal ones keep it.
    return m.Trades.latest(query, map(one, reversed(body)))


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Spot pairs, traded now or not; perpetual contracts are among the rows."""

    def one(row: Any) -> m.Market | None:
        if row.get("market_type", "SPOT") != "SPOT":
            return None
        return m.Market(
            symbol=Symbol(row["name"]),
            native=row["market_symbol"],
            active=row["trading"] == "Enabled",
        )

    return m.Markets.read(body, one)
