"""How one request is to be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.reference.strategy import Strategy

#: Seconds a caller may give a request.
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 0.1, 30
#: How both times are refused, by name.
TAKES_SECONDS = {
    "max_age_s": "takes seconds from 0 to 86400",
    "timeout_s": f"takes seconds from {LEAST_TIMEOUT_S} to {MOST_TIMEOUT_S}",
}
#: Several sources are asked together and the median of those that agree is the answer.
CONSENSUS = "consensus"
STRATEGIES = ("priority", "fastest", CONSENSUS)


class RequestKeywords(TypedDict, total=False):
    """The fields of `RequestOptions` a caller may give as keywords of a question."""

    provider: str | None
    strategy: Strategy
    max_age_s: float | None
    timeout_s: float | None
    quote_fallback: bool


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """How one request is to be answered.

    Attributes:
        provider: pinned, in any case; no failover.
        strategy: `priority`, `fastest`, or `consensus` where the capability has it.
        max_age_s: oldest answer taken from the cache; 0 takes none, None takes what is fresh.
        timeout_s: deadline of the whole request; None is the configured default.
        quote_fallback: whether a pair in USD, USDT or USDC may be answered in another of them.
        background: no caller waits for it. Sources without a quota go first, then those with most
            of theirs left; a source that is busy, saves its quota or is offline is not asked.
        own: asked by the dashboard for itself: its calls are not counted as a client's.
        waiting: derived sources that wait for this answer, the first one first: none of them is
            asked for it.
    """

    provider: str | None = None
    strategy: str = "priority"
    max_age_s: float | None = None
    timeout_s: float | None = None
    quote_fallback: bool = False
    background: bool = False
    own: bool = False
    waiting: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.provider is not None:
            object.__setattr__(self, "provider", self.provider.lower())
        problems = []
        if self.strategy not in STRATEGIES:
            hint = f"takes {', '.join(STRATEGIES[:-1])} or {STRATEGIES[-1]}"
            problems.append({"name": "strategy", "message": hint, "known": list(STRATEGIES)})
        if self.max_age_s is not None and not 0 <= self.max_age_s <= 86_400:
            problems.append({"name": "max_age_s", "message": TAKES_SECONDS["max_age_s"]})
        timeout_s = self.timeout_s
        if timeout_s is not None and not LEAST_TIMEOUT_S <= timeout_s <= MOST_TIMEOUT_S:
            problems.append({"name": "timeout_s", "message": TAKES_SECONDS["timeout_s"]})
        if problems:
            detail = "; ".join(f"{one['name']} {one['message']}" for one in problems)
            raise InvalidRequest(detail, errors=problems)
