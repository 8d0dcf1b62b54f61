"""The health of one source as it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import wall_at
from coinmux.framework.health.circuit import State

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock


@dataclass(frozen=True, slots=True)
class CapabilityHealth:
    """One capability's own share: what its own results say, whatever the rest of the source does.

    Attributes:
        retry_at: monotonic seconds; None unless OFFLINE.
        hold_until: monotonic seconds; None unless it is left alone, by itself, for `hold_reason`.
    """

    name: str
    state: State
    consecutive_failures: int
    retry_at: float | None
    hold_until: float | None
    hold_reason: str | None


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """One source's health at one moment; times are monotonic seconds.

    Attributes:
        disabled_detail: for people, beside the reason's code.
        successes, failures: over its whole life.
        success_rate: over the window, None while that is empty.
        avg_response_s, p50_s, p95_s: of the successes in the window, None without any.
        last_error: code and message.
        retry_at: of the next probe, while OFFLINE or while its key is refused.
        hold_until: None once it is past.
    """

    name: str
    state: State
    disabled_reason: str | None
    disabled_detail: str
    successes: int
    failures: int
    consecutive_failures: int
    success_rate: float | None
    avg_response_s: float | None
    p50_s: float | None
    p95_s: float | None
    last_success_at: float | None
    last_failure_at: float | None
    last_error: tuple[str, str] | None
    retry_at: float | None
    hold_until: float | None
    hold_reason: str | None
    recoveries: int
    capabilities: tuple[CapabilityHealth, ...]

    def to_public(self, clock: Clock) -> dict[str, Any]:
        """`Health` of the REST contract, without the category; wall times made now."""

        def wall(at: float | None) -> int | None:
            return None if at is None else wall_at(clock, at)

        error = self.last_error
        return {
            "name": self.name,
            "state": str(self.state),
            "disabled_reason": self.disabled_reason,
            "enabled": self.state is not State.DISABLED,
            "successes": self.successes,
            "failures": self.failures,
            "consecutive_failures": self.consecutive_failures,
            "success_rate": self.success_rate,
            "avg_response_ms": _ms(self.avg_response_s),
            "p50_ms": _ms(self.p50_s),
            "p95_ms": _ms(self.p95_s),
            "last_success_at": wall(self.last_success_at),
            "last_failure_at": wall(self.last_failure_at),
            "last_error": None if error is None else {"code": error[0], "message": error[1]},
            "retry_at": wall(self.retry_at),
            "hold_until": wall(self.hold_until),
            "hold_reason": self.hold_reason,
            "recoveries": self.recoveries,
            "capabilities": [
                {
                    "name": one.name,
                    "state": str(one.state),
                    "consecutive_failures": one.consecutive_failures,
                    "retry_at": wall(one.retry_at),
                    "hold_until": wall(one.hold_until),
                    "hold_reason": one.hold_reason,
                }
                for one in self.capabilities
            ],
        }


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
