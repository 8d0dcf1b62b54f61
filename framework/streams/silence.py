"""When a connection counts as silent, by how far apart its frames usually are. Pure.

A source's own longest silence (`SocketInfo.silence_s`) has to suit its quietest hour. A connection
that told something each second, and nothing for five, is suspected long before.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

#: Several times the longest spacing of the last minutes is suspicious.
_TIMES: Final = 4
#: Those minutes, each with its longest spacing.
_MINUTES, _MINUTE_S = 5, 60.0
#: Nothing is suspected sooner where a ping asks first, or for a share of `silence_s` without one:
#: sources that do not know a ping break their silence at least twice in that time.
_LEAST_S, _SHARE = 2.0, 0.5
#: A ping is answered within this time.
ANSWER_S: Final = 3.0
_ROOM_S = 1.0
#: Before that a connection has no usual spacing.
_LEARNS_S = 15.0
#: Longer than this between two looks, and this process stood still: what came waits to be read.
_STOOD_S = 2.0

Doubt = Literal["ping", "silent"]


class Silence:
    """What is known of the frames of one connection, looked at each half second.

    Nothing is done for each frame: spacings shorter than a look do not matter.

    Args:
        most_s: silent after so long in any case.
        at: when it was opened.
        has_ping: whether its source answers a ping of the dialect's.
        least_s: nothing is asked sooner.
    """

    def __init__(
        self, most_s: float, at: float, *, has_ping: bool, least_s: float = _LEAST_S
    ) -> None:
        self._most_s = most_s
        self._has_ping = has_ping
        self._least_s = least_s
        self._opened_at = self._heard_at = self._looked_at = self._awake_at = at
        self._minute = 0
        self._longest: deque[float] = deque([0.0], _MINUTES)
        self._pinged_at: float | None = None

    @property
    def longest_s(self) -> float:
        """The longest spacing of the last minutes."""
        return max(self._longest)

    def after_s(self, now: float) -> float:
        """After how much silence it is suspected."""
        most_s = self._most_s
        if self._has_ping:  # so that there is time for an answer
            most_s = max(most_s - ANSWER_S - _ROOM_S, most_s / 2)
        if now - self._opened_at < _LEARNS_S:
            return most_s
        least_s = self._least_s if self._has_ping else self._most_s * _SHARE
        return min(max(_TIMES * self.longest_s, least_s), most_s)

    def look(self, now: float, heard_at: float) -> Doubt | None:
        """What is to be done now: `ping`, end it as it is `silent`, or nothing.

        Args:
            heard_at: when the last frame, ping or pong came.
        """
        if now - self._looked_at > _STOOD_S:
            self._awake_at = now
            self._pinged_at = None
        self._looked_at = now
        if heard_at > self._heard_at:
            self._spaced(heard_at - self._heard_at, heard_at)
            self._heard_at = heard_at
            self._pinged_at = None
        silent_s = now - heard_at
        if silent_s >= self._most_s:
            return "silent"
        if now - max(heard_at, self._awake_at) < self.after_s(now):
            return None
        if not self._has_ping:
            return "silent"
        if self._pinged_at is None:
            self._pinged_at = now
            return "ping"
        return "silent" if now - self._pinged_at >= ANSWER_S else None

    def _spaced(self, spacing_s: float, at: float) -> None:
        """Note a spacing that ended; the first after a look may be up to a look shorter."""
        minute = int((at - self._opened_at) // _MINUTE_S)
        while self._minute < minute:
            self._minute += 1
            self._longest.append(0.0)
        self._longest[-1] = max(self._longest[-1], spacing_s)
