"""One source's rate limits and quotas as one for all workers of a server, in a file they share.

A permit is taken under a lock that is held for some microseconds. A worker that is stopped just
then holds up no other for long: they go on with what they know, and count it later. So they do
where the file cannot be read or written, as on a full disk: each counts for itself then, and the
group, which writes beside it, says so.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from coinmux.framework.clock import Clock
    from coinmux.framework.limits.rate_window import RateWindow

#: Slices of a window that are written; a window has at most 64 and the one it is about to leave.
_SLICES = 72
_SLICE = struct.Struct("ddd")
_COUNT = struct.Struct("d")
_BYTES = _COUNT.size + _SLICES * _SLICE.size
_TRIES, _PAUSE_S = 20, 0.002


class FileWindows:
    """The windows of one source in a file, which the local windows of each worker follow.

    Args:
        file: of these windows alone.
        windows: the local ones; monotonic seconds are those of the machine.
    """

    def __init__(self, file: Path, windows: Sequence[RateWindow], clock: Clock) -> None:
        self._windows = windows
        self._clock = clock
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # A call that began before a reload may still take of it: it is closed with its last user.
        weakref.finalize(self, os.close, self._file)
        self._alone = 0.0
        #: Whether the local windows know of more than the file.
        self._is_unwritten = False

    @property
    def shared(self) -> bool:
        """The file is always there."""
        return True

    async def take(self, weight: float) -> float | None:
        """Take `weight` from every window or from none: 0 where it was taken, else the seconds to
        wait (infinite for never); None where another worker stands still with the lock.
        """
        for _ in range(_TRIES):
            with self._locked() as is_ours:
                if is_ours:
                    return self._take(weight)
            await asyncio.sleep(_PAUSE_S)
        return None

    def told(self, per_s: float) -> None:
        """Raise the count of all to the local window's, which a reply has just corrected."""
        self._raise(window for window in self._windows if window.per_s == per_s)

    def count_known(self) -> None:
        """Count for all what is known of the time before this worker began."""
        self._raise(iter(self._windows))

    def count_alone(self, weight: float) -> None:
        """Something was taken without the lock; it is counted with the next permit."""
        self._alone += weight

    def follow(self) -> None:
        """Let the local windows count what the other workers took."""
        with self._locked() as is_ours:
            if is_ours:
                self._load(self._clock.monotonic())

    def _take(self, weight: float) -> float:
        now = self._clock.monotonic()
        self._load(now)
        # Of a file that cannot be read, what is known here counts.
        wait_s = max(window.wait_s(weight, now) for window in self._windows)
        if wait_s == 0:
            for window in self._windows:
                window.take(weight, now)
            self._save(now)
        return wait_s

    def _raise(self, windows: Iterator[RateWindow]) -> None:
        now = self._clock.monotonic()
        known = {window: window.uses(now) for window in windows}
        with self._locked() as is_ours:
            if not is_ours:
                return  # the next reply says it again
            self._load(now)
            for window, uses in known.items():
                if sum(one[2] for one in uses) > window.used(now):
                    window.replace(uses, now)
            self._save(now)

    def _load(self, now: float) -> None:
        try:
            text = os.pread(self._file, _BYTES * len(self._windows), 0)
        except OSError:
            return
        # A file that was just made is empty, and one that the disk had no room for is cut.
        is_whole = len(text) == _BYTES * len(self._windows)
        for at, window in enumerate(self._windows):
            begin = at * _BYTES
            count = int(_COUNT.unpack_from(text, begin)[0]) if is_whole else 0
            begin += _COUNT.size
            uses = [_SLICE.unpack_from(text, begin + i * _SLICE.size) for i in range(count)]
            if self._is_unwritten and sum(use[2] for use in uses) < window.used(now):
                continue
            window.replace(((first, last, weight) for first, last, weight in uses), now)
        if self._alone:
            for window in self._windows:
                window.take(self._alone, now)
            self._alone = 0.0
            self._save(now)

    def _save(self, now: float) -> None:
        text = bytearray(_BYTES * len(self._windows))
        for at, window in enumerate(self._windows):
            uses = window.uses(now)[-_SLICES:]
            begin = at * _BYTES
            _COUNT.pack_into(text, begin, len(uses))
            begin += _COUNT.size
            for i, use in enumerate(uses):
                _SLICE.pack_into(text, begin + i * _SLICE.size, *use)
        try:
            self._is_unwritten = os.pwrite(self._file, text, 0) < len(text)
        except OSError:
            self._is_unwritten = True

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Whether the lock was free; it is ours meanwhile."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
