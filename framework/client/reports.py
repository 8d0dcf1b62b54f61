"""What a server says of itself, by the names that `Gateway` has for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from coinmux.framework.client.asking import segment

if TYPE_CHECKING:
    from coinmux.framework.health.history import SourceHistory
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

T = TypeVar("T")


class Reports:
    """The reports of a running server."""

    async def provider_list(self) -> ProviderList:
        """Every provider, and the plugins that did not load."""
        from coinmux.framework.reports.providers import ProviderList

        return await self._report("/api/providers", ProviderList)

    async def provider(self, name: str) -> ProviderDetail:
        """One provider, with its channels, coin choices and limits.

        Raises:
            UnknownProvider: with near names.
        """
        from coinmux.framework.reports.providers import ProviderDetail

        return await self._report(f"/api/providers/{segment(name)}", ProviderDetail)

    async def capability_list(self) -> CapabilityList:
        """Every capability with its query's JSON Schema and the providers that serve it."""
        from coinmux.framework.reports.providers import CapabilityList

        return await self._report("/api/capabilities", CapabilityList)

    async def metric_list(self) -> MetricList:
        """Every on-chain metric, with the providers that have it."""
        from coinmux.framework.reports.providers import MetricList

        return await self._report("/api/onchain", MetricList)

    async def model_status(self) -> ModelList:
        """Text models, and which of them answer."""
        from coinmux.framework.reports.providers import ModelList

        return await self._report("/api/models/status", ModelList)

    async def source_health(self) -> HealthReport:
        """Every source, channels included, with a count of each state."""
        from coinmux.framework.reports.health import HealthReport

        return await self._report("/api/source-health/status", HealthReport)

    async def source_health_of(self, name: str) -> SourceHealth:
        """One source (`binance`) or channel (`rss_news:coindesk`).

        Raises:
            UnknownProvider: with near names.
        """
        from coinmux.framework.reports.health import SourceHealth

        return await self._report(f"/api/source-health/status/{segment(name)}", SourceHealth)

    async def source_history(self, name: str, window_s: int = 86_400) -> SourceHistory:
        """State intervals, incidents and uptime of one source.

        Args:
            window_s: seconds that are looked back, from a minute to a week.

        Raises:
            UnknownProvider: with near names.
            InvalidRequest: another window.
        """
        from coinmux.framework.health.history import SourceHistory

        path = f"/api/source-health/history/{segment(name)}"
        return await self._report(path, SourceHistory, {"window_s": window_s})

    async def features(self) -> FeatureList:
        """Every feature, and how many are enabled."""
        from coinmux.framework.reports.configuration import FeatureList

        return await self._report("/api/config/features", FeatureList)

    async def feature(self, name: str) -> FeatureReport:
        """One feature, its name in any case.

        Raises:
            UnknownFeature: with near names.
        """
        from coinmux.framework.reports.configuration import FeatureReport

        return await self._report(f"/api/config/features/{segment(name)}", FeatureReport)

    async def missing(self) -> MissingReport:
        """Every variable that is not set, and the feature it would enable."""
        from coinmux.framework.reports.configuration import MissingReport

        return await self._report("/api/config/missing", MissingReport)

    async def setting_list(self) -> SettingList:
        """coinmux's own settings: the value in force, and where it comes from."""
        from coinmux.framework.reports.configuration import SettingList

        return await self._report("/api/config/settings", SettingList)

    async def plugin_list(self) -> PluginList:
        """Every installed plugin: what it holds, whether it is on, and why not."""
        from coinmux.framework.reports.plugins import PluginList

        return await self._report("/api/plugins", PluginList)

    async def usage(self) -> UsageReport:
        """What this client's consumer may and did this month; of everybody for the operator."""
        from coinmux.framework.reports.usage import UsageReport

        return await self._report("/api/usage", UsageReport)

    async def status(self) -> GatewayStatus:
        """A summary of the state of the server."""
        from coinmux.framework.reports.status import GatewayStatus

        return await self._report("/api/status", GatewayStatus)

    # How it is asked

    @abstractmethod
    async def _report(
        self, path: str, kind: type[T], values: Mapping[str, object] | None = None
    ) -> T:
        """A report of the server."""
