"""Whether this machine's clock is off: what several sources say of the time together.

A source that is ahead of us alone has a wrong clock. Where two or more are ahead or behind by the
same, ours is wrong, and answers are judged by their time instead.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.clock import Clock

#: A smaller difference is that of delays and caches.
OFF_S = 20.0
#: Sources agree within so much.
_ALIKE_S = 5.0
#: What a `Date` header and what the time of data say counts for so long.
_DATES_S, _DATA_S = 60.0, 15.0
_DAY_MS = 86_400_000
#: A source's `Date` is read so often.
_READ_EVERY_S = 5.0
#: Beyond it TLS and everything else fails as well.
_MOST_S = 200 * 86_400.0


class ClockWatch:
    """Compares our clock with those of the sources.

    Args:
        on_change: told the seconds by which sources are ahead of us when our clock is found to be
            off, and 0 when it no longer is.
    """

    def __init__(self, clock: Clock, on_change: Callable[[float], None] = lambda _: None) -> None:
        self._clock = clock
        self._on_change = on_change
        #: By source: when it was said (monotonic), and by how much it is ahead of us.
        self._dates: dict[str, tuple[float, float]] = {}
        self._data: dict[str, tuple[float, float]] = {}
        self._skew_s = 0.0

    @property
    def skew_s(self) -> float:
        """By how much our clock is behind, negative where it is ahead; 0 where nothing is wrong."""
        return self._skew_s

    def dates(self) -> dict[str, float]:
        """By how many seconds each source is ahead of us, by its `Date` of the last minute."""
        return self._recent(self._dates, _DATES_S)

    def now_ms(self) -> int:
        """The wall time by which answers are judged, Unix ms."""
        now_ms = self._clock.wall_ms()
        return now_ms + round(self._skew_s * 1000) if self._skew_s else now_ms

    def date(self, source: str, header: str, age: str | None = None) -> None:
        """Note the `Date` header of a reply, and its `Age` where it comes out of a cache."""
        now = self._clock.monotonic()
        known = self._dates.get(source)
        if known is not None and now - known[0] < _READ_EVERY_S:
            return
        try:
            told_s = parsedate_to_datetime(header).timestamp()
        except (ValueError, TypeError, OverflowError):
            return
        if age is not None and age.isascii() and age.isdigit():
            told_s += int(age[:9])
        self._note(self._dates, source, told_s - self._clock.wall_ms() / 1000)

    def data(self, source: str, own_ms: int) -> int:
        """Note the own time of data that a source says is current; `now_ms` since.

        Midnight says nothing: it is the beginning of the day that the data is of.
        """
        now_ms = self._clock.wall_ms()
        if own_ms % _DAY_MS:
            ahead_s = (own_ms - now_ms) / 1000
            if -OFF_S <= ahead_s <= OFF_S and not self._skew_s:
                # As nearly always, and then there is nothing to judge.
                self._data[source] = (self._clock.monotonic(), ahead_s)
            else:
                self._note(self._data, source, ahead_s)
        return now_ms + round(self._skew_s * 1000) if self._skew_s else now_ms

    def agrees_with(self, source: str) -> bool:
        """Whether the source's own `Date` header says that our clock is off, and none denies it."""
        now = self._clock.monotonic()
        known = self._dates.get(source)
        if known is None or now - known[0] > _DATES_S or abs(known[1]) <= OFF_S:
            return False
        return not any(
            abs(ahead) <= OFF_S for ahead in self._recent(self._dates, _DATES_S).values()
        )

    def _note(self, where: dict[str, tuple[float, float]], source: str, ahead_s: float) -> None:
        if abs(ahead_s) > _MOST_S:
            return
        where[source] = (self._clock.monotonic(), ahead_s)
        if abs(ahead_s) > OFF_S or self._skew_s:
            self._judge()

    def _judge(self) -> None:
        said = {**self._recent(self._data, _DATA_S), **self._recent(self._dates, _DATES_S)}
        off = sorted(ahead for ahead in said.values() if abs(ahead) > OFF_S)
        groups = [[one for one in off if 0 <= one - least <= _ALIKE_S] for least in off]
        largest = max(groups, key=len, default=[])
        fine = len(said) - len(off)
        skew_s = largest[len(largest) // 2] if len(largest) >= 2 and len(largest) > fine else 0.0
        before, self._skew_s = self._skew_s, skew_s
        if (before == 0) != (skew_s == 0):
            self._on_change(skew_s)

    def _recent(self, where: dict[str, tuple[float, float]], within_s: float) -> dict[str, float]:
        now = self._clock.monotonic()
        return {source: ahead for source, (at, ahead) in where.items() if now - at <= within_s}


def in_words(skew_s: float) -> str:
    """What is wrong with our clock and what to do."""
    way = "behind" if skew_s > 0 else "ahead"
    return f"this machine's clock is {abs(skew_s):.0f} s {way}: set it (NTP); no source is at fault"
