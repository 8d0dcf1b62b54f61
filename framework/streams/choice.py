"""Which sources can tell a question, best first, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.health.tracker import live_name
from coinmux.framework.sources.source import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Query
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.routing.router import Router
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source of a capability.

    Attributes:
        refusal: why it cannot be followed now; None where it can.
    """

    source: Source
    refusal: Refusal | None = None


class Choice:
    """Judges sources by what they offer, their settings and the health of their feeds."""

    def __init__(self, registry: SourceRegistry, router: Router, health: HealthTracker) -> None:
        self._registry = registry
        self._router = router
        self._health = health

    def candidates(
        self, capability: str, query: Query, options: RequestOptions
    ) -> Iterator[Candidate]:
        """Every source that offers the capability, in order, judged as it is reached."""
        ordered_by = "fastest" if options.strategy == "fastest" else "priority"
        for _, source in self._router.order(capability, ordered_by):
            yield Candidate(source, self._refusal(source, capability, query, options))
        for source in self._registry.sources.values():
            # A source may push what it cannot be asked for.
            if capability not in source.fetch and can_follow(source, capability):
                yield Candidate(source, self._refusal(source, capability, query, options))

    def _refusal(
        self, source: Source, capability: str, query: Query, options: RequestOptions
    ) -> Refusal | None:
        if options.provider is not None and options.provider != source.name:
            return Refusal("not_pinned", f"{options.provider} is pinned", for_good=True)
        if not source.feature.enabled:
            return source.disabled()
        if not can_follow(source, capability):
            return Refusal("no_socket", f"pushes no {capability}: it is asked", for_good=True)
        if capability in source.fetch:
            refusal = source.refusal(capability, query)
            if refusal is not None:
                return refusal
        name = live_name(source.name)
        if name not in self._health.sources():
            return None  # never followed
        standing = self._health.standing(name, f"stream_{capability}")
        if standing.eligible or standing.probe:
            return None
        return self._router.standing_refusal(standing)


def can_follow(source: Source, capability: str) -> bool:
    """Whether the source pushes it, or what it can be made of."""
    follow = source.provider.follow
    return capability in follow or (capability == "candles" and "trades" in follow)
