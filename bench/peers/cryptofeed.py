"""cryptofeed beside ours: its feed of OKX, given the same frames in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from bench.figure import Absent
from bench.peers.environment import CRYPTOFEED, HERE, ready
from bench.processes import process


class Told(NamedTuple):
    """What became of some messages.

    Attributes:
        cpu_us: of one of them.
        known: the figures its callback was given last.
    """

    cpu_us: float
    known: Any


class Feeds:
    """Its process.

    Args:
        child: runs `cryptofeed_okx.py`.
    """

    def __init__(self, child: Any) -> None:
        self._in, self._out = child.stdin, child.stdout
        self._answer("ready")

    def tell(self, kind: str, frames: list[str]) -> Told:
        """Have it told these frames, each before the next comes."""
        # The trades that ours follows have another name, and the same members.
        sent = [frame.replace('"trades-all"', '"trades"') for frame in frames]
        self._in.write(json.dumps([kind, sent]) + "\n")
        self._in.flush()
        return Told(*json.loads(self._answer("[")))

    def _answer(self, begins: str) -> str:
        while line := self._out.readline():
            if line.startswith(begins):
                return str(line)
        raise Absent("cryptofeed: its process ended")


@contextmanager
def started() -> Iterator[Feeds]:
    """Its feeds, on the core of this process.

    Raises:
        Absent: it cannot be installed here, or does not run.
    """
    script = ["-P", str(HERE / "cryptofeed_okx.py")]
    with process(script, core=0, python=ready(CRYPTOFEED), PYTHONPATH="") as child:
        yield Feeds(child)
