"""The figures of all workers, a file for each, so that none is lost with its worker.

A worker replaces its own file, once a second and before it shows figures to anybody: what was shown
once is on the board, and no other worker can show less. The file of a worker that has ended stays;
several of them are added together into one, which names those it holds, so that none counts twice
wherever that is interrupted.
"""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import msgspec

from coinmux.server.monitoring.metrics_told import MetricsTold, summed, tell
from coinmux.server.monitoring.worker_figures import Whole, WorkerFigures, summed_up
from coinmux.server.workers.folder import ENDED, LIVE

if TYPE_CHECKING:
    from pathlib import Path

    from coinmux.framework.clock import Clock

_ENCODER = msgspec.msgpack.Encoder()
#: So many files of ended workers may lie there before they are added together.
_ENDED_MOST = 2
_TRIES = 10


class WorkerTold(msgspec.Struct, frozen=True):
    """All one worker tells, or the sum of several that have ended.

    Attributes:
        holds: names of the files that are summed up here.
    """

    figures: WorkerFigures
    metrics: MetricsTold
    holds: frozenset[str] = frozenset()


class FiguresBoard:
    """The files of all workers.

    Args:
        file: this worker's own, without its ending.
    """

    def __init__(self, file: Path, clock: Clock) -> None:
        self._clock = clock
        self._folder = file.parent
        self._own = file.with_name(file.name + LIVE)
        self._decoder = msgspec.msgpack.Decoder(WorkerTold)
        #: What was read of each file, and the stamp it had.
        self._read: dict[str, tuple[tuple[int, int], WorkerTold]] = {}

    @property
    def place(self) -> str:
        """This worker's place among all, from 1."""
        return self._own.name.partition("-")[0]

    def publish(self, told: WorkerTold) -> None:
        """Replace this worker's file.

        Raises:
            OSError: the folder is gone, or full.
        """
        self._write(self._own, told)

    def whole(self) -> Whole:
        """All workers together.

        Raises:
            OSError: the folder is gone.
        """
        found = self._all()
        live = [(name, one) for name, one in found.items() if name.endswith(LIVE)]
        live.sort(key=lambda pair: (int(pair[1].figures.name), pair[0]))
        ended = [one for name, one in found.items() if name.endswith(ENDED)]
        every = [*ended, *(one for _, one in live)]
        counted = summed(self._clock, [one.metrics for one in every])
        return Whole(
            metrics=counted,
            workers=tuple(one.figures for _, one in live),
            ended=tuple(one.figures for one in ended),
        )

    def sum_up(self) -> None:
        """Add the files of ended workers together where there are several; one worker does it.

        Raises:
            OSError: the folder is gone, or full.
        """
        if len(list(self._folder.glob(f"*{ENDED}"))) < _ENDED_MOST:
            return
        with (self._folder / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            there = frozenset(one.name for one in self._folder.glob(f"*{ENDED}"))
            ended = [one for name, one in self._all().items() if name in there]
            counted = summed(self._clock, [one.metrics for one in ended])
            newest = max(int(name.split("-")[1].partition(".")[0]) for name in there)
            told = WorkerTold(
                summed_up([one.figures for one in ended]),
                tell(counted, self._clock.wall_ms() // 1000),
                there,
            )
            self._write(self._folder / f"sum-{newest + 1_000_000}{ENDED}", told)
            for name in there:
                (self._folder / name).unlink(missing_ok=True)

    def _all(self) -> dict[str, WorkerTold]:
        """What each file says, but for those that another holds already."""
        known = set(self._read)
        for _ in range(_TRIES):
            # A file that is replaced while its folder is listed may be missed; not twice.
            names = known.union(self._listed(), self._listed())
            known = set()
            try:
                found = {name: self._told(self._folder / name) for name in names}
            except FileNotFoundError:
                # A worker has ended, or files were summed up, since the folder was listed.
                continue
            self._read = {name: self._read[name] for name in found}
            held = frozenset().union(*(one.holds for one in found.values()))
            # A file that was marked as ended while the folder was read may be there twice.
            held |= {name.removesuffix(ENDED) + LIVE for name in found if name.endswith(ENDED)}
            return {name: one for name, one in found.items() if name not in held}
        raise FileNotFoundError(f"the files in {self._folder} change all the time")

    def _listed(self) -> list[str]:
        return [file.name for file in self._folder.iterdir() if file.suffix in (LIVE, ENDED)]

    def _told(self, file: Path) -> WorkerTold:
        stat = file.stat()
        stamp = stat.st_mtime_ns, stat.st_ino
        known = self._read.get(file.name)
        if known is None or known[0] != stamp:
            known = self._read[file.name] = stamp, self._decoder.decode(file.read_bytes())
        return known[1]

    def _write(self, file: Path, told: WorkerTold) -> None:
        fresh = file.with_name(file.name + ".new")
        fresh.write_bytes(_ENCODER.encode(told))
        fresh.replace(file)
