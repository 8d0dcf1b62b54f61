"""Consensus of several sources: the median of those that agree, and outliers (`faults.md` E5).

Pure: answers go in, a verdict comes out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import Outcome

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.capability import Consensus

#: The provider of an answer that several sources agreed on.
PROVIDER = "consensus"
#: Answers whose own times are further apart are not about the same moment.
_MOMENT_MS = 30_000
#: Deviations forgiven within `_MEMORY_S`; the next counts as a failure.
_FORGIVEN = 2
_MEMORY_S = 600.0
#: Of two answers that differ, it is unknown which is wrong; outliers need a third.
LEAST_TO_JUDGE = 3


@dataclass(frozen=True, slots=True)
class Vote:
    """One source's answer.

    Attributes:
        at_ms: the answer's own time, None where it has none.
    """

    source: str
    result: Result
    value: float
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class ConsensusVerdict:
    """The result of comparing the votes.

    Attributes:
        agreed: votes near the median of all, in rank order; empty where no majority agrees.
        outliers: votes that are not near it; empty where fewer than three were compared.
        late: votes about an older moment, which are not compared.
        value: the median of the votes that agree.
    """

    agreed: tuple[Vote, ...]
    outliers: tuple[Vote, ...]
    late: tuple[Vote, ...]
    value: float | None

    @property
    def spread_percent(self) -> float | None:
        """How far the highest agreed value is above the lowest, in percent of the median."""
        values = [vote.value for vote in self.agreed]
        if not values or not self.value:
            return None
        return 100 * (max(values) - min(values)) / abs(self.value)

    def public(self, rule: Consensus, asked: int) -> dict[str, Any]:
        """As `meta.consensus` shows it."""
        return {
            "field": rule.field,
            "value": self.value,
            "asked": asked,
            "quorum": len(self.agreed),
            "spread_percent": None
            if self.spread_percent is None
            else round(self.spread_percent, 6),
            "agreed": [{"provider": vote.source, "value": vote.value} for vote in self.agreed],
            "outliers": [
                {
                    "provider": vote.source,
                    "value": vote.value,
                    "deviation_percent": deviation_percent(vote.value, self.value),
                }
                for vote in self.outliers
            ],
        }


def deviation_percent(value: float, middle: float | None) -> float | None:
    """How far a value is above the median, in percent; None where there is none."""
    return None if not middle else round(100 * (value - middle) / abs(middle), 4)


def judge(votes: Sequence[Vote], rule: Consensus) -> ConsensusVerdict:
    """Compare votes in rank order; without a majority near the median, none agrees."""
    newest = max((vote.at_ms for vote in votes if vote.at_ms is not None), default=0)
    late = tuple(v for v in votes if v.at_ms is not None and newest - v.at_ms > _MOMENT_MS)
    compared = [vote for vote in votes if vote not in late]
    if not compared:
        return ConsensusVerdict((), (), late, None)
    middle = median(vote.value for vote in compared)
    agreed = tuple(vote for vote in compared if rule.agrees(vote.value, middle))
    if len(compared) < LEAST_TO_JUDGE:
        # Two votes must agree with each other, not with the median between them.
        alike = all(rule.agrees(vote.value, compared[0].value) for vote in compared)
        agreed = tuple(compared) if alike else ()
    if 2 * len(agreed) <= len(compared):
        return ConsensusVerdict((), (), late, None)
    outliers = tuple(vote for vote in compared if vote not in agreed)
    return ConsensusVerdict(agreed, outliers, late, median(vote.value for vote in agreed))


def merged(verdict: ConsensusVerdict, rule: Consensus) -> Result:
    """The agreed answer nearest to the median, with the medians as its merged fields."""
    assert verdict.value is not None
    middle = verdict.value
    nearest = min(verdict.agreed, key=lambda vote: abs(vote.value - middle)).result
    if not rule.merged:
        return nearest
    figures = {}
    for name in rule.merged:
        values = [getattr(vote.result, name) for vote in verdict.agreed]
        known = [value for value in values if value is not None]
        if known and getattr(nearest, name) is not None:
            figures[name] = median(known)
    return nearest.model_copy(update=figures)


class Deviations:
    """How often each source was an outlier.

    One or two deviations in ten minutes are forgiven (a thin market, a late update). From the third
    on, each counts as a failure of the source.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def outcome(self, source: str, capability: str) -> Outcome:
        """What one more deviation counts for."""
        now = self._clock.monotonic()
        times = self._seen.setdefault((source, capability), deque(maxlen=_FORGIVEN + 1))
        times.append(now)
        recent = sum(now - at <= _MEMORY_S for at in times)
        return Outcome.FAILURE if recent > _FORGIVEN else Outcome.NEUTRAL
