"""Providers, their capabilities and text models, as they are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from coinmux.framework.clock import wall_at
from coinmux.framework.health.circuit import State
from coinmux.framework.limits.quota import quota_lines
from coinmux.framework.plugins.extensions.routes import whole_path
from coinmux.framework.reference.metrics import METRICS
from coinmux.framework.reports.base import FrozenReport, UnixMs
from coinmux.framework.reports.health import SourceHealth
from coinmux.framework.sources.metrics import metrics_of

if TYPE_CHECKING:
    from collections import Counter

    from coinmux.framework.clock import Clock
    from coinmux.framework.health.remarks import Remarks
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.discovery import PluginLoader
    from coinmux.framework.reference.metrics import MetricInfo
    from coinmux.framework.reports.health import HealthReports
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source


class WindowReport(FrozenReport):
    """One rate limit, and its use."""

    requests: Annotated[float, Meta(description="Allowed in `per_s` seconds, by weight")]
    per_s: Annotated[float, Meta(description="Length of the window in seconds")]
    used: Annotated[float, Meta(description="Used of it within the window until now")]


class LimitReport(FrozenReport):
    """The limits of a provider, and their use."""

    concurrent: Annotated[int, Meta(description="Calls allowed at the same time")]
    in_flight: Annotated[int, Meta(description="Calls under way")]
    waiting: Annotated[int, Meta(description="Calls that wait for a permit")]
    windows: tuple[WindowReport, ...]


class QuotaReport(FrozenReport):
    """One daily or monthly quota, and its use."""

    window_s: Annotated[float, Meta(description="Length of the window in seconds")]
    limit: float
    used: float
    remaining: float


class ProviderReport(FrozenReport):
    """One provider."""

    name: str
    title: str
    category: str
    capabilities: tuple[str, ...]
    state: State
    enabled: bool
    reason: Annotated[str | None, Meta(description="A code; null while it is enabled")]
    priority: Annotated[int, Meta(description="The lower, the earlier it is asked")]
    limits: LimitReport
    quota: Annotated[tuple[QuotaReport, ...] | None, Meta(description="null without a quota")]
    rows_left_out: Annotated[
        int, Meta(description="Rows of its answers that could not be read, since the start")
    ]
    grade: Annotated[str | None, Meta(description="Of its conformance report")]
    homepage: str | None
    origin: Annotated[str, Meta(description="The package or module it comes from")]
    version: str | None


class AssetChoiceReport(FrozenReport):
    """Which of several coins of one ticker a provider's name was resolved to."""

    asset: str
    id: Annotated[str, Meta(description="The provider's own id of the coin")]
    name: str
    rank: Annotated[int | None, Meta(description="By market capitalisation, from 1")]
    candidates: Annotated[int, Meta(description="Coins that share the ticker")]
    chosen_at: UnixMs


class RemarkReport(FrozenReport):
    """Something that could not be read, and how often."""

    what: Annotated[
        str, Meta(description="Kind of row (`trades`), or a field; empty for several together")
    ]
    reason: Annotated[str, Meta(description="Why it could not be read")]
    count: Annotated[int, Meta(description="How often, since the start")]


class RemarksReport(FrozenReport):
    """What could not be read of a provider's answers since the start; the rest was served."""

    answers: Annotated[int, Meta(description="Answers that were served with remarks")]
    last_at: Annotated[
        int | None, Meta(description="Time of the latest, Unix ms; null if there was none")
    ]
    rows: Annotated[
        tuple[RemarkReport, ...], Meta(description="Rows left out, the most frequent reason first")
    ]
    fields: Annotated[
        tuple[RemarkReport, ...],
        Meta(description="Fields read as null, the most frequent reason first"),
    ]


class ProviderDetail(ProviderReport):
    """One provider, with its channels, coin choices, limits and what could not be read of it."""

    remarks: RemarksReport
    channels: tuple[SourceHealth, ...]
    intervals: Annotated[
        tuple[str, ...] | None, Meta(description="Candle lengths; null where all are offered")
    ]
    quotes: Annotated[
        tuple[str, ...] | None, Meta(description="Quote currencies; null where not limited")
    ]
    chains: Annotated[tuple[str, ...] | None, Meta(description="null where not limited")]
    asks: Annotated[
        tuple[str, ...], Meta(description="Capabilities it asks other sources for; mostly none")
    ]
    assets: tuple[AssetChoiceReport, ...]
    terms_url: str | None
    docs_url: str | None
    notes: str | None


class BrokenPlugin(FrozenReport):
    """A plugin that did not load."""

    name: str
    origin: str
    error: str


class PluginWarning(FrozenReport):
    """What is odd about a plugin that works."""

    name: str
    origin: str
    message: Annotated[str, Meta(description="Such as a hook without its mark")]


class PluginPage(FrozenReport):
    """A page that a plugin adds."""

    plugin: str
    title: str
    path: Annotated[str, Meta(description="Below the server's address")]


class ProviderList(FrozenReport):
    """Every provider, the plugins that did not load, and the pages of those that did."""

    providers: tuple[ProviderReport, ...]
    broken: tuple[BrokenPlugin, ...]
    warnings: Annotated[
        tuple[PluginWarning, ...], Meta(description="Plugins that work in part, or load slowly")
    ]
    pages: tuple[PluginPage, ...]


class FreshnessReport(FrozenReport):
    """How long an answer is served from the cache."""

    fresh_s: Annotated[float, Meta(description="Seconds an answer is fresh")]
    refresh_s: Annotated[
        float, Meta(description="Seconds after that it is served while a new one is fetched")
    ]
    failed_s: Annotated[
        float, Meta(description="Seconds after that it is served where every source fails")
    ]


class CapabilityReport(FrozenReport):
    """One kind of question."""

    name: str
    title: Annotated[str, Meta(description="Its name for people")]
    group: Annotated[str, Meta(description="What it belongs to: `market`, `chain`, `news` …")]
    description: str
    query: Annotated[dict[str, Any], Meta(description="JSON Schema of the question")]
    freshness: FreshnessReport
    providers: tuple[str, ...]
    enabled_providers: tuple[str, ...]


class CapabilityList(FrozenReport):
    """Every kind of question."""

    capabilities: tuple[CapabilityReport, ...]


class MetricReport(FrozenReport):
    """One on-chain metric."""

    name: str
    description: str
    unit: Annotated[str | None, Meta(description="Of its figures; null where it is not said")]
    providers: Annotated[tuple[str, ...], Meta(description="Those that have it")]
    enabled_providers: tuple[str, ...]
    assets: Annotated[
        tuple[str, ...] | None, Meta(description="The only coins; null where any may be asked")
    ]


class MetricFormReport(FrozenReport):
    """A form of further names, by which a source's own metrics are asked for."""

    form: Annotated[str, Meta(description="`query/<id>`")]
    description: str
    providers: tuple[str, ...]


class MetricList(FrozenReport):
    """Every on-chain metric that can be asked for."""

    metrics: tuple[MetricReport, ...]
    forms: tuple[MetricFormReport, ...]


class ModelReport(FrozenReport):
    """One text model."""

    id: str
    provider: str
    task: str
    active: bool
    reason: Annotated[str | None, Meta(description="A code; null while it is active")]
    health: State


class ModelSummary(FrozenReport):
    """Text models by whether they are active."""

    total: int
    active: int


class ModelList(FrozenReport):
    """Every text model."""

    summary: ModelSummary
    models: tuple[ModelReport, ...]


class ProviderReports:
    """Makes the reports on providers, capabilities and text models."""

    def __init__(
        self,
        registry: SourceRegistry,
        loader: PluginLoader,
        health: HealthReports,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._loader = loader
        self._health = health
        self._clock = clock

    def every(self) -> ProviderList:
        """Every provider, and the plugins that did not load."""
        return ProviderList(
            providers=tuple(self._line(source) for source in self._by_name()),
            broken=tuple(
                BrokenPlugin(name=one.name, origin=one.origin, error=one.error)
                for one in self._loader.broken
            ),
            warnings=tuple(
                PluginWarning(name=one.name, origin=one.origin, message=one.message)
                for one in self._loader.doubts
            ),
            pages=tuple(
                PluginPage(plugin=one.plugin, title=route.page, path=whole_path(one, route))
                for one in self._loader.extensions
                for route in one.routes
                if route.page is not None
            ),
        )

    def of(self, name: str) -> ProviderDetail:
        """One provider, with its channels, coin choices, limits and remarks.

        Raises:
            UnknownProvider: with near names.
        """
        source = self._registry.source(name)
        info = source.info
        return ProviderDetail(
            **msgspec.structs.asdict(self._line(source)),
            remarks=_remarks(self._health.remarks(info.name), self._clock),
            channels=tuple(
                self._health.of(f"{info.name}:{channel.name}") for channel in info.channels
            ),
            intervals=None if info.intervals is None else tuple(info.intervals),
            quotes=None if info.quotes is None else tuple(sorted(info.quotes)),
            chains=None if info.chains is None else tuple(info.chains),
            asks=info.asks,
            assets=tuple(AssetChoiceReport(**choice) for choice in source.assets.choices()),
            terms_url=info.terms_url or None,
            docs_url=info.docs_url or None,
            notes=info.notes or None,
        )

    def capabilities(self) -> CapabilityList:
        """Every capability with its query's JSON Schema and the providers that serve it."""
        rows = self._loader.capabilities.values()
        return CapabilityList(capabilities=tuple(self._capability(row) for row in rows))

    def metrics(self) -> MetricList:
        """Every on-chain metric, with the providers that have it."""
        serving = [one for one in self._by_name() if "onchain_metric" in one.fetch]
        by_name: dict[str, list[tuple[Source, MetricInfo]]] = {}
        by_form: dict[str, tuple[str, list[str]]] = {}
        for source in serving:
            for name, info in metrics_of(source).items():
                by_name.setdefault(name, []).append((source, info))
            for form in source.info.metric_forms:
                by_form.setdefault(form.written, (form.description, []))[1].append(source.name)
        return MetricList(
            metrics=tuple(_metric(name, by_name[name]) for name in sorted(by_name)),
            forms=tuple(
                MetricFormReport(form=form, description=words, providers=tuple(names))
                for form, (words, names) in sorted(by_form.items())
            ),
        )

    def models(self) -> ModelList:
        """Text models, each with the health of its channel where it has one of its own."""
        models = tuple(
            self._model(source, model, channel)
            for source in self._by_name()
            if "text_sentiment" in source.fetch
            for model, channel in (source.info.models or {source.name: ""}).items()
        )
        active = sum(model.active for model in models)
        return ModelList(summary=ModelSummary(total=len(models), active=active), models=models)

    def _line(self, source: Source) -> ProviderReport:
        info = source.info
        live = self._health.live_reason(source)
        limits = source.gate.snapshot()
        windows = tuple(WindowReport(**window) for window in limits.pop("windows"))
        quota = quota_lines(source.gate.windows, self._clock.monotonic())
        return ProviderReport(
            name=info.name,
            title=info.title,
            category=info.category,
            capabilities=tuple(sorted(source.fetch)),
            state=self._health.state(info.name),
            enabled=source.feature.enabled and live is None,
            reason=source.feature.reason or live,
            priority=source.priority,
            limits=LimitReport(**limits, windows=windows),
            quota=tuple(QuotaReport(**line) for line in quota) or None,
            rows_left_out=self._health.remarks(info.name).rows_left_out,
            grade=source.provider.grade,
            homepage=info.homepage or None,
            origin=source.provider.origin,
            version=source.provider.version,
        )

    def _capability(self, row: Capability) -> CapabilityReport:
        serving = [source for source in self._by_name() if row.name in source.fetch]
        return CapabilityReport(
            name=row.name,
            title=row.label,
            group=row.group,
            description=row.description,
            query=row.query.model_json_schema(),
            freshness=FreshnessReport(
                fresh_s=row.freshness.fresh_s,
                refresh_s=row.freshness.refresh_s,
                failed_s=row.freshness.failed_s,
            ),
            providers=tuple(source.name for source in serving),
            enabled_providers=tuple(source.name for source in serving if source.feature.enabled),
        )

    def _model(self, source: Source, model: str, channel: str) -> ModelReport:
        state = self._health.state(f"{source.name}:{channel}" if channel else source.name)
        reason = source.feature.reason or self._health.live_reason(source)
        return ModelReport(
            id=model,
            provider=source.name,
            task="text_sentiment",
            active=reason is None and state not in (State.OFFLINE, State.DISABLED),
            reason=reason or ("offline" if state is State.OFFLINE else None),
            health=state,
        )

    def _by_name(self) -> list[Source]:
        return [self._registry.sources[name] for name in sorted(self._registry.sources)]


def _remarks(remarks: Remarks, clock: Clock) -> RemarksReport:
    return RemarksReport(
        answers=remarks.answers,
        last_at=None if remarks.last_at is None else wall_at(clock, remarks.last_at),
        rows=_counted(remarks.rows),
        fields=_counted(remarks.fields),
    )


def _counted(reasons: Counter[tuple[str, str]]) -> tuple[RemarkReport, ...]:
    return tuple(
        RemarkReport(what=what, reason=reason, count=count)
        for (what, reason), count in reasons.most_common()
    )


def _metric(name: str, having: list[tuple[Source, MetricInfo]]) -> MetricReport:
    """One metric, described as the common names are, else as the first source says."""
    common = METRICS.get(name) or having[0][1]
    limits = [info.assets for _, info in having]
    coins = {coin for limit in limits for coin in limit or ()}
    return MetricReport(
        name=name,
        description=common.description,
        unit=common.unit,
        providers=tuple(source.name for source, _ in having),
        enabled_providers=tuple(source.name for source, _ in having if source.feature.enabled),
        assets=None if None in limits else tuple(sorted(coins)),
    )
