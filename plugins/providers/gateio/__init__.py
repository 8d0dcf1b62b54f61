"""Gate spot: tickers, candles, order books, trades and markets, by its API v4.

Keyless. 200 requests in 10 seconds for each address, by IP. An error is an object with a `label`.
A candle's row begins with the volume in the quote and ends with its open, and a range takes no
count: who sends both is refused.

Source: https://www.gate.com/docs/developers/apiv4/en/#spot, read 2026-11-23.
"""

from email.utils import parsedate_to_datetime
from typing import Any

from coinmux import HTTP, ProviderInfo, RateLimit, Reply, Symbol, SymbolStyle, UsageHeader, hookimpl
from coinmux import errors as e
from coinmux import models as m

#: It keeps the name of the coin it listed first; ours of that coin -> that name.
ALIASES = {
    "ASSF": "ASS", "AXISDEFI": "AXIS", "BEYONDFI": "BYN", "BITCOINFILE": "BIFI",
    "DEFIBOX": "BOX", "GAMECOM": "GTC", "GATEPOINT": "POINT", "GOOSEFINANCE": "EGG",
    "HITCHAIN": "HIT", "MILLION": "MM", "MORPHER": "MPH", "MPH": "88MPH",
    "RAIREFLEXINDEX": "RAI", "SUPERBITCOIN": "SBTC", "TRACO": "TRAC",
    "TRINITYNETWORKCREDIT": "TNC", "VAIOT": "VAI", "XREATORS": "ORT",
}  # fmt: skip
STYLE = SymbolStyle(
    separator="_", aliases=ALIASES, strangers=frozenset(ALIASES.values()) - ALIASES.keys()
)
INTERVALS = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1h", "4h": "4h", "8h": "8h",
    "1d": "1d", "1w": "7d", "1M": "30d",
}  # fmt: skip
#: Its rows: the volume in the quote, then the prices in an order of their own, closed or not last.
CANDLE = ("timestamp", "", "close", "high", "low", "open", "volume")
#: The length of a window of its rate limit.
WINDOW_S = 10.0
NO_SUCH_PAIR = frozenset({"INVALID_CURRENCY_PAIR", "INVALID_CURRENCY"})
TOO_MANY = frozenset({"TOO_MANY_REQUESTS", "TOO_FAST"})
WRONG_PARAMETER = "INVALID_PARAM_VALUE"
#: Of a range that begins before the last 10,000 candles.
TOO_OLD = "too long ago"


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
        max_candles=1000,
        homepage="https://www.gate.com",
        terms_url="https://www.gate.com/legal/user-agreement",
        docs_url="https://www.gate.com/docs/developers/apiv4/en/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Its tickers tell neither time nor open. The last 10,000 candles of an interval.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """What a `label` means; one that is not known here is a failure."""
    body = reply.body
    label = body.get("label") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(label, str):
        return None
    said = f"{label[:60]}: {str(body.get('message') or body.get('detail') or '')[:200]}"
    symbol = getattr(query, "symbol", None)
    if symbol is not None and label in NO_SUCH_PAIR:
        return e.UnknownSymbol(symbol, f"Gate: {said}")
    if label in TOO_MANY:
        return e.RateLimited(said, retry_after_s=_until_reset_s(reply))
    if label == WRONG_PARAMETER and TOO_OLD in said:
        return e.NotOffered(said)
    return e.BadStatus(said, status=reply.status)


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
    length_ms, start, end = query.interval.ms, query.start, query.end
    # Its range is of the candles the moments lie in, and one of too many is an error: days and
    # shorter are rounded inwards. Where weeks and months begin is for it to say.
    step_ms = length_ms if length_ms < m.Interval("1w").ms else 1
    if start is not None:
        start = -(-start // step_ms) * step_ms
        last = min(start + query.limit * length_ms - step_ms, max(start, http.now_ms()))
        end = last if end is None else min(end, last)
    elif end is not None:
        end = end // step_ms * step_ms
        start = max(0, end - query.limit * length_ms + step_ms)
    if start is None or end is None:
        params["limit"] = query.limit
    else:
        params |= {"from": start // 1000, "to": max(start, end) // 1000}
    return parse_candles(await http.get_json("/spot/candlesticks", params), query)


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
    last = _price(row["last"])
    if last is None:
        raise e.UnknownSymbol(query.symbol, f"{query.symbol} has no price at Gate")
    return m.Ticker(
        symbol=query.symbol,
        last=last,
        bid=_price(row["highest_bid"]),
        ask=_price(row["lowest_ask"]),
        high=_price(row["high_24h"]),
        low=_price(row["low_24h"]),
        change_percent=row["change_percentage"] or None,
        volume_base=_amount(row["base_volume"]),
        volume_quote=_amount(row["quote_volume"]),
    )


def _price(text: Any) -> float | None:
    """A price; an empty string or zero stands for none."""
    return (m.number(text) or None) if text else None


def _amount(text: Any) -> str | None:
    """An amount; an empty string and `nan` stand for none."""
    return None if text in ("", "nan") else text


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Oldest first, times in seconds, rows of 8."""
    return m.Candles.from_rows(query, body, order=CANDLE, time_unit="s")


def parse_order_book(body: Any, query: m.OrderBookQuery) -> m.OrderBook:
    """`current` is its time, `update` that of the last change; it does not name the pair."""
    return m.OrderBook(
        symbol=query.symbol, timestamp=body["current"], bids=body["bids"], asks=body["asks"]
    )


def parse_trades(body: Any, query: m.TradesQuery) -> m.Trades:
    """`side` is the taker's; the time is in milliseconds with a fraction, which is cut off."""

    def one(row: Any) -> m.Trade:
        STYLE.confirm(query.symbol, row["currency_pair"])
        return m.Trade(
            id=str(row["id"]),
            timestamp=int(str(row["create_time_ms"]).partition(".")[0]),
            side=row["side"],
            price=row["price"],
            amount=row["amount"],
        )

    # Newest first: reversed, trades of one moment keep their order.
    return m.Trades.latest(query, map(one, reversed(body)))


def parse_markets(body: Any, query: m.MarketsQuery) -> m.Markets:
    """Every pair, traded now or not.

    Left out are coins that do not exist yet, and what could not be asked for by our names.
    """

    def one(row: Any) -> m.Market | None:
        if row.get("type") == "premarket":
            return None
        symbol = Symbol(f"{STYLE.asset(row['base'])}/{STYLE.asset(row['quote'])}")
        if STYLE.native(symbol) != row["id"]:
            return None
        active = row["trade_status"] == "tradable"
        return m.Market(symbol=symbol, native=row["id"], active=active)

    return m.Markets.read(body, one)
