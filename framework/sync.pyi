"""Made from `Gateway` by `python -m tools.sync_stub`; a test compares."""
# ruff: noqa - it is generated, and docstrings are what an editor shows

from coinmux.framework.adoption.changes import PluginChanges
from coinmux.framework.adoption.renewal import Renewal
from coinmux.framework.alerts.alerter import Alerter
from coinmux.framework.archive.archive import Archive
from coinmux.framework.background.backfill import Backfill
from coinmux.framework.background.health_checker import HealthChecker
from coinmux.framework.cache.answer import Answer
from coinmux.framework.cache.store import AnswerCache
from coinmux.framework.clock import Clock
from coinmux.framework.cluster.cluster import Cluster
from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.config.settings import Settings
from coinmux.framework.consumers.consumers import Consumers
from coinmux.framework.dispatch.decision_log import DecisionTrail
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.events import EventBus
from coinmux.framework.gateway import Gateway
from coinmux.framework.health.history import HealthHistory, SourceHistory
from coinmux.framework.health.tracker import HealthTracker
from coinmux.framework.incidents.log import IncidentLog
from coinmux.framework.indicators.candle_history import CandleHistory
from coinmux.framework.indicators.result import IndicatorResult
from coinmux.framework.indicators.service import IndicatorService
from coinmux.framework.models.base import Query, R_co, Result
from coinmux.framework.models.candles import Candles
from coinmux.framework.models.capability import Capability
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
from coinmux.framework.other_workers import OtherWorkers
from coinmux.framework.plugins.discovery import Found, PluginLoader
from coinmux.framework.plugins.extensions.in_use import ExtensionsInUse
from coinmux.framework.quality.clock_watch import ClockWatch
from coinmux.framework.reference.assets import AssetTable
from coinmux.framework.reference.strategy import Strategy
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.reports.configuration import (
    FeatureList,
    FeatureReport,
    MissingReport,
    ReloadReport,
    SettingList,
)
from coinmux.framework.reports.health import HealthReport, SourceHealth
from coinmux.framework.reports.plugins import PluginList, PluginReport
from coinmux.framework.reports.providers import (
    CapabilityList,
    MetricList,
    ModelList,
    ProviderDetail,
    ProviderList,
)
from coinmux.framework.reports.status import GatewayStatus
from coinmux.framework.reports.usage import UsageReport
from coinmux.framework.routing.market_directory import MarketDirectory
from coinmux.framework.routing.options import RequestKeywords, RequestOptions
from coinmux.framework.routing.router import Router
from coinmux.framework.secrets import Redactor
from coinmux.framework.sources.registry import SourceRegistry
from coinmux.framework.sources.source import Source
from coinmux.framework.streams.explanation import FeedExplanation
from coinmux.framework.streams.feed_figures import FeedUse
from coinmux.framework.streams.service import LiveFigures
from coinmux.framework.streams.sync_stream import SyncStream
from coinmux.framework.tracing.spans import Tracing
from coinmux.framework.transport.choice import Transport
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, Unpack, overload
from typing_extensions import deprecated

class SyncGateway:
    """A `Gateway` whose coroutines are plain calls, run on an event loop of their own thread.

    Every public method and attribute of `Gateway` is there under its name; those that are
    `async def` block until they are done. It works inside a running event loop, as in a notebook.

    ```python
    with SyncGateway.from_env() as gateway:
        print(gateway.ticker("BTC/USDT").data.last)
    ```
    """

    def __init__(self, gateway: Gateway) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    clock: Clock
    simulated: bool
    started_ms: int
    redactor: Redactor
    events: EventBus
    history: HealthHistory
    health: HealthTracker
    cache: AnswerCache
    assets: AssetTable
    router: Router
    markets_known: MarketDirectory
    loader: PluginLoader
    extensions: ExtensionsInUse
    registry: SourceRegistry
    indicators: IndicatorService
    clocks: ClockWatch
    is_open: bool
    consumers: Consumers
    archive: Archive | None
    archive_expected: bool
    state: Cluster | None
    others: OtherWorkers | None
    checker: HealthChecker
    backfill: Backfill
    incidents: IncidentLog
    alerts: Alerter
    renewal: Renewal

    @classmethod
    def from_env(
        cls,
        env_file: str | Path | None = ...,
        *,
        environ: Mapping[str, str] | None = None,
        found: Iterable[Found] | None = None,
        clock: Clock | None = None,
        simulated: bool = False,
        transport: Transport | None = None,
        plugin_folders: Sequence[Path] = ...,
    ) -> Self:
        """A gateway configured by `.env` and the process environment, which wins.

        Args:
            env_file: path of the `.env` file, None for none.
            environ: in place of the process environment.
            found, clock, simulated, transport, plugin_folders: as for the class.

        Raises:
            InvalidSetting: a variable has a value that cannot be used.
        """
        ...

    def keep_holds(self, path: Path) -> None:
        """Store bans and used-up quotas in a file from now on, and load those it contains."""
        ...

    def save_quota(self) -> None:
        """Store the use of quotas in the archive, where there is one."""
        ...

    def save_holds(self) -> None:
        """Write the cooldowns if they changed and a file for them is set.

        Raises:
            OSError: the file cannot be written.
        """
        ...

    def feeds(self) -> list[FeedUse]:
        """Each feed that is followed now, in figures."""
        ...

    def live_figures(self) -> LiveFigures | None:
        """What live feeds and their connections counted; None before the first is followed."""
        ...

    def open_archive(self, file: Path | None = None) -> None:
        """Store candles, state changes and events from now on; load the stored history.

        Args:
            file: of the database, where no `DATABASE_URL` is set; one in `DATA_DIR` without.

        Raises:
            InvalidRequest: `DATABASE_URL` is no address of a known database.
        """
        ...

    def close(self) -> None:
        """End every call and background task; nothing is left running."""
        ...

    def wait_loaded(self, timeout_s: float = 30.0) -> list[str]:
        """Wait until every plugin has loaded, or is listed as broken after `PLUGIN_LOAD_TIMEOUT_S`.

        A gateway starts without plugins that load slowly and adds them later. Wait where a list
        must be complete.

        Args:
            timeout_s: how long to wait at most.

        Returns:
            The names of the plugins that are still loading.
        """
        ...

    @property
    def tracing(self) -> Tracing | None:
        """What traces are written with; None without a `TRACES_URL`."""
        ...

    @property
    def env(self) -> EnvConfig:
        """The configuration in force."""
        ...

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        ...

    @property
    def sources(self) -> Mapping[str, Source]:
        """Sources by name."""
        ...

    @property
    def capabilities(self) -> Mapping[str, Capability]:
        """Every kind of question, plugin-made ones included."""
        ...

    @overload
    def fetch(
        self,
        query: Query[R_co],
        options: RequestOptions = ...,
        /,
        *,
        request_id: str | None = None,
        trail: DecisionTrail | None = None,
    ) -> Answer[R_co]:
        """The answer to `query`, from the cache or from whichever source can give it.

        `fetch(query)`, `fetch(query, options)`; or with the capability's name before them, which is
        needed only where two capabilities of plugins share a type of query.

        Args:
            asked: a query; its type says which capability is asked for.
            options: how the request is answered.
            request_id: `decision` finds the decision under it.
            trail: receives the decision.

        Raises:
            InvalidRequest: the question cannot be asked so; its subtypes say why.
            RoutingError: no source answered.
        """
        ...

    @overload
    def fetch(
        self,
        capability: str,
        query: Query[R_co],
        options: RequestOptions = ...,
        /,
        *,
        request_id: str | None = None,
        trail: DecisionTrail | None = None,
    ) -> Answer[R_co]:
        """The answer to `query`, from the cache or from whichever source can give it.

        `fetch(query)`, `fetch(query, options)`; or with the capability's name before them, which is
        needed only where two capabilities of plugins share a type of query.

        Args:
            asked: a query; its type says which capability is asked for.
            options: how the request is answered.
            request_id: `decision` finds the decision under it.
            trail: receives the decision.

        Raises:
            InvalidRequest: the question cannot be asked so; its subtypes say why.
            RoutingError: no source answered.
        """
        ...

    @deprecated("Gateway.ask is now Gateway.fetch", category=None)
    def ask(
        self,
        capability: str,
        query: Query[R_co],
        ask: RequestOptions = ...,
        *,
        request_id: str | None = None,
    ) -> Answer[R_co]:
        """The old name of `fetch`; it leaves with the next release."""
        ...

    def peek(
        self, capability: str, query: Query[R_co], options: RequestOptions = ...
    ) -> Answer[R_co] | None:
        """A fresh answer from the cache, or None; asks no source."""
        ...

    def get(
        self, capability: str, /, *, options: RequestOptions = ..., **parameters: object
    ) -> Answer:
        """Any capability by name, its query's fields as keywords: `get("gas", chain="bitcoin")`."""
        ...

    def probe(self, source: Source, capability: str, query: Query) -> bool:
        """Ask one source one question only to learn whether it answers.

        Returns:
            Whether it was asked: it is not during a cooldown, or while another probe runs.

        Raises:
            ProviderError, UnknownSymbol: as it ended; its outcome is recorded already.
        """
        ...

    def query(self, capability: str, parameters: Mapping[str, object]) -> Query:
        """A query from loose values, such as those of a query string.

        Raises:
            InvalidRequest: each value that is refused, by name.
        """
        ...

    def parse_symbol(self, text: str) -> Symbol:
        """A pair as a person writes it, with the default quote and the known assets."""
        ...

    def explain(
        self, capability: str, query: Query, options: RequestOptions = ...
    ) -> dict[str, Any]:
        """What the next such request would do, and why; calls no source."""
        ...

    def decision(self, request_id: str) -> dict[str, Any]:
        """What was decided for a request that was made.

        Raises:
            NotFound: no decision is stored under that id.
        """
        ...

    def reload(self) -> ReloadReport:
        """Read settings and keys again, and look which plugins are installed; what changed.

        A new plugin is taken in, one that is gone is retired; one that was upgraded waits for a
        restart. Calls in flight end on the settings and plugins they began with. The other workers
        of this server do the same.

        Raises:
            InvalidSetting: a value cannot be used; everything stays as it was.
        """
        ...

    def reload_soon(self, *, asked: bool = False) -> None:
        """Begin to reload; an event says what became of it.

        Args:
            asked: whether the other workers are to do the same.
        """
        ...

    def swap_plugins(self, keys: Iterable[tuple[str, str]]) -> PluginChanges:
        """Load plugins again from their files while the process runs; for their authors.

        Args:
            keys: name of the entry point and of the distribution of each.

        Returns:
            what became of them: one that does not load goes on as it was.
        """
        ...

    def capability(self, name: str) -> Capability:
        """The capability of that name.

        Raises:
            InvalidRequest: with those there are.
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
    ) -> IndicatorResult:
        """The latest `limit` values of an indicator, warmed up if the market's history suffices.

        Args:
            closed_only: leave out the newest candle while it is open.
            parameters: of the indicator, by name: `{"period": 21}`.
            options: those of `RequestOptions`.

        Raises:
            InvalidRequest: a value is refused, or there are too few candles (`InsufficientData`).
            RoutingError: no source gave candles.
        """
        ...

    def indicator_over(
        self, name: str, candles: Candles, parameters: Mapping[str, object] | None = None
    ) -> IndicatorResult:
        """An indicator over the caller's own candles; no source is asked.

        Raises:
            InvalidRequest: as `indicator`.
        """
        ...

    def indicator_batch(
        self,
        names: Sequence[str | tuple[str, Mapping[str, object]]],
        symbols: Sequence[str],
        interval: str = "1h",
        limit: int = 1,
        *,
        closed_only: bool = False,
        **options: Unpack[RequestKeywords],
    ) -> dict[Symbol, tuple[CandleHistory, list[IndicatorResult | CoinmuxError]] | CoinmuxError]:
        """Many indicators of many markets; where one fails, its error replaces its result alone.

        Args:
            names: of indicators, or pairs of a name and its parameters.

        Raises:
            InvalidRequest: an indicator, a parameter or a symbol is refused.
        """
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

    @overload
    def stream(
        self,
        capability: Literal["ticker"],
        symbol: str,
        *,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
        waiting: int = ...,
    ) -> SyncStream[Ticker]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            symbol: a pair, as in a question.
            interval: of candles; `1m` where it is not given.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: `priority`; `fastest`; `consensus` for prices: the median of several sources'
                feeds, those far from it named in `meta.outliers`.
            since: id of an event; what came after it is told, if it is not too long ago.
            waiting: events that may wait for this reader; beyond, the oldest are dropped and
                counted in `meta.dropped`. Prices and books are replaced by newer ones.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
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
        waiting: int = ...,
    ) -> SyncStream[Trades]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            symbol: a pair, as in a question.
            interval: of candles; `1m` where it is not given.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: `priority`; `fastest`; `consensus` for prices: the median of several sources'
                feeds, those far from it named in `meta.outliers`.
            since: id of an event; what came after it is told, if it is not too long ago.
            waiting: events that may wait for this reader; beyond, the oldest are dropped and
                counted in `meta.dropped`. Prices and books are replaced by newer ones.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        ...

    @overload
    def stream(
        self,
        capability: Literal["order_book"],
        symbol: str,
        *,
        depth: int = ...,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
        waiting: int = ...,
    ) -> SyncStream[OrderBook]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            symbol: a pair, as in a question.
            interval: of candles; `1m` where it is not given.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: `priority`; `fastest`; `consensus` for prices: the median of several sources'
                feeds, those far from it named in `meta.outliers`.
            since: id of an event; what came after it is told, if it is not too long ago.
            waiting: events that may wait for this reader; beyond, the oldest are dropped and
                counted in `meta.dropped`. Prices and books are replaced by newer ones.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        ...

    @overload
    def stream(
        self,
        capability: Literal["candles"],
        symbol: str,
        *,
        interval: str = "1m",
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
        waiting: int = ...,
    ) -> SyncStream[Candles]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            symbol: a pair, as in a question.
            interval: of candles; `1m` where it is not given.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: `priority`; `fastest`; `consensus` for prices: the median of several sources'
                feeds, those far from it named in `meta.outliers`.
            since: id of an event; what came after it is told, if it is not too long ago.
            waiting: events that may wait for this reader; beyond, the oldest are dropped and
                counted in `meta.dropped`. Prices and books are replaced by newer ones.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
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
        waiting: int = ...,
    ) -> SyncStream[Result]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            symbol: a pair, as in a question.
            interval: of candles; `1m` where it is not given.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: `priority`; `fastest`; `consensus` for prices: the median of several sources'
                feeds, those far from it named in `meta.outliers`.
            since: id of an event; what came after it is told, if it is not too long ago.
            waiting: events that may wait for this reader; beyond, the oldest are dropped and
                counted in `meta.dropped`. Prices and books are replaced by newer ones.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        ...

    def stream_indicator(
        self,
        name: str,
        symbol: str,
        *,
        interval: str = "1h",
        parameters: Mapping[str, int | float | str] | None = None,
        closed_only: bool = False,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
        waiting: int = ...,
    ) -> SyncStream[IndicatorValues]:
        """Follow an indicator of one market: its values as candles change and close.

        It is computed once for all readers. What closed candles told never changes; the open
        candle's values are marked by `last_closed`.

        Args:
            name: of the indicator.
            symbol: a pair, as in a question.
            interval: of the candles.
            parameters: of the indicator, by name: `{"period": 21}`.
            closed_only: leave out the open candle.
            provider: follow the candles of this one alone; no failover.
            strategy: `priority` or `fastest`.
            since, waiting: as of `stream`.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        ...

    def explain_stream(
        self,
        capability: str,
        symbol: str,
        *,
        interval: str | None = None,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
    ) -> FeedExplanation:
        """Why a market that is followed is told by whom, or would be; follows nothing.

        Args:
            capability, symbol, interval, depth, provider, strategy: as of `stream`.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        ...

    def explain_shared_stream(
        self,
        capability: str,
        symbol: str,
        *,
        interval: str | None = None,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
    ) -> FeedExplanation:
        """As `explain_stream`; of a market that only another worker follows, what that one says.

        Its `candidates` are judged as this worker sees them. Without a `STATE_URL` it is the same.

        Args:
            capability, symbol, interval, depth, provider, strategy: as of `stream`.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
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

    def source_history(self, name: str, window_s: float) -> SourceHistory:
        """State intervals, incidents and uptime of one source over the last `window_s` seconds."""
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

    def setting_list(self) -> SettingList:
        """coinmux's own settings: the value in force, and where it comes from."""
        ...

    def missing(self) -> MissingReport:
        """Every variable that is not set, and the feature it would enable."""
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

    def plugin_list(self) -> PluginList:
        """Every installed plugin: what it holds, whether it is on, and why not."""
        ...

    def plugin(self, name: str) -> list[PluginReport]:
        """The installed plugins of that name; mostly one.

        Raises:
            NotFound: with near names.
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

    def status(self) -> GatewayStatus:
        """A summary of the state of the gateway; the server adds its own fields."""
        ...

    def usage(self, you: str | None = ...) -> UsageReport:
        """What each consumer may and did this month; nobody is listed while no keys are set.

        Args:
            you: for whom it is: a consumer sees itself, the operator everybody.
        """
        ...

    def ready(self) -> tuple[bool, str]:
        """Whether questions can be answered, and why not; not ready where the whole is OFFLINE."""
        ...

    def reset(self, name: str) -> SourceHealth:
        """Forget the failures and cooldowns of one source; its state after that."""
        ...

    def reset_all(self) -> HealthReport:
        """Forget the failures and cooldowns of every source; the states after that."""
        ...
