"""Sources beside the installed ones, so that pages can be measured with sixty.

They are a plugin of their own in a folder of their own, found by its entry point as any other, and
answer tickers of a coin that nobody else has.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The pair they answer for.
PAIR = "ACME/USDT"
_NAME = "bench_more"
_PLUGIN = '''"""{count} scripted sources."""

from coinmux import HTTP, ProviderInfo, SymbolStyle, Ticker, TickerQuery, hookimpl

INFOS = tuple(
    ProviderInfo(
        name=f"more_{{number:02}}", title=f"Scripted {{number}}", category="market",
        base_url="https://more.example", symbols=SymbolStyle(separator="-"), priority=900,
    )
    for number in range(1, {count} + 1)
)


@hookimpl
def provider_info() -> tuple[ProviderInfo, ...]:
    return INFOS


@hookimpl
async def fetch_ticker(query: TickerQuery, http: HTTP) -> Ticker:
    return Ticker.of(query, last=1.25, timestamp=http.now_ms())
'''


def names(count: int) -> list[str]:
    """The names of `count` sources."""
    return [f"more_{number:02}" for number in range(1, count + 1)]


@contextmanager
def more_sources(count: int) -> Iterator[str]:
    """A folder for `PYTHONPATH` whose plugin adds `count` sources."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if count:
            (folder / f"{_NAME}.py").write_text(_PLUGIN.format(count=count))
            about = folder / f"{_NAME}-1.0.dist-info"
            about.mkdir()
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: 1.0\n")
            (about / "entry_points.txt").write_text(f"[coinmux]\n{_NAME} = {_NAME}\n")
        yield name
