"""Which on-chain metrics the sources have: those they declare, and those a setting names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import UnknownMetric
from coinmux.framework.reference.metrics import METRICS, MetricInfo, named_metrics
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.plugins.provider_info import ProviderInfo
    from coinmux.framework.sources.source import Source


def declares_metrics(info: ProviderInfo) -> bool:
    """Whether the provider says which metrics it has; one that does not is asked for any."""
    return bool(info.metrics or info.metric_forms or info.metrics_from)


def metrics_of(source: Source) -> dict[str, MetricInfo]:
    """The metrics of one source, those that its setting names included."""
    info = source.info
    found = dict(info.metrics)
    for name in named_metrics(source.setting(info.metrics_from)):
        found.setdefault(name, METRICS.get(name) or MetricInfo(f"as {info.metrics_from} says"))
    return found


def lacks_metric(source: Source, metric: str) -> bool:
    """Whether the source has no such metric, by what it declares."""
    info = source.info
    return (
        declares_metrics(info)
        and metric not in metrics_of(source)
        and not any(form.fits(metric) for form in info.metric_forms)
    )


def lacks_asset(source: Source, metric: str, asset: object) -> bool:
    """Whether the source has the metric, but not of that coin."""
    known = source.info.metrics.get(metric)
    return known is not None and known.assets is not None and asset not in known.assets


def check_metric(metric: str, serving: Iterable[Source]) -> None:
    """Refuse a metric that none of `serving` has, those that are off included.

    Raises:
        UnknownMetric: with the known ones, and near ones.
    """
    serving = list(serving)
    if not serving or not all(lacks_metric(source, metric) for source in serving):
        return
    forms = {form.written for source in serving for form in source.info.metric_forms}
    known = sorted({name for source in serving for name in metrics_of(source)})
    whose = serving[0].name if len(serving) == 1 else "no source"
    verb = "has no" if len(serving) == 1 else "has a"
    raise UnknownMetric(
        f"{whose} {verb} metric {metric!r}; GET /api/onchain lists those there are",
        known=[*known, *sorted(forms)],
        did_you_mean=near(metric.replace("-", "_"), known),
    )
