"""Requests, latencies and load over time, in rings: fine for minutes, coarse for a week."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from coinmux.server.monitoring.latency_histogram import LatencyHistogram
from coinmux.server.monitoring.monitor_report import Trend

Answer = Literal["live", "cached", "stale", "failed"]
ANSWERS: tuple[Answer, ...] = ("live", "cached", "stale", "failed")
#: Pieces drawn of each window.
PIECES = 60
_MINUTE_S = 60
#: A rate of less than this says more about chance than about the traffic.
_LEAST_S = 5


class PieceTold(msgspec.Struct, frozen=True, array_like=True):
    """A piece as one worker tells it to the others; names as in `_Piece`."""

    place: int
    answers: dict[Answer, int]
    took: tuple[bytes, bytes]
    load_sum: float
    loads: int


class TrendTold(msgspec.Struct, frozen=True, array_like=True):
    """The trend as one worker tells it to the others.

    Attributes:
        seconds: pieces of a second, the open one included.
        rings: those of each window, by its length in seconds.
    """

    started_s: int
    seconds: list[PieceTold]
    rings: dict[int, list[PieceTold]]


@dataclass(slots=True)
class _Piece:
    """What happened between two times."""

    place: int
    answers: dict[Answer, int] = field(default_factory=lambda: dict.fromkeys(ANSWERS, 0))
    took: LatencyHistogram = field(default_factory=LatencyHistogram)
    load_sum: float = 0.0
    loads: int = 0
    told: PieceTold | None = None

    def tell(self) -> PieceTold:
        """The piece for other workers; the same as before while nothing was added."""
        told = self.told
        if (
            told is None
            or told.loads != self.loads
            or sum(told.answers.values()) != self.took.total
        ):
            told = self.told = PieceTold(
                self.place, dict(self.answers), self.took.tell(), self.load_sum, self.loads
            )
        return told

    def absorb(self, told: PieceTold) -> None:
        """Add the same piece of another worker."""
        for answer, count in told.answers.items():
            self.answers[answer] += count
        self.took.absorb(told.took)
        self.load_sum += told.load_sum
        self.loads += told.loads

    def merge(self, other: _Piece) -> None:
        for answer, count in other.answers.items():
            self.answers[answer] += count
        self.took.merge(other.took)
        self.load_sum += other.load_sum
        self.loads += other.loads


class _Ring:
    """The newest pieces of one length; pieces without anything are not stored."""

    def __init__(self, piece_s: int, most: int) -> None:
        self.piece_s = piece_s
        self._most = most
        self._pieces: deque[_Piece] = deque()

    def at(self, second: int) -> _Piece:
        """The piece of that second, begun if it is new."""
        place = second // self.piece_s
        if not self._pieces or self._pieces[-1].place < place:
            self._pieces.append(_Piece(place))
            while self._pieces[0].place <= place - self._most:
                self._pieces.popleft()
        # Where the clock was set back, what follows still belongs to the newest piece.
        return self._pieces[-1]

    def tell(self) -> list[PieceTold]:
        """The pieces for other workers."""
        return [piece.tell() for piece in self._pieces]

    def absorb(self, told: list[PieceTold]) -> None:
        """Add the pieces of another worker."""
        found = {piece.place: piece for piece in self._pieces}
        for one in told:
            found.setdefault(one.place, _Piece(one.place)).absorb(one)
        newest = max(found, default=0)
        self._pieces = deque(
            piece for place, piece in sorted(found.items()) if place > newest - self._most
        )

    def since(self, place: int) -> list[_Piece]:
        """The pieces from `place` on, oldest first."""
        return [piece for piece in self._pieces if piece.place >= place]


class TrafficTrend:
    """What the server answered, by the second for a minute and by pieces for four windows.

    Args:
        started_s: Unix time of the start, before which nothing was measured.
        windows: their lengths in seconds.
    """

    def __init__(self, started_s: int, windows: tuple[int, ...]) -> None:
        self._started_s = started_s
        self._seconds = _Ring(1, _MINUTE_S + 1)
        self._rings = {window_s: _Ring(window_s // PIECES, PIECES) for window_s in windows}
        self._open: _Piece | None = None

    def add(self, second: int, elapsed_ms: float, answer: Answer) -> None:
        """Count one request of the second."""
        piece = self._open
        if piece is None or piece.place != second:
            piece = self._begin(second)
        piece.answers[answer] += 1
        piece.took.add(elapsed_ms)

    def load(self, second: int, percent: float) -> None:
        """Add a sample of the load."""
        piece = self._begin(second)
        piece.load_sum += percent
        piece.loads += 1

    def _begin(self, second: int) -> _Piece:
        """The piece of the second; the one before it is over, and goes into the coarser rings."""
        last, piece = self._open, self._seconds.at(second)
        if last is not None and last is not piece:
            for ring in self._rings.values():
                ring.at(last.place).merge(last)
        self._open = piece
        return piece

    def tell(self, second: int) -> TrendTold:
        """The trend for other workers; what came before `second` is in every ring."""
        self._begin(second)
        return TrendTold(
            self._started_s,
            self._seconds.tell(),
            {window_s: ring.tell() for window_s, ring in self._rings.items()},
        )

    def absorb(self, told: TrendTold) -> None:
        """Add the trend of another worker; nothing may be counted here after."""
        self._started_s = min(self._started_s, told.started_s)
        self._seconds.absorb(told.seconds)
        for window_s, pieces in told.rings.items():
            self._rings[window_s].absorb(pieces)

    def minute(self, second: int, *wanted: int) -> tuple[int, list[float | None]]:
        """Requests of the last 60 seconds, and latencies below which so many percent lie, in ms."""
        whole = LatencyHistogram()
        for piece in self._seconds.since(second - _MINUTE_S + 1):
            whole.merge(piece.took)
        return whole.total, whole.percentiles(*wanted)

    def report(self, window_s: int, second: int) -> Trend:
        """The pieces of a window; None before the start, and where nothing was measured."""
        self._begin(second)
        ring = self._rings[window_s]
        piece_s = ring.piece_s
        last = second // piece_s
        found = {piece.place: piece for piece in ring.since(last - PIECES + 1)}
        lines: dict[str, list[float | None]] = {answer: [] for answer in ANSWERS}
        middle: list[float | None] = []
        slow: list[float | None] = []
        loads: list[float | None] = []
        for place in range(last - PIECES + 1, last + 1):
            piece = found.get(place)
            begins_s = max(place * piece_s, self._started_s)
            passed_s = min((place + 1) * piece_s, second) - begins_s
            for answer in ANSWERS:
                count = 0 if piece is None else piece.answers[answer]
                rate = None if passed_s < _LEAST_S else round(count * 60 / passed_s, 1)
                lines[answer].append(rate)
            p50, p95 = (None, None) if piece is None else piece.took.percentiles(50, 95)
            middle.append(p50)
            slow.append(p95)
            has_load = piece is not None and piece.loads
            loads.append(round(piece.load_sum / piece.loads, 1) if piece and has_load else None)
        return Trend(
            bucket_s=piece_s,
            to_at=(last + 1) * piece_s * 1000,
            requests_per_min=tuple(
                None if None in parts else round(sum(part or 0.0 for part in parts))
                for parts in zip(*lines.values(), strict=True)
            ),
            live=tuple(lines["live"]),
            cached=tuple(lines["cached"]),
            stale=tuple(lines["stale"]),
            failed=tuple(lines["failed"]),
            p50_ms=tuple(middle),
            p95_ms=tuple(slow),
            load_percent=tuple(loads),
        )
