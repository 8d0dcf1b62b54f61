"""What a page's main thread did, read from Chromium's trace: each task, and what it was spent on.

A task's length as the page sees it (`PerformanceObserver`) holds the time in which other processes
had the core. The trace has the CPU time of the thread beside it, which says what the page costs on
a busy machine too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: What `Browser.start_tracing` is to write down.
CATEGORIES = ["-*", "devtools.timeline", "disabled-by-default-devtools.timeline", "v8", "toplevel"]
_TASK = "RunTask"
#: Names of the trace -> what is reported. Of two that lie in each other both are counted.
_PARTS = {
    "FunctionCall": "script",
    "EvaluateScript": "script",
    "v8.compileModule": "script",
    "RunMicrotasks": "microtasks",
    "UpdateLayoutTree": "style",
    "Layout": "layout",
    "PrePaint": "paint",
    "Paint": "paint",
    "Layerize": "paint",
    "Commit": "commit",
    "MajorGC": "garbage",
    "MinorGC": "garbage",
    "ParseHTML": "html",
}


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the main thread.

    Attributes:
        wall_ms: how long it held the thread.
        cpu_ms: how long of that the thread had a core; as `wall_ms` where the trace does not say.
        parts: what it was spent on, ms.
        calls: functions called from outside of script, with the file they are in.
    """

    wall_ms: float
    cpu_ms: float
    parts: Mapping[str, float] = field(default_factory=dict)
    calls: tuple[str, ...] = ()


def tasks_of(trace: bytes) -> list[Task]:
    """The tasks of the renderer that worked most, longest CPU time first."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    mains = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"].get("name") == "CrRendererMain"
    }
    busy: Counter[tuple[int, int]] = Counter()
    for one in events:
        place = (one["pid"], one["tid"])
        if place in mains and one["name"] in _PARTS and one["ph"] == "X":
            busy[place] += one.get("dur", 0)
    if not busy:
        return []
    main = busy.most_common(1)[0][0]
    mine = [one for one in events if (one["pid"], one["tid"]) == main and one["ph"] == "X"]
    mine.sort(key=lambda one: one["ts"])
    return sorted(_grouped(mine), key=lambda one: -one.cpu_ms)


def _grouped(events: Iterable[dict[str, Any]]) -> Iterable[Task]:
    """Put each event into the task it lies in; `events` come by their time."""
    open_: dict[str, Any] | None = None
    parts: Counter[str] = Counter()
    calls: list[str] = []
    for one in events:
        if one["name"] == _TASK or one["name"].endswith("::RunTask"):
            if open_ is not None and one["ts"] < open_["ts"] + open_.get("dur", 0):
                continue  # Two names of one task.
            if open_ is not None:
                yield _task(open_, parts, calls)
            open_, parts, calls = one, Counter(), []
        elif open_ is not None and one["ts"] < open_["ts"] + open_.get("dur", 0):
            part = _PARTS.get(one["name"])
            if part is not None:
                parts[part] += one.get("dur", 0)
            if one["name"] == "FunctionCall":
                data = one.get("args", {}).get("data", {})
                file = str(data.get("url", "")).rpartition("/")[2]
                calls.append(f"{data.get('functionName') or 'a function'} in {file or 'no file'}")
    if open_ is not None:
        yield _task(open_, parts, calls)


def _task(event: Mapping[str, Any], parts: Counter[str], calls: list[str]) -> Task:
    wall = event.get("dur", 0) / 1000
    return Task(
        wall, event.get("tdur", event.get("dur", 0)) / 1000,
        {name: spent / 1000 for name, spent in parts.most_common()}, tuple(calls),
    )  # fmt: skip
