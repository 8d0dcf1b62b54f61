"""When connections may be opened again: later each time, and as the source asks.

A refusal holds for an address, not for one connection, so it is kept for all of a source's, by the
rules that hold for its requests (`framework/health/cooldown.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import (
    BadStatus,
    BlockedAddress,
    Outcome,
    ProtocolViolation,
    Redirected,
    TLSFailure,
)
from coinmux.framework.health.cooldown import USUAL_S, Cooldown, told_s

if TYPE_CHECKING:
    from random import Random

    from coinmux.framework.errors import CoinmuxError

#: The longest pause before a connection is tried again.
_LONGEST_S = 60.0
#: The longest where hardly anything will change within minutes: a wrong address or certificate.
_LONGEST_REFUSED_S = 900.0
#: How long a source is left alone that takes no key, or not ours.
_DENIED_S = 3_600.0
_LASTING = (BlockedAddress, ProtocolViolation, Redirected, TLSFailure)


class Pause:
    """Of one connection: longer each time, until it was sound.

    Args:
        first_s: seconds at first.
    """

    def __init__(self, rng: Random, first_s: float) -> None:
        self._rng = rng
        self._first_s = first_s
        self._next_s = self._first_s
        #: Whether the last failure may be over within seconds.
        self.is_usual = True

    def after(self, error: CoinmuxError) -> float:
        """Seconds to wait after one more failure."""
        self.is_usual = not _is_lasting(error)
        longest_s = _LONGEST_S if self.is_usual else _LONGEST_REFUSED_S
        pause_s = min(self._next_s, longest_s)
        self._next_s = min(2 * pause_s, longest_s)
        return self._rng.uniform(pause_s / 2, pause_s)

    def reset(self) -> None:
        """The connection was sound."""
        self._next_s = self._first_s


class Hold:
    """Of all connections of a source: as long as it asks, or as its refusal means.

    Attributes:
        until: monotonic seconds; minus infinity where it never asked.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._cooldown = Cooldown()
        self._error: CoinmuxError | None = None

    @property
    def until(self) -> float:
        return self._cooldown.until

    def refused(self, error: CoinmuxError, now: float) -> None:
        """Take what a failure asks for; most ask for nothing."""
        before = self._cooldown.until
        outcome = getattr(error, "outcome", Outcome.NEUTRAL)
        wait_s: float | None = getattr(error, "retry_after_s", None)
        if outcome is Outcome.HOLD:
            self._cooldown.ask(now, error.code, wait_s, error.detail, self._rng)
        elif outcome is Outcome.DENIED:
            self._cooldown.extend(now + _DENIED_S, error.code, error.detail)
        elif outcome is Outcome.FAILURE and (wait_s := told_s(wait_s, USUAL_S)) is not None:
            self._cooldown.extend(now + wait_s, error.code, error.detail)
        if self._cooldown.until > before:
            self._error = error

    def error(self, now: float) -> CoinmuxError | None:
        """Why no connection may be opened now; None if one may."""
        return self._error if now < self._cooldown.until else None

    def reset(self) -> None:
        """A connection was sound: the next refusal that names no time is the first again."""
        self._cooldown.step = 0


def _is_lasting(error: CoinmuxError) -> bool:
    if isinstance(error, BadStatus):
        return error.status is not None and 400 <= error.status < 500
    return isinstance(error, _LASTING)
