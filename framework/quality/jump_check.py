"""What was last known of each market, and which new answers do not fit it.

A jump is doubted until a second source tells the same; a source that repeats one answer for every
market, or the same one for an hour while others move, is doubted too (`faults.md` E9). A market
has one price, whichever question it came by: so candles and order books of another market, which
mostly do not name theirs, are found out (E2).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coinmux.framework.models.candles import Candles
from coinmux.framework.models.chain import Gas
from coinmux.framework.models.market import OrderBook, Ticker, Trades
from coinmux.framework.quality.consensus import Consensus

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability

#: Who confirms a doubted answer does so within this time.
_FRESH_S = 60.0
#: A price that is so many times another is doubted, by how many seconds lie between; what is older
#: says nothing of now.
_PRICE_JUMPS = ((60.0, 1.25), (3_600.0, 1.5), (86_400.0, 3.0))
#: A fee may leap further.
_FEE_JUMPS = ((60.0, 20.0),)
_PRICE = Consensus("price", relative=0.05)
_HOUR_MS = 3_600_000
#: An answer that stands still so long, while another source told so many others, is frozen.
_FROZEN_S = 3_600.0
_MOVES = 3
#: Markets that got the very same answer, volume and all, before that is no chance.
_SAME = 3
_SUBJECTS = 4_096
_SOURCES = 256

Print = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """What an answer says of a market, in one number.

    Attributes:
        about: the market.
        rule: who tells nearly the same.
        jumps: seconds between two answers, and the factor from which the later is doubted.
    """

    about: Hashable
    value: float
    rule: Consensus
    jumps: tuple[tuple[float, float], ...]


def figure_of(capability: Capability, query: Query, result: Result) -> Figure | None:
    """The figure of an answer; None where it has none that can be compared."""
    if isinstance(result, Gas):
        rule, fee = capability.consensus, result.standard
        if rule is None or fee is None or fee <= 0:
            return None
        return Figure((capability.name, query), fee, rule, _FEE_JUMPS)
    price = _price_of(query, result)
    if price is None or price <= 0:
        return None
    return Figure(("price", query.__dict__.get("symbol")), price, _PRICE, _PRICE_JUMPS)


def _price_of(query: Query, result: Result) -> float | None:
    """What the market costs now, by the answer."""
    if isinstance(result, Ticker):
        return result.last
    if query.__dict__.get("end") is not None:
        return None  # of another time
    if isinstance(result, Candles):
        # A long candle that is closed ended too long ago.
        lately = not result.last_closed or result.interval.ms <= _HOUR_MS
        return float(result.close[-1]) if len(result) and lately else None
    if isinstance(result, OrderBook):
        sides = [side[0][0] for side in (result.bids, result.asks) if side]
        return sum(sides) / len(sides) if sides else None
    if isinstance(result, Trades):
        return result.trades[-1].price if result.trades else None
    return None


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A value that was not believed.

    Attributes:
        since: when this source began to tell it.
        at: when it told it last.
    """

    source: str
    value: float
    since: float
    at: float

    def confirmed(self, source: str, figure: Figure, now: float) -> bool:
        """Whether this answer ends the doubt: of another source, or of the same one when for a
        minute nobody has told anything else.
        """
        if self.source == source:
            return self.is_repeated(source, figure) and now - self.since > _FRESH_S
        return now - self.at <= _FRESH_S and figure.rule.agrees(figure.value, self.value)

    def is_repeated(self, source: str, figure: Figure) -> bool:
        """Whether the same source tells the same again."""
        return self.source == source and figure.rule.agrees(figure.value, self.value)


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
    doubted: _Doubt | None = None
    moves: deque[tuple[str, float, float]] = field(default_factory=lambda: deque(maxlen=16))
    prints: dict[str, tuple[Print, float]] = field(default_factory=dict)


class JumpCheck:
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
        figure = figure_of(capability, query, result)
        if figure is None:
            return None
        now, key, value = self._clock.monotonic(), figure.about, figure.value
        subject = self._subjects.get(key)
        why = self._repeats(source, key, result)
        if subject is None:
            if why is None:
                self._remember(key, _Subject(value, now, source), source, result, now)
            return why
        self._subjects.move_to_end(key)
        why = why or self._is_frozen(subject, source, result, now)
        if why is None and self._jumps(subject, figure, now):
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
            self._remember(key, subject, source, result, now)
        return why

    def _jumps(self, subject: _Subject, figure: Figure, now: float) -> bool:
        times = max(figure.value / subject.value, subject.value / figure.value)
        ago_s = now - subject.at
        allowed = next((most for within_s, most in figure.jumps if ago_s <= within_s), None)
        return allowed is not None and times > allowed

    def _is_frozen(self, subject: _Subject, source: str, result: Result, now: float) -> str | None:
        before = subject.prints.get(source)
        print_ = _print(result)
        if before is None or before[0] != print_ or not print_:
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
        if print_ and (before is None or before[0] != print_):
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
