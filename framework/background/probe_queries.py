"""What to ask a source merely to learn whether it answers: the cheapest question it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.chain import ChainHeadQuery, GasQuery
from coinmux.framework.models.market import (
    CoinsQuery,
    GlobalStatsQuery,
    OrderBookQuery,
    TickerQuery,
    TradesQuery,
)
from coinmux.framework.models.news import NewsQuery
from coinmux.framework.models.onchain import TvlQuery
from coinmux.framework.models.sentiment import FearGreedQuery, SocialQuery
from coinmux.framework.models.text import TextSentimentQuery
from coinmux.framework.reference.chains import Chain
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.sources.proven import sure_pair

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.framework.plugins.provider_info import ProviderInfo

#: Cheapest first; what needs an address or a paid call is not here.
CHEAPEST_FIRST = (
    "chain_head", "ticker", "gas", "fear_greed", "global_stats", "news", "tvl", "trades",
    "order_book", "candles", "coins", "social", "text_sentiment",
)  # fmt: skip


def probe_query(info: ProviderInfo, capability: str) -> Query | None:
    """A question of `capability` the source should be able to answer, None where none is safe."""
    symbol = sure_pair(info)
    chain = Chain(next(iter(info.chains))) if info.chains else Chain.ETHEREUM
    offered = info.intervals or {"1h": ""}
    interval = Interval("1h" if "1h" in offered else next(iter(offered)))
    queries: dict[str, Query] = {
        "chain_head": ChainHeadQuery(chain=chain),
        "ticker": TickerQuery(symbol=symbol),
        "gas": GasQuery(chain=chain),
        "fear_greed": FearGreedQuery(limit=1),
        "global_stats": GlobalStatsQuery(),
        "news": NewsQuery(),
        "tvl": TvlQuery(),
        "trades": TradesQuery(symbol=symbol, limit=1),
        "order_book": OrderBookQuery(symbol=symbol, depth=5),
        "candles": CandlesQuery(symbol=symbol, interval=interval, limit=2),
        "coins": CoinsQuery(per_page=1),
        "social": SocialQuery(asset="BTC"),
        "text_sentiment": TextSentimentQuery(texts=("Bitcoin",)),
    }
    return queries.get(capability)
