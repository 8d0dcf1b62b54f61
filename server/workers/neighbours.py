"""The other workers of one server that has no shared store: one health, one count of each limit.

All goes through the folder that the process above the workers makes. Results of attempts are told
four times a second; limits are counted with each call.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from coinmux.framework.tasks import keep_running
from coinmux.server.workers.file_windows import FileWindows
from coinmux.server.workers.health_news import HealthNews

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.limits.rate_window import RateWindow

_EVERY_S = 0.25
#: Rounds after which the local windows count what the others took; taking a permit counts at once.
_FOLLOWED_EACH = 4
_LONGEST_PAUSE_S = 60.0
#: A probe's permit ends this long after the probe, when all have read its result.
_READ_S = 1.0


class Neighbours:
    """The other workers, as `OtherWorkers` describes them.

    Args:
        file: this worker's own in the shared folder, without its ending.
    """

    def __init__(self, gateway: Gateway, file: str) -> None:
        own = Path(file)
        self._folder = own.parent
        self._worker = own.name.encode()
        self._registry = gateway.registry
        self._health = gateway.health
        self._events = gateway.events
        self._clock = gateway.clock
        self._news = HealthNews(self._folder, own.name, gateway.health, gateway.clock)
        #: Those of sources and consumers that are still in use.
        self._windows: WeakSet[FileWindows] = WeakSet()
        #: The lock of each work that this worker does.
        self._led: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    async def open(self) -> None:
        """Take over what the others know, and tell them what happens here."""
        self.attach()
        self._news.catch_up()
        self._health.on_result = self._news.result
        self._task = asyncio.ensure_future(keep_running(self._exchange, self._failed))

    async def close(self) -> None:
        """Leave; another worker does what this one did for all."""
        self._health.on_result = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for lock in self._led.values():
            os.close(lock)
        self._led.clear()

    def attach(self) -> None:
        """Let the limiters of all sources share their windows, those of a reload included."""
        for source in self._registry.sources.values():
            gate = source.gate
            if gate.shared is None and gate.windows:
                gate.shared = self.share(source.name, gate.windows)

    def share(self, name: str, windows: tuple[RateWindow, ...]) -> FileWindows:
        """Share windows with the other workers, under `name`."""
        told = "\n".join([name, *(f"{one.limit}/{one.per_s}" for one in windows)])
        shared = FileWindows(self._file("window", told), windows, self._clock)
        shared.follow()
        self._windows.add(shared)
        return shared

    async def count_known(self) -> None:
        """Count for all workers what this one knows of the use of limits before its start."""
        for windows in list(self._windows):
            windows.count_known()

    async def leads(self, work: str) -> bool:
        """Whether this worker does the background `work`; it does until it ends."""
        if work in self._led:
            return True
        lock = os.open(self._file("leader", work), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._led[work] = lock
        return True

    async def may_probe(self, source: str, capability: str, limit_s: float) -> bool:
        """Whether this worker may make the probe; only one of all workers may at a time."""
        file, now = self._file("probe", f"{source}\n{capability}"), self._clock.monotonic()
        with file.open("a+b", buffering=0) as out:
            try:
                fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False  # another one asks for the same just now
            out.seek(0)
            worker, _, until = out.read().partition(b" ")
            if until and worker != self._worker and now < float(until):
                return False
            out.truncate(0)
            out.write(b"%b %.6f" % (self._worker, now + limit_s + _READ_S))
        return True

    def reset(self, source: str | None) -> None:
        """Tell the others that the health of one source was reset, or of every source."""
        self._news.reset(source)

    async def _exchange(self) -> None:
        rounds = 0
        while True:
            await asyncio.sleep(_EVERY_S)
            self._news.exchange()
            rounds += 1
            if rounds % _FOLLOWED_EACH == 0:
                for windows in list(self._windows):
                    windows.follow()
            self._failures = 0

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        if self._failures == 1:
            self._events.publish(
                "error",
                f"other workers cannot be told of sources: {type(error).__name__}",
                level="warning",
            )
        return min(_LONGEST_PAUSE_S, 2.0 ** min(self._failures, 10))

    def _file(self, kind: str, what: str) -> Path:
        return self._folder / f"{kind}-{hashlib.sha256(what.encode()).hexdigest()[:24]}"
