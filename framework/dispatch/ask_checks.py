"""Whether a request can be answered in the way its options ask for, checked before any source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import FeatureDisabled, InvalidRequest
from coinmux.framework.health.tracker import State
from coinmux.framework.routing.options import CONSENSUS
from coinmux.framework.sources.metrics import check_metric
from coinmux.framework.sources.source import Refusal

if TYPE_CHECKING:
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.sources.registry import SourceRegistry


def check_request(
    row: Capability,
    query: Query,
    ask: RequestOptions,
    registry: SourceRegistry,
    health: HealthTracker,
) -> None:
    """Check the pinned provider, the strategy, and the metric asked for.

    Raises:
        UnknownMetric: no source that may be asked has that metric.
        InvalidRequest: the capability has no consensus, or the provider does not offer it.
        UnknownProvider: there is no provider of that name.
        FeatureDisabled: the provider is off or retired.
    """
    if ask.strategy == CONSENSUS:
        _check_consensus(row, ask)
    if ask.provider is not None:
        _check_pinned(row, ask.provider, registry, health)
    metric = query.needed_metric()
    if metric is not None:
        sources = [s for s in registry.sources.values() if row.name in s.fetch]
        check_metric(metric, [s for s in sources if ask.provider in (None, s.name)])


def _check_consensus(row: Capability, ask: RequestOptions) -> None:
    message = None
    if row.consensus is None:
        message = f"has no consensus for {row.name}"
    elif ask.provider is not None:
        message = "consensus asks several providers, and one is pinned"
    if message is not None:
        raise InvalidRequest(
            f"strategy {message}", errors=[{"name": "strategy", "message": message}]
        )


def _check_pinned(
    row: Capability, provider: str, registry: SourceRegistry, health: HealthTracker
) -> None:
    source = registry.source(provider)
    refusal = source.disabled()
    # A retired provider offers nothing: the error says why it is gone, not that it lacks this.
    if source.info.retired is not None and refusal is not None:
        raise FeatureDisabled(f"{source.name} is off: {refusal.detail}", reason=refusal.code)
    if row.name not in source.fetch:
        known = [s.name for s in registry.sources.values() if row.name in s.fetch]
        message = f"does not offer {row.name}"
        raise InvalidRequest(
            f"{source.name} {message}",
            errors=[{"name": "provider", "message": message, "known": known}],
        )
    standing = health.standing(source.name, row.name)
    if refusal is None and standing.state is State.DISABLED and not standing.probe:
        refusal = Refusal(standing.detail or "key_refused", "its key was refused")
    if refusal is not None:
        raise FeatureDisabled(
            f"{source.name} is off: {refusal.detail}",
            reason=refusal.code,
            missing=source.feature.missing,
        )
