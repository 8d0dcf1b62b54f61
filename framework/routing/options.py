"""Which source goes first, and why.

Two pure questions, in this order: can this source serve the question at all and now
(`Source.refusal` and its standing), and in which order do those that can go (`rank`). Requests and
`explain` walk the same order with the same refusals, so that they cannot disagree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter
from typing import Any, Literal, TypedDict

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.health.tracker import State

#: Latencies are told apart to 10 us.
LATENCY_DIGITS = 5
#: A leader keeps the first place until another is faster by a fifth: hysteresis against flapping.
LEADER_BONUS = 0.8
#: Seconds a caller may give a request.
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 0.1, 30
#: Several sources are asked together and the median of those that agree is the answer.
CONSENSUS = "consensus"
STRATEGIES = ("priority", "fastest", CONSENSUS)
Strategy = Literal["priority", "fastest", "consensus"]


class RequestKeywords(TypedDict, total=False):
    """The fields of `RequestOptions` a caller may give as keywords of a question."""

    provider: str | None
    strategy: Strategy
    max_age_s: float | None
    timeout_s: float | None
    quote_fallback: bool


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """How one request wants to be answered.

    Attributes:
        provider: pinned, in any case; no failover.
        strategy: `priority`, `fastest`, or `consensus` where the capability has it.
        max_age_s: oldest answer taken from the cache; 0 takes none, None takes what is fresh.
        timeout_s: deadline of the whole request; None is the configured default.
        quote_fallback: whether a pair in USD, USDT or USDC may be answered in another of them.
        background: nobody waits for it: who has no quota to use up goes first, then who has most
            of it left, and nobody who is busy, saves or is offline is asked.
    """

    provider: str | None = None
    strategy: str = "priority"
    max_age_s: float | None = None
    timeout_s: float | None = None
    quote_fallback: bool = False
    background: bool = False

    def __post_init__(self) -> None:
        if self.provider is not None:
            object.__setattr__(self, "provider", self.provider.lower())
        problems = []
        if self.strategy not in STRATEGIES:
            hint = f"takes {', '.join(STRATEGIES[:-1])} or {STRATEGIES[-1]}"
            problems.append({"name": "strategy", "message": hint, "known": list(STRATEGIES)})
        if self.max_age_s is not None and not 0 <= self.max_age_s <= 86_400:
            problems.append({"name": "max_age_s", "message": "takes seconds from 0 to 86400"})
        timeout_s = self.timeout_s
        if timeout_s is not None and not LEAST_TIMEOUT_S <= timeout_s <= MOST_TIMEOUT_S:
            hint = f"takes seconds from {LEAST_TIMEOUT_S} to {MOST_TIMEOUT_S}"
            problems.append({"name": "timeout_s", "message": hint})
        if problems:
            detail = "; ".join(f"{one['name']} {one['message']}" for one in problems)
            raise InvalidRequest(detail, errors=problems)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a source is passed over.

    Attributes:
        code: one word of `docs/architecture.md`'s list (`circuit_open`, `missing_key`…).
        for_good: it could not serve this question even on its best day.
        retry_at: monotonic seconds from which it may be asked again, where that is known.
    """

    code: str
    detail: str
    for_good: bool = False
    retry_at: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What a source is ranked by; smaller is better in every part.

    Attributes:
        tier: 0 healthy or unproven, 1 degraded.
        latency_s: smoothed response time, None before the first success.
    """

    name: str
    state: State
    tier: int
    priority: int
    latency_s: float | None

    def public(self) -> dict[str, Any]:
        """The score parts for `explain`."""
        return {
            "state": str(self.state),
            "tier": self.tier,
            "priority": self.priority,
            "latency_ms": None if self.latency_s is None else round(self.latency_s * 1000, 1),
        }


def rank(scores: Sequence[Score], strategy: str, leader: str | None = None) -> list[Score]:
    """The scores in the order their sources are tried: health before speed, speed before name.

    `priority` ranks by tier, priority, latency; `fastest` by tier, latency, priority, where a
    source that was never measured goes first in its tier so that it can be learned.

    Args:
        leader: who went first so far; it keeps that place against one hardly faster.
    """
    # One number to compare in place of a tuple: half the time, with a thousand sources.
    fastest = strategy == "fastest"
    places = _places(scores, fastest=fastest)
    if len(set(places)) < len(places):
        scores = sorted(scores, key=_PRIORITY_NAME if fastest else _NAME)
        places = _places(scores, fastest=fastest)
    ordered = [scores[at] for at in sorted(range(len(places)), key=places.__getitem__)]
    if leader is None:
        return ordered
    first = next((score for score in ordered if score.name == leader), None)
    if first is not None and first.latency_s:
        # It stays where a fifth less latency puts it, before its equals.
        ordered.remove(first)
        better = replace(first, latency_s=first.latency_s * LEADER_BONUS)
        (kept,) = _places([better], fastest=fastest)
        ordered.insert(bisect_left(_places(ordered, fastest=fastest), kept), first)
    return ordered


_NAME = attrgetter("name")
#: What tells equals apart.
_PRIORITY_NAME = attrgetter("priority", "name")
#: Wider than priorities (six digits, either sign) may differ.
_TIER = 4_000_000.0
#: Longer than any attempt: latencies are shares of it, so that they stay below one priority.
_LONGEST_S = 1_000.0


def _places(scores: Iterable[Score], *, fastest: bool) -> list[float]:
    if fastest:
        return [s.tier + (s.latency_s or 0.0) / _LONGEST_S for s in scores]
    return [s.tier * _TIER + s.priority + (s.latency_s or 0.0) / _LONGEST_S for s in scores]


@dataclass(slots=True)
class Candidate:
    """One source in the order of a route.

    Attributes:
        refusal: why it is passed over; None where it may be tried.
        busy: no permit is free: it is tried after all others.
        saving: its quota is nearly used up: as if it were busy.
        probe: it is offline and due: it may be tried once.
    """

    score: Score
    refusal: Refusal | None
    busy: str | None = None
    saving: str | None = None
    probe: bool = False


def walk(
    steps: Iterable[Candidate], *, probes_first: bool, passed: list[Candidate] | None = None
) -> Iterator[Candidate]:
    """Those of `steps` that may be tried, in the order to try them; lazily.

    A source with no permit free goes after those with one. A probe goes first where nothing else
    would ever probe the source, and last where the background checker does. Those passed over are
    appended to `passed`.
    """
    later: list[Candidate] = []
    for step in steps:
        if step.refusal is not None:
            if passed is not None:
                passed.append(step)
            continue
        if step.busy is not None or step.saving is not None or (step.probe and not probes_first):
            later.append(step)
        else:
            yield step
    yield from sorted(later, key=lambda step: step.probe)


class Upcoming:
    """The steps of a walk that are to come, the next of which can be looked at."""

    __slots__ = ("_next", "_steps")

    def __init__(self, steps: Iterator[Candidate]) -> None:
        self._steps = steps
        self._next: list[Candidate] = []

    def peek(self) -> Candidate | None:
        """The next step, None where there is none; it stays the next."""
        if not self._next:
            self._next.extend(islice(self._steps, 1))
        return self._next[0] if self._next else None

    def take(self) -> Candidate | None:
        """The next step, None where there is none."""
        self.peek()
        return self._next.pop() if self._next else None

    def prefer(self, fits: Callable[[Candidate], bool]) -> None:
        """Put the first of those to come that fits before the others."""
        left = [*self._next, *self._steps]
        chosen = next((step for step in left if fits(step)), None)
        if chosen is not None:
            left.remove(chosen)
            left.insert(0, chosen)
        self._next, self._steps = [], iter(left)


def after_first(first: Score, other: Score, strategy: str) -> tuple[str, str]:
    """Why `other` goes after `first`: a code and a sentence. True by construction of `rank`."""
    if other.tier > first.tier:
        return "less_healthy", f"{other.state}, {first.name} is {first.state}"
    slower = f"{_ms(other.latency_s)} on average, {first.name} takes {_ms(first.latency_s)}"
    if strategy == "fastest":
        if (other.latency_s or 0.0) != (first.latency_s or 0.0):
            return "slower", slower
        if other.priority != first.priority:
            return "lower_priority", f"priority {other.priority}, {first.name} has {first.priority}"
    else:
        if other.priority != first.priority:
            return "lower_priority", f"priority {other.priority}, {first.name} has {first.priority}"
        if (other.latency_s or 0.0) != (first.latency_s or 0.0):
            return "slower", slower
    return "name", f"equal to {first.name} in all, and later in the alphabet"


def _ms(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"{seconds * 1000:.0f} ms"
