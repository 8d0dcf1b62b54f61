"""A composite price: the median of the live feeds that agree. Pure.

What feeds told last goes in with its time, one answer comes out, by the rules by which several
answers to a request are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.quality.consensus import PROVIDER, Vote, deviation_percent, judge, merged

if TYPE_CHECKING:
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.capability import Consensus
    from coinmux.framework.quality.consensus import ConsensusVerdict

#: What was told longer ago is not compared.
_OLDEST_S = 30.0
#: Fewer feeds agree with nobody.
_LEAST = 2


@dataclass(frozen=True, slots=True)
class CompositeAnswer:
    """What the feeds say together.

    Attributes:
        provider: `consensus`, or the one source that is left.
        result: None where no feed tells anything, or no majority of them agrees.
        sources: those whose median it is.
        outliers: those that are left out of it, each with how far it is above it in percent.
        new_outliers: those of them that were none the last time.
        left_out: those that are not compared, and why.
        notes: what else is to be said.
    """

    provider: str
    result: Result | None
    sources: tuple[str, ...] = ()
    outliers: tuple[tuple[str, float], ...] = ()
    new_outliers: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class Composite:
    """The newest data of several feeds about one market.

    Args:
        rule: how they are compared: `Capability.consensus`.
        sources: whose feeds these are, best first.
        oldest_s: seconds for which what a feed told is compared.
    """

    def __init__(
        self, rule: Consensus, sources: Sequence[str], *, oldest_s: float = _OLDEST_S
    ) -> None:
        self._rule = rule
        self._oldest_s = oldest_s
        self._sources = tuple(sources)
        #: source -> what it told last, and when (monotonic).
        self._told: dict[str, tuple[Result, float]] = {}
        #: source -> why it tells nothing.
        self._lost: dict[str, str] = {}
        self._outliers: frozenset[str] = frozenset()

    def tell(self, source: str, result: Result, at: float) -> None:
        """Note what a feed told, and the monotonic time of it."""
        self._told[source] = (result, at)
        self._lost.pop(source, None)

    def lose(self, source: str, why: str) -> None:
        """A feed is broken or gone: it counts no more until it tells something again."""
        self._told.pop(source, None)
        self._lost[source] = why

    def answer(self, now: float) -> CompositeAnswer:
        """What the feeds say together at the monotonic time `now`."""
        votes, left_out = self._votes(now)
        verdict = judge(votes, self._rule)
        left_out += [
            (vote.source, "its time is behind that of the others") for vote in verdict.late
        ]
        outliers = tuple(
            (vote.source, deviation_percent(vote.value, verdict.value) or 0.0)
            for vote in verdict.outliers
        )
        names = frozenset(source for source, _ in outliers)
        new = tuple(source for source, _ in outliers if source not in self._outliers)
        self._outliers = names
        agreed = tuple(vote.source for vote in verdict.agreed)
        is_alone = len(agreed) < _LEAST
        return CompositeAnswer(
            provider=agreed[0] if agreed and is_alone else PROVIDER,
            result=merged(verdict, self._rule) if agreed else None,
            sources=agreed,
            outliers=outliers,
            new_outliers=new,
            left_out=tuple(left_out),
            notes=self._notes(votes, verdict),
        )

    def _votes(self, now: float) -> tuple[list[Vote], list[tuple[str, str]]]:
        """What is compared, best source first, and who is not, with the reason."""
        votes: list[Vote] = []
        left_out: list[tuple[str, str]] = []
        for source in self._sources:
            told = self._told.get(source)
            if told is None:
                left_out.append((source, self._lost.get(source, "it has told nothing yet")))
                continue
            result, at = told
            value = getattr(result, self._rule.field)
            if now - at > self._oldest_s:
                left_out.append((source, f"it told nothing for {now - at:.0f} s"))
            elif value is None:
                left_out.append((source, f"it does not tell {self._rule.field}"))
            else:
                votes.append(Vote(source, result, value, result.own_time_ms()))
        return votes, left_out

    def _notes(self, votes: Sequence[Vote], verdict: ConsensusVerdict) -> tuple[str, ...]:
        if len(verdict.agreed) >= _LEAST:
            return ()
        if not votes:
            return ("no feed told anything lately",)
        if len(verdict.agreed) == 1:
            return (f"only {verdict.agreed[0].source} is heard: nobody confirms it",)
        values = ", ".join(f"{vote.source} {vote.value:g}" for vote in votes)
        return (f"sources disagree about {self._rule.field}: {values}",)
