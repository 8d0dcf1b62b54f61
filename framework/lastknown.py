"""What was last known of each market, and which new answers do not fit it.

A jump within a minute is doubted until a second source tells the same; a source that repeats one
answer for every market, or the same one for an hour while others move, is doubted too (`faults.md`
E9 and the plausibility of section 2).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framework.models.chain import Gas
from framework.models.market import Ticker

if TYPE_CHECKING:
    from collections.abc import Hashable

    from framework.capabilities import Capability
    from framework.clock import Clock
    from framework.models.base import Query, Result

#: What is older says nothing of now.
_FRESH_S = 60.0
#: A price that is so many times another of a minute ago is doubted; a fee may leap further.
_JUMP = {Ticker: 1.25, Gas: 20.0}
#: An answer that stands still so long, while another source told so many others, is frozen.
_FROZEN_S = 3_600.0
_MOVES = 3
#: Markets that got the very same answer, volume and all, before that is no chance.
_SAME = 3
_SUBJECTS = 4_096
_SOURCES = 256

Print = tuple[float | None, ...]


@dataclass(slots=True)
class _Subject:
    """What is known of one market.

    Attributes:
        value, at, source: the last answer that was believed.
        doubted: one that was not, and whose: who confirms it ends the doubt.
        moves: different values lately, each with its source and time.
        prints: each source's answer, and since when it has been that.
    """

    value: float
    at: float
    source: str
    doubted: tuple[str, float, float] | None = None
    moves: deque[tuple[str, float, float]] = field(default_factory=lambda: deque(maxlen=16))
    prints: dict[str, tuple[Print, float]] = field(default_factory=dict)


class LastKnown:
    """The last believed value of each market, in bounded memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subjects: OrderedDict[Hashable, _Subject] = OrderedDict()
        #: source -> its newest answers, each with the market it was about.
        self._lately: OrderedDict[str, deque[tuple[Print, Hashable]]] = OrderedDict()

    def doubt(
        self, source: str, capability: Capability, query: Query, result: Result
    ) -> str | None:
        """Why the answer is doubted, for people; None where it fits, and is the last known then."""
        jump = _JUMP.get(type(result))
        rule = capability.consensus
        if jump is None or rule is None:
            return None
        value = getattr(result, rule.field)
        if value is None or value <= 0:
            return None
        now, key = self._clock.monotonic(), (capability.name, query)
        subject = self._subjects.get(key)
        why = self._repeats(source, key, result)
        if subject is None:
            if why is None:
                self._remember(key, _Subject(value, now, source), source, result, now)
            return why
        self._subjects.move_to_end(key)
        why = why or self._is_frozen(subject, source, result, now)
        if why is None and self._jumps(subject, value, now, jump):
            doubted = subject.doubted
            confirmed = (
                doubted is not None
                and doubted[0] != source
                and now - doubted[2] <= _FRESH_S
                and rule.agrees(value, doubted[1])
            )
            if not confirmed:
                subject.doubted = (source, value, now)
                times = max(value / subject.value, subject.value / value)
                return f"{value:g} is {times:.3g} times off what {subject.source} told just now"
        if why is None:
            subject.value, subject.at, subject.source, subject.doubted = value, now, source, None
            self._remember(key, subject, source, result, now)
        return why

    def _jumps(self, subject: _Subject, value: float, now: float, jump: float) -> bool:
        if now - subject.at > _FRESH_S:
            return False
        return max(value / subject.value, subject.value / value) > jump

    def _is_frozen(self, subject: _Subject, source: str, result: Result, now: float) -> str | None:
        before = subject.prints.get(source)
        print_ = _print(result)
        if before is None or before[0] != print_:
            return None
        since_s = now - before[1]
        others = {
            value for name, value, at in subject.moves if name != source and now - at <= _FROZEN_S
        }
        if since_s < _FROZEN_S or len(others) < _MOVES:
            return None
        return f"the same for {since_s / 60:.0f} minutes, while others moved"

    def _repeats(self, source: str, key: Hashable, result: Result) -> str | None:
        """Whether this very answer, volume included, was given for other markets."""
        if not isinstance(result, Ticker) or not result.volume_base:
            return None
        lately = self._lately.setdefault(source, deque(maxlen=16))
        self._lately.move_to_end(source)
        while len(self._lately) > _SOURCES:
            self._lately.popitem(last=False)
        print_ = _print(result)
        lately.append((print_, key))
        markets = {about for told, about in lately if told == print_}
        if len(markets) < _SAME:
            return None
        return f"the same answer for {len(markets)} markets"

    def _remember(
        self, key: Hashable, subject: _Subject, source: str, result: Result, now: float
    ) -> None:
        print_ = _print(result)
        before = subject.prints.get(source)
        if before is None or before[0] != print_:
            subject.prints[source] = (print_, now)
            if len(subject.prints) > _SOURCES:
                del subject.prints[next(iter(subject.prints))]
            subject.moves.append((source, subject.value, now))
        self._subjects[key] = subject
        while len(self._subjects) > _SUBJECTS:
            self._subjects.popitem(last=False)


def _print(result: Result) -> Print:
    """What tells one answer from another."""
    if isinstance(result, Ticker):
        return (result.last, result.bid, result.ask, result.volume_base)
    if isinstance(result, Gas):
        return (result.slow, result.standard, result.fast, result.base_fee)
    return ()
