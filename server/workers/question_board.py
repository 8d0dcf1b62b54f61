"""What a worker asks all the others, when somebody looks for what it does not know itself.

A question is a file in the folder that the workers share. Each of the others reads it within half a
second; who knows leaves the answer beside it, and each leaves a mark, so that nobody waits for what
none of them knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ASK, _TOLD, _HEARD = ".ask", ".told", ".heard"
#: Others read twice a second; one that stands still is not waited for.
_PATIENCE_S = 4.0
_LOOK_S = 0.03
#: Questions of one worker at a time.
_AT_ONCE = 4
#: What a worker that was killed left is removed.
_LEFT_S = 30.0


class QuestionBoard:
    """The questions of all workers.

    Args:
        folder: the one that they share.
        others: how many other workers there are at the moment.
    """

    def __init__(self, folder: Path, others: Callable[[], int]) -> None:
        self._folder = folder
        self._others = others
        self._mine: set[str] = set()
        self._answered: set[str] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, question: bytes) -> bytes | None:
        """The answer of any other worker; None where none of them knows.

        Raises:
            OSError: the folder is gone, or full.
        """
        async with self._turns:
            name = secrets.token_hex(8)
            self._mine.add(name)
            try:
                _write(self._folder / (name + _ASK), question)
                return await self._answer_to(name)
            finally:
                for ending in (_ASK, _TOLD, _HEARD):
                    with contextlib.suppress(OSError):
                        (self._folder / (name + ending)).unlink(missing_ok=True)
                self._mine.discard(name)

    async def _answer_to(self, name: str) -> bytes | None:
        told, heard = self._folder / (name + _TOLD), self._folder / (name + _HEARD)
        end = time.monotonic() + _PATIENCE_S
        while True:
            # Who answers does so before it leaves its mark.
            all_heard = heard.exists() and heard.stat().st_size >= self._others()
            if told.exists():
                return told.read_bytes()
            if all_heard or time.monotonic() > end:
                return None
            await asyncio.sleep(_LOOK_S)

    def answer(self, knows: Callable[[bytes], bytes | None]) -> None:
        """Answer what the others ask and this worker knows.

        Raises:
            OSError: the folder is gone, or full.
        """
        there = set()
        for entry in os.scandir(self._folder):
            if not entry.name.endswith(_ASK):
                continue
            name = entry.name.removesuffix(_ASK)
            there.add(name)
            if name in self._mine or name in self._answered:
                continue
            # Who asked may have its answer by now.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > _LEFT_S:
                    Path(entry.path).unlink()
                    continue
                self._answer(name, knows(Path(entry.path).read_bytes()))
        self._answered = (self._answered & there) | (there - self._mine)

    def _answer(self, name: str, found: bytes | None) -> None:
        if found is not None:
            _write(self._folder / (name + _TOLD), found)
        with (self._folder / (name + _HEARD)).open("ab", buffering=0) as heard:
            heard.write(b".")


def _write(path: Path, text: bytes) -> None:
    """Write a file that is read as a whole or not at all."""
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_bytes(text)
    beside.rename(path)
