"""Which source goes before which, and why.

Pure: scores go in, an order and its reasons come out. Requests and `explain` follow the same order,
so that they cannot disagree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, TypeVar

from coinmux.framework.health.tracker import State

T = TypeVar("T")

#: Latencies are compared to 10 us.
LATENCY_DIGITS = 5
#: A leader keeps the first place until another is faster by a fifth: hysteresis against flapping.
LEADER_BONUS = 0.8


@dataclass(frozen=True, slots=True)
class SourceScore:
    """What a source is ranked by; smaller is better in every part.

    Attributes:
        tier: 0 healthy or unproven, 1 degraded.
        latency_s: smoothed response time, None before the first success.
        is_late: its last callers gave up waiting; it is ranked as if it were degraded.
        place, place_by_speed: the parts in one number, which compares in half the time of a tuple;
            for `priority` and for `fastest`.
    """

    name: str
    state: State
    tier: int
    priority: int
    latency_s: float | None
    is_late: bool = False
    place: float = field(init=False, compare=False, repr=False)
    place_by_speed: float = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        share = (self.latency_s or 0.0) / _LONGEST_S
        object.__setattr__(self, "place", self.tier * _TIER + self.priority + share)
        object.__setattr__(self, "place_by_speed", self.tier + share)

    def public(self) -> dict[str, Any]:
        """The score parts for `explain`."""
        return {
            "state": str(self.state),
            "tier": self.tier,
            "priority": self.priority,
            "latency_ms": None if self.latency_s is None else round(self.latency_s * 1000, 1),
        }


def rank(
    scores: Sequence[SourceScore], strategy: str, leader: str | None = None
) -> list[SourceScore]:
    """The scores in the order their sources are tried: health before speed, speed before name.

    `priority` ranks by tier, priority, latency; `fastest` by tier, latency, priority, where a
    source that was never measured goes first in its tier so that it can be learned.

    Args:
        leader: the source that went first so far; it keeps that place against one hardly faster.
    """
    fastest = strategy == "fastest"
    places = _places(scores, fastest=fastest)
    if len(set(places)) < len(places):
        scores = sorted(scores, key=_PRIORITY_NAME if fastest else _NAME)
        places = _places(scores, fastest=fastest)
    ordered = [scores[at] for at in sorted(range(len(places)), key=places.__getitem__)]
    return ordered if leader is None else led(ordered, leader, strategy, _same)


def led(
    ordered: list[T], leader: str, strategy: str, score_of: Callable[[T], SourceScore]
) -> list[T]:
    """The order with its former leader where a fifth less latency puts it, before its equals."""
    at = next((at for at, one in enumerate(ordered) if score_of(one).name == leader), None)
    if at is None:
        return ordered
    first = ordered[at]
    if at and (latency_s := score_of(first).latency_s):
        place_of = attrgetter("place_by_speed" if strategy == "fastest" else "place")
        better = replace(score_of(first), latency_s=latency_s * LEADER_BONUS)
        del ordered[at]
        place = place_of(better)
        ordered.insert(bisect_left(ordered, place, key=lambda one: place_of(score_of(one))), first)
    return ordered


def _same(score: SourceScore) -> SourceScore:
    return score


_NAME = attrgetter("name")
#: Orders scores that are equal in all else.
_PRIORITY_NAME = attrgetter("priority", "name")
#: Wider than priorities (six digits, either sign) may differ.
_TIER = 4_000_000.0
#: Longer than any attempt: latencies are shares of it, so that they stay below one priority.
_LONGEST_S = 1_000.0


def _places(scores: Iterable[SourceScore], *, fastest: bool) -> list[float]:
    return [s.place_by_speed for s in scores] if fastest else [s.place for s in scores]


def would_lead(one: SourceScore, other: SourceScore, strategy: str) -> bool:
    """Whether `one` would be tried before `other` if nothing were wrong with it."""
    well = replace(one, tier=0, is_late=False)
    if strategy == "fastest":
        return well.place_by_speed < other.place_by_speed
    return well.place < other.place


def after_first(first: SourceScore, other: SourceScore, strategy: str) -> tuple[str, str]:
    """Why `other` goes after `first`: a code and a sentence. True by construction of `rank`."""
    if other.tier > first.tier and other.is_late and other.state is not State.DEGRADED:
        return "slower", f"its last callers could not wait for it, {first.name} answers"
    if other.tier > first.tier:
        return "less_healthy", f"{other.state.lower()}, {first.name} is {first.state.lower()}"
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
