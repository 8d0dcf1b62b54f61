"""Processes that compute: one for each plugin that is asked, ended when it takes too long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import Overloaded, PluginError, PluginTimeout
from coinmux.framework.indicators.apart.wire import receive, send
from coinmux.framework.indicators.output_check import checked_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from coinmux.framework.plugins.indicator_info import IndicatorInfo, Values

#: Seconds until a new process answers: it imports coinmux, on a machine that may be busy.
_START_S = 30.0
#: Processes kept for the next question, and those that compute at a time.
_KEPT = 4
_AT_ONCE = 2
_HEAD_BYTES = 1_000
#: Of the environment a process gets what Python needs. Keys are not for it.
_ENVIRON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "VIRTUAL_ENV",
            "LD_LIBRARY_PATH")  # fmt: skip
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from coinmux.framework.indicators.apart.process_main import main; main()"
)


class NoProcess(Exception):
    """No process can compute it; the text says why."""


class Elsewhere(Exception):
    """An error in another process; the text is its traceback."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a process finds a plugin.

    Attributes:
        value: of the entry point, such as `coinmux_acme`.
        round: how often the plugin was loaded before: a process that has its former code is not
            asked again.
        origin: the distribution it came from.
    """

    name: str
    value: str
    round: int
    origin: str


class _Process:
    """One process with one plugin."""

    def __init__(self, entry: Entry, load_limit_s: float) -> None:
        environ = {name: os.environ[name] for name in _ENVIRON if name in os.environ}
        path = msgspec.json.encode([one or str(Path.cwd()) for one in sys.path]).decode()
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-c", _CODE, path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**environ, **_ONE_THREAD},
                start_new_session=True,
            )
        except OSError as error:
            raise NoProcess(f"no process can be started: {error}") from error
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._in, self._out = self._popen.stdin, self._popen.stdout
        try:
            self._within(_START_S, {})
            plugin = {"name": entry.name, "value": entry.value, "origin": entry.origin}
            head, _ = self._within(load_limit_s + 1, {"load": plugin, "limit_s": load_limit_s})
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self.end()
            raise NoProcess(f"its process does not start: {type(error).__name__}") from error
        if "error" in head:
            self.end()
            raise NoProcess(f"it does not load in a process of its own: {head['error']}")

    def ask(
        self, head: Mapping[str, Any], columns: Sequence[NDArray[Any]], most_bytes: int,
        limit_s: float,
    ) -> tuple[dict[str, Any], list[NDArray[Any]]]:  # fmt: skip
        """Its answer to a question.

        Raises:
            TimeoutError: it took longer than `limit_s`; it is ended.
            EOFError, OSError: it ended by itself.
            ValueError: what it sent is no answer.
        """
        return self._within(limit_s, head, columns, most_bytes)

    def _within(
        self,
        limit_s: float,
        head: Mapping[str, Any],
        columns: Sequence[NDArray[Any]] = (),
        most_bytes: int = _HEAD_BYTES,
    ) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        late = threading.Event()

        def end() -> None:
            late.set()
            self._kill()

        timer = threading.Timer(limit_s, end)
        timer.daemon = True
        timer.start()
        try:
            if head:
                send(self._in, head, columns)
            return receive(self._out, most_bytes)
        except (EOFError, OSError):
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()

    def end(self) -> None:
        """End it, and all it has started."""
        self._kill()
        self._popen.wait()
        self._out.close()
        try:
            self._in.close()
        except OSError:
            return  # what it did not read any more is lost with it

    def _kill(self) -> None:
        if self._popen.returncode is not None:
            return
        try:
            if sys.platform == "win32":
                self._popen.kill()
            else:
                os.killpg(self._popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has ended by itself


class Workers:
    """The processes of one gateway, by plugin.

    Args:
        load_limit_s: seconds a plugin may take to load.
    """

    def __init__(self, load_limit_s: float) -> None:
        self._load_limit_s = load_limit_s
        self._kept: OrderedDict[Entry, _Process] = OrderedDict()
        self._in_use: set[_Process] = set()
        self._turns: dict[Entry, threading.Lock] = {}
        self._retired: set[Entry] = set()
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._is_closed = False

    def compute(
        self,
        entry: Entry,
        info: IndicatorInfo,
        inputs: Mapping[str, NDArray[Any]],
        values: Values,
        limit_s: float,
    ) -> list[NDArray[Any]]:
        """The columns of an indicator, computed in the plugin's process. Blocks.

        Raises:
            NoProcess: no process can be had for it.
            PluginTimeout: it took longer than `limit_s`, and was ended.
            PluginError: it raised, or its process ended.
            Overloaded: others of this plugin, or two of other plugins, are computed.
        """
        with self._lock:
            turn = self._turns.setdefault(entry, threading.Lock())
        until = time.monotonic() + limit_s
        if not turn.acquire(timeout=limit_s):
            raise Overloaded(f"indicator {info.name}: another computation of it is running")
        try:
            if not self._places.acquire(timeout=max(0.0, until - time.monotonic())):
                raise Overloaded(f"indicator {info.name}: {_AT_ONCE} others are computed")
            try:
                return self._computed(entry, info, inputs, values, limit_s)
            finally:
                self._places.release()
        finally:
            turn.release()

    def retire(self, entries: Iterable[Entry]) -> None:
        """End the processes of plugins that are gone; what they compute now, they end."""
        with self._lock:
            self._retired.update(entries)
            ended = [self._kept.pop(one) for one in self._retired & self._kept.keys()]
        for process in ended:
            process.end()

    def close(self) -> None:
        """End all processes; none is started any more."""
        with self._lock:
            self._is_closed = True
            ended = [*self._kept.values(), *self._in_use]
            self._kept.clear()
        for process in ended:
            process.end()

    def _computed(
        self,
        entry: Entry,
        info: IndicatorInfo,
        inputs: Mapping[str, NDArray[Any]],
        values: Values,
        limit_s: float,
    ) -> list[NDArray[Any]]:
        names = [*info.inputs, *info.series]
        columns = [inputs[name] for name in names]
        size = columns[0].size
        question = {
            "indicator": info.name, "inputs": names, "values": dict(values), "size": size,
            "limit_s": limit_s,
        }  # fmt: skip
        process = self._process_of(entry)
        try:
            answer = self._asked(process, info, question, columns, limit_s)
        finally:
            with self._lock:
                self._in_use.discard(process)
        head, outputs = answer
        self._keep(entry, process)
        if "error" in head:
            trace = head.get("trace")
            raise PluginError(str(head["error"])) from (None if trace is None else Elsewhere(trace))
        return outputs

    def _asked(
        self,
        process: _Process,
        info: IndicatorInfo,
        question: Mapping[str, Any],
        columns: Sequence[NDArray[Any]],
        limit_s: float,
    ) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        most_bytes = 8 * question["size"] * len(info.outputs)
        try:
            head, outputs = process.ask(question, columns, most_bytes, limit_s)
            if "error" not in head:
                checked_columns(info, outputs, question["size"])
        except TimeoutError:
            process.end()
            raise PluginTimeout(f"indicator {info.name} took longer than {limit_s:g} s") from None
        except (EOFError, OSError):
            process.end()
            raise PluginError(f"indicator {info.name} ended its process") from None
        except (ValueError, KeyError, TypeError) as error:
            process.end()
            raise PluginError(f"indicator {info.name}: its process sent no answer") from error
        return head, outputs

    def _process_of(self, entry: Entry) -> _Process:
        with self._lock:
            if self._is_closed:
                raise NoProcess("the gateway is closed")
            kept = self._kept.pop(entry, None)
        process = _Process(entry, self._load_limit_s) if kept is None else kept
        with self._lock:
            self._in_use.add(process)
        return process

    def _keep(self, entry: Entry, process: _Process) -> None:
        ended: list[_Process] = []
        with self._lock:
            if entry in self._retired:
                ended.append(process)
            else:
                self._kept[entry] = process
            while self._kept and (self._is_closed or len(self._kept) > _KEPT):
                ended.append(self._kept.popitem(last=False)[1])
        for one in ended:
            one.end()
