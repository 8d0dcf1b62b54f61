"""CoinMarketCap's answers read, and what a range of candles is called there."""

from typing import Any

from coinmux import errors as e
from coinmux import models as m
from coinmux import stories

INDEX = "CoinMarketCap Crypto Fear and Greed Index"
#: Coins to convert into -> their id, since their tickers are not unique either.
QUOTE_IDS = {"BTC": 1, "USDT": 825, "ETH": 1027, "USDC": 3408}


def parse_map(body: Any) -> list[m.AssetCandidate]:
    """The active coins of one ticker."""

    def one(row: Any) -> m.AssetCandidate | None:
        if row.get("is_active", 1) != 1:
            return None
        return m.AssetCandidate(str(row["id"]), row["symbol"], row["name"], row.get("rank"))

    return m.read_rows(body["data"], one, kind="coins")


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


def rows_of(data: Any) -> Any:
    """The coins of an answer: a list (v3), or by id, each alone or in a list (v1 and v2)."""
    if not isinstance(data, dict):
        return data
    return [one for row in data.values() for one in (row if isinstance(row, list) else [row])]


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
        timestamp=m.read_field("timestamp", m.iso_ms, m.optional(quote, "last_updated")),
        last=quote["price"],
        change_percent=m.optional(quote, "percent_change_24h"),
        notes=asset.notes,
    )


def parse_coins(body: Any, query: m.CoinsQuery) -> m.Coins:
    """One page, in the asked quote."""

    def one(row: Any) -> m.Coin:
        told = m.optional(row, "quote")
        # A coin without figures is a coin still; figures in another currency are not asked for.
        quote = quote_of(row, query.quote) if told else None
        return m.Coin(
            id=str(row["id"]),
            symbol=row["symbol"],
            name=m.optional(row, "name"),
            rank=m.optional(row, "cmc_rank"),
            price=m.optional(quote, "price"),
            market_cap=m.optional(quote, "market_cap"),
            volume_24h=m.optional(quote, "volume_24h"),
            change_percent_24h=m.optional(quote, "percent_change_24h"),
            circulating_supply=m.optional(row, "circulating_supply"),
        )

    return m.Coins.of(query, m.read_rows(rows_of(body["data"]), one, kind="coins"))


def parse_global_stats(body: Any) -> m.GlobalStats:
    """Figures in US dollars."""
    data = body["data"]
    quote = quote_of(data, "USD")
    return m.GlobalStats(
        timestamp=m.read_field("timestamp", m.iso_ms, m.optional(data, "last_updated")),
        market_cap_usd=quote["total_market_cap"],
        volume_24h_usd=m.optional(quote, "total_volume_24h"),
        btc_dominance_percent=m.optional(data, "btc_dominance"),
        eth_dominance_percent=m.optional(data, "eth_dominance"),
        active_coins=m.optional(data, "active_cryptocurrencies"),
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

    def one(candle: Any) -> tuple[Any, ...]:
        quote = quote_of(candle, query.symbol.quote)
        prices = (quote["open"], quote["high"], quote["low"], quote["close"])
        return (m.iso_ms(candle["time_open"]), *prices)

    rows = m.read_rows(row["quotes"], one, kind="candles")
    order = ("timestamp", "open", "high", "low", "close")
    return m.Candles.from_rows(query, rows, order=order, notes=asset.notes)


def parse_fear_greed(body: Any) -> m.FearGreed:
    """Seconds as strings."""
    return m.FearGreed.of(
        INDEX,
        body["data"],
        lambda day: (m.seconds_ms(day["timestamp"]), day["value"], day["value_classification"]),
        notes=("CoinMarketCap's own index; its values do not compare with those of another",),
    )


def parse_news(body: Any, query: m.NewsQuery) -> m.News:
    """Headlines, each once."""
    return m.News(items=stories(m.read_rows(body["data"], _article, kind="articles"), query))


def _article(row: Any) -> m.NewsItem:
    """One headline; it has no id but its link."""
    return m.NewsItem(
        id=row["source_url"],
        title=row["title"],
        url=row["source_url"],
        source=m.optional(row, "source_name"),
        published_at=m.read_field("published_at", m.iso_ms, m.optional(row, "released_at")),
        summary=row.get("subtitle"),
        symbols=tuple(sorted(_tickers(row.get("assets") or ()))),
    )


def _tickers(assets: Any) -> set[str]:
    told = (m.optional(asset, "symbol") for asset in assets)
    return {ticker.upper() for ticker in told if isinstance(ticker, str) and ticker}
