"""The in-process API: ask a question, get the answer of whichever source can give it now."""

from __future__ import annotations

import asyncio
import os
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, overload

from typing_extensions import deprecated

from coinmux.framework.adoption.changes import PluginChanges
from coinmux.framework.adoption.renewal import Renewal
from coinmux.framework.alerts.alerter import Alerter
from coinmux.framework.archive.archived_answers import ArchivedAnswers, WaitingAnswers
from coinmux.framework.background.backfill import Backfill
from coinmux.framework.background.health_checker import HealthChecker
from coinmux.framework.background.housekeeping import Housekeeping
from coinmux.framework.background.market_lists import MarketLists
from coinmux.framework.background.news_scoring import NewsScorer
from coinmux.framework.cache.store import is_fresh, may_refresh
from coinmux.framework.clock import Clock, Deadline, SystemClock
from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.config.settings import DEFAULT_ENV_FILE
from coinmux.framework.consumers.consumers import ARCHIVE, STORE, Consumers
from coinmux.framework.dispatch.attempt import describe
from coinmux.framework.dispatch.cursors import opened
from coinmux.framework.dispatch.decision_log import DecisionLog
from coinmux.framework.dispatch.request import key_of
from coinmux.framework.dispatch.source_probe import SourceProbe
from coinmux.framework.errors import CoinmuxError, InvalidRequest, UnknownSymbol
from coinmux.framework.events import EventBus
from coinmux.framework.following import GatewayStreams
from coinmux.framework.health.change_events import ChangeEvents
from coinmux.framework.health.cooldown_file import CooldownFile
from coinmux.framework.health.history import KEEP_S, HealthHistory
from coinmux.framework.health.leases import Leases
from coinmux.framework.health.tracker import HealthSettings, HealthTracker
from coinmux.framework.incidents.log import IncidentLog
from coinmux.framework.incidents.recorder import IncidentRecorder
from coinmux.framework.indicator_questions import GatewayQuestions
from coinmux.framework.indicators.service import IndicatorService
from coinmux.framework.limits.quota import rows_of, take_up
from coinmux.framework.models.base import R_co
from coinmux.framework.models.text import TextSentimentQuery
from coinmux.framework.plugins.discovery import Found, PluginLoader
from coinmux.framework.plugins.extensions.in_use import ExtensionsInUse
from coinmux.framework.quality.clock_watch import ClockWatch, in_words
from coinmux.framework.quality.consensus import PROVIDER
from coinmux.framework.questions import query_from
from coinmux.framework.reference.assets import AssetTable
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.reporting import GatewayReports
from coinmux.framework.reports.answerable import AnswerableReports
from coinmux.framework.reports.configuration import (
    ConfigurationReports,
    PluginsReport,
    ReloadReport,
)
from coinmux.framework.reports.health import HealthReports
from coinmux.framework.reports.plugins import PluginReports
from coinmux.framework.reports.providers import ProviderReports
from coinmux.framework.reports.status import StatusReports
from coinmux.framework.routing.market_directory import MarketDirectory
from coinmux.framework.routing.options import (
    CONSENSUS,
    LEAST_TIMEOUT_S,
    MOST_TIMEOUT_S,
    RequestOptions,
)
from coinmux.framework.routing.router import Router
from coinmux.framework.secrets import Redactor
from coinmux.framework.sources.registry import SourceRegistry
from coinmux.framework.suggest import near
from coinmux.framework.tracing.kinds import kinds_for
from coinmux.framework.transport.choice import transport_named

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
    from types import TracebackType

    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.cache.store import AnswerCache
    from coinmux.framework.cluster.cluster import Cluster
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.framework.limits.limiter import Limiter
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.models.text import TextSentiment
    from coinmux.framework.other_workers import OtherWorkers
    from coinmux.framework.plugins.extensions.alert_kinds import AlertChannelKind
    from coinmux.framework.secrets import Secret
    from coinmux.framework.sources.source import Source
    from coinmux.framework.streams.feed_figures import FeedUse
    from coinmux.framework.streams.service import LiveFeeds, LiveFigures
    from coinmux.framework.suggest import near
    from coinmux.framework.tracing.spans import Tracing
    from coinmux.framework.transport.choice import Transport

T = TypeVar("T")
#: The archive in `DATA_DIR`.
ARCHIVE_FILE = "archive.db"
_DOLLARS = ("USD", "USDT", "USDC")
_DEFAULT = RequestOptions()


class Gateway(GatewayQuestions, GatewayStreams, GatewayReports):
    """One door to every source. Use it as an async context manager.

    ```python
    async with Gateway.from_env() as gateway:
        answer = await gateway.ticker("BTC/USDT")
        print(answer.data.last, answer.provider)
    ```

    Two gateways in one process share nothing.

    Args:
        env: the configuration.
        found: plugins; those installed when None.
        environ: read again by `reload`, in place of the process environment.
        clock: tells the time.
        simulated: marks every answer as simulated.
        transport: carries every request, in place of what `HTTP_TRANSPORT` names: any
            `httpx.AsyncBaseTransport`. The gateway closes it.
        plugin_folders: of projects whose `pyproject.toml` names plugins that need not be
            installed; Python must find their modules.
    """

    def __init__(
        self,
        env: EnvConfig,
        *,
        found: Iterable[Found] | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        simulated: bool = False,
        transport: Transport | None = None,
        plugin_folders: Sequence[Path] = (),
    ) -> None:
        settings = env.settings
        self.clock = clock if clock is not None else SystemClock()
        self.simulated = simulated
        self.started_ms: int = self.clock.wall_ms()
        self.redactor = Redactor()
        kinds = self._kinds = kinds_for(settings, self.redactor)
        self.events = EventBus(self.clock)
        self.history = HealthHistory(self.clock)
        self.health = HealthTracker(
            self.clock,
            HealthSettings(retry_s=settings.offline_retry_s, growth=settings.offline_growth),
        )
        self.cache: AnswerCache = kinds.cache(
            self.clock, entries=settings.cache_entries, size=settings.cache_mb * 1_048_576
        )
        self.assets = AssetTable.shipped()
        self.router = Router(
            self.health, self.clock, probes_first=not settings.checker, assets=self.assets.symbols
        )
        self.markets_known = MarketDirectory(self.assets, self.clock)
        self.health.subscribe(self.router.on_change)
        self.health.subscribe(self.history.on_change)
        self.health.subscribe(ChangeEvents(self.events, self.redactor).on_change)
        self.loader = PluginLoader(plugin_folders)
        self.extensions: ExtensionsInUse = ExtensionsInUse(
            self.loader.extensions, self.events, self.redactor, self.clock, self._use_extensions
        )
        self._live: LiveFeeds | None = None
        self.registry = SourceRegistry(
            env, environ, self.loader, self.health, self.events, self.redactor, self.assets,
            self.clock, self._use_sources,
        )  # fmt: skip
        self.indicators = IndicatorService(self, lambda: self.loader.indicators)
        self._client = kinds.client(
            self.clock,
            self.redactor,
            transport=transport
            if transport is not None
            else transport_named(settings.http_transport, env.values),
        )
        self._decisions = DecisionLog(self.events, self.redactor, self.router, self.clock)
        self._leases = Leases(self.health)
        self.clocks: ClockWatch = ClockWatch(self.clock, self._clock_changed)
        self._client.on_date = self.clocks.date
        runner = kinds.runner(
            self.health, self._leases, self._client, self.clock, self.events, self.clocks
        )
        self._dispatcher = kinds.dispatcher(
            self.registry, self.router, self.health, runner, self.cache, self._decisions,
            self.clock, self._leases, self.fetch, lambda: self.loader.capabilities.values(),
            simulated=simulated,
        )  # fmt: skip
        self._dispatcher.suggest = self.markets_known.suggest
        self._dispatcher.on_stored(self.markets_known.on_stored, "markets")
        self._dispatcher.finishers = {"news": NewsScorer(self.clock, self._scores).finish}
        self.is_open: bool = False
        self.consumers: Consumers = Consumers(self.clock)
        self._use_consumers()
        self._probes = SourceProbe(
            self.health, self._leases, runner, self._decisions, self._dispatcher.inputs_of,
            self.clock,
        )  # fmt: skip
        self.archive: Archive | None = None
        self.archive_expected: bool = False
        self.state: Cluster | None = None
        #: The other workers; set before it is opened, or the shared state.
        self.others: OtherWorkers | None = None
        self._stop_events: Callable[[], None] | None = None
        self.checker = HealthChecker(
            self.registry, self.health, self.probe, self._may_lead, self.events, self.clock
        )
        self.health.subscribe(self.checker.on_change)
        self._lists = MarketLists(
            self.registry, self.health, self.markets_known, self._own_question, self.events,
            self.clock,
        )  # fmt: skip
        self._housekeeping = Housekeeping(
            self.registry.adopt_if_ready, self.save_holds, self.save_quota,
            self.loader.read_grades, self.events, self.clock,
        )  # fmt: skip
        self.backfill = Backfill(self.fetch, self._may_fill, self.events, self.clock)
        self._holds: CooldownFile | None = None
        self._incidents = IncidentRecorder(
            self.registry, self.health, self.loader, self._decisions, self.status, self._may_lead,
            self.redactor, self.events, self.clock, workers=settings.workers,
            folder=lambda: self.settings.data_dir if self.archive_expected else None,
        )  # fmt: skip
        self._dispatcher.on_stored(self._incidents.warnings.feeds.on_stored, "news")
        self.health.subscribe(self._incidents.on_change)
        self.incidents: IncidentLog = IncidentLog(
            self._incidents, self.clock, self.health.sources, lambda: self.loader.capabilities
        )
        self.alerts: Alerter = Alerter(
            self._incidents, lambda: self.settings, self.loader.extensions.alert_kinds,
            self._alert_values, self._incidents.operator.spares, self.redactor, self.events,
            self.clock, simulated=simulated,
        )  # fmt: skip
        self._health_reports = HealthReports(self.health, self.registry, self.clock)
        self._configuration = ConfigurationReports(self.registry, self._health_reports)
        self._providers = ProviderReports(
            self.registry, self.loader, self._health_reports, self.clock
        )
        self._status = StatusReports(
            self.registry,
            AnswerableReports(
                self.registry, self.health, lambda: self.loader.capabilities, self.clock
            ),
            self._health_reports, self._providers, self.clock,
            started_at=self.clock.monotonic(), simulated=simulated,
        )  # fmt: skip
        self.renewal: Renewal = Renewal(
            self.registry, self.loader, self.events, self.indicators.retire
        )
        self._plugins = PluginReports(
            self.registry, self.loader, self.renewal, self.extensions.faults
        )
        #: One reload at a time, and those under way.
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Task[Any]] = set()
        self.registry.load(found)

    @classmethod
    def from_env(
        cls,
        env_file: str | Path | None = DEFAULT_ENV_FILE,
        *,
        environ: Mapping[str, str] | None = None,
        found: Iterable[Found] | None = None,
        clock: Clock | None = None,
        simulated: bool = False,
        transport: Transport | None = None,
        plugin_folders: Sequence[Path] = (),
    ) -> Self:
        """A gateway configured by `.env` and the process environment, which wins.

        Args:
            env_file: path of the `.env` file, None for none.
            environ: in place of the process environment.
            found, clock, simulated, transport, plugin_folders: as for the class.

        Raises:
            InvalidSetting: a variable has a value that cannot be used.
        """
        path = None if env_file is None else Path(env_file)
        env = EnvConfig(path, os.environ if environ is None else environ)
        return cls(
            env,
            found=found,
            environ=environ,
            clock=clock,
            simulated=simulated,
            transport=transport,
            plugin_folders=plugin_folders,
        )

    def _clock_changed(self, skew_s: float) -> None:
        """Say once that our own clock is off, and once that it no longer is."""
        if skew_s:
            self.events.publish("error", in_words(skew_s), level="error")
        else:
            self.events.publish("config", "this machine's clock agrees with the sources again")

    def keep_holds(self, path: Path) -> None:
        """Store bans and used-up quotas in a file from now on, and load those it contains."""
        self._holds = CooldownFile(path, self.health, self.clock)
        try:
            self._holds.restore()
        except (OSError, ValueError) as error:
            self.events.publish("config", f"{path.name} cannot be read: {error}", level="warning")

    def _use_sources(self, sources: Mapping[str, Source]) -> None:
        self.router.use(sources)
        self.markets_known.use(sources)
        if self._live is not None:
            self._live.refresh()

    def _use_extensions(self, extensions: ExtensionsInUse) -> None:
        self.router.advisers = extensions.advisers
        self._dispatcher.cache_rules = extensions.rules

    def _alert_values(self, kind: AlertChannelKind) -> dict[str, Secret]:
        """The variables of a plugin's kind of alert channel that are set."""
        found = {one.name: self.env.value_of(one) for one in kind.env}
        return {name: value for name, value in found.items() if value is not None}

    def _use_consumers(self) -> None:
        """Charge those of `API_KEYS`; without keys nothing of it is on the way of a request."""
        consumers = self.consumers
        consumers.use(self.settings.api_keys)
        is_on = consumers.is_on
        self._client.charge = consumers.charge if is_on else None
        self._dispatcher.check_budget = consumers.check_budget if is_on else None
        self.router.over_share = consumers.shares.over if is_on else None
        if self.is_open:
            consumers.start()

    async def _own_question(
        self, source: Source, capability: str, query: Query, limit_s: float
    ) -> Result | None:
        return await self._probes.fetch(source, self.capability(capability), query, limit_s)

    def save_quota(self) -> None:
        """Store the use of quotas in the archive, where there is one."""
        if self.archive is not None:
            self.archive.keep_quota(rows_of(self._limiters(), self.clock))

    def _limiters(self) -> dict[str, Limiter]:
        return {source.name: source.gate for source in self.sources.values()}

    def save_holds(self) -> None:
        """Write the cooldowns if they changed and a file for them is set.

        Raises:
            OSError: the file cannot be written.
        """
        if self._holds is not None:
            self._holds.save()

    def _live_feeds(self) -> LiveFeeds:
        if self._live is None:
            # Imported by the first who follows something: no start waits for it.
            from coinmux.framework.streams.service import LiveFeeds

            self._live = LiveFeeds(
                self.registry, self.router, self.health, self._client, self._dispatcher,
                self.fetch, self.clocks, self.events, self.clock, simulated=self.simulated,
                shared=None if self.state is None else self.state.feeds(),
            )  # fmt: skip
        return self._live

    def _patience_s(self) -> float:
        return self.settings.request_timeout_s

    def feeds(self) -> list[FeedUse]:
        """Each feed that is followed now, in figures."""
        return [] if self._live is None else self._live.uses()

    def live_figures(self) -> LiveFigures | None:
        """What live feeds and their connections counted; None before the first is followed."""
        return None if self._live is None else self._live.figures()

    async def open_archive(self, file: Path | None = None) -> None:
        """Store candles, state changes and events from now on; load the stored history.

        Args:
            file: of the database, where no `DATABASE_URL` is set; one in `DATA_DIR` without.

        Raises:
            InvalidRequest: `DATABASE_URL` is no address of a known database.
        """
        self.archive_expected = True
        waiting = WaitingAnswers()
        self._dispatcher.on_stored(waiting.keep)
        # Import the archive only when it is used, and in a thread, so that the event loop is not
        # blocked.
        module = await asyncio.to_thread(import_module, "coinmux.framework.archive.archive")
        try:
            archive: Archive = self._kinds.archive(module.Archive).from_settings(
                self.settings,
                self.clock,
                self.events,
                self.settings.data_dir / ARCHIVE_FILE if file is None else file,
            )
        except InvalidRequest:
            self.archive_expected = False
            raise
        # Set before it is open, so that closing the gateway meanwhile closes the archive too.
        self.archive = archive
        answers = ArchivedAnswers(archive, self.cache, self.clock, simulated=self.simulated)
        self._dispatcher.archived = answers
        waiting.hand_to(answers)
        self.health.subscribe(archive.keep_change)
        await archive.open()
        since_ms = self.clock.wall_ms() - round(KEEP_S * 1000)
        self.history.restore(await archive.changes(since_ms))
        take_up(await archive.quota(), self._limiters(), self.clock)
        if self.others is not None:
            await self.others.count_known()
        await self._incidents.use(archive.incidents)
        await self.consumers.use_store(ARCHIVE, archive.usage)
        await self._incidents.operator.use(archive.sayings)
        archive.mark_start()
        self._stop_events = self.events.subscribe(archive.keep_event)
        self.backfill.start(archive)

    async def __aenter__(self) -> Self:
        self.is_open = True
        if self.settings.archive or self.settings.database_url is not None:
            await self.open_archive()
        if self._holds is None and self.settings.holds_file is not None:
            self.keep_holds(self.settings.holds_file)
        if self.settings.state_url is not None:
            await self._use_state(self.settings.state_url)
        if self.others is not None:
            self._leases.may_probe = self.others.may_probe
            await self.others.open()
            self.consumers.use_windows(self.others)
            self.consumers.workers = self.settings.workers
            if self.state is not None:
                await self.consumers.use_store(STORE, self.state.usage)
        elif self.settings.workers > 1:
            for source in self.sources.values():
                source.gate.divide(self.settings.workers)
            self.consumers.divide(self.settings.workers)
        self.consumers.start()
        self.extensions.start()
        self.checker.start()
        self._lists.start()
        self._housekeeping.start()
        self._incidents.start()
        self.alerts.start()
        return self

    async def _use_state(self, url: Secret) -> None:
        """Share with the workers of all machines, in place of those of this one alone."""
        # Imported here, so that a single worker starts without it.
        shared = await asyncio.to_thread(import_module, "coinmux.framework.cluster.cluster")
        state: Cluster = shared.Cluster(
            url, self.registry, self.health, self.cache, self.events, self.clock, self.reload_soon,
            self._dispatcher.known, workers=self.settings.workers, simulated=self.simulated,
        )  # fmt: skip
        self.others = self.state = state
        self._dispatcher.shared = state.answers

    async def _may_lead(self, work: str) -> bool:
        """Whether this worker does the background work; only one of all workers does."""
        return self.others is None or await self.others.leads(work)

    async def _may_fill(self) -> bool:
        return self.settings.backfill and await self._may_lead("backfill")

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every call and background task; nothing is left running."""
        self.is_open = False
        for task in self._reloads:
            task.cancel()
        await asyncio.gather(*self._reloads, return_exceptions=True)
        await self.checker.stop()
        await self._lists.stop()
        await self._housekeeping.stop()
        await self._incidents.stop()
        await self.alerts.stop()
        await self.backfill.stop()
        if self._live is not None:
            await self._live.close()
        try:
            self.save_holds()
        except OSError as error:
            self.events.publish("error", f"holds are not kept: {error}", level="error")
        await self._dispatcher.close()
        await self.extensions.stop()
        await self.consumers.close()
        self.indicators.close()
        await self._client.close()
        if self.others is not None:
            await self.others.close()
        if self.archive is not None:
            if self._stop_events is not None:
                self._stop_events()
            self.save_quota()
            self.archive.mark_stop()
            await self.archive.close()
        if self.tracing is not None:
            await self.tracing.close()

    async def wait_loaded(self, timeout_s: float = 30.0) -> list[str]:
        """Wait until every plugin has loaded, or is listed as broken after `PLUGIN_LOAD_TIMEOUT_S`.

        A gateway starts without plugins that load slowly and adds them later. Wait where a list
        must be complete.

        Args:
            timeout_s: how long to wait at most.

        Returns:
            The names of the plugins that are still loading.
        """
        return await self.registry.wait_loaded(timeout_s)

    @property
    def tracing(self) -> Tracing | None:
        """What traces are written with; None without a `TRACES_URL`."""
        return self._kinds.tracing

    @property
    def env(self) -> EnvConfig:
        """The configuration in force."""
        return self.registry.env

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.registry.env.settings

    @property
    def sources(self) -> Mapping[str, Source]:
        """Sources by name."""
        return self.registry.sources

    @property
    def capabilities(self) -> Mapping[str, Capability]:
        """Every kind of question, plugin-made ones included."""
        return self.loader.capabilities

    @overload
    async def fetch(
        self,
        query: Query[R_co],
        options: RequestOptions = ...,
        /,
        *,
        request_id: str | None = None,
        trail: DecisionTrail | None = None,
    ) -> Answer[R_co]: ...

    @overload
    async def fetch(
        self,
        capability: str,
        query: Query[R_co],
        options: RequestOptions = ...,
        /,
        *,
        request_id: str | None = None,
        trail: DecisionTrail | None = None,
    ) -> Answer[R_co]: ...

    async def fetch(
        self,
        asked: str | Query[R_co],
        query: Query[R_co] | RequestOptions = _DEFAULT,
        options: RequestOptions = _DEFAULT,
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
        if isinstance(asked, str):
            row = self.loader.capabilities.get(asked) or self.capability(asked)
            if not isinstance(query, row.query):
                raise InvalidRequest(f"{row.name} takes a {row.query.__name__}")
            return await self._answer(row, query, options, request_id, trail)
        if not isinstance(query, RequestOptions):
            raise InvalidRequest("fetch takes a query and its RequestOptions")
        return await self._answer(self._row_of(asked), asked, query, request_id, trail)

    def _row_of(self, query: Query) -> Capability:
        """The capability `query` asks for, by its type."""
        kind = type(query)
        rows = [row for row in self.loader.capabilities.values() if row.query is kind]
        if len(rows) == 1:
            return rows[0]
        names = " or ".join(row.name for row in rows)
        raise InvalidRequest(
            f"{kind.__name__} asks for {names}; name one: fetch({rows[0].name!r}, query)"
            if rows
            else f"no capability takes a {kind.__name__}"
        )

    def _answer(
        self,
        row: Capability,
        query: Query[R_co],
        options: RequestOptions,
        request_id: str | None,
        trail: DecisionTrail | None,
    ) -> Coroutine[Any, Any, Answer[R_co]]:
        # A row's result is that of its query, which the row cannot say in types.
        if "cursor" in query.__dict__:
            query, options = opened(row, query, options)
        if not options.quote_fallback:
            return self._dispatcher.answer(row, query, options, request_id, trail)  # type: ignore[return-value]
        return self._in_any_dollars(row, query, options, request_id, trail)

    async def _in_any_dollars(
        self,
        row: Capability,
        query: Query[R_co],
        options: RequestOptions,
        request_id: str | None,
        trail: DecisionTrail | None,
    ) -> Answer[R_co]:
        """The answer in the currency asked for, or in another dollar where nobody lists that."""
        until = Deadline.after(self.clock, options.timeout_s or self.settings.request_timeout_s)
        unlisted: UnknownSymbol | None = None
        for alternative in _in_other_dollars(query):
            left = replace(options, timeout_s=max(until.remaining_s(), LEAST_TIMEOUT_S))
            try:
                answer = await self._dispatcher.answer(row, alternative, left, request_id, trail)
                return cast("Answer[R_co]", answer)
            except UnknownSymbol as error:
                # Only a pair that no source lists is asked for in another currency, never one
                # that failed.
                unlisted = unlisted or error
        assert unlisted is not None
        raise unlisted

    # The warning is issued by hand: a decorator would hide that this is a coroutine function.
    @deprecated("Gateway.ask is now Gateway.fetch", category=None)
    async def ask(
        self,
        capability: str,
        query: Query[R_co],
        ask: RequestOptions = _DEFAULT,
        *,
        request_id: str | None = None,
    ) -> Answer[R_co]:
        """The old name of `fetch`; it leaves with the next release."""
        warnings.warn("Gateway.ask is now Gateway.fetch", DeprecationWarning, stacklevel=2)
        return await self.fetch(capability, query, ask, request_id=request_id)

    async def _scores(self, query: TextSentimentQuery, within_s: float) -> Answer[TextSentiment]:
        timeout_s = min(max(within_s, LEAST_TIMEOUT_S), MOST_TIMEOUT_S)
        return await self.fetch(query, RequestOptions(timeout_s=timeout_s))

    def peek(
        self, capability: str, query: Query[R_co], options: RequestOptions = _DEFAULT
    ) -> Answer[R_co] | None:
        """A fresh answer from the cache, or None; asks no source."""
        if options.quote_fallback:
            return None
        row = self.loader.capabilities[capability]
        if "cursor" in query.__dict__:
            query, options = opened(row, query, options)
        answer = self._dispatcher.peek(row, query, options)
        return cast("Answer[R_co] | None", answer)

    async def get(
        self, capability: str, /, *, options: RequestOptions = _DEFAULT, **parameters: object
    ) -> Answer:
        """Any capability by name, its query's fields as keywords: `get("gas", chain="bitcoin")`."""
        return await self.fetch(capability, self.query(capability, parameters), options)

    async def probe(self, source: Source, capability: str, query: Query) -> bool:
        """Ask one source one question only to learn whether it answers.

        Returns:
            Whether it was asked: it is not during a cooldown, or while another probe runs.

        Raises:
            ProviderError, UnknownSymbol: as it ended; its outcome is recorded already.
        """
        return await self._probes.run(source, self.capability(capability), query)

    def query(self, capability: str, parameters: Mapping[str, object]) -> Query:
        """A query from loose values, such as those of a query string.

        Raises:
            InvalidRequest: each value that is refused, by name.
        """
        values = dict(parameters)
        if isinstance(symbol := values.get("symbol"), str):
            values["symbol"] = self.parse_symbol(symbol)
        return query_from(self.capability(capability).query, values, capability)

    def parse_symbol(self, text: str) -> Symbol:
        """A pair as a person writes it, with the default quote and the known assets."""
        return Symbol.parse(
            text,
            default_quote=self.settings.default_quote,
            assets=self.assets.symbols,
            markets=self.markets_known,
        )

    def explain(
        self, capability: str, query: Query, options: RequestOptions = _DEFAULT
    ) -> dict[str, Any]:
        """What the next such request would do, and why; calls no source."""
        row = self.capability(capability)
        query, options = opened(row, query, options)
        self._dispatcher.check(row, query, options)
        stored = self.cache.get(key_of(row, query, options))
        now = self.clock.monotonic()
        cached = None
        if stored is not None:
            fresh = is_fresh(stored, now, options.max_age_s)
            cached = {
                "provider": stored.provider,
                "age_s": round(now - stored.fetched_at, 3),
                "fresh": fresh,
                "used": fresh or may_refresh(stored, now, options.max_age_s),
            }
        together = self.settings.consensus_sources if options.strategy == CONSENSUS else 1
        candidates = self.router.explain(row.name, query, options, together=together)
        chosen = [c["provider"] for c in candidates if c["verdict"] == "chosen"]
        first = PROVIDER if len(chosen) > 1 else next(iter(chosen), None)
        rule = self._dispatcher.rule_for(row, query)
        return {
            "capability": row.name,
            "query": describe(query),
            "strategy": options.strategy,
            "pinned": options.provider,
            "served_from": "cache" if cached and cached["used"] else first,
            "cache": cached,
            "cache_rule": None if rule is None else rule.public(),
            "candidates": candidates,
        }

    def decision(self, request_id: str) -> dict[str, Any]:
        """What was decided for a request that was made.

        Raises:
            NotFound: no decision is stored under that id.
        """
        return self._decisions.decision(request_id)

    async def reload(self) -> ReloadReport:
        """Read settings and keys again, and look which plugins are installed; what changed.

        A new plugin is taken in, one that is gone is retired; one that was upgraded waits for a
        restart. Calls in flight end on the settings and plugins they began with. The other workers
        of this server do the same.

        Raises:
            InvalidSetting: a value cannot be used; everything stays as it was.
        """
        return await self._in_turn(asked=True)

    def reload_soon(self, *, asked: bool = False) -> None:
        """Begin to reload; an event says what became of it.

        Args:
            asked: whether the other workers are to do the same.
        """

        async def reload() -> None:
            try:
                await self._in_turn(asked=asked)
            except CoinmuxError as error:
                message = self.redactor.clean(f"the settings stay as they were: {error.detail}")
                self.events.publish("config", message, level="error")

        self._in_background(reload())

    async def swap_plugins(self, keys: Iterable[tuple[str, str]]) -> PluginChanges:
        """Load plugins again from their files while the process runs; for their authors.

        Args:
            keys: name of the entry point and of the distribution of each.

        Returns:
            what became of them: one that does not load goes on as it was.
        """
        async with self._reloading:
            changes = await self.renewal.swap(keys)
            self._plugins_changed()
        return changes

    async def _in_turn(self, *, asked: bool) -> ReloadReport:
        # What has begun ends, be its caller gone or not: half of it would be neither.
        return await asyncio.shield(self._in_background(self._reload(asked=asked)))

    def _in_background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
        return task

    async def _reload(self, *, asked: bool) -> ReloadReport:
        async with self._reloading:
            # Before the settings, which may name a plugin that was installed just now.
            await self.renewal.look()
            changes = self.registry.reload(asked=asked)
            self._use_consumers()
            self.cache.clear()
            if self.others is not None:
                self.others.attach()
            if asked and self.state is not None:
                self.state.news.reload()
            plugins = await self.renewal.renew()
            self._plugins_changed()
            return ReloadReport(**changes, plugins=PluginsReport.of(plugins))

    def _plugins_changed(self) -> None:
        self.cache.clear()
        if self.others is not None:
            self.others.attach()

    def capability(self, name: str) -> Capability:
        """The capability of that name.

        Raises:
            InvalidRequest: with those there are.
        """
        row = self.loader.capabilities.get(name)
        if row is None:
            known = list(self.loader.capabilities)
            problem = {"name": "capability", "message": "takes a known capability", "known": known}
            raise InvalidRequest(
                f"no capability {name[:60]!r}", errors=[problem], did_you_mean=near(name, known)
            )
        return row


def _in_other_dollars(query: Query[R_co]) -> list[Query[R_co]]:
    """The query, then itself in the other dollars."""
    symbol = query.__dict__.get("symbol")
    if symbol is None or symbol.quote not in _DOLLARS:
        return [query]
    quotes = [symbol.quote, *(quote for quote in _DOLLARS if quote != symbol.quote)]
    return [
        query.model_copy(update={"symbol": Symbol.of(symbol.base, quote)})
        for quote in quotes
        if quote != symbol.base
    ]
