"""The last known value of each market, and a check of new answers against it.

A jump is doubted until a second source reports the same value. A source that repeats one answer for
every market, or for an hour while other sources move, is doubted too (`faults.md` E9). Tickers,
candles and order books of a market share one price, so that candles and order books of the wrong
market, which mostly do not name it, are detected (E2). What is far off what was told just now is
refused, and what one source alone told is doubted while another contradicts it so.
"""

from __future__ import annotations

import math
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
#: A value far off is a source's own price once it has repeated it for so long.
_OWN_S = 600.0
#: Sources of a market whose values far off are remembered.
_FAR = 8
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

    def confirmed(self, source: str, figure: Figure, now: float, *, is_far: bool) -> bool:
        """Whether this answer ends the doubt: another source agrees, or the same source has
        repeated it for a minute, ten where it is far off, and no other source has contradicted it.
        """
        if self.source == source:
            least_s = _OWN_S if is_far else _FRESH_S
            return self.is_repeated(source, figure) and now - self.since > least_s
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
        seconded_at: when another source than the one before told a value that fits.
        far: what sources told that was far off, by source; None where none did.
    """

    value: float
    at: float
    source: str
    doubted: _Doubt | None = None
    seconded_at: float = -math.inf
    far: dict[str, _Doubt] | None = None
    moves: list[tuple[str, float, float]] = field(default_factory=list)
    prints: dict[str, tuple[Print, float]] = field(default_factory=dict)

    def tell_far(self, source: str, figure: Figure, now: float) -> None:
        """Remember a value that is far off."""
        far = self.far = {} if self.far is None else self.far
        before = far.pop(source, None)
        again = before is not None and before.is_repeated(source, figure)
        far[source] = _Doubt(source, figure.value, before.since if before and again else now, now)
        if len(far) > _FAR:
            del far[next(iter(far))]

    def told_far_by_another(self, source: str, figure: Figure, now: float) -> _Doubt | None:
        """What another source told just now that this one confirms; None where none did."""
        for told in () if self.far is None else self.far.values():
            if told.source != source and told.confirmed(source, figure, now, is_far=True):
                return told
        return None

    def is_seconded(self, rule: JumpRule, now: float) -> bool:
        """Whether two sources tell the believed value."""
        return now - self.seconded_at <= rule.factors[-1][0]

    def believe(self, value: float, at: float, source: str) -> None:
        """Take a value that fits, or that is confirmed."""
        if source != self.source:
            self.seconded_at = at
        self.value, self.at, self.source, self.doubted = value, at, source, None
        if self.far is not None:
            self.far.pop(source, None)


def _times(one: float, other: float) -> float:
    return one / other if one > other else other / one


def _is_beyond(
    subject: _Subject, value: float, factors: tuple[tuple[float, float], ...], now: float
) -> bool:
    """Whether `value` is further from the last one that was believed than its age allows."""
    before = subject.value
    times = value / before if value > before else before / value
    ago_s = now - subject.at
    for within_s, most in factors:
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
        key = about(capability, query)
        why = self.doubt_of(source, key, rule, query, result)
        if why is None and (subject := self._subjects.get(key)) is not None and subject.far:
            return self._disputed(source, subject, rule, result.figure(query))
        return why

    def refuses(self, source: str, capability: Capability, query: Query, result: Result) -> bool:
        """Whether a doubted answer is not to be served, whoever else can be heard or not.

        It is far off what was believed just now, and no price that its source has had for ten
        minutes: a coin of the same name, or one of which the others do not know yet that a
        thousand were made one.
        """
        rule, value = capability.jumps, result.figure(query)
        subject = self._subjects.get(about(capability, query))
        if rule is None or subject is None or value is None or value <= 0:
            return False
        now = self._clock.monotonic()
        if not _is_beyond(subject, value, rule.refused, now):
            return False
        told = None if subject.far is None else subject.far.get(source)
        return told is None or now - told.since <= _OWN_S

    def doubt_of(
        self, source: str, key: Hashable, rule: JumpRule, query: Query, result: Result
    ) -> str | None:
        """As `doubt`, where it is known what the answer is about; of disputes it knows nothing.

        A feed goes on while an answer contradicts it that a caller asked of another source.

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
        if (
            subject is not None
            and not print_
            and subject.source == source
            and subject.doubted is None
            and subject.far is None
            and not _is_beyond(subject, value, rule.factors, now)
        ):
            # As nearly always of a feed: it goes on as before.
            subject.value, subject.at = value, now
            self._subjects.move_to_end(key)
            return None
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
        if why is None and _is_beyond(subject, value, rule.factors, now):
            figure = Figure(key, value, rule)
            before = subject.doubted
            is_far = _is_beyond(subject, value, rule.refused, now)
            if is_far and not subject.is_seconded(rule, now):
                before = subject.told_far_by_another(source, figure, now) or before
            if before is None or not before.confirmed(source, figure, now, is_far=is_far):
                if is_far:
                    subject.tell_far(source, figure, now)
                again = before is not None and before.is_repeated(source, figure)
                since = before.since if before is not None and again else now
                subject.doubted = _Doubt(source, value, since, now)
                times = _times(value, subject.value)
                ago_s = now - subject.at
                when = "just now" if ago_s <= _FRESH_S else f"{ago_s / 60:.0f} minutes ago"
                return f"{value:g} is {times:.3g} times off what {subject.source} told {when}"
            # It is another price from now on: who seconded the former says nothing of it.
            subject.seconded_at, subject.far = -math.inf, None
            subject.source = before.source
        if why is None:
            # As `believe`, without a call for each answer and message.
            if source != subject.source:
                subject.seconded_at = now
            subject.value, subject.at, subject.source, subject.doubted = value, now, source, None
            if subject.far is not None:
                subject.far.pop(source, None)
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
            if is_second:
                subject.seconded_at, subject.far = at, None
            elif _is_beyond(subject, value, rule.factors, at):
                return
            subject.believe(value, at, source)

    def _disputed(
        self, source: str, subject: _Subject, rule: JumpRule, value: float | None
    ) -> str | None:
        """Why an answer that fits is doubted: another source contradicts it, and no third decides.

        The value that was told first may be the wrong one.
        """
        now = self._clock.monotonic()
        if value is None or value <= 0 or subject.is_seconded(rule, now):
            return None
        for told in () if subject.far is None else subject.far.values():
            is_new = now - told.at <= _FRESH_S and now - told.since <= _OWN_S
            if is_new and told.source != source and not rule.agrees.agrees(told.value, value):
                times = _times(value, told.value)
                return f"{value:g} is {times:.3g} times off what {told.source} told just now"
        return None

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
