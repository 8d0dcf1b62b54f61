"""A worker's ties to the process that watches over it: the socket, signs of life, its end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Names the socket that a worker serves.
LISTEN_FD = "COINMUX_LISTEN_FD"
#: Names the pipe that ends with the process that watches over the workers.
PARENT_FD = "COINMUX_PARENT_FD"
#: Names the pipe on which a worker gives signs of life.
BEAT_FD = "COINMUX_BEAT_FD"
#: A sign of life, that it takes callers now, and that all other workers read their settings again.
ALIVE, SERVING, RELOAD = b".", b"+", b"r"
BEAT_S = 1.0
_LOG = logging.getLogger("coinmux.workers")


def is_worker() -> bool:
    """Whether another process watches over this one."""
    return PARENT_FD in os.environ


def inherited() -> socket.socket | None:
    """The socket a parent handed down; None where there is no parent."""
    text = os.environ.pop(LISTEN_FD, None)
    return None if text is None else socket.socket(fileno=int(text))


class ParentTies:
    """Gives signs of life from the event loop, so that one that stands still is missed.

    Args:
        stop: called when the parent is gone.

    Attributes:
        is_orphan: whether it is gone.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self.is_orphan = False
        self._loop = asyncio.get_running_loop()
        self._parent = _descriptor(PARENT_FD)
        self._beats = _descriptor(BEAT_FD)
        self._timer: asyncio.TimerHandle | None = None
        if self._parent is not None:
            self._loop.add_reader(self._parent, self._gone)
        if self._beats is not None:
            os.set_blocking(self._beats, False)
            self._beat()

    def close(self) -> None:
        """Give no more signs of life; the parent knows that this process is stopping."""
        if self._parent is not None:
            self._loop.remove_reader(self._parent)
        if self._timer is not None:
            self._timer.cancel()

    def tell_serving(self) -> None:
        """Tell that callers are taken now: a worker that this one follows may leave."""
        self._write(SERVING)

    def ask_others_to_reload(self) -> None:
        """Have every other worker read its settings again, as this one did."""
        self._write(RELOAD)

    def _beat(self) -> None:
        self._write(ALIVE)
        self._timer = self._loop.call_later(BEAT_S, self._beat)

    def _write(self, sign: bytes) -> None:
        if self._beats is None:
            return
        try:
            os.write(self._beats, sign)
        except BlockingIOError:
            return  # the parent does not read at the moment: what is in the pipe will do
        except OSError as error:
            _LOG.debug("the parent does not listen: %s", error.strerror)

    def _gone(self) -> None:
        assert self._parent is not None
        self._loop.remove_reader(self._parent)
        self.is_orphan = True
        self._stop()


def on_signals(**works: Callable[[], None]) -> Callable[[], None]:
    """Have signals, by their names, call work in the event loop.

    Where there is no such signal nothing is done.

    Returns:
        What has them ignored from then on.
    """
    loop = asyncio.get_running_loop()
    signs = {name: sign for name in works if (sign := getattr(signal, name, None)) is not None}
    for name, sign in signs.items():
        loop.add_signal_handler(sign, works[name])

    def undo() -> None:
        for sign in signs.values():
            loop.remove_signal_handler(sign)
        ignore_signals()

    return undo


def ignore_signals() -> None:
    """Let SIGHUP and SIGUSR2 end nothing, before there is something to do for them and after it."""
    for name in ("SIGHUP", "SIGUSR2"):
        if (sign := getattr(signal, name, None)) is not None:
            signal.signal(sign, signal.SIG_IGN)


def _descriptor(variable: str) -> int | None:
    text = os.environ.get(variable)
    return None if text is None else int(text)
