"""What a failed attempt counts for: nothing that a caller chose is held against a source.

A source that fails a question it should be able to answer has failed. A question about a pair it
may not list, of a page or range that may not be there, with a text or address that may be wrong,
proves nothing when the reply is a refusal or makes no sense. What no question can cause (a
connection refused, a timeout, a damaged document, an error 500) counts whatever was asked.
Where a source answers none of such questions, the health checker asks it one of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import (
    AuthRefused,
    BadStatus,
    CutShort,
    Empty,
    Implausible,
    NotJSON,
    Outcome,
    PlanRestricted,
    PluginError,
    PluginTimeout,
    ProviderError,
    Redirected,
    SchemaMismatch,
    TooLarge,
    UnknownSymbol,
    UpstreamTimeout,
)
from coinmux.framework.health.classify import FAIR_S

if TYPE_CHECKING:
    from coinmux.framework.health.tracker import Lease
    from coinmux.framework.models.base import Query
    from coinmux.framework.sources.source import Source

#: A request that probes an offline source gives it no longer
#: (`docs/health.md`, "Offline, and back").
PROBE_S = 1.5
#: What may come of an odd question; `PlanRestricted` would leave a whole capability alone.
_OF_THE_QUESTION = (
    Empty,
    Implausible,
    NotJSON,
    PlanRestricted,
    PluginError,
    Redirected,
    SchemaMismatch,
    TooLarge,
)
_CLIENT_ERRORS = range(400, 500)


def may_be_the_question(error: ProviderError | UnknownSymbol) -> bool:
    """Whether an odd question can end in this error at a source that works."""
    if isinstance(error, BadStatus):
        return error.status is None or error.status == 200 or error.status in _CLIENT_ERRORS
    return isinstance(error, _OF_THE_QUESTION) and not isinstance(error, PluginTimeout)


def counted(
    error: ProviderError | UnknownSymbol,
    source: Source,
    capability: str,
    query: Query,
    limit_s: float,
    lease: Lease,
    *,
    ours: bool,
) -> ProviderError | UnknownSymbol:
    """The error with the outcome it counts for.

    A timeout counts if the source had a fair time. What a request gives a probe is fair to a source
    that is offline anyway.

    Args:
        ours: whether the question is our own, which every source can answer.
    """
    fair_s = min(source.timeout_s, PROBE_S if lease.probe else FAIR_S)
    if isinstance(error, UpstreamTimeout) and limit_s < fair_s - 1e-9:
        return CutShort(f"the caller's deadline left it {limit_s:.2f} s")
    odd = may_be_the_question(error) or (
        # A source that was sent no key cannot have refused it.
        isinstance(error, AuthRefused) and not source.bound.has_key
    )
    if odd and not ours and not source.should_answer(capability, query):
        error.outcome = Outcome.NEUTRAL
        source.unanswered[capability] = source.unanswered.get(capability, 0) + 1
    return error
