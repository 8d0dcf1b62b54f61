"""The typed methods of whatever answers questions: one for each built-in capability."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.base import Query, R_co
from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.chain import (
    BalanceQuery,
    ChainHeadQuery,
    EntityQuery,
    GasQuery,
    LargeTransfersQuery,
    TokenBalancesQuery,
    TransactionsQuery,
)
from coinmux.framework.models.market import (
    CoinsQuery,
    GlobalStatsQuery,
    MarketsQuery,
    OrderBookQuery,
    TickerQuery,
    TradesQuery,
)
from coinmux.framework.models.news import NewsQuery
from coinmux.framework.models.onchain import OnchainMetricQuery, TvlQuery
from coinmux.framework.models.refusals import refusals_of
from coinmux.framework.models.sentiment import FearGreedQuery, SocialQuery
from coinmux.framework.models.text import TextSentimentQuery
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.routing.options import RequestOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.models.chain import (
        Balance,
        ChainHead,
        Entity,
        Gas,
        LargeTransfers,
        TokenBalances,
        Transactions,
    )
    from coinmux.framework.models.market import (
        Coins,
        GlobalStats,
        Markets,
        OrderBook,
        Ticker,
        Trades,
    )
    from coinmux.framework.models.news import News
    from coinmux.framework.models.onchain import OnchainMetric, Tvl
    from coinmux.framework.models.sentiment import FearGreed, Social
    from coinmux.framework.models.text import TextSentiment
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.routing.options import RequestKeywords

Q = TypeVar("Q", bound=Query)


class Questions(ABC):
    """The asking half of `Gateway`, and of a client of a server that has one.

    The keyword options of each method are those of `RequestOptions`. Each method raises
    `InvalidRequest` where a value is out of its bounds, `RoutingError` where no source answered.
    """

    @abstractmethod
    def parse_symbol(self, text: str) -> Symbol:
        """A pair as a person writes it."""

    @abstractmethod
    async def fetch(self, query: Query[R_co], options: RequestOptions, /) -> Answer[R_co]:
        """The answer to `query`."""

    # Markets

    async def ticker(self, symbol: str, **options: Unpack[RequestKeywords]) -> Answer[Ticker]:
        """The state of one market over the last 24 hours."""
        query = query_of(TickerQuery, symbol=self.parse_symbol(symbol))
        return await self.fetch(query, RequestOptions(**options))

    async def candles(
        self,
        symbol: str,
        interval: str = "1h",
        limit: int = 200,
        *,
        start: int | None = None,
        end: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[Candles]:
        """The latest `limit` candles of one market, as columns.

        Args:
            start: first opening time, Unix ms; with it the `limit` earliest are returned.
            end: last opening time, Unix ms.
        """
        query = query_of(
            CandlesQuery,
            symbol=self.parse_symbol(symbol),
            interval=Interval.parse(interval),
            limit=limit,
            start=start,
            end=end,
        )
        return await self.fetch(query, RequestOptions(**options))

    async def order_book(
        self, symbol: str, depth: int = 20, **options: Unpack[RequestKeywords]
    ) -> Answer[OrderBook]:
        """The best `depth` bids and asks of one market."""
        query = query_of(OrderBookQuery, symbol=self.parse_symbol(symbol), depth=depth)
        return await self.fetch(query, RequestOptions(**options))

    async def trades(
        self, symbol: str, limit: int = 50, **options: Unpack[RequestKeywords]
    ) -> Answer[Trades]:
        """The latest `limit` trades of one market."""
        query = query_of(TradesQuery, symbol=self.parse_symbol(symbol), limit=limit)
        return await self.fetch(query, RequestOptions(**options))

    async def markets(
        self,
        provider: str,
        *,
        max_age_s: float | None = None,
        timeout_s: float | None = None,
    ) -> Answer[Markets]:
        """Every pair that `provider` lists."""
        options = RequestOptions(provider=provider, max_age_s=max_age_s, timeout_s=timeout_s)
        return await self.fetch(MarketsQuery(), options)

    async def coins(
        self,
        page: int = 1,
        per_page: int = 100,
        quote: str = "USD",
        cursor: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[Coins]:
        """One page of coins, the largest market capitalisation first; figures are in `quote`.

        Args:
            cursor: of the page before; the next page then comes from the same source.
        """
        query = query_of(CoinsQuery, page=page, per_page=per_page, quote=quote, cursor=cursor)
        return await self.fetch(query, RequestOptions(**options))

    async def global_stats(self, **options: Unpack[RequestKeywords]) -> Answer[GlobalStats]:
        """Figures of the whole market."""
        return await self.fetch(GlobalStatsQuery(), RequestOptions(**options))

    # Chains

    async def gas(self, chain: str, **options: Unpack[RequestKeywords]) -> Answer[Gas]:
        """The cost of a transaction on `chain` now."""
        return await self.fetch(query_of(GasQuery, chain=chain), RequestOptions(**options))

    async def chain_head(self, chain: str, **options: Unpack[RequestKeywords]) -> Answer[ChainHead]:
        """The newest block of `chain`."""
        return await self.fetch(query_of(ChainHeadQuery, chain=chain), RequestOptions(**options))

    async def balance(
        self, chain: str, address: str, **options: Unpack[RequestKeywords]
    ) -> Answer[Balance]:
        """The amount of the chain's own coin at an address, confirmed."""
        query = query_of(BalanceQuery, chain=chain, address=address)
        return await self.fetch(query, RequestOptions(**options))

    async def transactions(
        self,
        chain: str,
        address: str,
        limit: int = 25,
        cursor: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[Transactions]:
        """The latest `limit` transactions of an address, or those after the page of `cursor`."""
        query = query_of(
            TransactionsQuery, chain=chain, address=address, limit=limit, cursor=cursor
        )
        return await self.fetch(query, RequestOptions(**options))

    async def token_balances(
        self, chain: str, address: str, **options: Unpack[RequestKeywords]
    ) -> Answer[TokenBalances]:
        """The tokens at an address."""
        query = query_of(TokenBalancesQuery, chain=chain, address=address)
        return await self.fetch(query, RequestOptions(**options))

    async def entity(
        self, address: str, chain: str = "ethereum", **options: Unpack[RequestKeywords]
    ) -> Answer[Entity]:
        """The owner of an address."""
        query = query_of(EntityQuery, chain=chain, address=address)
        return await self.fetch(query, RequestOptions(**options))

    async def large_transfers(
        self,
        min_usd: float = 500_000,
        asset: str | None = None,
        chain: str | None = None,
        limit: int = 50,
        **options: Unpack[RequestKeywords],
    ) -> Answer[LargeTransfers]:
        """Large transfers between addresses, newest first."""
        values = {"min_usd": min_usd, "asset": asset, "limit": limit}
        # A chain must be named; it cannot be given as None.
        chosen = {} if chain is None else {"chain": chain}
        query = query_of(LargeTransfersQuery, **values, **chosen)
        return await self.fetch(query, RequestOptions(**options))

    # News, sentiment and metrics

    async def news(
        self,
        asset: str | None = None,
        limit: int = 50,
        *,
        sentiment: bool = False,
        **options: Unpack[RequestKeywords],
    ) -> Answer[News]:
        """The latest news, of one asset or of all.

        Args:
            sentiment: whether a text model scores each title.
        """
        query = query_of(NewsQuery, asset=asset, limit=limit, sentiment=sentiment)
        return await self.fetch(query, RequestOptions(**options))

    async def fear_greed(
        self, limit: int = 30, **options: Unpack[RequestKeywords]
    ) -> Answer[FearGreed]:
        """The fear and greed index, with its last `limit` days."""
        return await self.fetch(query_of(FearGreedQuery, limit=limit), RequestOptions(**options))

    async def social(self, asset: str, **options: Unpack[RequestKeywords]) -> Answer[Social]:
        """Social metrics of one asset."""
        return await self.fetch(query_of(SocialQuery, asset=asset), RequestOptions(**options))

    async def onchain_metric(
        self,
        metric: str,
        asset: str = "BTC",
        interval: str = "1d",
        *,
        start: int | None = None,
        end: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[OnchainMetric]:
        """A figure derived from the chain of one asset, over time; `start` and `end` in Unix ms."""
        query = query_of(
            OnchainMetricQuery,
            metric=metric,
            asset=asset,
            interval=Interval.parse(interval),
            start=start,
            end=end,
        )
        return await self.fetch(query, RequestOptions(**options))

    async def tvl(
        self,
        protocol: str | None = None,
        chain: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[Tvl]:
        """Total value locked: of a protocol, of a chain, or of all chains."""
        query = query_of(TvlQuery, protocol=protocol, chain=chain)
        return await self.fetch(query, RequestOptions(**options))

    async def text_sentiment(
        self,
        texts: Sequence[str],
        model: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[TextSentiment]:
        """How positive or negative each text is."""
        query = query_of(TextSentimentQuery, texts=tuple(texts), model=model)
        return await self.fetch(query, RequestOptions(**options))


def query_of(kind: type[Q], **values: object) -> Q:
    """A query of type `kind` from loose values.

    Raises:
        InvalidRequest: each value that is refused, by name.
    """
    return query_from(kind, values, kind.__name__)


def query_from(kind: type[Q], values: Mapping[str, object], name: str) -> Q:
    """As `query_of`; `name` stands for the whole where no single value is refused.

    Raises:
        InvalidRequest: each value that is refused, by name.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = refusals_of(error, kind)
    for problem in problems:
        if problem["name"] == "query":
            problem["name"] = name
    detail = "; ".join(f"{one['name']} {one['message']}" for one in problems)
    raise InvalidRequest(detail, errors=problems)
