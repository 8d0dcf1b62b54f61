"""One request: what is asked and by when, what became of it so far, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.clock import Deadline
    from coinmux.framework.dispatch.attempt import StaleResult
    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.framework.errors import ProviderError, UnknownSymbol
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.advised import AdvisedOrder
    from coinmux.framework.routing.candidates import Candidate
    from coinmux.framework.routing.options import RequestOptions


@dataclass(slots=True)
class RequestContext:
    """A request and the record of how it was answered.

    Attributes:
        key: under which the answer is cached and identical requests share one call.
        begun_at: monotonic seconds.
        trail: receives the decision, where the caller wants it.
        attempts: in the order they were made, as `meta.attempts` shows them.
        errors: of the attempts that failed.
        stale: held answers, older than their kind may be or doubted, not judged yet.
        passed: sources that were passed over, each with its refusal.
        out_of_time: whether it ended for lack of time, with sources left to ask.
        failures: attempts that failed, "unknown symbol" and "not offered" not counted.
        waits: how often it waited for a permit of the only source.
        decided: whether its decision has been recorded.
        is_derived: whether a source was asked that asks others.
        advised: the order as plugins advised it; None where none did.
    """

    key: Hashable
    row: Capability
    query: Query
    ask: RequestOptions
    deadline: Deadline
    request_id: str | None
    begun_at: float
    trail: DecisionTrail | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[ProviderError | UnknownSymbol] = field(default_factory=list)
    passed: list[Candidate] = field(default_factory=list)
    stale: list[StaleResult] = field(default_factory=list)
    failures: int = 0
    waits: int = 0
    out_of_time: bool = False
    decided: bool = False
    is_derived: bool = False
    advised: AdvisedOrder | None = None


@dataclass(slots=True)
class SourceAnswer:
    """What a source answered, or several agreed on; immutable.

    Attributes:
        provider: its name; `consensus` where several agreed.
        stale: whether the data's own time is older than its kind may be.
        consensus: which sources agreed on which value, as `meta.consensus` shows it.
    """

    provider: str
    result: Result
    stale: bool = False
    consensus: dict[str, Any] | None = None


def key_of(row: Capability, query: Query, ask: RequestOptions) -> Hashable:
    """What an answer is cached under: validated values, never joined text.

    A frozen set, as it keeps its hash: a call looks its key up eight times, and a tuple would ask
    the query for its hash each time.
    """
    if ask.waiting:
        # A source that waits for an answer must never wait for a call it takes part in.
        return frozenset((query, (row.name, ask.provider, ask.strategy, ask.waiting)))
    return frozenset((query, (row.name, ask.provider, ask.strategy)))
