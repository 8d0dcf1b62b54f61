"""CoinDesk Data's answers read, and what a range of candles is called there."""

from typing import Any

from coinmux import SymbolStyle, stories, symbols_in
from coinmux import errors as e
from coinmux import models as m

STYLE = SymbolStyle(separator="-")
RANKED_BY = "CIRCULATING_MKT_CAP_USD"
#: Our metric -> where it stands: a list of the coin's places, a figure of each; and its unit.
SOCIAL = {
    "twitter_followers": ("TWITTER_ACCOUNTS", "FOLLOWERS", "accounts"),
    "twitter_posts": ("TWITTER_ACCOUNTS", "STATUSES", "posts"),
    "reddit_subscribers": ("SUBREDDITS", "SUBSCRIBERS", "accounts"),
    "reddit_active_users": ("SUBREDDITS", "CURRENT_ACTIVE_USERS", "accounts"),
    "reddit_posts_per_day": ("SUBREDDITS", "AVERAGE_POSTS_PER_DAY", "posts per day"),
    "reddit_comments_per_day": ("SUBREDDITS", "AVERAGE_COMMENTS_PER_DAY", "comments per day"),
    "telegram_members": ("TELEGRAM_GROUPS", "MEMBERS", "accounts"),
    "code_stars": ("CODE_REPOSITORIES", "STARS", "stars"),
    "code_forks": ("CODE_REPOSITORIES", "FORKS", "forks"),
    "code_open_issues": ("CODE_REPOSITORIES", "OPEN_ISSUES", "issues"),
}


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """One instrument under its name.

    Raises:
        UnknownSymbol: it is not in the answer.
        Implausible: it calls itself by another name.
    """
    row = body["Data"].get(STYLE.native(query.symbol))
    if row is None:
        raise e.UnknownSymbol(query.symbol, f"CoinDesk Data has no index of {query.symbol}")
    STYLE.confirm(query.symbol, row["INSTRUMENT"])
    return m.Ticker.of(
        query,
        timestamp=m.read_field("timestamp", m.seconds_ms, m.optional(row, "VALUE_LAST_UPDATE_TS")),
        last=row["VALUE"],
        open=row.get("MOVING_24_HOUR_OPEN"),
        high=row.get("MOVING_24_HOUR_HIGH"),
        low=row.get("MOVING_24_HOUR_LOW"),
        change_percent=row.get("MOVING_24_HOUR_CHANGE_PERCENTAGE"),
        volume_base=row.get("MOVING_24_HOUR_VOLUME_DIRECT"),
        volume_quote=row.get("MOVING_24_HOUR_QUOTE_VOLUME_DIRECT"),
    )


def window(query: m.CandlesQuery, now_ms: int) -> dict[str, int]:
    """`limit` candles, the last of them the one that holds `to_ts`."""
    if query.start is None and query.end is None:
        return {"limit": query.limit}
    width = query.interval.ms
    last = now_ms if query.end is None else min(query.end, now_ms)
    count = query.limit
    if query.start is not None:
        last = min(last, query.start + query.limit * width)
        count = max(last // width - query.start // width, 0) + 1
    return {"limit": count, "to_ts": last // 1000}


def parse_candles(body: Any, query: m.CandlesQuery) -> m.Candles:
    """Rows with names; times in seconds."""

    def one(row: Any) -> Any:
        STYLE.confirm(query.symbol, row["INSTRUMENT"])
        return row

    rows = m.read_rows(body["Data"], one, kind="candles")
    order = ("TIMESTAMP", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME_DIRECT")
    return m.Candles.from_rows(query, rows, order=order, time_unit="s")


def parse_coins(rows: Any, query: m.CoinsQuery) -> m.Coins:
    """Coins in US dollars; figures it does not have are left out or null."""
    return m.Coins.of(query, m.read_rows(rows, _coin, kind="coins"))


def _coin(row: Any) -> m.Coin:
    return m.Coin(
        id=str(row["ID"]),
        symbol=row["SYMBOL"],
        name=m.optional(row, "NAME"),
        rank=(row.get("TOPLIST_BASE_RANK") or {}).get(RANKED_BY),
        price=row.get("PRICE_USD"),
        market_cap=row.get(RANKED_BY),
        volume_24h=row.get("SPOT_MOVING_24_HOUR_QUOTE_VOLUME_USD"),
        change_percent_24h=row.get("SPOT_MOVING_24_HOUR_CHANGE_PERCENTAGE_USD"),
        circulating_supply=row.get("SUPPLY_CIRCULATING"),
    )


def parse_news(body: Any, query: m.NewsQuery) -> m.News:
    """Headlines, each once."""
    return m.News(items=stories(m.read_rows(body["Data"], _article, kind="articles"), query))


def _article(row: Any) -> m.NewsItem:
    """One headline; its categories are coins and other things."""
    tags = m.read_rows(row.get("CATEGORY_DATA") or (), _tag, kind="categories of articles")
    published = m.optional(row, "PUBLISHED_ON")
    return m.NewsItem(
        id=m.optional(row, "ID"),
        title=row["TITLE"],
        url=row["URL"],
        source=m.optional(row, "SOURCE_DATA", "NAME"),
        published_at=m.read_field("published_at", m.seconds_ms, published),
        summary=row.get("SUBTITLE") or row.get("BODY"),
        symbols=symbols_in(row["TITLE"], *tags),
    )


def _tag(category: Any) -> str:
    word = category["CATEGORY"]
    if not isinstance(word, str) or not word:
        raise ValueError("a category is a word")
    return f"${word}"


def _sum(name: str, places: Any, figure: str) -> float | None:
    """What all places have together; None if one of them does not say, which is reported."""
    if not isinstance(places, list) or not places:
        return None
    values = [place.get(figure) if isinstance(place, dict) else None for place in places]
    return m.read_field(name, lambda each: sum(map(m.number, each)), values)


def parse_social(body: Any, query: m.SocialQuery) -> m.Social:
    """Figures of all the coin's accounts, forums and repositories together.

    Raises:
        UnknownSymbol: the coin is not in the answer.
        Implausible: it calls itself by another name.
        Empty: it has no figures.
    """
    row = body["Data"].get(query.asset)
    if row is None:
        raise e.UnknownSymbol(query.asset, f"CoinDesk Data lists no {query.asset}")
    m.confirm(query.asset, row["SYMBOL"])
    metrics = {}
    for name, (places, figure, unit) in SOCIAL.items():
        value = _sum(name, row.get(places), figure)
        if value is not None:
            metrics[name] = m.SocialMetric(value=value, unit=unit)
    if not metrics:
        raise e.Empty(f"no social figures of {query.asset}")
    return m.Social(symbol=query.asset, metrics=metrics)
