"""CoinCap (v3): prices in US dollars averaged over exchanges, and the coin list. Takes a key.

The keyless version 2 ended on 31 March 2025; what is left of it answers a notice.

How its ticker compares with an exchange's: `last` and the change are of a price weighted over all
markets of the coin; there is no bid, ask, open, high or low, no time of the price, and its volume
is of all those markets together, so a ticker from here has none. Prices are in US dollars only. No
candles: its history is of single prices, and what it calls candles are one exchange's.

A request costs a credit, and another for each 2,500 bytes of the answer.

Source: https://pro.coincap.io/api-docs, https://coincapapi.mintlify.app and, for version 2's end,
https://github.com/x-cmd/x-cmd/issues/217, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, EnvVar, ErrorTable, ProviderInfo, RateLimit, When, hookimpl, segment
from coinmux import models as m

#: Bytes of one coin in a list, and of an answer that cost a credit.
COIN_BYTES, CREDIT_BYTES = 500, 2500
#: Coins looked through for a ticker; those of one ticker come together, largest first.
SEARCHED = 20


@hookimpl
def provider_info() -> ProviderInfo:
    """CoinCap, with a key."""
    return ProviderInfo(
        name="coincap",
        title="CoinCap",
        category="market",
        base_url="https://rest.coincap.io/v3",
        env=(
            EnvVar(
                "COINCAP_API_KEY",
                send_as="header:Authorization=Bearer {}",
                description="Switches CoinCap on; a free key has some 2,500 credits a month.",
                signup_url="https://pro.coincap.io/dashboard",
            ),
        ),
        rate_limits=(RateLimit(2_500, 30 * 86_400),),
        priority=130,
        quotes=frozenset({"USD"}),
        errors=ErrorTable(
            # Version 2 answers everything with a notice.
            code="data.message",
            message="error",
            unknown_symbol=(When(status=(404,), says=("not found",), about="symbol"),),
            quota=(When(status=(402, 403, 429), says=("credit",)),),
        ),
        homepage="https://coincap.io",
        terms_url="https://coincap.io/terms",
        docs_url="https://pro.coincap.io/api-docs",
        docs_read="2026-11-23",
        notes="US dollars only. A page of 100 coins costs some 20 credits of a month's 2,500.",
    )


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, and a search for a coin outside the table."""

    async def search(ticker: str) -> list[m.AssetCandidate]:
        params: dict[str, str | int] = {"search": ticker, "limit": SEARCHED}
        weight = 1 + SEARCHED * COIN_BYTES / CREDIT_BYTES
        found = await http.get_json("/assets", params, weight=weight)
        return parse_search(found)

    asset = await http.assets.resolve(query.symbol.base, search)
    return parse_ticker(await http.get_json(f"/assets/{segment(asset.id)}"), query, asset)


@hookimpl
async def fetch_coins(query: m.CoinsQuery, http: HTTP) -> m.Coins:
    """One request; its credits follow from the length of the page."""
    params = {"limit": query.per_page, "offset": (query.page - 1) * query.per_page}
    weight = 1 + query.per_page * COIN_BYTES / CREDIT_BYTES
    return parse_coins(await http.get_json("/assets", params, weight=weight), query)


def parse_search(body: Any) -> list[m.AssetCandidate]:
    """The coins among what a search found."""

    def one(row: Any) -> m.AssetCandidate:
        return m.AssetCandidate(row["id"], row["symbol"], row["name"], m.optional(row, "rank"))

    return m.read_rows(body["data"], one, kind="coins")


def parse_ticker(body: Any, query: m.TickerQuery, asset: m.AssetId) -> m.Ticker:
    """One coin, all figures as text.

    Raises:
        UnknownSymbol: it has no price.
        Implausible: another coin.
    """
    row = body["data"]
    m.confirm(asset.id, row["id"])
    return m.Ticker.of(
        query,
        last=row["priceUsd"],
        change_percent=m.optional(row, "changePercent24Hr"),
        notes=asset.notes,
    )


def parse_coins(body: Any, query: m.CoinsQuery) -> m.Coins:
    """One page by rank, in US dollars."""
    return m.Coins.of(query, m.read_rows(body["data"], _coin, kind="coins"))


def _coin(row: Any) -> m.Coin:
    return m.Coin(
        id=row["id"],
        symbol=row["symbol"],
        name=m.optional(row, "name"),
        rank=m.optional(row, "rank"),
        price=m.optional(row, "priceUsd"),
        market_cap=m.optional(row, "marketCapUsd"),
        volume_24h=m.optional(row, "volumeUsd24Hr"),
        change_percent_24h=m.optional(row, "changePercent24Hr"),
        circulating_supply=m.optional(row, "supply"),
    )
