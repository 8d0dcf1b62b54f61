"""One question on its way: what is asked and by when, and what became of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.clock import Deadline
    from coinmux.framework.dispatch.attempt import StaleResult
    from coinmux.framework.errors import ProviderError, UnknownSymbol
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.options import Candidate, RequestOptions


@dataclass(slots=True)
class RequestContext:
    """A question and the record of its answering.

    Attributes:
        key: what the cache and the shared calls know it by.
        begun_at: monotonic seconds.
        attempts: in the order they were made, as `meta.attempts` shows them.
        errors: how the failed ones ended.
        stale: answers older than their kind may be, not judged yet.
        passed: sources the walk passed over, each with its refusal.
        out_of_time: whether it ended for lack of time, with sources left to ask.
        failures: attempts that failed, "unknown symbol" not counted.
        decided: whether how it ended has been noted.
    """

    row: Capability
    query: Query
    ask: RequestOptions
    deadline: Deadline
    request_id: str | None
    begun_at: float
    attempts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[ProviderError | UnknownSymbol] = field(default_factory=list)
    passed: list[Candidate] = field(default_factory=list)
    stale: list[StaleResult] = field(default_factory=list)
    failures: int = 0
    out_of_time: bool = False
    decided: bool = False

    @property
    def key(self) -> Hashable:
        return key_of(self.row, self.query, self.ask)


def key_of(row: Capability, query: Query, ask: RequestOptions) -> Hashable:
    """What an answer is kept under: validated values, never joined text."""
    return (row.name, query, ask.provider, ask.strategy)
