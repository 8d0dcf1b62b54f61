"""When a source was asked: by the quarter minute for an hour, by the minute for a week.

A state that nobody tried lately is remembered, not known; the pages draw it hollow.
"""

from __future__ import annotations

#: The newest place that was marked, and the bits (little-endian).
MarksTold = tuple[int, bytes]
_QUARTER_S, _QUARTERS = 15, 240
_MINUTE_S, _MINUTES = 60, 10_080


class _Marks:
    """One bit for each piece of time, up to the newest that was marked."""

    __slots__ = ("_bits", "_most", "_newest")

    def __init__(self, most: int) -> None:
        self._most = most
        self._newest = 0
        self._bits = 0

    def mark(self, place: int) -> None:
        ahead = place - self._newest
        if ahead >= self._most:
            # Also where the clock was set: shifting by years would take the memory of years.
            self._bits, self._newest = 1, place
        elif ahead > 0:
            self._bits = (self._bits << ahead | 1) & ((1 << self._most) - 1)
            self._newest = place
        elif -ahead < self._most:
            self._bits |= 1 << -ahead

    def tell(self) -> MarksTold:
        return self._newest, self._bits.to_bytes((self._bits.bit_length() + 7) // 8, "little")

    def absorb(self, told: MarksTold) -> None:
        newest, bits = told[0], int.from_bytes(told[1], "little")
        if not bits:
            return
        if newest > self._newest:
            newest, self._newest = self._newest, newest
            bits, self._bits = self._bits, bits
        behind = self._newest - newest
        if behind < self._most:
            self._bits |= bits << behind
        self._bits &= (1 << self._most) - 1

    def count(self, first: int, last: int) -> int:
        """Marked pieces from `first` to `last`, both included."""
        low, high = max(0, self._newest - last), self._newest - first
        if high < low:
            return 0
        return (self._bits >> low & ((1 << high - low + 1) - 1)).bit_count()


class AskedLog:
    """When one source was asked; some 1.5 kB, whatever happens."""

    __slots__ = ("_last", "_minutes", "_quarters", "_told")

    def __init__(self) -> None:
        self._last = -1
        self._quarters = _Marks(_QUARTERS)
        self._minutes = _Marks(_MINUTES)
        self._told: tuple[int, tuple[MarksTold, MarksTold]] | None = None

    def mark(self, second: int) -> None:
        """It was asked in that second, of Unix time."""
        quarter = second // _QUARTER_S
        if quarter != self._last:
            self._last = quarter
            self._quarters.mark(quarter)
            self._minutes.mark(second // _MINUTE_S)

    def tell(self) -> tuple[MarksTold, MarksTold]:
        """Quarters and minutes, for other workers; the same as before until it is asked again."""
        if self._told is None or self._told[0] != self._last:
            self._told = self._last, (self._quarters.tell(), self._minutes.tell())
        return self._told[1]

    def absorb(self, told: tuple[MarksTold, MarksTold]) -> None:
        """Add when another worker asked it; nothing may be marked here after."""
        self._quarters.absorb(told[0])
        self._minutes.absorb(told[1])
        self._told = None

    def pieces(self, ends_s: int, piece_s: int, count: int) -> str:
        """A 1 for each piece with a call and a 0 for each without, oldest first."""
        unit_s, marks = (
            (_QUARTER_S, self._quarters) if piece_s < _MINUTE_S else (_MINUTE_S, self._minutes)
        )
        begins_s = ends_s - count * piece_s
        return "".join(
            "1" if marks.count(at // unit_s, (at + piece_s) // unit_s - 1) else "0"
            for at in range(begins_s, ends_s, piece_s)
        )

    def seconds(self, from_s: float, to_s: float) -> float:
        """Seconds of that time which lie in minutes with a call."""
        if to_s <= from_s:
            return 0.0
        first, last = int(from_s // _MINUTE_S), int(to_s // _MINUTE_S)
        found = self._minutes.count(first, last) * float(_MINUTE_S)
        # The minutes at both ends count for the part inside alone.
        if self._minutes.count(first, first):
            found -= from_s - first * _MINUTE_S
        if self._minutes.count(last, last):
            found -= (last + 1) * _MINUTE_S - to_s
        return max(found, 0.0)


#: Of a source that was never asked.
NEVER = AskedLog()
