"""The archive: a million candles written and ten thousand read, in each engine."""

from __future__ import annotations

import asyncio

from bench import archive
from bench.figure import Figure, Plan, Reading, Series, plain, ratio
from coinmux.framework.testing.servers import PostgresServer, postgres_folder

_ROWS = 1_000_000
_READS = 7


def sqlite(plan: Plan) -> Series:
    """A file of SQLite."""
    rows = plan.calls(_ROWS)
    return _series("SQLite", asyncio.run(archive.sqlite(count=rows, rounds=plan.rounds(_READS))))


def postgres(plan: Plan) -> Series:
    """A PostgreSQL of its own, which answers before it has synced, as a test's does."""
    programs = postgres_folder()
    if programs is None:
        missing = "no PostgreSQL is installed (scripts/services installs one)"
        return Series(absent=dict.fromkeys(("ours, written", "ours, read", "asyncpg"), missing))
    server = PostgresServer(programs)
    try:
        found = asyncio.run(
            archive.measure(server.new(), count=plan.calls(_ROWS), rounds=plan.rounds(_READS))
        )
    finally:
        server.close()
    return _series("asyncpg", found)


def _series(driver: str, found: dict[str, float]) -> Series:
    series = Series()
    series.add("ours, written", Reading(found["rows_per_s"], cpu_us=found["write_us"]))
    series.add("ours, read", Reading(found["read_ms"]))
    series.add(driver, Reading(found["floor_ms"]))
    return series


_WRITE, _READ = "1 M candles written to", "10,000 candles read from"
FIGURES = (
    Figure(
        "archive-sqlite", f"{_WRITE} SQLite", "/s", "ours, written", sqlite, None, plain(100_000),
        "more",
    ),
    Figure(
        "archive-sqlite-read", f"{_READ} SQLite, CPU", "ms", "ours, read", sqlite, None, plain(5)
    ),
    Figure(
        "floor-archive-sqlite", f"{_READ} SQLite, CPU", "ms", "ours, read", sqlite, "SQLite",
        ratio(2),
    ),
    Figure(
        "archive-postgres", f"{_WRITE} PostgreSQL", "/s", "ours, written", postgres, None,
        plain(100_000), "more",
    ),
    Figure(
        "archive-postgres-read", f"{_READ} PostgreSQL, CPU", "ms", "ours, read", postgres, None,
        plain(5),
    ),
)  # fmt: skip
