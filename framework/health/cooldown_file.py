"""Cooldowns that outlive the process: a ban or a used-up quota is not over because we restarted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.health.cooldown import DURABLE, longest_s
from coinmux.framework.reference.values import clean_text

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.health.tracker import HealthTracker


_REASON_CHARS = 300


class _Hold(msgspec.Struct, frozen=True):
    source: str
    until_ms: int
    code: str
    reason: str


class CooldownFile:
    """Stores the durable cooldowns of a tracker in a file, as JSON with Unix ms.

    Args:
        path: its folder is made, for the owner alone, when there is something to store.
    """

    def __init__(self, path: Path, health: HealthTracker, clock: Clock) -> None:
        self._path = path
        self._health = health
        self._clock = clock
        self._kept: list[_Hold] = []

    def restore(self) -> None:
        """Load the cooldowns of an earlier run, for sources that exist.

        None lasts longer than one that is asked for now could: the clock that wrote them may have
        been ahead.

        Raises:
            ValueError: the file is damaged; it is left as it is until there is something to store.
            OSError: it cannot be read.
        """
        if not self._path.exists():
            return
        holds = msgspec.json.decode(self._path.read_bytes(), type=list[_Hold])
        now_ms = self._clock.wall_ms()
        known = set(self._health.sources())
        for hold in holds:
            if hold.source in known and hold.code in DURABLE and hold.until_ms > now_ms:
                # Whole numbers are compared first: one of any length may stand there.
                left_ms = min(hold.until_ms - now_ms, round(longest_s(hold.code) * 1000))
                self._health.restore_hold(
                    hold.source, left_ms / 1000, hold.code, clean_text(hold.reason)[:_REASON_CHARS]
                )
        self._kept = self._current()

    def save(self) -> None:
        """Write the cooldowns if they changed.

        Raises:
            OSError: the file cannot be written.
        """
        current = self._current()
        if [hold.source for hold in current] == [hold.source for hold in self._kept] and all(
            abs(one.until_ms - other.until_ms) < 1_000
            for one, other in zip(current, self._kept, strict=True)
        ):
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(current))
        draft.replace(self._path)
        self._kept = current

    def _current(self) -> list[_Hold]:
        now, now_ms = self._clock.monotonic(), self._clock.wall_ms()
        return [
            _Hold(source, now_ms + round((until - now) * 1000), code, reason)
            for source, until, code, reason in self._health.durable_holds()
        ]
