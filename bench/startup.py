"""From nothing to the first answer, and the memory it took."""

import time
import urllib.error
import urllib.request

import psutil

from bench.inprocess import environ
from bench.processes import free_port, process


def measure(upstream: str, *, rounds: int) -> tuple[float, float]:
    """Seconds from start to the first ticker over HTTP, and resident MB then; best of so many."""
    best, memory = float("inf"), 0.0
    for _ in range(rounds):
        port = free_port()
        settings = environ(upstream, LOG_LEVEL="WARNING")
        url = f"http://127.0.0.1:{port}/api/market/ticker?symbol=BTC/USDT&provider=binance"
        begun = time.monotonic()
        arguments = ["-m", "server", "--port", str(port), "--env-file", "/dev/null"]
        with process(arguments, **settings) as child:
            while True:
                try:
                    urllib.request.urlopen(url, timeout=5).read()
                    break
                except (urllib.error.URLError, ConnectionError):
                    if time.monotonic() - begun > 30:
                        raise
                    time.sleep(0.01)
            best = min(best, time.monotonic() - begun)
            memory = psutil.Process(child.pid).memory_info().rss / 1_048_576
    return best, memory
