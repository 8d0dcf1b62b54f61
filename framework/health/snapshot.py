"""The health of one source at one moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coinmux.framework.health.circuit import State


@dataclass(frozen=True, slots=True)
class CapabilityHealth:
    """The health of one capability by its own results alone, not those of the whole source.

    Attributes:
        retry_at: monotonic seconds; None unless OFFLINE.
        hold_until: monotonic seconds; None unless it has a cooldown of its own, for `hold_reason`.
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


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
