"""The reporting half of `Gateway`: what it shows of itself, and the two resets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from coinmux.framework.config.api_keys import OPERATOR
from coinmux.framework.reports.usage import UsageReport, usage_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.alerts.alerter import Alerter
    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.background.health_checker import HealthChecker
    from coinmux.framework.background.housekeeping import Housekeeping
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.cluster import Cluster
    from coinmux.framework.consumers.consumers import Consumers
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.history import HealthHistory, SourceHistory
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.other_workers import OtherWorkers
    from coinmux.framework.quality.clock_watch import ClockWatch
    from coinmux.framework.reports.configuration import (
        ConfigurationReports,
        FeatureList,
        FeatureReport,
        MissingReport,
        SettingList,
    )
    from coinmux.framework.reports.health import HealthReport, HealthReports, SourceHealth
    from coinmux.framework.reports.plugins import PluginList, PluginReport, PluginReports
    from coinmux.framework.reports.providers import (
        CapabilityList,
        MetricList,
        ModelList,
        ProviderDetail,
        ProviderList,
        ProviderReports,
    )
    from coinmux.framework.reports.status import GatewayStatus, StatusReports
    from coinmux.framework.sources.source import Source


class GatewayReports(ABC):
    """Each report is a frozen type of `framework/reports`, made when it is asked for."""

    alerts: Alerter
    archive: Archive | None
    archive_expected: bool
    clock: Clock
    clocks: ClockWatch
    consumers: Consumers
    checker: HealthChecker
    events: EventBus
    health: HealthTracker
    history: HealthHistory
    is_open: bool
    others: OtherWorkers | None
    state: Cluster | None
    _configuration: ConfigurationReports
    _health_reports: HealthReports
    _housekeeping: Housekeeping
    _providers: ProviderReports
    _plugins: PluginReports
    _status: StatusReports

    @property
    @abstractmethod
    def sources(self) -> Mapping[str, Source]:
        """Sources by name."""

    def source_health(self) -> HealthReport:
        """Every source, channels included, with a count of each state."""
        return self._health_reports.every()

    def source_health_of(self, name: str) -> SourceHealth:
        """One source (`binance`) or channel (`rss_news:coindesk`).

        Raises:
            UnknownProvider: with near names.
        """
        return self._health_reports.of(name)

    def source_history(self, name: str, window_s: float) -> SourceHistory:
        """State intervals, incidents and uptime of one source over the last `window_s` seconds."""
        return self.history.of(self._health_reports.known(name), window_s)

    def features(self) -> FeatureList:
        """Every feature, and how many are enabled."""
        return self._configuration.features()

    def feature(self, name: str) -> FeatureReport:
        """One feature, its name in any case.

        Raises:
            UnknownFeature: with near names.
        """
        return self._configuration.feature(name)

    def setting_list(self) -> SettingList:
        """coinmux's own settings: the value in force, and where it comes from."""
        return self._configuration.settings()

    def missing(self) -> MissingReport:
        """Every variable that is not set, and the feature it would enable."""
        return self._configuration.missing()

    def provider_list(self) -> ProviderList:
        """Every provider, and the plugins that did not load."""
        return self._providers.every()

    def provider(self, name: str) -> ProviderDetail:
        """One provider, with its channels, coin choices and limits.

        Raises:
            UnknownProvider: with near names.
        """
        return self._providers.of(name)

    def plugin_list(self) -> PluginList:
        """Every installed plugin: what it holds, whether it is on, and why not."""
        return self._plugins.every()

    def plugin(self, name: str) -> list[PluginReport]:
        """The installed plugins of that name; mostly one.

        Raises:
            NotFound: with near names.
        """
        return self._plugins.of(name)

    def capability_list(self) -> CapabilityList:
        """Every capability with its query's JSON Schema and the providers that serve it."""
        return self._providers.capabilities()

    def metric_list(self) -> MetricList:
        """Every on-chain metric, with the providers that have it."""
        return self._providers.metrics()

    def model_status(self) -> ModelList:
        """Text models, and which of them answer."""
        return self._providers.models()

    def status(self) -> GatewayStatus:
        """A summary of the state of the gateway; the server adds its own fields."""
        return self._status.of(
            self.archive,
            self.state,
            self.checker,
            archive_expected=self.archive_expected,
            skew_s=self.clocks.skew_s,
            not_kept=self._housekeeping.trouble,
            alerts=self.alerts.service(),
        )

    def usage(self, you: str | None = OPERATOR) -> UsageReport:
        """What each consumer may and did this month; nobody is listed while no keys are set.

        Args:
            you: for whom it is: a consumer sees itself, the operator everybody.
        """
        return usage_report(self.consumers, self.sources, self.clock, you)

    def ready(self) -> tuple[bool, str]:
        """Whether questions can be answered, and why not; not ready where the whole is OFFLINE."""
        if not self.is_open:
            return False, "stopping"
        whole = self._status.answerable.now()
        return whole.status != "OFFLINE", whole.reason

    def reset(self, name: str) -> SourceHealth:
        """Forget the failures and cooldowns of one source; its state after that."""
        known = self._health_reports.known(name)
        self.health.reset(known)
        if self.others is not None:
            self.others.reset(known)
        self.events.publish("config", f"health of {known} was reset", source=known)
        return self.source_health_of(known)

    def reset_all(self) -> HealthReport:
        """Forget the failures and cooldowns of every source; the states after that."""
        self.health.reset_all()
        if self.others is not None:
            self.others.reset(None)
        self.events.publish("config", "health of every source was reset")
        return self.source_health()
