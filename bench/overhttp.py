"""Over HTTP: our server beside a bare ASGI app and a minimal proxy, each alone on one core."""

import asyncio
import contextlib
import tempfile
import urllib.request
from pathlib import Path

from bench.inprocess import SYMBOLS, environ
from bench.load import run
from bench.processes import cpu_s, free_port, process, wait_for

UVICORN = [
    "-m",
    "uvicorn",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level",
    "error",
]


@contextlib.contextmanager
def yardstick(app: str, **environment: str):
    port = free_port()
    with process(
        [*UVICORN, "--port", str(port), f"bench.apps:{app}"], core=0, **environment
    ) as child:
        wait_for(port)
        yield port, child.pid


@contextlib.contextmanager
def ours(upstream: str, **more: str):
    port = free_port()
    settings = environ(upstream, PROVIDERS_ONLY="binance", LOG_LEVEL="WARNING", **more)
    arguments = ["-m", "coinmux", "serve", "--port", str(port), "--env-file", "/dev/null"]
    with process(arguments, core=0, **settings) as child:
        wait_for(port)
        yield port, child.pid


def get(port: int, target: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=10) as answer:
        return answer.read()


def load(
    port: int, pid: int, targets: list[str], *, connections: int, seconds: float
) -> tuple[float, float]:
    """Requests a second, and server CPU microseconds a request."""
    encoded = [target.encode() for target in targets]
    asyncio.run(run(port, encoded, connections=connections, seconds=0.5))
    before = cpu_s(pid)
    count, bad, taken = asyncio.run(run(port, encoded, connections=connections, seconds=seconds))
    used = cpu_s(pid) - before
    if bad:
        raise RuntimeError(f"{bad} of {count} answers were not 200")
    return count / taken, used / count * 1e6


def measure(upstream: str, *, rounds: int, seconds: float) -> dict[str, tuple[float, float]]:
    figures: dict[str, list[tuple[float, float]]] = {}
    cached = "/api/market/ticker?symbol=BTC/USDT"
    uncached = [f"/api/market/ticker?symbol={symbol}&max_age_s=0" for symbol in SYMBOLS]
    with tempfile.TemporaryDirectory() as folder, ours(upstream) as (port, pid):
        body = Path(folder) / "body"
        body.write_bytes(get(port, cached))
        for target in uncached:
            get(port, target)
        with (
            yardstick("bare", BENCH_BODY=str(body)) as (bare_port, bare_pid),
            yardstick("proxy", BENCH_UPSTREAM=upstream) as (proxy_port, proxy_pid),
        ):
            work = {
                "bare": (bare_port, bare_pid, [cached]),
                "cached": (port, pid, [cached]),
                "proxy": (proxy_port, proxy_pid, uncached),
                "uncached": (port, pid, uncached),
            }
            for _ in range(rounds):
                for name, (at, owner, targets) in work.items():
                    figure = load(at, owner, targets, connections=32, seconds=seconds)
                    figures.setdefault(name, []).append(figure)
    return {
        name: (max(f[0] for f in all_), min(f[1] for f in all_)) for name, all_ in figures.items()
    }
