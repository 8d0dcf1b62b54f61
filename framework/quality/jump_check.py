"""The last known value of each market, and a check of new answers against it.

A jump is doubted until a second source reports the same value. A source that repeats one answer for
every market, or for an hour while other sources move, is doubted too (`faults.md` E9). Tickers,
candles and order books of a market share one price, so that candles and order books of the wrong
market, which mostly do not name it, are detected (E2).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability, JumpRule

#: Another source confirms a doubted answer only within this time.
_FRESH_S = 60.0
#: An answer is frozen if it is unchanged for this long while others reported `_MOVES` values.
_FROZEN_S = 3_600.0
_MOVES = 3
#: This many markets with the same answer, volume included, are no coincidence.
_SAME = 3
_SUBJECTS = 4_096
#: Values remembered of each.
_MOVES_KEPT = 16
_SOURCES = 256
#: Answers of a source that are compared with its newest.
_LATELY = 16

Print = tuple[float | None, ...]


@dataclass(slots=True)
class Figure:
    """The one number of an answer that is compared; immutable.

    Attributes:
        about: the subject of the number; figures of the same subject are compared.
        jumps: which figures agree, and which are too far apart.
    """

    about: Hashable
    value: float
    jumps: JumpRule

    def agrees(self, value: float) -> bool:
        """Whether `value` is nearly the same."""
        return self.jumps.agrees.agrees(self.value, value)


def about(capability: Capability, query: Query) -> Hashable:
    """The subject of a question's figure; figures of the same subject are compared."""
    rule = capability.jumps
    name = capability.name if rule is None or rule.about is None else rule.about
    return name, query.subject()


def figure_of(capability: Capability, query: Query, result: Result) -> Figure | None:
    """The figure of an answer; None where it has none that can be compared."""
    rule = capability.jumps
    if rule is None:
        return None
    value = result.figure(query)
    if value is None or value <= 0:
        return None
    return Figure((rule.about or capability.name, query.subject()), value, rule)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A value that was not believed.

    Attributes:
        since: when this source first reported the value.
        at: when it last reported the value.
    """

    source: str
    value: float
    since: float
    at: float

    def confirmed(self, source: str, figure: Figure, now: float) -> bool:
        """Whether this answer ends the doubt: another source agrees, or the same source has
        repeated it for a minute and no other source has contradicted it.
        """
        if self.source == source:
            return self.is_repeated(source, figure) and now - self.since > _FRESH_S
        return now - self.at <= _FRESH_S and figure.agrees(self.value)

    def is_repeated(self, source: str, figure: Figure) -> bool:
        """Whether the same source reports the same value again."""
        return self.source == source and figure.agrees(self.value)


@dataclass(slots=True)
class _Subject:
    """What is known of one market.

    Attributes:
        value, at, source: the last answer that was believed.
        doubted: the newest answer that was not believed, until it is confirmed.
        moves: different values lately, each with its source and time; a list, as even an empty
            deque takes 760 bytes, and there are thousands of markets.
        prints: each source's answer, and since when it has been that.
    """

    value: float
    at: float
    source: str
    doubted: _Doubt | None = None
    moves: list[tuple[str, float, float]] = field(default_factory=list)
    prints: dict[str, tuple[Print, float]] = field(default_factory=dict)


def _jumps(subject: _Subject, value: float, rule: JumpRule, now: float) -> bool:
    """Whether `value` is too far from the last one that was believed."""
    before = subject.value
    times = value / before if value > before else before / value
    ago_s = now - subject.at
    for within_s, most in rule.factors:
        if ago_s <= within_s:
            return times > most
    return False


class JumpCheck:
    """The last believed value of each market, in bounded memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subjects: OrderedDict[Hashable, _Subject] = OrderedDict()
        #: source -> its newest answers, and the market that each was about.
        self._lately: OrderedDict[str, tuple[deque[Print], deque[Hashable]]] = OrderedDict()

    def doubt(
        self, source: str, capability: Capability, query: Query, result: Result
    ) -> str | None:
        """Why the answer is doubted, for people; None where it fits, and is the last known then."""
        rule = capability.jumps
        if rule is None:
            return None
        return self.doubt_of(source, about(capability, query), rule, query, result)

    def doubt_of(
        self, source: str, key: Hashable, rule: JumpRule, query: Query, result: Result
    ) -> str | None:
        """As `doubt`, where it is known what the answer is about.

        Args:
            key: as of `about`.
            rule: of the capability.
        """
        value = result.figure(query)
        if value is None or value <= 0:
            return None
        now = self._clock.monotonic()
        subject = self._subjects.get(key)
        print_ = result.fingerprint()
        why = None
        if print_ and result.is_distinctive():
            why = self._repeats(source, key, print_)
        if subject is None:
            if why is None:
                self._remember(key, _Subject(value, now, source), source, print_, now)
            return why
        self._subjects.move_to_end(key)
        known = subject.prints.get(source) if print_ else None
        is_same = known is not None and known[0] == print_
        if why is None and known is not None and is_same and now - known[1] >= _FROZEN_S:
            why = self._is_frozen(subject, source, print_, now - known[1], now)
        if why is None and _jumps(subject, value, rule, now):
            figure = Figure(key, value, rule)
            before = subject.doubted
            if before is None or not before.confirmed(source, figure, now):
                again = before is not None and before.is_repeated(source, figure)
                since = before.since if before is not None and again else now
                subject.doubted = _Doubt(source, value, since, now)
                times = max(value / subject.value, subject.value / value)
                ago_s = now - subject.at
                when = "just now" if ago_s <= _FRESH_S else f"{ago_s / 60:.0f} minutes ago"
                return f"{value:g} is {times:.3g} times off what {subject.source} told {when}"
        if why is None:
            subject.value, subject.at, subject.source, subject.doubted = value, now, source, None
            if print_ and not is_same:
                self._remember(key, subject, source, print_, now)
        return why

    def believed(self, since: float) -> list[tuple[Hashable, float, str, float]]:
        """What was believed after that time: of what, the value, whose it is and when."""
        return [
            (key, one.value, one.source, one.at)
            for key, one in self._subjects.items()
            if one.at > since
        ]

    def learn(self, key: Hashable, rule: JumpRule, value: float, source: str, at: float) -> None:
        """Know what another process believed.

        What differs from what is known here changes nothing, unless a second source says so.
        """
        subject = self._subjects.get(key)
        if subject is None:
            self._subjects[key] = _Subject(value, at, source)
            while len(self._subjects) > _SUBJECTS:
                self._subjects.popitem(last=False)
        elif at > subject.at:
            doubted = subject.doubted
            is_second = (
                doubted is not None
                and doubted.source != source
                and rule.agrees.agrees(doubted.value, value)
            )
            if is_second or not _jumps(subject, value, rule, at):
                subject.value, subject.at, subject.source, subject.doubted = value, at, source, None

    def _is_frozen(
        self, subject: _Subject, source: str, print_: Print, since_s: float, now: float
    ) -> str | None:
        """Why an answer that has been the same for so long is doubted."""
        if not print_:
            return None
        others = {
            value for name, value, at in subject.moves if name != source and now - at <= _FROZEN_S
        }
        if len(others) < _MOVES:
            return None
        return f"the same for {since_s / 60:.0f} minutes, while others moved"

    def _repeats(self, source: str, key: Hashable, print_: Print) -> str | None:
        """Whether this very answer, volume included, was given for other markets."""
        lately = self._lately.get(source)
        if lately is None:
            lately = self._lately[source] = (deque(maxlen=_LATELY), deque(maxlen=_LATELY))
            if len(self._lately) > _SOURCES:
                self._lately.popitem(last=False)
        self._lately.move_to_end(source)
        prints, keys = lately
        prints.append(print_)
        keys.append(key)
        # A tuple compares as fast as its first figure does, and two markets share few of those.
        if prints.count(print_) < _SAME:
            return None
        markets = {about for other, about in zip(prints, keys, strict=True) if other == print_}
        if len(markets) < _SAME:
            return None
        return f"the same answer for {len(markets)} markets"

    def _remember(
        self, key: Hashable, subject: _Subject, source: str, print_: Print, now: float
    ) -> None:
        before = subject.prints.get(source)
        if print_ and (before is None or before[0] != print_):
            subject.prints[source] = (print_, now)
            if len(subject.prints) > _SOURCES:
                del subject.prints[next(iter(subject.prints))]
            subject.moves.append((source, subject.value, now))
            if len(subject.moves) > _MOVES_KEPT:
                del subject.moves[0]
        self._subjects[key] = subject
        while len(self._subjects) > _SUBJECTS:
            self._subjects.popitem(last=False)
