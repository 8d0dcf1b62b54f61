"""CoinPaprika: prices of coins averaged over exchanges, and the coin list.

Works without a key (20,000 requests a month by address, the largest 2,000 coins, data up to ten
minutes old) or with a paid one, which has a host of its own.

How its ticker compares with an exchange's: `last` and the change are of a price weighted over all
markets of the coin, converted into the quote; there is no bid, ask, open, high or low, and its
volume is of all those markets together, converted, so a ticker from here has none. No candles:
the free plan has the daily one of the last 24 hours only, and their volumes are in the quote.

Source: https://docs.coinpaprika.com/api-reference, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, EnvVar, ErrorTable, ProviderInfo, RateLimit, When, hookimpl, segment
from coinmux import models as m

#: What its `quotes` parameter takes.
QUOTES = """
    USD EUR GBP JPY CHF AUD CAD NZD CNY HKD SGD KRW INR IDR THB TWD VND PHP MYR PKR ILS TRY RUB UAH
    PLN CZK HUF DKK NOK SEK ISK BRL MXN ARS CLP COP PEN BOB NGN ZAR BTC ETH
"""


@hookimpl
def provider_info() -> ProviderInfo:
    """CoinPaprika, keyless or with a paid key."""
    return ProviderInfo(
        name="coinpaprika",
        title="CoinPaprika",
        category="market",
        base_url="https://api.coinpaprika.com/v1",
        env=(
            EnvVar(
                "COINPAPRIKA_API_KEY",
                required=False,
                send_as="header:Authorization",
                description="Paid key; requests then go to the paid host.",
                signup_url="https://coinpaprika.com/api/pricing/",
                base_url="https://api-pro.coinpaprika.com/v1",
            ),
        ),
        rate_limits=(RateLimit(10, 1), RateLimit(20_000, 30 * 86_400)),
        timeout_s=6.0,
        priority=120,
        quotes=frozenset(QUOTES.split()),
        errors=ErrorTable(
            message="error",
            unknown_symbol=(When(status=(404,), says=("not found",), about="symbol"),),
            auth=(When(status=(403,), is_json=True),),
            # A 402 is the month's quota or a paid endpoint; all asked here are free ones.
            not_offered=(When(status=(402,), says=("plan",)), When(status=(400,), says=("quote",))),
        ),
        homepage="https://coinpaprika.com",
        terms_url="https://coinpaprika.com/api-terms-of-use/",
        docs_url="https://docs.coinpaprika.com",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Averages over exchanges. A page of coins costs the whole list, some 3 MB.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, and a search for a coin outside the table; ten minutes old at most."""

    async def search(ticker: str) -> list[m.AssetCandidate]:
        found = await http.get_json("/search", {"q": ticker, "c": "currencies", "limit": 100})
        return parse_search(found)

    asset = await http.assets.resolve(query.symbol.base, search)
    body = await http.get_json(f"/tickers/{segment(asset.id)}", {"quotes": query.symbol.quote})
    return parse_ticker(body, query, asset)


@hookimpl
async def fetch_coins(query: m.CoinsQuery, http: HTTP) -> m.Coins:
    """One request, for the whole list."""
    return parse_coins(await http.get_json("/tickers", {"quotes": query.quote}), query)


@hookimpl
async def fetch_global_stats(query: m.GlobalStatsQuery, http: HTTP) -> m.GlobalStats:
    """One request."""
    return parse_global_stats(await http.get_json("/global"))


def parse_search(body: Any) -> list[m.AssetCandidate]:
    """The coins that still trade among what a search found; a rank of 0 is none."""

    def one(row: Any) -> m.AssetCandidate | None:
        if not row["is_active"]:
            return None
        return m.AssetCandidate(row["id"], row["symbol"], row["name"], m.optional(row, "rank"))

    return m.read_rows(body.get("currencies") or (), one, kind="coins")


def parse_ticker(body: Any, query: m.TickerQuery, asset: m.AssetId) -> m.Ticker:
    """One coin in the asked quote.

    Raises:
        UnknownSymbol: it has no price.
        Implausible: the answer is about another coin.
    """
    m.confirm(asset.id, body["id"])
    figures = body["quotes"][query.symbol.quote]
    return m.Ticker.of(
        query,
        timestamp=m.read_field("timestamp", m.iso_ms, m.optional(body, "last_updated")),
        last=figures["price"],
        change_percent=m.optional(figures, "percent_change_24h"),
        notes=asset.notes,
    )


def parse_coins(body: Any, query: m.CoinsQuery) -> m.Coins:
    """One page of the whole list, unranked coins last."""
    ranked = sorted(body, key=_place)
    first = (query.page - 1) * query.per_page

    def one(row: Any) -> m.Coin:
        return _coin(row, query.quote)

    rows = ranked[first : first + query.per_page]
    return m.Coins.of(query, m.read_rows(rows, one, kind="coins"))


def _place(row: Any) -> tuple[bool, int]:
    rank = row.get("rank") if isinstance(row, dict) else None
    place = rank if type(rank) is int and rank > 0 else 0
    return not place, place


def _coin(row: Any, quote: str) -> m.Coin:
    figures = m.optional(row, "quotes", quote)
    return m.Coin(
        id=row["id"],
        symbol=row["symbol"],
        name=m.optional(row, "name"),
        rank=m.optional(row, "rank"),
        price=m.optional(figures, "price"),
        market_cap=m.optional(figures, "market_cap"),
        volume_24h=m.optional(figures, "volume_24h"),
        change_percent_24h=m.optional(figures, "percent_change_24h"),
        circulating_supply=row.get("circulating_supply"),
    )


def parse_global_stats(body: Any) -> m.GlobalStats:
    """Its time is in seconds here, ISO 8601 elsewhere."""
    return m.GlobalStats(
        timestamp=m.read_field("timestamp", m.seconds_ms, m.optional(body, "last_updated")),
        market_cap_usd=body["market_cap_usd"],
        volume_24h_usd=m.optional(body, "volume_24h_usd"),
        btc_dominance_percent=m.optional(body, "bitcoin_dominance_percentage"),
        active_coins=m.optional(body, "cryptocurrencies_number"),
    )
