"""Health of the workers of one server without a store: what one learns of a source, all know.

Each attempt's result is a line in a file that they share; the others count it as their own. Times
travel with the moment they were told at, on the monotonic clock, which is one for all processes of
a machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import RemoteResult, Trouble
from coinmux.server.workers.shared_lines import SharedLines

if TYPE_CHECKING:
    from pathlib import Path

    from coinmux.framework.clock import Clock
    from coinmux.framework.health.tracker import HealthTracker


class _Result(msgspec.Struct, tag="result", omit_defaults=True):
    """How an attempt ended, as `worker` told it at a moment in monotonic seconds."""

    worker: str
    at: float
    heard: RemoteResult


class _Reset(msgspec.Struct, tag="reset", omit_defaults=True):
    """The health of one source was reset, or of all where `source` is ""."""

    worker: str
    at: float
    source: str = ""


class _Known(msgspec.Struct, tag="known", omit_defaults=True):
    """Why a source is not asked, at the head of a file."""

    worker: str
    at: float
    trouble: Trouble


_Line = _Result | _Reset | _Known
_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


class _Standing:
    """What is open and what is held by the lines so far, by source and capability."""

    def __init__(self) -> None:
        #: Monotonic end, code and message of each.
        self._open: dict[tuple[str, str], tuple[float, str, str]] = {}
        self._held: dict[tuple[str, str], tuple[float, str, str]] = {}

    def take(self, told: _Line) -> None:
        """Count one line; lines come in their order."""
        if isinstance(told, _Known):
            one = told.trouble
            place = one.source, one.capability
            if one.rest_s is not None:
                self._open[place] = told.at + one.rest_s, one.code, one.message
            if one.hold_s > 0:
                self._held[place] = told.at + one.hold_s, one.hold_code, one.hold_reason
        elif isinstance(told, _Reset):
            for kept in (self._open, self._held):
                for place in [one for one in kept if told.source in ("", one[0])]:
                    del kept[place]
        else:
            self._take_result(told.at, told.heard)

    def _take_result(self, at: float, heard: RemoteResult) -> None:
        for capability, rest_s, hold_s in (
            ("", heard.rest_s, heard.hold_s),
            (heard.capability, heard.capability_rest_s, heard.capability_hold_s),
        ):
            place = heard.source, capability
            if rest_s is not None:
                self._open[place] = at + rest_s, heard.code or "", heard.message or ""
            elif heard.outcome == Outcome.SUCCESS:
                # A failure closes nothing: its worker may not have known that it was open.
                self._open.pop(place, None)
            if hold_s > 0:
                self._held[place] = at + hold_s, heard.hold_code, heard.hold_reason

    def hand_to(self, health: HealthTracker, now: float) -> None:
        """Have `health` take over what still holds, of the sources it knows."""
        known = set(health.sources())
        for (source, capability), (until, code, message) in self._open.items():
            if source in known:
                health.take_open(source, capability, max(until - now, 0.0), code, message)
        for (source, capability), (until, code, reason) in self._held.items():
            if source in known and until > now:
                health.take_hold(source, capability, until - now, code, reason)


class HealthNews:
    """What this worker tells the others of sources, and hears of them.

    Args:
        worker: a name that no other worker of this server ever had.
    """

    def __init__(self, folder: Path, worker: str, health: HealthTracker, clock: Clock) -> None:
        self._worker = worker
        self._health = health
        self._clock = clock
        self._lines = SharedLines(folder, "health", self._head)
        self._posted: list[bytes] = []

    def result(self, heard: RemoteResult) -> None:
        """Tell the others how an attempt of this worker ended."""
        self._posted.append(_ENCODER.encode(_Result(self._worker, self._clock.monotonic(), heard)))

    def reset(self, source: str | None) -> None:
        """Tell the others that the health of one source was reset, or of every source."""
        self._posted.append(
            _ENCODER.encode(_Reset(self._worker, self._clock.monotonic(), source or ""))
        )

    def catch_up(self) -> None:
        """Take over what is open and what is held; results from before this worker are no news.

        Raises:
            OSError: the folder is gone.
        """
        standing = _Standing()
        for line in self._lines.read():
            standing.take(_DECODER.decode(line.text))
        standing.hand_to(self._health, self._clock.monotonic())

    def exchange(self) -> None:
        """Tell what was learnt here, and count what was learnt elsewhere.

        Raises:
            OSError: the folder is gone, or full; what was not told is told the next time.
        """
        if self._posted:
            self._lines.append(self._posted)
            self._posted = []
        for line in self._lines.read():
            told = _DECODER.decode(line.text)
            if told.worker == self._worker:
                continue
            if isinstance(told, _Known):
                continue  # this worker has heard what led to it
            if isinstance(told, _Result):
                if told.heard.source in self._health.sources():
                    self._health.hear(told.heard, max(self._clock.monotonic() - told.at, 0.0))
            elif not told.source:
                self._health.reset_all()
            elif told.source in self._health.sources():
                self._health.reset(told.source)

    def _head(self) -> list[bytes]:
        now = self._clock.monotonic()
        return [
            _ENCODER.encode(_Known(self._worker, now, trouble))
            for trouble in self._health.troubles()
        ]
