"""A clock that moves only when a test moves it."""

from __future__ import annotations


class FakeClock:
    """A `Clock` for tests: `advance` moves both its faces, `jump_wall` the wall alone."""

    __slots__ = ("_monotonic", "_wall_ms")

    def __init__(self, monotonic: float = 1_000.0, wall_ms: int = 1_764_000_000_000) -> None:
        self._monotonic = monotonic
        self._wall_ms = wall_ms

    def monotonic(self) -> float:
        return self._monotonic

    def wall_ms(self) -> int:
        return self._wall_ms

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._monotonic += seconds
        self._wall_ms += round(seconds * 1000)

    def jump_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back; the monotonic one goes on."""
        self._wall_ms += round(seconds * 1000)
