"""Several processes that serve one port: begun, watched, begun again, and stopped together.

SIGHUP has them read settings again and look for plugins. SIGUSR2 replaces them one by one, for
new code: each leaves once its successor takes callers, so that there are never fewer.
"""

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

from coinmux.server.process.process_end import GRACE_S
from coinmux.server.process.service_manager import READY, STOPPING
from coinmux.server.process.speaker import SPEAKER_FD, make_lock
from coinmux.server.process.worker import BEAT_FD, LISTEN_FD, PARENT_FD, RELOAD, SERVING
from coinmux.server.workers.folder import FIGURES, WorkersFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import FrameType

    from coinmux.server.process.service_manager import ServiceManager

_LOOK_S = 0.1
#: A worker that gave a sign of life and then none for so long stands still.
_SILENT_S = 10.0
#: One that never gave any has so long to start.
_START_S = 120.0
#: One that lived so long was no failed start.
_SOUND_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
#: Connections that wait to be taken.
_BACKLOG = 2048
_LOG = logging.getLogger("coinmux.workers")


class _Worker:
    """One worker process, its last sign of life, and when it must be restarted."""

    __slots__ = (
        "beats", "begin_at", "begun_at", "end_by", "figures", "last_beat", "pause_s", "process",
        "serves",
    )  # fmt: skip

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.begun_at = 0.0
        self.begin_at = 0.0
        self.pause_s = _FIRST_PAUSE_S
        self.beats: int | None = None
        self.figures: str | None = None
        self.last_beat: float | None = None
        self.serves = False
        self.end_by = 0.0

    def listen(self, now: float) -> bool:
        """Read its signs of life; whether it asks that the others reload."""
        if self.beats is None:
            return False
        try:
            signs = os.read(self.beats, 4096)
        except BlockingIOError:
            return False
        if signs:
            self.last_beat = now
        self.serves = self.serves or SERVING in signs
        return RELOAD in signs

    def is_silent(self, now: float) -> bool:
        """Whether it stands still."""
        if self.last_beat is None:
            return now - self.begun_at >= _START_S
        return now - self.last_beat >= _SILENT_S

    def forget(self, folder: WorkersFolder) -> None:
        """Let go of a process that has ended; what it counted stays."""
        if self.figures is not None:
            folder.end(self.figures)
            self.figures = None
        self.process = None
        self.serves = False
        if self.beats is not None:
            os.close(self.beats)
            self.beats = None


class Workers:
    """The parent: it holds the socket, so that no connection is lost while a worker is away.

    Args:
        command: what a worker runs.
        environ: its environment.
        manager: is told that they serve, that they live, and that they stop.
    """

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        environ: Mapping[str, str],
        listener: socket.socket,
        manager: ServiceManager,
    ) -> None:
        self._manager = manager
        self._command = list(command)
        self._environ = dict(environ)
        self._listener = listener
        self._workers = [_Worker() for _ in range(count)]
        #: Those that successors have yet to replace, the successor that starts, and those leaving.
        self._outdated: list[_Worker] = []
        self._successor: _Worker | None = None
        self._leaving: list[_Worker] = []
        self._must_renew = False
        self._told_ready = False
        self._stopping = False
        self._must_reload = False
        self._ever_sound = False
        self._read_end, self._write_end = os.pipe()
        self._speaker = make_lock()

    def run(self) -> int:
        """Keep all of them running until a signal; the exit code."""
        # Made here and not before: only a run that ends removes it.
        self._folder = WorkersFolder()
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, self._stop)
        if hangup := getattr(signal, "SIGHUP", None):
            signal.signal(hangup, self._reload)
        if renew := getattr(signal, "SIGUSR2", None):
            signal.signal(renew, self._renew)
        host, port = self._listener.getsockname()[:2]
        _LOG.info("%d workers serve http://%s:%d", len(self._workers), _in_url(host), port)
        code = 0
        while not self._stopping:
            now = time.monotonic()
            failed = self._look(now)
            if failed is not None:
                code = failed
                break
            self._replace(now)
            self._tell_manager(now)
            if self._must_reload:
                self._must_reload = False
                self._send_hangup(self._workers)
            time.sleep(_LOOK_S)
        self._manager.tell(STOPPING)
        _LOG.info("stopping: work in flight has %g s to end", GRACE_S)
        self._end_all()
        self._folder.remove()
        self._listener.close()
        _LOG.info("stopped")
        return code

    def _stop(self, sign: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _reload(self, sign: int, frame: FrameType | None) -> None:
        self._must_reload = True

    def _renew(self, sign: int, frame: FrameType | None) -> None:
        self._must_renew = True

    def _tell_manager(self, now: float) -> None:
        """Tell that all serve, once; and that this process lives."""
        if not self._told_ready and all(worker.serves for worker in self._workers):
            self._told_ready = True
            self._manager.tell(READY)
        self._manager.beat(now)

    def _replace(self, now: float) -> None:
        """Go on with the replacement of the workers, if one was asked for."""
        self._bury(now)
        if self._must_renew:
            self._must_renew = False
            self._outdated = list(self._workers)
            _LOG.info("replacing %d workers one by one", len(self._outdated))
        fresh = self._successor
        if fresh is None:
            if self._outdated:
                self._successor = _Worker()
                self._begin(self._successor, now)
            return
        self._listen(fresh, now)
        if fresh.process is None or fresh.process.poll() is not None:
            left = len(self._outdated)
            _LOG.error("a new worker did not start; the %d that are left to replace go on", left)
            fresh.forget(self._folder)
            self._successor, self._outdated = None, []
        elif fresh.serves:
            old = self._outdated.pop()
            self._workers[self._workers.index(old)] = fresh
            self._successor = None
            self._dismiss(old, now)
            if not self._outdated:
                _LOG.info("all %d workers are replaced", len(self._workers))

    def _dismiss(self, worker: _Worker, now: float) -> None:
        """Have a worker end its work and leave."""
        if worker.process is not None:
            worker.end_by = now + GRACE_S + 5
            worker.process.terminate()
            self._leaving.append(worker)

    def _bury(self, now: float) -> None:
        """Let go of workers that have left; kill those that do not."""
        for worker in list(self._leaving):
            process = worker.process
            if process is not None and process.poll() is None:
                if now < worker.end_by:
                    continue
                process.kill()
                process.wait()
            worker.forget(self._folder)
            self._leaving.remove(worker)

    def _send_hangup(self, workers: Iterable[_Worker]) -> None:
        """Have these read their settings again; one that is starting reads them anyway."""
        for worker in workers:
            if worker.process is not None and worker.last_beat is not None:
                with contextlib.suppress(ProcessLookupError):
                    worker.process.send_signal(signal.SIGHUP)

    def _listen(self, worker: _Worker, now: float) -> None:
        """Read a worker's signs of life, and end it where there are none."""
        process = worker.process
        if worker.listen(now):
            self._send_hangup(one for one in self._workers if one is not worker)
        if process is not None and process.poll() is None and worker.is_silent(now):
            _LOG.error(
                "worker %d stands still: no sign of life for %.0f s; it is ended and begun again",
                process.pid,
                now - (worker.last_beat or worker.begun_at),
            )
            process.kill()
            process.wait()

    def _look(self, now: float) -> int | None:
        """Begin those that are not running and due; the exit code where none can ever start."""
        for worker in self._workers:
            self._listen(worker, now)
            process = worker.process
            if process is not None and process.poll() is not None:
                sound = now - worker.begun_at >= _SOUND_S
                self._ever_sound = self._ever_sound or sound
                if not self._ever_sound and process.returncode > 0:
                    return process.returncode  # it has said why
                _LOG.warning("worker %d ended with %s", process.pid, process.returncode)
                worker.forget(self._folder)
                worker.pause_s = (
                    _FIRST_PAUSE_S if sound else min(2 * worker.pause_s, _LONGEST_PAUSE_S)
                )
                worker.begin_at = now + worker.pause_s
            if worker.process is None and now >= worker.begin_at:
                self._begin(worker, now)
        return None

    def _begin(self, worker: _Worker, now: float) -> None:
        fd = self._listener.fileno()
        worker.begun_at, worker.last_beat = now, None
        worker.beats, given = os.pipe()
        os.set_blocking(worker.beats, False)
        worker.figures = self._folder.file_of_next()
        worker.process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            env={
                **self._environ, LISTEN_FD: str(fd), PARENT_FD: str(self._read_end),
                BEAT_FD: str(given), SPEAKER_FD: str(self._speaker), FIGURES: worker.figures,
            },
            pass_fds=(fd, self._read_end, given, self._speaker),
            # An interrupt from the terminal is the parent's to pass on, once.
            start_new_session=True,
        )  # fmt: skip
        os.close(given)

    def _end_all(self) -> None:
        """Let all workers drain; kill those that do not end in time."""
        workers = [*self._workers, *self._leaving]
        if self._successor is not None:
            workers.append(self._successor)
        running = [worker.process for worker in workers if worker.process is not None]
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
        for worker in workers:
            worker.forget(self._folder)
        os.close(self._write_end)
        os.close(self._read_end)
        os.close(self._speaker)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: the address cannot be had, or there is no such host.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # A name may stand for several addresses; people and their tools try the one of IPv4.
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    listener = socket.socket(family)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def command_of_worker(arguments: Sequence[str]) -> list[str]:
    """What a worker runs: this program with these arguments, and no file of the current folder."""
    return [sys.executable, "-P", "-m", "coinmux", *arguments]


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
