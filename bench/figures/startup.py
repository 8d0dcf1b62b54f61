"""From nothing to the first answer: of the server, of the command, and of an import.

Beside them stand the least programs that hold the same (`bench/floors.py`).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from bench.figure import Figure, Plan, Reading, Series, plain, ratio
from bench.figures.inprocess import environ
from bench.processes import free_port, process, search_path
from bench.rounds import interleaved

_ROUNDS = 7
_STARTED_WITHIN_S = 30.0
#: What is loaded beside the start counts in memory as well.
_LOADED_S = 1.0
_IMPORT = """
import json, time
wall, cpu = time.perf_counter(), time.process_time()
import coinmux
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""


@contextmanager
def as_installed() -> Iterator[str]:
    """A folder to start in, without what `make run` does not install.

    TA-Lib loads pandas where it is there, and pandas pyarrow. The folder is empty otherwise: a
    server keeps an archive in it, as everyone's does.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pandas", "polars", "pyarrow"):
            # As Python says it of what is not installed; TA-Lib passes on any other ImportError,
            # and its indicators would be broken.
            Path(folder, f"{name}.py").write_text(f"raise ModuleNotFoundError(name={name!r})")
        yield folder


def first_answer(port: int, target: str, begun: float) -> None:
    """Ask until there is an answer."""
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=5).read()
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() - begun > _STARTED_WITHIN_S:
                raise
            time.sleep(0.01)
        else:
            return


def _serve(plan: Plan, folder: str, memory: Series) -> Reading:
    port = free_port()
    arguments = ["-m", "coinmux", "serve", "--port", str(port), "--env-file", os.devnull]
    settings = environ(plan.upstream, LOG_LEVEL="WARNING")
    target = "/api/market/ticker?symbol=BTC/USDT&provider=binance"
    return _served(arguments, port, target, folder, settings, memory, "server's memory")


def _serve_least(folder: str, memory: Series) -> Reading:
    port = free_port()
    arguments = ["-m", "bench.floors", "server", str(port), folder]
    return _served(arguments, port, "/ticker", folder, {}, memory, "least server's memory")


def _served(
    arguments: list[str],
    port: int,
    target: str,
    folder: str,
    settings: Mapping[str, str],
    memory: Series,
    side: str,
) -> Reading:
    """The time to the first answer of `target`; the memory then goes to `side` of `memory`."""
    begun = time.monotonic()
    with process(arguments, cwd=folder, environ=settings) as child:
        first_answer(port, target, begun)
        taken = time.monotonic() - begun
        server = psutil.Process(child.pid)
        times = server.cpu_times()
        time.sleep(_LOADED_S)
        memory.add(side, Reading(server.memory_info().rss / 1_048_576))
        return Reading(taken, (times.user + times.system) * 1e6, taken * 1e6)


def _run(command: list[str], folder: str, **more: str) -> tuple[Reading, str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": search_path(folder), **more},
    )  # fmt: skip
    taken = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Reading(taken, used * 1e6, taken * 1e6), done.stdout


def _ticker(plan: Plan, folder: str) -> Reading:
    command = ["-m", "coinmux", "ticker", "BTC/USDT", "--provider", "binance"]
    reading, shown = _run(command, folder, **environ(plan.upstream))
    return _with_price(reading, shown)


def _least_ticker(plan: Plan, folder: str) -> Reading:
    url = f"{plan.upstream}/api/v3/ticker/24hr?symbol=BTCUSDT"
    return _with_price(*_run(["-m", "bench.floors", "command", url], folder))


def _with_price(reading: Reading, shown: str) -> Reading:
    if "73,346" not in shown and "73346" not in shown:
        raise RuntimeError(f"there is no price in {shown!r}")
    return reading


def _import(folder: str) -> Reading:
    taken, used = json.loads(_run(["-c", _IMPORT], folder)[1])
    return Reading(taken, used * 1e6, taken * 1e6)


def measure(plan: Plan) -> Series:
    """Wall time on all cores: it is what a person waits for."""
    memory = Series()
    # Whoever starts it a second time has our modules compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with as_installed() as folder:
        work = {
            "server": partial(_serve, plan, folder, memory),
            "least server": partial(_serve_least, folder, memory),
            "command": partial(_ticker, plan, folder),
            "least command": partial(_least_ticker, plan, folder),
            "import": partial(_import, folder),
        }
        for started in ("server", "least server"):
            if not plan.wants(started):
                # It is the memory of this start.
                work[f"{started}'s memory"] = work.pop(started)
        series = interleaved(work, plan, _ROUNDS)
    series.merge(memory)
    return series


FIGURES = (
    Figure(
        "start", "start to first answer, archive on", "s", "server", measure, limit=plain(0.7)
    ),
    Figure(
        "command", "coinmux ticker, from shell to prompt", "s", "command", measure,
        limit=plain(0.6),
    ),
    Figure("import", "import coinmux", "s", "import", measure, limit=plain(0.25)),
    Figure(
        "memory", "resident memory after start", "MiB", "server's memory", measure,
        limit=plain(95),
    ),
    Figure(
        "floor-start", "start to first answer, beside the least server", "s", "server", measure,
        "least server", ratio(2),
    ),
    Figure(
        "floor-command", "coinmux ticker, beside the least command", "s", "command", measure,
        "least command", ratio(2),
    ),
    Figure(
        "floor-memory", "resident memory after start, beside the least server", "MiB",
        "server's memory", measure, "least server's memory", ratio(2),
    ),
)  # fmt: skip
