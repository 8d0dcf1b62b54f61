"""OpenBB's API server with a provider that reads the loopback source."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bench.peers.environment import OPENBB, ready
from bench.processes import free_port, process, wait_for

#: Its application, as OpenBB's own launcher serves it, on the faster loop and parser.
_SERVER = (
    "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level",
    "error", "openbb_core.api.rest_api:app",
)  # fmt: skip


def target(symbol: str, candles: int) -> str:
    """The question for hourly candles."""
    return (
        f"/api/v1/crypto/price/historical?provider=loopback&symbol={symbol}&interval=1h"
        f"&limit={candles}"
    )


@contextmanager
def started(upstream: str) -> Iterator[tuple[int, int]]:
    """Its port and process.

    Raises:
        Absent: it cannot be installed here.
    """
    python = ready(OPENBB)
    port = free_port()
    # It writes settings into the user's folder.
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "BENCH_UPSTREAM": upstream, "PYTHONPATH": ""}
        arguments = [*_SERVER, "--port", str(port)]
        with process(arguments, core=0, python=python, cwd=home, environ=environ) as child:
            wait_for(port, 60)
            yield port, child.pid
