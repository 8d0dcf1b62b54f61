"""Several processes that serve one port: begun, watched, begun again, and stopped together."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from coinmux.server.process.uvicorn_server import GRACE_S, PARENT_FD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

#: Names the socket that a worker serves.
LISTEN_FD = "COINMUX_LISTEN_FD"
_LOOK_S = 0.1
#: One that lived so long was no failed start.
_SOUND_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
#: Connections that wait to be taken.
_BACKLOG = 2048
_LOG = logging.getLogger("coinmux.workers")


class _Worker:
    """One worker process, and when it must be restarted."""

    __slots__ = ("begin_at", "begun_at", "pause_s", "process")

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.begun_at = 0.0
        self.begin_at = 0.0
        self.pause_s = _FIRST_PAUSE_S


class Workers:
    """The parent: it holds the socket, so that no connection is lost while a worker is away.

    Args:
        command: what a worker runs.
        environ: its environment.
    """

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        environ: Mapping[str, str],
        listener: socket.socket,
    ) -> None:
        self._command = list(command)
        self._environ = dict(environ)
        self._listener = listener
        self._workers = [_Worker() for _ in range(count)]
        self._stopping = False
        self._ever_sound = False
        self._read_end, self._write_end = os.pipe()

    def run(self) -> int:
        """Keep all of them running until a signal; the exit code."""
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, self._stop)
        host, port = self._listener.getsockname()[:2]
        _LOG.info("%d workers serve %s port %d", len(self._workers), host, port)
        code = 0
        while not self._stopping:
            if not self._look(time.monotonic()):
                code = 1
                break
            time.sleep(_LOOK_S)
        self._end_all()
        self._listener.close()
        return code

    def _stop(self, sign: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _look(self, now: float) -> bool:
        """Begin those that are not running and due; False where none can ever start."""
        for worker in self._workers:
            process = worker.process
            if process is not None and process.poll() is not None:
                sound = now - worker.begun_at >= _SOUND_S
                self._ever_sound = self._ever_sound or sound
                if not self._ever_sound and process.returncode > 0:
                    return False  # it has said why
                _LOG.warning("worker %d ended with %s", process.pid, process.returncode)
                worker.process = None
                worker.pause_s = (
                    _FIRST_PAUSE_S if sound else min(2 * worker.pause_s, _LONGEST_PAUSE_S)
                )
                worker.begin_at = now + worker.pause_s
            if worker.process is None and now >= worker.begin_at:
                self._begin(worker, now)
        return True

    def _begin(self, worker: _Worker, now: float) -> None:
        fd = self._listener.fileno()
        worker.begun_at = now
        worker.process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            env={
                **self._environ, LISTEN_FD: str(fd), PARENT_FD: str(self._read_end),
            },
            pass_fds=(fd, self._read_end),
            # An interrupt from the terminal is the parent's to pass on, once.
            start_new_session=True,
        )  # fmt: skip

    def _end_all(self) -> None:
        """Let all workers drain; kill those that do not end in time."""
        running = [w.process for w in self._workers if w.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + GRACE_S + 5
        for process in running:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        os.close(self._write_end)
        os.close(self._read_end)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def inherited() -> socket.socket | None:
    """The socket a parent handed down; None where there is no parent."""
    text = os.environ.pop(LISTEN_FD, None)
    return None if text is None else socket.socket(fileno=int(text))


def command_of_worker(arguments: Sequence[str]) -> list[str]:
    """What a worker runs: this program with these arguments."""
    return [sys.executable, "-m", "coinmux", *arguments]
