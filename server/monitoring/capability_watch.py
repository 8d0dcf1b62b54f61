"""Since when each capability has its status, and what it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.health.circuit import State
from coinmux.framework.health.history import HealthHistory
from coinmux.framework.health.status import StateChange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.clock import Clock
    from coinmux.framework.health.history import Bars
    from coinmux.framework.reports.answerable import CapabilityStatus

_STATES = {"ONLINE": State.HEALTHY, "DEGRADED": State.DEGRADED, "OFFLINE": State.OFFLINE}


class CapabilityWatch:
    """Records the changes of capabilities as they are looked at; forgotten with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._history = HealthHistory(clock)
        self._seen: dict[str, tuple[State, int]] = {}

    def see(self, lines: Iterable[CapabilityStatus]) -> None:
        """Record what changed since the last look."""
        now_ms = self._clock.wall_ms()
        for line in lines:
            state = _STATES[line.status]
            known = self._seen.get(line.name)
            if known is None:
                self._history.begin(line.name, state)
            elif known[0] is not state:
                self._history.on_change(
                    StateChange(line.name, None, known[0], state, "", self._clock.monotonic())
                )
            if known is None or known[0] is not state:
                self._seen[line.name] = (state, now_ms)

    def since(self, name: str) -> int:
        """Since when a capability that was looked at has its status, Unix ms."""
        return self._seen[name][1]

    def bars(self, name: str, window_s: float, count: int) -> Bars:
        """Its history in pieces, as of a source."""
        return self._history.bars(name, window_s, count)
