"""Lighthouse on a phone's line and processor: `python -m bench.phone` writes its table in the docs.

Lighthouse is no part of the project: `npm install lighthouse` anywhere, and `LIGHTHOUSE` its path
where it is not on `PATH`. Pages take turns, so that a busy moment of the machine falls on all.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import ROOT, free_port, process, settled

BEGIN, END = "<!-- phone: written by python -m bench.phone -->", "<!-- end of phone -->"
_PAGE = ROOT / "docs" / "dashboard.md"
_PAGES = (
    "", "providers", "chart?ind=rsi", "config", "incidents", "explain", "docs", "system-monitor",
)  # fmt: skip
_WIDGET = "a page with the widget alone"
_JUDGED = ("performance", "accessibility", "best-practices")
_LIMIT_S = 180.0
_FOREIGN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="description" content="A page of somebody else"><title>Somebody else</title>
<link rel="icon" href="data:,"></head>
<body><main><h1>Somebody else's page</h1><p>It has a widget.</p></main>
<script type="module" src="{server}/static/shared/components/system-status.js"></script>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """What Lighthouse said of one visit.

    Attributes:
        scores: of 100, in the order performance, accessibility, best practices.
        paint_s: when the largest thing was painted.
        blocked_ms: total blocking time.
        shift: layout shift.
        kib: received in all.
    """

    scores: tuple[int, ...]
    paint_s: float
    blocked_ms: float
    shift: float
    kib: float


def visit_of(report: Mapping[str, Any]) -> Visit:
    """The figures of a report of Lighthouse."""
    audits = report["audits"]
    return Visit(
        tuple(round(100 * report["categories"][name]["score"]) for name in _JUDGED),
        audits["largest-contentful-paint"]["numericValue"] / 1000,
        audits["total-blocking-time"]["numericValue"],
        audits["cumulative-layout-shift"]["numericValue"],
        audits["total-byte-weight"]["numericValue"] / 1024,
    )


def table(seen: Mapping[str, Sequence[Visit]]) -> str:
    """The medians of each page's visits as Markdown."""
    lines = [
        "| page | performance | accessibility, best practices | largest paint | blocked | shift"
        " | KiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for page, visits in seen.items():
        speed = sorted(one.scores[0] for one in visits)
        spread = "" if speed[0] == speed[-1] else f" ({speed[0]} to {speed[-1]})"
        others = ", ".join(str(min(one.scores[at] for one in visits)) for at in (1, 2))
        lines.append(
            f"| {page} | {statistics.median_low(speed)}{spread} | {others}"
            f" | {statistics.median(one.paint_s for one in visits):.1f} s"
            f" | {statistics.median(one.blocked_ms for one in visits):.0f} ms"
            f" | {max(one.shift for one in visits):.3f}"
            f" | {statistics.median(one.kib for one in visits):.0f} |"
        )
    return "\n".join(lines)


def filled(page: str, text: str) -> str:
    """The page with `text` between its marks."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


@contextmanager
def _foreign(server: str) -> Iterator[str]:
    """The address of a page of another origin that has the widget."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "index.html").write_text(_FOREIGN.format(server=server))
        answer = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), answer) as stranger:
            threading.Thread(target=stranger.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{stranger.server_port}/"
            stranger.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is theirs
        """Say nothing of each request."""


def _visit(lighthouse: str, address: str) -> Visit:
    command = [
        lighthouse, address, "--quiet", "--output=json", "--output-path=stdout",
        "--chrome-flags=--no-sandbox --headless", f"--only-categories={','.join(_JUDGED)}",
    ]  # fmt: skip
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    told = subprocess.run(
        command, capture_output=True, check=True, timeout=_LIMIT_S,
        env={**os.environ, "CHROME_PATH": chromium},
    )  # fmt: skip
    return visit_of(json.loads(told.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.phone")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--only", action="append", help="this page; nothing is written then")
    told = parser.parse_args()
    lighthouse = os.environ.get("LIGHTHOUSE") or shutil.which("lighthouse")
    if lighthouse is None:
        sys.exit("no Lighthouse: npm install lighthouse, and LIGHTHOUSE=its path")
    port = free_port()
    server = f"http://127.0.0.1:{port}"
    arguments = ["-m", "coinmux", "serve", "--simulate", "--port", str(port)]
    with (
        process([*arguments, "--env-file", os.devnull], LOG_LEVEL="WARNING"),
        _foreign(server) as stranger,
    ):
        settled(port)
        pages = {f"`/{path}`": f"{server}/{path}" for path in _PAGES} | {_WIDGET: stranger}
        if told.only:
            pages = {name: at for name, at in pages.items() if name.strip("`/") in told.only}
        seen: dict[str, list[Visit]] = {name: [] for name in pages}
        for _ in range(told.visits):
            for name, address in pages.items():
                seen[name].append(_visit(lighthouse, address))
                print(name, seen[name][-1], flush=True)
    text = table(seen)
    print(text)
    if not told.only:
        _PAGE.write_text(filled(_PAGE.read_text(), text))


if __name__ == "__main__":
    main()
