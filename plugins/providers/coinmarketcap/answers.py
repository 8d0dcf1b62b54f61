"""CoinMarketCap's answers read, and what a range of candles is called there."""

from typing import Any

from coinmux import errors as e
from coinmux import models as m
from coinmux import stories

#: Coins to convert into -> their id, since their tickers are not unique either.
QUOTE_IDS = {"BTC": 1, "USDT": 825, "ETH": 1027, "USDC": 3408}


def parse_map(body: Any) -> list[m.AssetCandidate]:
    """The active coins of one ticker."""
    return [
        m.AssetCandidate(str(row["id"]), row["symbol"], row["name"], row.get("rank"))
        for row in body["data"]
        if row.get("is_active", 1) == 1
    ]


def quote_of(row: Any, currency: str) -> Any:
    """A row's figures in one currency, from a list (v3) or by name (v1 and v2).

    Raises:
        Implausible: it has none, or those of another coin of that ticker.
    """
    quotes = row["quote"]
    named = {one["symbol"]: one for one in quotes} if isinstance(quotes, list) else quotes
    if currency not in named:
        raise e.Implausible(f"asked for figures in {currency}, the answer has none")
    quote = named[currency]
    wanted = QUOTE_IDS.get(currency)
    if wanted is not None and quote.get("id", wanted) != wanted:
        raise e.Implausible(f"figures in another coin of ticker {currency}")
    return quote


def rows_of(data: Any) -> list[Any]:
    """The coins of an answer: a list (v3), or by id, each alone or in a list (v1 and v2)."""
    rows = list(data.values()) if isinstance(data, dict) else data
    return [one for row in rows for one in (row if isinstance(row, list) else [row])]


def parse_ticker(body: Any, query: m.TickerQuery, asset: m.AssetId) -> m.Ticker:
    """The row of the coin that was asked for.

    Raises:
        UnknownSymbol: no row, or no price.
        Implausible: the row is of another coin or in another currency.
    """
    rows = rows_of(body["data"])
    if not rows:
        raise e.UnknownSymbol(query.symbol, f"CoinMarketCap has no quote of id {asset.id}")
    m.confirm(asset.id, rows[0]["id"])
    quote = quote_of(rows[0], query.symbol.quote)
    return m.Ticker.of(
        query,
        timestamp=quote["last_updated"] and m.iso_ms(quote["last_updated"]),
        last=quote["price"],
        change_percent=quote.get("percent_change_24h"),
        notes=asset.notes,
    )


def parse_coins(body: Any, query: m.CoinsQuery) -> m.Coins:
    """One page, in the asked quote."""
    coins = []
    for row in rows_of(body["data"]):
        quote = quote_of(row, query.quote)
        coins.append(
            m.Coin(
                id=str(row["id"]),
                symbol=row["symbol"].upper(),
                name=row["name"],
                rank=row["cmc_rank"],
                price=quote["price"],
                market_cap=quote.get("market_cap"),
                volume_24h=quote.get("volume_24h"),
                change_percent_24h=quote.get("percent_change_24h"),
                circulating_supply=row.get("circulating_supply"),
            )
        )
    return m.Coins.of(query, coins)


def parse_global_stats(body: Any) -> m.GlobalStats:
    """Figures in US dollars."""
    data = body["data"]
    quote = quote_of(data, "USD")
    return m.GlobalStats(
        timestamp=m.iso_ms(data["last_updated"]),
        market_cap_usd=quote["total_market_cap"],
        volume_24h_usd=quote["total_volume_24h"],
        btc_dominance_percent=data["btc_dominance"],
        eth_dominance_percent=data["eth_dominance"],
        active_coins=data["active_cryptocurrencies"],
    )


def window(query: m.CandlesQuery, now_ms: int) -> dict[str, int]:
    """`time_start` (exclusive), `time_end` (inclusive) and `count`, which counts the open one."""
    width = query.interval.ms
    if query.start is None:
        ends = {} if query.end is None else {"time_end": min(query.end, now_ms) // 1000}
        return ends | {"count": query.limit + 1}
    first = query.start // width * width - width
    last = min(query.end or now_ms, now_ms, first + (query.limit + 1) * width)
    count = max(last - first, 0) // width + 1
    return {"time_start": first // 1000, "time_end": last // 1000, "count": count}


def parse_candles(body: Any, query: m.CandlesQuery, asset: m.AssetId) -> m.Candles:
    """Candles of one coin, which stands alone or under its id or slug."""
    data = body["data"]
    row = data if "quotes" in data else rows_of(data)[0]
    m.confirm(asset.id, row["id"])
    rows = []
    for candle in row["quotes"]:
        quote = quote_of(candle, query.symbol.quote)
        prices = (quote["open"], quote["high"], quote["low"], quote["close"])
        rows.append((m.iso_ms(candle["time_open"]), *prices))
    order = ("timestamp", "open", "high", "low", "close")
    return m.Candles.from_rows(query, rows, order=order, notes=asset.notes)


def parse_fear_greed(body: Any) -> m.FearGreed:
    """Seconds as strings."""
    days = sorted(body["data"], key=lambda day: int(day["timestamp"]), reverse=True)
    return m.FearGreed(
        timestamp=int(days[0]["timestamp"]) * 1000,
        value=days[0]["value"],
        classification=days[0]["value_classification"],
        history=[(int(day["timestamp"]) * 1000, m.number(day["value"])) for day in days],
    )


def parse_news(body: Any, query: m.NewsQuery) -> m.News:
    """Headlines, each once."""
    return m.News(items=stories(map(_article, body["data"]), query))


def _article(row: Any) -> m.NewsItem:
    """One headline; it has no id but its link."""
    return m.NewsItem(
        id=row["source_url"],
        title=row["title"],
        url=row["source_url"],
        source=row["source_name"],
        published_at=m.iso_ms(row["released_at"]),
        summary=row.get("subtitle") or None,
        symbols=tuple(sorted({asset["symbol"].upper() for asset in row.get("assets") or ()})),
    )
