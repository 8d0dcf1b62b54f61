"""The order of sources as plugins advise it, and what is said of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coinmux.framework.plugins.extensions.advice import GivenAdvice
    from coinmux.framework.routing.ranking import SourceScore
    from coinmux.framework.sources.source import Source


@dataclass(frozen=True, slots=True)
class AdvisedOrder:
    """Sources in the order to try them, health first, then advice, then rank.

    Attributes:
        pairs: scores and sources in their order.
        given: the advice about each source that has any.
    """

    pairs: Sequence[tuple[SourceScore, Source]]
    given: Mapping[str, tuple[GivenAdvice, ...]]

    @classmethod
    def of(
        cls,
        ranked: Sequence[tuple[SourceScore, Source]],
        given: Mapping[str, tuple[GivenAdvice, ...]],
    ) -> AdvisedOrder:
        """The ranked sources, moved within their tiers."""
        pairs = sorted(ranked, key=lambda one: (one[0].tier, -_weight(given, one[0].name)))
        return cls(pairs, given)

    def after_first(self, first: SourceScore, other: SourceScore) -> tuple[str, str] | None:
        """Why advice has `other` go after `first`; None where advice is not the reason."""
        if first.tier != other.tier:
            return None
        for_first, for_other = _weight(self.given, first.name), _weight(self.given, other.name)
        if for_first == for_other:
            return None
        # What weighs more of the two: the one preferred, or the one to be avoided.
        about = first.name if abs(for_first) >= abs(for_other) else other.name
        return "advised", self.said(about)

    def said(self, name: str) -> str:
        """The advice about a source in a sentence."""
        return "; ".join(
            f"{one.plugin} would {'rather' if one.weight > 0 else 'rather not'} ask {name}: "
            f"{one.reason}"
            for one in self.given.get(name, ())
        )

    def public(self, name: str) -> list[dict[str, Any]]:
        """The advice about a source, for `explain`."""
        return [one._asdict() for one in self.given.get(name, ())]


def _weight(given: Mapping[str, tuple[GivenAdvice, ...]], name: str) -> float:
    """What all plugins say of a source together, from -1 to 1."""
    return max(-1.0, min(1.0, sum(one.weight for one in given.get(name, ()))))
