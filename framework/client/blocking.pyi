"""Made from `AsyncClient` by `python -m tools.sync_stub`; a test compares."""
# ruff: noqa - it is generated, and docstrings are what an editor shows

from coinmux.framework.cache.answer import Answer
from coinmux.framework.client.asking import Asked
from coinmux.framework.client.async_client import ClientKeywords
from coinmux.framework.client.stream import BlockingStream
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.health.history import SourceHistory
from coinmux.framework.models.base import Query, R_co, Result
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
from coinmux.framework.models.indicator_values import IndicatorValues
from coinmux.framework.models.market import Coins, GlobalStats, Markets, OrderBook, Ticker, Trades
from coinmux.framework.models.news import News
from coinmux.framework.models.onchain import OnchainMetric, Tvl
from coinmux.framework.models.sentiment import FearGreed, Social
from coinmux.framework.models.text import TextSentiment
from coinmux.framework.reference.strategy import Strategy
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.reports.configuration import (
    FeatureList,
    FeatureReport,
    MissingReport,
    SettingList,
)
from coinmux.framework.reports.health import HealthReport, SourceHealth
from coinmux.framework.reports.plugins import PluginList
from coinmux.framework.reports.providers import (
    CapabilityList,
    MetricList,
    ModelList,
    ProviderDetail,
    ProviderList,
)
from coinmux.framework.reports.status import GatewayStatus
from coinmux.framework.reports.usage import UsageReport
from coinmux.framework.routing.options import RequestKeywords, RequestOptions
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, Unpack, overload

class Client:
    """An `AsyncClient` whose coroutines are plain calls, run on an event loop of their own thread.

    It works inside a running event loop, as in a notebook.

    ```python
    with Client("http://127.0.0.1:7860") as client:
        print(client.ticker("BTC/USDT").data.last)
    ```
    """

    def __init__(
        self, url: str = "http://127.0.0.1:7860", **options: Unpack[ClientKeywords]
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def close(self) -> None:
        """End every connection."""
        ...

    def parse_symbol(self, text: str) -> Symbol:
        """A pair as a person writes it; a base alone is quoted in `default_quote`.

        Raises:
            InvalidSymbol: it is none, or could be split in more than one way.
        """
        ...

    def fetch(self, query: Query[R_co], options: RequestOptions = ..., /) -> Answer[R_co]:
        """The answer to a query of a capability that coinmux has.

        Raises:
            InvalidRequest: the question cannot be asked so; its subtypes say why.
            RoutingError: no source answered.
        """
        ...

    def get(
        self, capability: str, /, *, options: RequestOptions = ..., **parameters: object
    ) -> Answer[Result]:
        """Any capability of the server, its query's fields as keywords: plugins' own included.

        The data of one that coinmux itself has not is as it was sent, each member an attribute.
        """
        ...

    def indicator(
        self,
        name: str,
        symbol: str,
        interval: str = "1h",
        limit: int = 200,
        *,
        closed_only: bool = False,
        parameters: Mapping[str, object] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[IndicatorValues]:
        """The latest `limit` values of an indicator.

        Args:
            closed_only: leave out the newest candle while it is open.
            parameters: of the indicator, by name: `{"period": 21}`.
            options: those of `RequestOptions`.
        """
        ...

    def batch(
        self, asked: Sequence[Asked | Query], **options: Unpack[RequestKeywords]
    ) -> list[Answer[Result] | dict[str, Any] | CoinmuxError]:
        """Many questions of any kind in one request; one that fails has its error in its place.

        Args:
            asked: in whose order the answers come; that of `Asked.explain` is a plain object.
            options: for those that have none of their own; `timeout_s` is the deadline of all.
        """
        ...

    def explain(
        self, capability: str, query: Query, options: RequestOptions = ...
    ) -> dict[str, Any]:
        """What the next such request would do, and why; calls no source."""
        ...

    def decision(self, request_id: str) -> dict[str, Any]:
        """What was decided for a request that was made, by the id its answer had."""
        ...

    @overload
    def stream(
        self,
        capability: Literal["ticker"],
        symbol: str,
        *,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> BlockingStream[Ticker]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            interval: of candles.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: as `Gateway.stream`.
            since: id of an event; what came after it is told, if it is not too long ago.
        """
        ...

    @overload
    def stream(
        self,
        capability: Literal["trades"],
        symbol: str,
        *,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> BlockingStream[Trades]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            interval: of candles.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: as `Gateway.stream`.
            since: id of an event; what came after it is told, if it is not too long ago.
        """
        ...

    @overload
    def stream(
        self,
        capability: Literal["order_book"],
        symbol: str,
        *,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> BlockingStream[OrderBook]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            interval: of candles.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: as `Gateway.stream`.
            since: id of an event; what came after it is told, if it is not too long ago.
        """
        ...

    @overload
    def stream(
        self,
        capability: Literal["candles"],
        symbol: str,
        *,
        interval: str | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> BlockingStream[Candles]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            interval: of candles.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: as `Gateway.stream`.
            since: id of an event; what came after it is told, if it is not too long ago.
        """
        ...

    @overload
    def stream(
        self,
        capability: str,
        symbol: str,
        *,
        interval: str | None = None,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> BlockingStream[Result]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            interval: of candles.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: as `Gateway.stream`.
            since: id of an event; what came after it is told, if it is not too long ago.
        """
        ...

    def stream_indicator(
        self,
        name: str,
        symbol: str,
        *,
        interval: str = "1m",
        parameters: Mapping[str, int | float | str] | None = None,
        closed_only: bool = False,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> BlockingStream[IndicatorValues]:
        """Follow an indicator: its values as candles change and close."""
        ...

    def provider_list(self) -> ProviderList:
        """Every provider, and the plugins that did not load."""
        ...

    def provider(self, name: str) -> ProviderDetail:
        """One provider, with its channels, coin choices and limits.

        Raises:
            UnknownProvider: with near names.
        """
        ...

    def capability_list(self) -> CapabilityList:
        """Every capability with its query's JSON Schema and the providers that serve it."""
        ...

    def metric_list(self) -> MetricList:
        """Every on-chain metric, with the providers that have it."""
        ...

    def model_status(self) -> ModelList:
        """Text models, and which of them answer."""
        ...

    def source_health(self) -> HealthReport:
        """Every source, channels included, with a count of each state."""
        ...

    def source_health_of(self, name: str) -> SourceHealth:
        """One source (`binance`) or channel (`rss_news:coindesk`).

        Raises:
            UnknownProvider: with near names.
        """
        ...

    def source_history(self, name: str, window_s: int = 86400) -> SourceHistory:
        """State intervals, incidents and uptime of one source.

        Args:
            window_s: seconds that are looked back, from a minute to a week.

        Raises:
            UnknownProvider: with near names.
            InvalidRequest: another window.
        """
        ...

    def features(self) -> FeatureList:
        """Every feature, and how many are enabled."""
        ...

    def feature(self, name: str) -> FeatureReport:
        """One feature, its name in any case.

        Raises:
            UnknownFeature: with near names.
        """
        ...

    def missing(self) -> MissingReport:
        """Every variable that is not set, and the feature it would enable."""
        ...

    def setting_list(self) -> SettingList:
        """coinmux's own settings: the value in force, and where it comes from."""
        ...

    def plugin_list(self) -> PluginList:
        """Every installed plugin: what it holds, whether it is on, and why not."""
        ...

    def usage(self) -> UsageReport:
        """What this client's consumer may and did this month; of everybody for the operator."""
        ...

    def status(self) -> GatewayStatus:
        """A summary of the state of the server."""
        ...

    def ticker(self, symbol: str, **options: Unpack[RequestKeywords]) -> Answer[Ticker]:
        """The state of one market over the last 24 hours."""
        ...

    def candles(
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
        ...

    def order_book(
        self, symbol: str, depth: int = 20, **options: Unpack[RequestKeywords]
    ) -> Answer[OrderBook]:
        """The best `depth` bids and asks of one market."""
        ...

    def trades(
        self, symbol: str, limit: int = 50, **options: Unpack[RequestKeywords]
    ) -> Answer[Trades]:
        """The latest `limit` trades of one market."""
        ...

    def markets(
        self, provider: str, *, max_age_s: float | None = None, timeout_s: float | None = None
    ) -> Answer[Markets]:
        """Every pair that `provider` lists."""
        ...

    def coins(
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
        ...

    def global_stats(self, **options: Unpack[RequestKeywords]) -> Answer[GlobalStats]:
        """Figures of the whole market."""
        ...

    def gas(self, chain: str, **options: Unpack[RequestKeywords]) -> Answer[Gas]:
        """The cost of a transaction on `chain` now."""
        ...

    def chain_head(self, chain: str, **options: Unpack[RequestKeywords]) -> Answer[ChainHead]:
        """The newest block of `chain`."""
        ...

    def balance(
        self, chain: str, address: str, **options: Unpack[RequestKeywords]
    ) -> Answer[Balance]:
        """The amount of the chain's own coin at an address, confirmed."""
        ...

    def transactions(
        self,
        chain: str,
        address: str,
        limit: int = 25,
        cursor: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[Transactions]:
        """The latest `limit` transactions of an address, or those after the page of `cursor`."""
        ...

    def token_balances(
        self, chain: str, address: str, **options: Unpack[RequestKeywords]
    ) -> Answer[TokenBalances]:
        """The tokens at an address."""
        ...

    def entity(
        self, address: str, chain: str = "ethereum", **options: Unpack[RequestKeywords]
    ) -> Answer[Entity]:
        """The owner of an address."""
        ...

    def large_transfers(
        self,
        min_usd: float = 500000,
        asset: str | None = None,
        chain: str | None = None,
        limit: int = 50,
        **options: Unpack[RequestKeywords],
    ) -> Answer[LargeTransfers]:
        """Large transfers between addresses, newest first."""
        ...

    def news(
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
        ...

    def fear_greed(self, limit: int = 30, **options: Unpack[RequestKeywords]) -> Answer[FearGreed]:
        """The fear and greed index, with its last `limit` days."""
        ...

    def social(self, asset: str, **options: Unpack[RequestKeywords]) -> Answer[Social]:
        """Social metrics of one asset."""
        ...

    def onchain_metric(
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
        ...

    def tvl(
        self,
        protocol: str | None = None,
        chain: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[Tvl]:
        """Total value locked: of a protocol, of a chain, or of all chains."""
        ...

    def text_sentiment(
        self, texts: Sequence[str], model: str | None = None, **options: Unpack[RequestKeywords]
    ) -> Answer[TextSentiment]:
        """How positive or negative each text is."""
        ...
