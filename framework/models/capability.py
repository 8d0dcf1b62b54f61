"""The table of capabilities: what can be requested, and how long each kind of answer is good.

Adding a capability is one row here (or declared by a plugin), a query, a result, a hookspec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coinmux.framework.models import candles, chain, market, news, onchain, sentiment, text
from coinmux.framework.models.base import Query, Result


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long an answer is good, in seconds.

    Attributes:
        fresh_s: served as it is.
        refresh_s: after that, served stale while one refresh runs.
        failed_s: after that, served stale only if every source fails.
    """

    fresh_s: float
    refresh_s: float
    failed_s: float


@dataclass(frozen=True, slots=True)
class Consensus:
    """How answers to the same query are compared.

    Attributes:
        field: the figure that is compared.
        relative: values agree within this share of the median (a factor of `1 + relative` either
            way).
        absolute: values agree within this difference too; the larger allowance counts.
        merged: figures replaced by the median of the sources that agree; the other figures are
            those of the answer nearest to the median. Empty if answers cannot be mixed.
    """

    field: str
    relative: float = 0.0
    absolute: float = 0.0
    merged: tuple[str, ...] = ()

    def agrees(self, value: float, middle: float) -> bool:
        """Whether `value` is near enough to the median `middle`."""
        if abs(value - middle) <= self.absolute:
            return True
        if value <= 0 or middle <= 0:
            return value == middle
        return max(value / middle, middle / value) <= 1 + self.relative


@dataclass(frozen=True, slots=True)
class JumpRule:
    """When an answer's `figure()` is doubted until a second source confirms it.

    Attributes:
        agrees: how near two figures must be to agree.
        factors: seconds between two answers, and the factor from which the later one is doubted;
            older answers are not compared.
        refused: the same, for the factor from which it is not served even where nobody else can
            be heard; empty if that never is so.
        about: capabilities with the same `about` state the same figure of a subject (a price);
            None if only this capability states it.
    """

    agrees: Consensus
    factors: tuple[tuple[float, float], ...]
    about: str | None = None
    refused: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Capability:
    """One kind of question.

    Attributes:
        name: `ticker`; its hook is `fetch_ticker`.
        query, result: the models.
        freshness: how long an answer is good, unless `freshness_for` says otherwise.
        empty_legal: whether an answer without items is valid.
        max_age_s: data whose own time is older is stale (`faults.md` E4); None for no limit.
        consensus: how answers of several sources are compared; None if they cannot be.
        jumps: when a figure is doubted against the last known one; None if it may change freely.
        freshness_for: how long the answer to this query is good at this time (Unix ms).
        description: what it answers.
        title: its name for people, as it begins a sentence; made of `name` where it is empty.
        group: what it belongs to on a board: `market`, `chain`, `onchain`, `sentiment`, `news`,
            `models`, or a plugin's own word.
        is_essential: whether the whole counts as OFFLINE while no such capability can be answered.
    """

    name: str
    query: type[Query]
    result: type[Result]
    freshness: Freshness
    empty_legal: bool = False
    max_age_s: float | None = None
    consensus: Consensus | None = None
    description: str = ""
    jumps: JumpRule | None = None
    freshness_for: Callable[[Any, int], Freshness] | None = None
    title: str = ""
    group: str = "other"
    is_essential: bool = False

    @property
    def label(self) -> str:
        """The title, or the name in words."""
        return self.title or self.name.replace("_", " ").capitalize()

    @property
    def hook(self) -> str:
        return f"fetch_{self.name}"

    def freshness_of(self, query: Query, now_ms: int) -> Freshness:
        """How long an answer to `query` is good."""
        return self.freshness if self.freshness_for is None else self.freshness_for(query, now_ms)


_MIN, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_ADDRESS = Freshness(15, 30, 5 * _MIN)
_SLOW = Freshness(10 * _MIN, _HOUR, _DAY)
#: `faults.md` E5: a price 5 % from the median of three is wrong.
_PRICE = Consensus("last", relative=0.05, merged=("last", "bid", "ask"))
#: Sources define "standard" fee differently, so values within a factor of two agree.
_FEE = Consensus("standard", relative=1.0, merged=("slow", "standard", "fast", "base_fee"))
#: Heads within this many blocks agree (`faults.md` E4). Fields of two blocks are never mixed.
_HEIGHT = Consensus("height", absolute=16)

#: A price that differs from the last one by more than this factor within this time is doubted.
#: A market has one price, whichever capability states it.
_PRICE_JUMPS = JumpRule(
    Consensus("price", relative=0.05),
    ((60.0, 1.25), (3_600.0, 1.5), (86_400.0, 3.0)),
    about="price",
    # Coins that collapsed lost half within a minute, nine tenths within an hour, and all but a
    # thousandth within days. Further off is another market's price, or none.
    refused=((60.0, 3.0), (3_600.0, 10.0), (86_400.0, 100.0)),
)
#: A fee may change by a larger factor than a price.
_FEE_JUMPS = JumpRule(_FEE, ((60.0, 20.0),))


def _candles_freshness(query: candles.CandlesQuery, now_ms: int) -> Freshness:
    """A sixth of the interval, at most 30 s; an hour for a range that ended before now."""
    if query.end is not None and query.end + query.interval.ms <= now_ms:
        return Freshness(_HOUR, 60, 600)
    return Freshness(min(30.0, query.interval.seconds / 6), 60, 600)


_ROWS = (
    Capability(
        "ticker", market.TickerQuery, market.Ticker, Freshness(5, 10, 60),
        max_age_s=300, consensus=_PRICE, description="One market now and over 24 hours",
        jumps=_PRICE_JUMPS,
        title="Prices", group="market", is_essential=True,
    ),
    Capability(
        "candles", candles.CandlesQuery, candles.Candles, Freshness(30, 60, 600),
        description="Open, high, low, close and volume by interval",
        jumps=_PRICE_JUMPS, freshness_for=_candles_freshness,
        title="Candles", group="market", is_essential=True,
    ),
    Capability(
        "order_book", market.OrderBookQuery, market.OrderBook, Freshness(1, 0, 5),
        max_age_s=300, description="Best bids and asks",
        jumps=_PRICE_JUMPS,
        title="Order books", group="market",
    ),
    Capability(
        "trades", market.TradesQuery, market.Trades, Freshness(1, 0, 5),
        empty_legal=True, description="Latest trades",
        jumps=_PRICE_JUMPS,
        title="Trades", group="market",
    ),
    Capability(
        "markets", market.MarketsQuery, market.Markets, Freshness(_HOUR, 6 * _HOUR, _DAY),
        description="Every pair one source lists (asked of a pinned provider)",
        title="Lists of pairs", group="market",
    ),
    Capability(
        "coins", market.CoinsQuery, market.Coins, Freshness(60, 5 * _MIN, _HOUR),
        empty_legal=True, description="Coins by market capitalisation",
        title="Coins", group="market",
    ),
    Capability(
        "global_stats", market.GlobalStatsQuery, market.GlobalStats, Freshness(60, 5 * _MIN, _HOUR),
        description="The whole market",
        title="Market totals", group="market",
    ),
    Capability(
        "gas", chain.GasQuery, chain.Gas, Freshness(5, 10, 60),
        max_age_s=300, consensus=_FEE, description="Transaction fees of a chain",
        jumps=_FEE_JUMPS,
        title="Gas", group="chain",
    ),
    Capability(
        "chain_head", chain.ChainHeadQuery, chain.ChainHead, Freshness(3, 5, 30),
        consensus=_HEIGHT, description="Newest block of a chain",
        title="Newest blocks", group="chain",
    ),
    Capability(
        "balance", chain.BalanceQuery, chain.Balance, _ADDRESS,
        description="Own coin held by an address",
        title="Balances", group="chain",
    ),
    Capability(
        "transactions", chain.TransactionsQuery, chain.Transactions, _ADDRESS,
        empty_legal=True, description="Transactions of an address",
        title="Transactions", group="chain",
    ),
    Capability(
        "token_balances", chain.TokenBalancesQuery, chain.TokenBalances, _ADDRESS,
        empty_legal=True, description="Tokens held by an address",
        title="Token balances", group="chain",
    ),
    Capability(
        "entity", chain.EntityQuery, chain.Entity, _ADDRESS, description="Owner of an address",
        title="Owners of addresses", group="chain",
    ),
    Capability(
        "large_transfers", chain.LargeTransfersQuery, chain.LargeTransfers,
        Freshness(2 * _MIN, 5 * _MIN, 6 * _HOUR), empty_legal=True, description="Whale transfers",
        title="Whale transfers", group="chain",
    ),
    Capability(
        "news", news.NewsQuery, news.News, Freshness(2 * _MIN, 5 * _MIN, 6 * _HOUR),
        empty_legal=True, description="Headlines",
        title="News", group="news",
    ),
    Capability(
        "fear_greed", sentiment.FearGreedQuery, sentiment.FearGreed,
        Freshness(15 * _MIN, _HOUR, _DAY), description="Fear and greed index",
        title="Fear and greed", group="sentiment",
    ),
    Capability(
        "social", sentiment.SocialQuery, sentiment.Social, Freshness(15 * _MIN, _HOUR, _DAY),
        description="Social metrics of an asset",
        title="Social figures", group="sentiment",
    ),
    Capability(
        "onchain_metric", onchain.OnchainMetricQuery, onchain.OnchainMetric, _SLOW,
        empty_legal=True, description="A figure derived from a chain, over time",
        title="On-chain figures", group="onchain",
    ),
    Capability(
        "tvl", onchain.TvlQuery, onchain.Tvl, _SLOW, description="Total value locked",
        title="Value locked", group="onchain",
    ),
    Capability(
        "text_sentiment", text.TextSentimentQuery, text.TextSentiment, Freshness(_DAY, 0, 0),
        description="Sentiment of texts",
        title="Sentiment of texts", group="models",
    ),
)  # fmt: skip

#: The built-in capabilities by name.
CAPABILITIES: Mapping[str, Capability] = {row.name: row for row in _ROWS}
