"""The configuration as it is reported: features, variables that are not set, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from coinmux.framework.config.provider_config import find_feature
from coinmux.framework.reports.base import FrozenReport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.adoption.changes import PluginChange, PluginChanges
    from coinmux.framework.reports.health import HealthReports
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

SettingValue = bool | int | float | str | list[str] | None


class VariableReport(FrozenReport):
    """One environment variable that a feature reads. Its value is never shown."""

    name: str
    required: bool
    present: bool
    description: str
    signup_url: str | None


class FeatureReport(FrozenReport):
    """A provider as a feature: enabled, or the reason why not."""

    name: str
    provider: str
    category: str
    title: str
    enabled: bool
    reason: Annotated[str | None, Meta(description="A code; null while it is enabled")]
    variables: tuple[VariableReport, ...]


class FeatureSummary(FrozenReport):
    """Features by whether they are enabled."""

    total: int
    enabled: int
    disabled: int


class FeatureList(FrozenReport):
    """Every feature."""

    summary: FeatureSummary
    features: tuple[FeatureReport, ...]


class MissingVariable(FrozenReport):
    """A variable that is not set, and the feature it belongs to."""

    variable: str
    feature: str
    category: str
    required: bool
    description: str
    signup_url: str | None


class MissingReport(FrozenReport):
    """Every variable that is not set."""

    missing: tuple[MissingVariable, ...]


class SettingReport(FrozenReport):
    """One of coinmux's own settings."""

    variable: str
    value: Annotated[
        SettingValue,
        Meta(description="The value in force; null where there is none, and for secrets"),
    ]
    default: SettingValue
    origin: Literal["default", "file", "environment"]
    secret: bool
    present: Annotated[bool, Meta(description="Whether it is set at all")]
    restart: Annotated[bool, Meta(description="Whether a change needs a restart")]
    description: str


class SettingList(FrozenReport):
    """Every setting."""

    settings: tuple[SettingReport, ...]


class PluginChangeReport(FrozenReport):
    """What became of one plugin."""

    name: Annotated[str, Meta(description="Of its entry point")]
    origin: Annotated[str, Meta(description="The package it comes from")]
    version: str
    detail: Annotated[str, Meta(description="Why it is broken or waits; empty otherwise")]


class PluginsReport(FrozenReport):
    """What a look at the installed plugins led to."""

    adopted: Annotated[
        tuple[PluginChangeReport, ...], Meta(description="They run now, and did not before")
    ]
    retired: Annotated[
        tuple[PluginChangeReport, ...],
        Meta(description="They are uninstalled or switched off, and run no longer"),
    ]
    broken: Annotated[
        tuple[PluginChangeReport, ...], Meta(description="They were loaded now, and do not run")
    ]
    waiting: Annotated[
        tuple[PluginChangeReport, ...],
        Meta(description="They were upgraded, and run as they were until a restart"),
    ]

    @classmethod
    def of(cls, changes: PluginChanges) -> PluginsReport:
        """The report of these changes."""
        return cls(
            adopted=_lines(changes.adopted),
            retired=_lines(changes.retired),
            broken=_lines(changes.broken),
            waiting=_lines(changes.waiting),
        )


class ReloadReport(FrozenReport):
    """The effect of a reload: by provider, and on plugins."""

    enabled: tuple[str, ...]
    disabled: tuple[str, ...]
    warnings: Annotated[
        tuple[str, ...], Meta(description="Lines that could not be used, and names nothing reads")
    ]
    plugins: PluginsReport


def _lines(changes: Iterable[PluginChange]) -> tuple[PluginChangeReport, ...]:
    return tuple(
        PluginChangeReport(name=one.name, origin=one.origin, version=one.version, detail=one.detail)
        for one in changes
    )


class ConfigurationReports:
    """Makes the reports on the configuration."""

    def __init__(self, registry: SourceRegistry, health: HealthReports) -> None:
        self._registry = registry
        self._health = health

    def features(self) -> FeatureList:
        """Every feature, and how many are enabled."""
        lines = tuple(self._feature(source) for source in self._by_name())
        on = sum(line.enabled for line in lines)
        counts = FeatureSummary(total=len(lines), enabled=on, disabled=len(lines) - on)
        return FeatureList(summary=counts, features=lines)

    def feature(self, name: str) -> FeatureReport:
        """One feature, its name in any case.

        Raises:
            UnknownFeature: with near names.
        """
        sources = self._registry.sources
        features = {source.name: source.feature for source in sources.values()}
        return self._feature(sources[find_feature(features, name).info.name])

    def settings(self) -> SettingList:
        """coinmux's own settings: the value in force, and where it comes from."""
        lines = self._registry.env.setting_lines()
        return SettingList(settings=tuple(SettingReport(**line) for line in lines))

    def missing(self) -> MissingReport:
        """Every variable that is not set, and the feature it would enable."""
        lines = tuple(
            MissingVariable(
                variable=variable.name,
                feature=source.name,
                category=source.info.category,
                required=variable.required,
                description=variable.description,
                signup_url=variable.signup_url or None,
            )
            for source in self._by_name()
            for variable in source.info.env
            if source.info.retired is None and variable.name not in source.feature.present
        )
        return MissingReport(missing=lines)

    def _feature(self, source: Source) -> FeatureReport:
        feature, info = source.feature, source.info
        live = self._health.live_reason(source)
        return FeatureReport(
            name=info.name,
            provider=info.name,
            category=info.category,
            title=info.title,
            enabled=feature.enabled and live is None,
            reason=feature.reason or live,
            variables=tuple(
                VariableReport(
                    name=variable.name,
                    required=variable.required,
                    present=variable.name in feature.present,
                    description=variable.description,
                    signup_url=variable.signup_url or None,
                )
                for variable in info.env
            ),
        )

    def _by_name(self) -> list[Source]:
        return [self._registry.sources[name] for name in sorted(self._registry.sources)]
