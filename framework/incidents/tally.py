"""Who answered in place of what is down: counted from the decisions, in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import AllProvidersFailed, DeadlineExceeded, NoProviderAvailable
from coinmux.framework.incidents.record import Sample
from coinmux.framework.routing.ranking import would_lead

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from coinmux.framework.dispatch.decision import Decision
    from coinmux.framework.incidents.record import Record
    from coinmux.framework.models.base import Query
    from coinmux.framework.routing.ranking import SourceScore

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
        alike: dict[Hashable, list[Record]] = {}
        failed, self._unsettled = self._unsettled, {}
        for decision in decisions:
            rescued = failed.pop(id(decision.passed), None) or self._unsettled.pop(
                id(decision.passed), None
            )
            if rescued is not None:
                concerned = rescued[1]
            elif not _asked_sources(decision):
                continue
            else:
                concerned = self._concerned(decision, open_records, alike)
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

    def _concerned(
        self,
        decision: Decision,
        records: list[Record],
        alike: dict[Hashable, list[Record]],
    ) -> list[Record]:
        """The incidents a request concerned.

        Args:
            alike: what was found for requests that differ in their time alone.
        """
        names = frozenset(attempt["provider"] for attempt in decision.attempts)
        key = (
            id(decision.order), decision.capability, decision.query, decision.provider,
            decision.ask.provider, decision.ask.strategy, names,
        )  # fmt: skip
        found = alike.get(key)
        if found is None:
            scores = {score.name: score for score, _ in decision.order}
            found = [one for one in records if self._concerns(decision, one, names, scores)]
            alike[key] = found
        at = decision.at_ms
        return [one for one in found if one.since < at <= (one.ended_at or at)]

    def _concerns(
        self,
        decision: Decision,
        record: Record,
        attempted: frozenset[str],
        scores: Mapping[str, SourceScore],
    ) -> bool:
        name = record.name
        if record.kind == "capability":
            return decision.capability == name
        if record.kind != "source" or decision.capability not in record.capabilities:
            return False
        if decision.provider == name:
            return False
        if name in attempted:
            return True
        pinned = decision.ask.provider
        if pinned is not None:
            return pinned == name
        own = scores.get(name)
        if own is None or not self._can_serve(name, decision.capability, decision.query):
            return False
        answering = scores.get(decision.provider or "")
        return answering is None or would_lead(own, answering, decision.ask.strategy)


def _asked_sources(decision: Decision) -> bool:
    """Whether it is of a request of its own that reached the sources."""
    if decision.cache == "stale":
        # Without any source considered it was served at once and refreshed in the background.
        return bool(decision.attempts or decision.passed)
    return decision.cache not in ("hit", "coalesced")


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
