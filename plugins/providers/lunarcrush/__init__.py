"""LunarCrush: what social networks say of coins, with prices averaged over exchanges. Paid key.

A coin is asked for by LunarCrush's own number: of several with one ticker the largest is taken, out
of the thousand largest. That list also holds all social figures of each, at most an hour old; it
takes no filter by ticker, so it comes whole. Prices are in US dollars; a ticker has no bid, ask,
open or volume (its `volume_24h` is of all markets together, in dollars). Candles carry the volume
of the last 24 hours, not their own: ours have none. Times are in seconds, changes and shares in
percent, `sentiment` is the percent of posts that are positive, weighted by interactions.

Source: https://lunarcrush.com/developers/api/endpoints and https://github.com/lunarcrush/api,
read 2026-11-23.
"""

from collections.abc import Sequence
from typing import Any

from coinmux import (
    HTTP,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    When,
    hookimpl,
    segment,
    stories,
    symbols_in,
)
from coinmux import errors as e
from coinmux import models as m

LIST = "/coins/list/v1"
#: Most rows of one page of the list.
LARGEST = 1000
#: Of a row of the list, and their units.
FIGURES = {
    "galaxy_score": "score",
    "alt_rank": "rank",
    "sentiment": "percent",
    "social_dominance": "percent",
    "social_volume_24h": "count",
    "interactions_24h": "count",
}
INTERVALS = {"1h": "hour", "1d": "day"}
#: What a candle has of a bucket.
PRICES = ("open", "high", "low", "close")


@hookimpl
def provider_info() -> ProviderInfo:
    """LunarCrush v4."""
    return ProviderInfo(
        name="lunarcrush",
        title="LunarCrush",
        category="sentiment",
        base_url="https://lunarcrush.com/api4/public",
        env=(
            EnvVar(
                "LUNARCRUSH_API_KEY",
                send_as="header:Authorization=Bearer {}",
                description="Key of a subscription: social figures, news and prices of coins.",
                signup_url="https://lunarcrush.com/developers/api/authentication",
            ),
        ),
        rate_limits=(RateLimit(10, 60), RateLimit(2_000, 86_400)),
        timeout_s=6.0,
        priority=115,
        quotes=frozenset({"USD"}),
        intervals=INTERVALS,
        max_candles=1000,
        errors=ErrorTable(
            message=("error", "message"),
            unknown_symbol=(When(status=(200, 404), says=("not found",)),),
            quota=(When(status=(429,), says=("day", "daily")),),
            plan=(
                When(
                    status=(200, 400, 401, 402, 403, 404),
                    says=("subscription", "upgrade", "your plan"),
                ),
                When(status=(402,)),
            ),
        ),
        homepage="https://lunarcrush.com",
        terms_url="https://lunarcrush.com/terms",
        docs_url="https://lunarcrush.com/developers/api/endpoints",
        docs_read="2026-11-23",
        notes="Limits are those of the smallest subscription, as far as they are known. "
        "The coin list is at most an hour old.",
    )


@hookimpl
async def fetch_social(query: m.SocialQuery, http: HTTP) -> m.Social:
    """One request, for the whole list."""
    body = await _list(http, LARGEST, 0)
    rows: list[Any] = body["data"]

    async def search(ticker: str) -> list[m.AssetCandidate]:
        return candidates(rows)

    asset = await http.assets.resolve(query.asset, search)
    return parse_social(body, query, asset)


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, and the list for a coin that was not asked for within a day."""
    asset = await _asset(query.symbol.base, http)
    return parse_ticker(await http.get_json(f"/coins/{segment(asset.id)}/v1"), query, asset)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, and the list for a coin that was not asked for within a day."""
    asset = await _asset(query.symbol.base, http)
    window = query.window(query.limit, http.now_ms())
    assert window.first_ms is not None
    assert window.last_ms is not None
    params: dict[str, str | int] = {
        "bucket": INTERVALS[query.interval],
        "start": window.first_ms // 1000,
        "end": -(-window.last_ms // 1000) + query.interval.seconds,
    }
    body = await http.get_json(f"/coins/{segment(asset.id)}/time-series/v2", params)
    return parse_candles(body, query, asset)


@hookimpl
async def fetch_coins(query: m.CoinsQuery, http: HTTP) -> m.Coins:
    """One request; at most an hour old."""
    return parse_coins(await _list(http, query.per_page, query.page - 1), query)


@hookimpl
async def fetch_news(query: m.NewsQuery, http: HTTP) -> m.News:
    """One request; of one coin a second, for its topic, and the list once a day."""
    if query.asset is None:
        return parse_news(await http.get_json("/category/cryptocurrencies/news/v1"), query)
    asset = await _asset(query.asset, http)
    coin = await http.get_json(f"/coins/{segment(asset.id)}/v1")
    m.confirm(asset.id, coin["data"]["id"])
    return parse_news(
        await http.get_json(f"/topic/{segment(coin['config']['topic'])}/news/v1"), query
    )


async def _list(http: HTTP, limit: int, page: int) -> Any:
    """A page of coins; without a word on their order it is by market capitalisation."""
    return await http.get_json(LIST, {"limit": limit, "page": page})


async def _asset(ticker: str, http: HTTP) -> m.AssetId:
    async def search(asset: str) -> list[m.AssetCandidate]:
        return candidates((await _list(http, LARGEST, 0))["data"])

    return await http.assets.resolve(ticker, search)


def candidates(rows: Sequence[Any]) -> list[m.AssetCandidate]:
    """The rows of the list as coins to choose from."""

    def one(row: Any) -> m.AssetCandidate | None:
        if not row["symbol"]:
            return None
        rank = m.optional(row, "market_cap_rank")
        return m.AssetCandidate(str(row["id"]), row["symbol"], row["name"], rank)

    return m.read_rows(rows, one, kind="coins")


def parse_social(body: Any, query: m.SocialQuery, asset: m.AssetId) -> m.Social:
    """The figures in a coin's row.

    Raises:
        UnknownSymbol: it is not on the list any more.
    """
    rows = (row for row in body["data"] if isinstance(row, dict))
    row = next((row for row in rows if str(row.get("id")) == asset.id), None)
    if row is None:
        raise e.UnknownSymbol(query.asset, f"{asset.name} is not among the {LARGEST} largest coins")
    metrics = {
        name: m.SocialMetric(value=row.get(name), unit=unit) for name, unit in FIGURES.items()
    }
    generated = m.optional(body, "config", "generated")
    timestamp = m.read_field("timestamp", m.seconds_ms, generated)
    return m.Social(symbol=query.asset, timestamp=timestamp, metrics=metrics, notes=asset.notes)


def parse_ticker(body: Any, query: m.TickerQuery, asset: m.AssetId) -> m.Ticker:
    """Price and change, of the moment the answer was made.

    Raises:
        UnknownSymbol: the coin has no price.
        Implausible: the answer is about another coin.
    """
    coin = body["data"]
    m.confirm(asset.id, coin["id"])
    return m.Ticker.of(
        query,
        timestamp_s=m.optional(body, "config", "generated"),
        last=coin["price"],
        change_percent=m.optional(coin, "percent_change_24h"),
        notes=asset.notes,
    )


def parse_candles(body: Any, query: m.CandlesQuery, asset: m.AssetId) -> m.Candles:
    """Rows by the second their bucket opens; buckets without a price are left out."""
    m.confirm(asset.id, str(body["config"]["id"]).removeprefix("coins:"))
    order = ("time", *PRICES)
    # Of a bucket without trades there are social figures only.
    rows = [
        {**dict.fromkeys(PRICES), **row} if isinstance(row, dict) else row for row in body["data"]
    ]
    return m.Candles.from_rows(query, rows, order=order, time_unit="s", notes=asset.notes)


def parse_coins(body: Any, query: m.CoinsQuery) -> m.Coins:
    """One page, in US dollars."""
    return m.Coins.of(query, m.read_rows(body["data"][: query.per_page], _coin, kind="coins"))


def _coin(row: Any) -> m.Coin:
    return m.Coin(
        id=str(row["id"]),
        symbol=row["symbol"],
        name=m.optional(row, "name"),
        rank=m.optional(row, "market_cap_rank"),
        price=m.optional(row, "price"),
        market_cap=m.optional(row, "market_cap"),
        volume_24h=m.optional(row, "volume_24h"),
        change_percent_24h=m.optional(row, "percent_change_24h"),
        circulating_supply=m.optional(row, "circulating_supply"),
    )


def parse_news(body: Any, query: m.NewsQuery) -> m.News:
    """Posts of publishers; those of a coin's topic are about it whatever their title says."""
    about = {query.asset} if query.asset is not None else set()

    def one(post: Any) -> m.NewsItem:
        published = m.optional(post, "post_created")
        return m.NewsItem(
            id=m.optional(post, "id"),
            title=post["post_title"],
            url=post["post_link"],
            source=post.get("creator_display_name") or post.get("creator_name"),
            published_at=m.read_field("published_at", m.seconds_ms, published),
            symbols=tuple(sorted({*symbols_in(post["post_title"]), *about})),
        )

    return m.News(items=stories(m.read_rows(body["data"], one, kind="posts"), query))
