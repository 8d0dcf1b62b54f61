"""CoinGecko: prices, candles and the coin list, averaged over the markets of many exchanges.

Works without a key (5 to 15 requests a minute, shared by address), with a free demo key (100 a
minute, 10,000 a month) or with a paid one, which has a host of its own.

How its ticker compares with an exchange's: `last`, `high`, `low` and the change are of a price
weighted over all markets of the coin, converted into the quote; there is no bid, ask or open. Its
volume is of all those markets together, converted: no market traded it in this quote, so a ticker
from here has none (`coins` does, where it is the coin's own). USDT is no quote of CoinGecko's, and
a pair in USDT is never answered in USD.

Candles carry the time of their close; ours that of their opening. Their length follows from the
days asked for; of ours it has 30 minutes (the last day) and 4 hours (the last 30 days).

Source: https://docs.coingecko.com/reference/coins-markets, /coins-id-ohlc, /crypto-global and
https://docs.coingecko.com/docs/errors-and-rate-limits, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, EnvVar, ErrorTable, ProviderInfo, RateLimit, When, hookimpl, segment
from coinmux import errors as e
from coinmux import models as m

#: What /simple/supported_vs_currencies lists, without ounces, satoshi and special drawing rights.
QUOTES = """
    USD EUR GBP JPY CHF AUD CAD NZD CNY HKD SGD KRW INR IDR THB TWD VND PHP MYR PKR BDT LKR MMK AED
    BHD ILS KWD SAR TRY RUB UAH PLN CZK HUF DKK NOK SEK GEL BRL MXN ARS CLP BMD NGN ZAR
    BTC ETH BNB XRP SOL LTC BCH XLM LINK DOT YFI
"""
#: Our interval -> (candles, days to ask for), fewest first. One day is the most that comes in 30
#: minutes, 30 days in 4 hours.
REACH = {"30m": ((48, 1),), "4h": ((42, 7), (84, 14), (180, 30))}


@hookimpl
def provider_info() -> ProviderInfo:
    """CoinGecko, keyless or with one of two kinds of key."""
    return ProviderInfo(
        name="coingecko",
        title="CoinGecko",
        category="market",
        base_url="https://api.coingecko.com/api/v3",
        env=(
            EnvVar(
                "COINGECKO_DEMO_API_KEY",
                required=False,
                send_as="header:x-cg-demo-api-key",
                aliases=("COINGECKO_API_KEY",),
                description="Free demo key: 100 requests a minute instead of some 10.",
                signup_url="https://www.coingecko.com/en/developers/dashboard",
            ),
            EnvVar(
                "COINGECKO_PRO_API_KEY",
                required=False,
                send_as="header:x-cg-pro-api-key",
                description="Paid key; set it alone, requests then go to the paid host.",
                signup_url="https://www.coingecko.com/en/api/pricing",
                base_url="https://pro-api.coingecko.com/api/v3",
            ),
        ),
        rate_limits=(RateLimit(10, 60),),
        priority=110,
        quotes=frozenset(QUOTES.split()),
        intervals={"30m": "30m", "4h": "4h"},
        max_candles=180,
        errors=ErrorTable(
            code=("error_code", "status.error_code", "error.error_code", "error.status.error_code"),
            message=(
                "error",
                "error_message",
                "status.error_message",
                "error.error_message",
                "error.status.error_message",
            ),
            unknown_symbol=(
                When(says=("coin not found", "could not find coin with the given id")),
            ),
            rate_limited=(429,),
            # An endpoint the plan leaves out, and data older than it has: a year.
            plan=(10005,),
            plan_variant=(10012,),
            # A key that is missing, or of the other kind than the host's.
            auth=(10002, 10010, 10011),
            not_offered=(When(says=("invalid vs_currency",)),),
        ),
        homepage="https://www.coingecko.com",
        terms_url="https://www.coingecko.com/en/api_terms",
        docs_url="https://docs.coingecko.com",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Averages over exchanges; attribution asked for. Candles without volume. With a key, "
        "COINGECKO_RATE_LIMIT raises the limit, which is that of no key.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, and a search for a coin outside the table; a minute old at most."""
    asset = await _asset(query.symbol.base, http)
    body = await http.get_json(
        "/coins/markets",
        {"vs_currency": query.symbol.quote.lower(), "ids": asset.id},
        empty_ok=True,
    )
    return parse_ticker(body, query, asset)


@hookimpl
async def fetch_coins(query: m.CoinsQuery, http: HTTP) -> m.Coins:
    """One request; a minute old at most."""
    body = await http.get_json(
        "/coins/markets",
        {
            "vs_currency": query.quote.lower(),
            "order": "market_cap_desc",
            "per_page": query.per_page,
            "page": query.page,
        },
        empty_ok=True,
    )
    return parse_coins(body, query)


@hookimpl
async def fetch_global_stats(query: m.GlobalStatsQuery, http: HTTP) -> m.GlobalStats:
    """One request; ten minutes old at most."""
    return parse_global_stats(await http.get_json("/global"))


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, and a search for a coin outside the table; 15 minutes old at most."""
    days = days_for(query, http.now_ms())
    asset = await _asset(query.symbol.base, http)
    body = await http.get_json(
        f"/coins/{segment(asset.id)}/ohlc",
        {"vs_currency": query.symbol.quote.lower(), "days": days},
        empty_ok=True,
    )
    return parse_candles(body, query, asset)


async def _asset(ticker: str, http: HTTP) -> m.AssetId:
    async def search(asset: str) -> list[m.AssetCandidate]:
        return parse_search(await http.get_json("/search", {"query": asset}))

    return await http.assets.resolve(ticker, search)


def parse_search(body: Any) -> list[m.AssetCandidate]:
    """The coins among what a search found."""

    def one(row: Any) -> m.AssetCandidate:
        rank = m.optional(row, "market_cap_rank")
        return m.AssetCandidate(row["id"], row["symbol"], row["name"], rank)

    return m.read_rows(body["coins"], one, kind="coins")


def parse_ticker(body: Any, query: m.TickerQuery, asset: m.AssetId) -> m.Ticker:
    """One row, or none for an id that is not listed (any more), or one without a price.

    Raises:
        UnknownSymbol: no row, or no price.
        Implausible: the row is of another coin.
    """
    if not body:
        raise e.UnknownSymbol(query.symbol, f"CoinGecko has no price of {asset.id!r}")
    row = body[0]
    m.confirm(asset.id, row["id"])
    return m.Ticker.of(
        query,
        timestamp=m.read_field("timestamp", m.iso_ms, m.optional(row, "last_updated")),
        last=row["current_price"],
        high=m.optional(row, "high_24h"),
        low=m.optional(row, "low_24h"),
        change_percent=m.optional(row, "price_change_percentage_24h"),
        notes=asset.notes,
    )


def parse_coins(body: Any, query: m.CoinsQuery) -> m.Coins:
    """One page, in the asked quote."""
    return m.Coins.of(query, m.read_rows(body, _coin, kind="coins"))


def _coin(row: Any) -> m.Coin:
    return m.Coin(
        id=row["id"],
        symbol=row["symbol"],
        name=m.optional(row, "name"),
        rank=m.optional(row, "market_cap_rank"),
        price=m.optional(row, "current_price"),
        market_cap=m.optional(row, "market_cap"),
        volume_24h=m.optional(row, "total_volume"),
        change_percent_24h=m.optional(row, "price_change_percentage_24h"),
        circulating_supply=m.optional(row, "circulating_supply"),
    )


def parse_global_stats(body: Any) -> m.GlobalStats:
    """Its time is in seconds."""
    data = body["data"]
    return m.GlobalStats(
        timestamp=m.read_field("timestamp", m.seconds_ms, m.optional(data, "updated_at")),
        market_cap_usd=data["total_market_cap"]["usd"],
        volume_24h_usd=m.optional(data, "total_volume", "usd"),
        btc_dominance_percent=m.optional(data, "market_cap_percentage", "btc"),
        eth_dominance_percent=m.optional(data, "market_cap_percentage", "eth"),
        active_coins=m.optional(data, "active_cryptocurrencies"),
    )


def days_for(query: m.CandlesQuery, now_ms: int) -> int:
    """The fewest days that hold what is asked for, or the most there are in that length.

    Raises:
        NotOffered: it begins, or ends, before what there is.
    """
    width = query.interval.ms
    last = now_ms if query.end is None else min(query.end, now_ms)
    first = query.start if query.start is not None else last - (query.limit - 1) * width
    needed = (now_ms - first) // width + 1
    steps = REACH[query.interval]
    most = steps[-1][0]
    if (query.start is not None and needed > most) or (now_ms - last) // width >= most:
        raise e.NotOffered(f"{query.interval} candles reach back {steps[-1][1]} days only")
    return next((days for candles, days in steps if candles >= needed), steps[-1][1])


def parse_candles(body: Any, query: m.CandlesQuery, asset: m.AssetId) -> m.Candles:
    """Rows of close time, open, high, low, close; the time of the last may be of an open candle."""
    width = query.interval.ms

    def one(row: Any) -> tuple[Any, ...]:
        return (-(-m.number(row[0]) // width) * width - width, *row[1:5])

    rows = m.read_rows(body, one, kind="candles")
    order = ("timestamp", "open", "high", "low", "close")
    notes = asset.notes
    if query.start is None and len(rows) < query.limit:
        notes += (f"CoinGecko has {len(rows)} candles of {query.interval}",)
    return m.Candles.from_rows(query, rows, order=order, notes=notes)
