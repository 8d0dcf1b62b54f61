"""Answers that are held back as stale or doubted: what they count for, and when one is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.dispatch.attempt import DoubtfulResult, MisplacedResult
from coinmux.framework.dispatch.request import SourceAnswer
from coinmux.framework.errors import Implausible, LocalClock, Outcome, Stale
from coinmux.framework.health.classify import record_error
from coinmux.framework.quality.jump_check import figure_of

if TYPE_CHECKING:
    from coinmux.framework.dispatch.attempt import StaleResult
    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.errors import ProviderError
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Result
    from coinmux.framework.quality.consensus import Deviations


class HeldAnswers:
    """Decides about the held answers of a request once it is known what other sources said."""

    def __init__(self, health: HealthTracker, deviations: Deviations) -> None:
        self._health = health
        self._deviations = deviations

    def settle(self, request: RequestContext, answer: Result) -> None:
        """Record what every held answer counts for, now that another source answered."""
        for held in request.stale:
            self._settle(request, held, answer)

    def _settle(self, request: RequestContext, held: StaleResult, answer: Result) -> None:
        """Record what one held answer counts for.

        A stale answer is a failure, because another source was fresher (`faults.md` E4). A doubted
        answer is a success where the other source agrees with it, and otherwise an outlier (E5,
        E9).
        """
        if isinstance(held, MisplacedResult):
            # The range is the caller's choice, and moves no source's health.
            error: ProviderError = Implausible(held.detail)
            error.outcome = Outcome.NEUTRAL
            record_error(self._health, held.lease, error, held.elapsed_s)
            return
        if not isinstance(held, DoubtfulResult):
            failure = LocalClock(held.detail) if held.is_our_clock else Stale(held.detail)
            if not held.may_count:
                failure.outcome = Outcome.NEUTRAL
            record_error(self._health, held.lease, failure, held.elapsed_s)
            return
        doubted = figure_of(request.row, request.query, held.result)
        other = figure_of(request.row, request.query, answer)
        assert doubted is not None
        if other is not None and doubted.agrees(other.value):
            self._health.record(held.lease, Outcome.SUCCESS, elapsed_s=held.elapsed_s)
            return
        by_other = "nothing" if other is None else f"{other.value:g}"
        error = Implausible(f"{held.detail}; {by_other} by another source")
        error.outcome = (
            self._deviations.outcome(held.source, request.row.name)
            if held.may_count
            else Outcome.NEUTRAL
        )
        record_error(self._health, held.lease, error, held.elapsed_s)

    def best(self, request: RequestContext) -> SourceAnswer | None:
        """The held answer to serve because no other source answered; None where none is held.

        A doubted answer goes first, then one that begins late, then a stale one; none that is
        refused (`faults.md` E5). None of them counts for or against its source, as there was
        nothing to compare it with.
        """
        for held in request.stale:
            self._health.record(
                held.lease, Outcome.NEUTRAL, elapsed_s=held.elapsed_s, code=held.code
            )
        kept = [
            one for one in request.stale if not (isinstance(one, DoubtfulResult) and one.is_refused)
        ]
        if not kept:
            return None
        doubted = next((one for one in kept if isinstance(one, DoubtfulResult)), None)
        misplaced = [one for one in kept if isinstance(one, MisplacedResult)]
        if doubted is None and misplaced:
            earliest = min(misplaced, key=lambda one: one.result.begins_ms() or 0)
            notes = (*earliest.result.notes, f"{earliest.detail}; no source asked has older ones")
            result = earliest.result.model_copy(update={"notes": notes})
            return SourceAnswer(earliest.source, result)
        if doubted is None:
            oldest = kept[0]
            return SourceAnswer(oldest.source, oldest.result, stale=True)
        note = f"doubted: {doubted.detail}; no other source could be heard"
        notes = (*doubted.result.notes, note)
        return SourceAnswer(doubted.source, doubted.result.model_copy(update={"notes": notes}))

    def release(self, request: RequestContext) -> None:
        """Release the leases of held answers that were not judged, as if they had not been asked.

        Leases that were recorded do not change.
        """
        for held in request.stale:
            self._health.release(held.lease)
