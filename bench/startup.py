"""From nothing to the first answer, and the memory it took."""

import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from bench.inprocess import environ
from bench.processes import free_port, process


def measure(upstream: str, *, rounds: int) -> tuple[float, float]:
    """Seconds from start to the first ticker over HTTP, and resident MB then; best of so many."""
    best, memory = float("inf"), 0.0
    # In a folder of its own: it keeps an archive, as everyone's does. And without what `make run`
    # does not install: TA-Lib loads pandas where it is there, and pandas pyarrow.
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pandas", "polars", "pyarrow"):
            # As Python says it of a module that is not installed: TA-Lib passes on any other error.
            Path(folder, f"{name}.py").write_text(f"raise ModuleNotFoundError(name={name!r})")
        for _ in range(rounds):
            begun, taken = _once(upstream, folder)
            best, memory = min(best, begun), max(memory, taken)
    return best, memory


def _once(upstream: str, folder: str) -> tuple[float, float]:
    port = free_port()
    settings = environ(upstream, LOG_LEVEL="WARNING")
    url = f"http://127.0.0.1:{port}/api/market/ticker?symbol=BTC/USDT&provider=binance"
    begun = time.monotonic()
    arguments = ["-m", "coinmux", "serve", "--port", str(port), "--env-file", "/dev/null"]
    with process(arguments, cwd=folder, **settings) as child:
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).read()
                break
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() - begun > 30:
                    raise
                time.sleep(0.01)
        taken = time.monotonic() - begun
        time.sleep(1)  # what is loaded beside the start counts as well
        return taken, psutil.Process(child.pid).memory_info().rss / 1_048_576
