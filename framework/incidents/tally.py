"""Who answered in place of what is down: counted from the decisions, in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import AllProvidersFailed, DeadlineExceeded, NoProviderAvailable
from coinmux.framework.incidents.record import Sample
from coinmux.framework.routing.ranking import would_lead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coinmux.framework.dispatch.decision import Decision
    from coinmux.framework.incidents.record import Record
    from coinmux.framework.models.base import Query

#: The provider of an answer that was kept from before, because no source answered.
KEPT_ANSWERS = "cache"
#: Requests that nobody answered; other errors say something about the question.
_FAILED = frozenset((AllProvidersFailed.code, NoProviderAvailable.code, DeadlineExceeded.code))


class Tally:
    """Counts requests to the incidents that concerned them.

    A request concerns a source that is down if it failed there, or if the source would have been
    asked before the one that answered.

    Args:
        can_serve: whether a source can answer that question of a capability at all.
    """

    def __init__(self, can_serve: Callable[[str, str, Query], bool]) -> None:
        self._can_serve = can_serve
        #: A request that failed may still get a kept answer: a later decision then says so.
        self._unsettled: dict[int, tuple[Decision, list[Record]]] = {}

    def count(self, decisions: Sequence[Decision], records: Iterable[Record]) -> set[str]:
        """Count the newest decisions, oldest first.

        Args:
            records: the incidents that are open, or ended since this was last called.

        Returns:
            The ids of the incidents that changed.
        """
        changed: set[str] = set()
        open_records = list(records)
        failed, self._unsettled = self._unsettled, {}
        for decision in decisions:
            rescued = failed.pop(id(decision.passed), None) or self._unsettled.pop(
                id(decision.passed), None
            )
            if rescued is not None:
                concerned = rescued[1]
            elif decision.cache in ("hit", "coalesced"):
                continue
            else:
                concerned = [one for one in open_records if self._concerns(decision, one)]
            if not concerned:
                continue
            if decision.outcome in _FAILED:
                self._unsettled[id(decision.passed)] = (decision, concerned)
            elif decision.provider is not None:
                kept = decision.cache == "stale"
                changed |= _counted(
                    decision, concerned, KEPT_ANSWERS if kept else decision.provider
                )
        for decision, concerned in failed.values():
            changed |= _counted(decision, concerned, None)
        return changed

    def _concerns(self, decision: Decision, record: Record) -> bool:
        if not record.since < decision.at_ms <= (record.ended_at or decision.at_ms):
            return False
        if decision.cache == "stale" and not decision.attempts and not decision.passed:
            return False  # served at once and refreshed in the background: nobody was asked
        if record.kind == "capability":
            return decision.capability == record.name
        if record.kind != "source" or decision.capability not in record.capabilities:
            return False
        return decision.provider != record.name and self._would_have_asked(decision, record.name)

    def _would_have_asked(self, decision: Decision, name: str) -> bool:
        if any(attempt["provider"] == name for attempt in decision.attempts):
            return True
        pinned = decision.ask.provider
        if pinned is not None:
            return pinned == name
        scores = {score.name: score for score, _ in decision.order}
        own = scores.get(name)
        if own is None or not self._can_serve(name, decision.capability, decision.query):
            return False
        answering = scores.get(decision.provider or "")
        return answering is None or would_lead(own, answering, decision.ask.strategy)


def _counted(decision: Decision, records: list[Record], provider: str | None) -> set[str]:
    sample = Sample(
        decision.request_id,
        decision.at_ms,
        decision.capability,
        provider,
        None if provider is not None else decision.outcome,
    )
    for record in records:
        record.count(provider, sample, at=decision.at_ms)
    return {record.id for record in records}
