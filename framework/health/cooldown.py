"""How long the cooldown of a source lasts after it asked us to wait. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

#: Seconds a source may ask for: shortest and longest (`docs/health.md`, "Cooldowns").
USUAL_S = (1.0, 3_600.0)
#: A ban is taken more seriously (HTTP 418).
BAN_S = (120.0, 259_200.0)
#: A used-up monthly quota may ask for a wait of a month.
QUOTA_S = (1.0, 31 * 86_400.0)
QUOTA_DEFAULT_S = 3_600.0
#: A refusal by country does not end because a header says so.
GEO_S = 21_600.0

FIRST_S = 30.0
LONGEST_UNTOLD_S = 900.0
SPREAD = 0.2
#: 30 s x 2^5 is past 15 min already; further doubling would only overflow.
_LAST_STEP = 5

BANNED = "upstream_banned"
QUOTA = "upstream_quota_exhausted"
GEO = "upstream_geo_blocked"
PLAN = "upstream_plan_restricted"

#: Errors that only a payment or a new month ends, not a pause of seconds.
_PAID = frozenset({QUOTA, PLAN})

#: Cooldowns with these codes survive a restart; no other health state does.
DURABLE = frozenset({BANNED, QUOTA})


def told_s(retry_after_s: float | None, bounds: tuple[float, float]) -> float | None:
    """Seconds the source named, clamped; None where it named none that makes sense."""
    if retry_after_s is None or not math.isfinite(retry_after_s) or retry_after_s < 0:
        return None
    return min(max(retry_after_s, bounds[0]), bounds[1])


def untold_s(step: int, rng: Random) -> float:
    """Seconds to wait when the source did not say how long, for the `step`-th time in a row."""
    seconds = min(FIRST_S * 2.0 ** min(step, _LAST_STEP), LONGEST_UNTOLD_S)
    return seconds * rng.uniform(1 - SPREAD, 1 + SPREAD)


def longest_s(code: str) -> float:
    """The longest cooldown that an error of this code may ask for."""
    if code == GEO:
        return GEO_S
    return (BAN_S if code == BANNED else QUOTA_S if code in _PAID else USUAL_S)[1]


@dataclass(slots=True)
class Cooldown:
    """The cooldown of a source: until when it lasts, and why.

    Attributes:
        until: monotonic seconds; minus infinity where there was no cooldown.
        reason: for people.
        code: of the error that asked for it.
        step: how many times in a row the source did not say how long.
    """

    until: float = -math.inf
    reason: str | None = None
    code: str | None = None
    step: int = 0

    def ask(
        self, now: float, code: str, retry_after_s: float | None, reason: str, rng: Random
    ) -> None:
        """Begin or extend the cooldown after one more refusal.

        Parallel calls that are refused together are one refusal: a wait of unspecified length
        grows only after the last one has ended.
        """
        if code == GEO:
            self.extend(now + GEO_S, code, reason)
            return
        bounds = BAN_S if code == BANNED else QUOTA_S if code in _PAID else USUAL_S
        seconds = told_s(retry_after_s, bounds)
        if seconds is None:
            if code in _PAID:
                seconds = QUOTA_DEFAULT_S
            else:
                if now >= self.until:
                    self.step += 1
                seconds = max(untold_s(max(self.step - 1, 0), rng), bounds[0])
        self.extend(now + seconds, code, reason)

    def take_over(self, now: float, left_s: float, code: str, reason: str) -> None:
        """Extend the cooldown by what another process says is left of it, within our own bounds."""
        self.extend(now + min(left_s, longest_s(code)), code, reason)

    def extend(self, until: float, code: str, reason: str) -> None:
        """Extend the cooldown to `until`; one that ends later stays as it is."""
        if until > self.until:
            self.until, self.code, self.reason = until, code, reason
