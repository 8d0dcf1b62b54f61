"""What a plugin does while it is loaded, when it must do nothing but declare."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_NETWORK = frozenset({"socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"})
_PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn"})
_FILES = frozenset({"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


@dataclass(slots=True)
class Watched:
    """What was seen, each thing once, in order.

    Attributes:
        network: hosts and addresses it named or connected to.
        local: programs it started and files it wrote.
        warned: warnings of Python.
    """

    network: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)


@contextmanager
def watched() -> Iterator[Watched]:
    """Record what the process does within the block, in any thread.

    Python has no way to take such a hook back, so this is for a process that ends soon.
    """
    seen = Watched()
    watching = True

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching:
            return
        said = _said(event, arguments)
        if said is not None:
            kept = seen.network if event in _NETWORK else seen.local
            if said not in kept:
                kept.append(said)

    sys.addaudithook(see)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield seen
        seen.warned += dict.fromkeys(f"{one.category.__name__}: {one.message}" for one in caught)
    finally:
        watching = False


def _said(event: str, arguments: tuple[Any, ...]) -> str | None:
    """An event in words; None for one that does nothing outside the process."""
    if event == "socket.getaddrinfo":
        return f"looks up {arguments[0]}"
    if event in _NETWORK:
        return f"{event.replace('.', ' ')} {arguments[1]}"
    if event in _PROGRAMS:
        return f"starts {arguments[0]}" if arguments else "forks"
    if event in _FILES:
        return f"{event.removeprefix('os.')} {arguments[0]}"
    if event == "open" and _is_written(*arguments):
        return f"writes {arguments[0]}"
    return None


def _is_written(path: object, mode: object, flags: object) -> bool:
    """Whether a file was opened to be changed; Python's own caches and devices do not count."""
    if "__pycache__" in str(path) or str(path).startswith("/dev/"):
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)
