"""Kraken spot: tickers, candles, order books, trades and markets.

Keyless. One call a second by address is safe; no header tells how many are left. Every answer is
HTTP 200 with `error` and `result`, failures too. Bitcoin is XBT and Dogecoin XDG, and its oldest
pairs are keyed by names with X and Z before the assets, whatever spelling was asked.

Source: https://docs.kraken.com/exchange/api-reference, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ErrorTable, ProviderInfo, RateLimit, Symbol, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.kraken.live import (
    SOCKETS,
    socket_dialect,
    stream_candles,
    stream_order_book,
    stream_ticker,
    stream_trades,
)
from coinmux.plugins.providers.kraken.spelling import INTERVALS, STYLE

__all__ = [
    "socket_dialect",
    "stream_candles",
    "stream_order_book",
    "stream_ticker",
    "stream_trades",
]


#: Assets that some of its keys still spell in the old way; the list does not grow.
LEGACY = {
    "BTC": "XXBT", "DOGE": "XXDG", "ETC": "XETC", "ETH": "XETH", "LTC": "XLTC", "MLN": "XMLN",
    "REPV1": "XREP", "XLM": "XXLM", "XMR": "XXMR", "XRP": "XXRP", "ZEC": "XZEC",
    "AUD": "ZAUD", "CAD": "ZCAD", "EUR": "ZEUR", "GBP": "ZGBP", "JPY": "ZJPY", "USD": "ZUSD",
}  # fmt: skip
CANDLE = ("timestamp", "open", "high", "low", "close", "", "volume")
#: Rows it keeps of each interval; older ones cannot be had, whatever `since` says.
KEPT_CANDLES = 720
SIDES = {"b": "buy", "s": "sell"}


@hookimpl
def provider_info() -> ProviderInfo:
    """Kraken, without a key."""
    return ProviderInfo(
        name="kraken",
        title="Kraken",
        category="market",
        base_url="https://api.kraken.com/0/public",
        rate_limits=(RateLimit(1, 1),),
        priority=20,
        symbols=STYLE,
        intervals=INTERVALS,
        max_candles=KEPT_CANDLES,
        sockets=SOCKETS,
        errors=ErrorTable(
            code="error",
            # Those that begin with W are warnings beside an answer.
            ok=("W*",),
            unknown_symbol=(
                "EQuery:Unknown asset*",
                "EQuery:Invalid asset pair*",
                "EGeneral:No data*",
            ),
            rate_limited=(
                "EGeneral:Too many requests*",
                "EGeneral:Temporary lockout*",
                "EAPI:Rate limit exceeded*",
                "EService:Throttled*",
            ),
        ),
        homepage="https://www.kraken.com",
        terms_url="https://www.kraken.com/legal",
        docs_url="https://docs.kraken.com/exchange",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Its ticker has no time and no price of 24 hours ago, so no change either; the live "
        "one has them. "
        "No candles beyond the last 720 of an interval.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    return parse_ticker(await http.get_json("/Ticker", {"pair": STYLE.native(query.symbol)}), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, always for all the rows it keeps."""
    params = {"pair": STYLE.native(query.symbol), "interval": INTERVALS[query.interval]}
    return parse_candles(await http.get_json("/OHLC", params, rows=CANDLE), query)


@hookimpl
async def fetch_order_book(query: m.OrderBookQuery, http: HTTP) -> m.OrderBook:
    """One request."""
    pair = STYLE.native(query.symbol)
    body = await http.get_json("/Depth", {"pair": pair, "count": query.depth})
    return parse_order_book(body, query)


@hookimpl
async def fetch_trades(query: m.TradesQuery, http: HTTP) -> m.Trades:
    """One request."""
    pair = STYLE.native(query.symbol)
    body = await http.get_json("/Trades", {"pair": pair, "count": query.limit})
    return parse_trades(body, query)


@hookimpl
async def fetch_markets(query: m.MarketsQuery, http: HTTP) -> m.Markets:
    """One request, for some megabytes."""
    return parse_markets(await http.get_json("/AssetPairs"), query)


def of_pair(body: Any, symbol: Symbol) -> Any:
    """The part of `result` that is about `symbol`, under whichever of its names it is keyed.

    Raises:
        Implausible: none is.
    """
    result = body["result"]
    bases, quotes = _names(symbol.base), _names(symbol.quote)
    names = [base + between + quote for between in ("", "/") for base in bases for quote in quotes]
    for name in names:
        if name in result:
            return result[name]
    found = ", ".join(map(str, result))[:40]
    raise e.Implausible(f"asked for {symbol}, the answer is about {found!r}")


def _names(asset: str) -> list[str]:
    """What it may call the asset; our own name only where that is no other asset of its."""
    names = [STYLE.aliases.get(asset, asset)]
    names += [LEGACY[asset]] if asset in LEGACY else []
    return [*names, asset] if STYLE.asset(asset) == asset else names


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """Of two figures the second is over 24 hours, the first since midnight UTC.

    `o` is the price at midnight, not 24 hours ago. The volume in quote is that in base times its
    average price, which is the definition of that average.
    """
    row = of_pair(body, query.symbol)
    volume_base, average = m.optional(row, "v", 1), m.optional(row, "p", 1)
    volume_quote = None
    if volume_base not in (None, "") and average not in (None, ""):
        volume_quote = m.read_field("volume_quote", _product, (volume_base, average))
    return m.Ticker.of(
        query,
        last=m.required(row, "c", 0),
        bid=m.optional(row, "b", 0),
        ask=m.optional(row, "a", 0),
        high=m.optional(row, "h", 1),
        low=m.optional(row, "l", 1),
        volume_base=volume_base,
        volume_quote=volume_quote,
    )


def _product(factors: tuple[Any, Any]) -> float:
    one, other = map(m.number, factors)
    if one < 0 or other < 0:
        raise ValueError(f"a volume of {one:g} at {other:g}")
    return one * other


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Rows of 8 with an average price before the volume, times in seconds.

    Raises:
        NotOffered: the asked range begins before the oldest row it keeps.
    """
    rows = of_pair(body, query.symbol)
    if len(rows) >= KEPT_CANDLES:
        oldest, start, end = m.oldest_time(rows) * 1000, query.start, query.end
        begins_before = start is not None and start <= oldest - query.interval.ms
        if begins_before or (end is not None and end < oldest):
            raise e.NotOffered(f"Kraken keeps the last {KEPT_CANDLES} candles of an interval")
    return m.Candles.from_rows(query, rows, order=CANDLE, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """Each level has a time, the book has none."""
    book = of_pair(body, query.symbol)
    return m.OrderBook(
        symbol=query.symbol, bids=m.optional(book, "bids"), asks=m.optional(book, "asks")
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """Price, amount, seconds with a fraction, the taker's side, kind of order, a blank, id."""

    def one(row: Any) -> m.Trade:
        return m.Trade(
            id=m.optional(row, 6, name="id"),
            timestamp=m.seconds_ms(m.required(row, 2)),
            side=m.read_word("side", SIDES, m.optional(row, 3, name="side")),
            price=m.required(row, 0),
            amount=m.required(row, 1),
        )

    return m.Trades.read(query, of_pair(body, query.symbol), one)


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """`wsname` splits the pair; pairs without one and those of tokenised shares are left out."""

    def one(row: Any) -> m.Market | None:
        name = row.get("wsname")
        if name is None or row.get("aclass_base", "currency") != "currency":
            return None
        base, quote = map(STYLE.asset, name.split("/"))
        if STYLE.strangers & {base, quote}:
            return None
        symbol = Symbol(f"{base}/{quote}")
        active = m.traded(row["status"], ("online",))
        return m.Market(symbol=symbol, native=row["altname"], active=active)

    return m.Markets.read(body["result"].values(), one)
