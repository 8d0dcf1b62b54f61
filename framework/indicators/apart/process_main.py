"""What runs in a process that computes: it loads one plugin and answers one question at a time."""

from __future__ import annotations

import os
import sys
import time
import traceback
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coinmux.framework.errors import PluginError
from coinmux.framework.health.classify import quoted
from coinmux.framework.indicators.apart.wire import receive, send
from coinmux.framework.indicators.output_check import outputs_of
from coinmux.framework.plugins.discovery import Found, PluginLoader
from coinmux.framework.plugins.hookspecs import PROJECT

if TYPE_CHECKING:
    from coinmux.framework.plugins.adapters import Indicator

_MEMORY_BYTES = 2 * 1024**3
_NICE = 10
_MOST_BYTES = 1_000_000_000
#: Seconds of computing beyond the limit of a question, after which the system ends the process:
#: the server that would do it may be gone.
_SPARE_S = 5
_TRACE_CHARS = 8_000


def main() -> None:
    """Answer the questions on standard input until it ends."""
    # Whatever the plugin prints must not get among the answers.
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    _limit()
    indicators: dict[str, Indicator] = {}
    send(answers, {"ready": True})
    while True:
        try:
            head, columns = receive(asked, _MOST_BYTES)
        except (EOFError, ValueError):
            return
        if "load" in head:
            indicators = _load(head["load"], answers, head["limit_s"])
        else:
            _limit_cpu(head["limit_s"])
            _compute(indicators[head["indicator"]], head, columns, answers)


def _load(entry: dict[str, str], answers: IO[bytes], limit_s: float) -> dict[str, Indicator]:
    point = EntryPoint(entry["name"], entry["value"], PROJECT)
    loader = PluginLoader()
    found = Found(entry["name"], entry["origin"], "", False, point.load)
    loader.load([found], wait_s=limit_s, limit_s=limit_s)
    if loader.indicators:
        send(answers, {"indicators": sorted(loader.indicators)})
    else:
        reason = loader.broken[0].error if loader.broken else "it has no indicator"
        send(answers, {"error": reason})
    return loader.indicators


def _compute(
    indicator: Indicator, head: dict[str, Any], columns: list[Any], answers: IO[bytes]
) -> None:
    inputs = dict(zip(head["inputs"], columns, strict=True))
    try:
        outputs = outputs_of(
            indicator.info, indicator.compute, inputs, head["values"], head["size"]
        )
    except PluginError as error:
        cause = error.__cause__
        trace = None
        if cause is not None:
            with suppress(Exception):
                trace = "".join(traceback.format_exception(cause))[-_TRACE_CHARS:]
        send(answers, {"error": error.detail, "trace": trace})
    except MemoryError as error:
        send(answers, {"error": quoted(error), "trace": None})
    else:
        send(answers, {}, outputs)


def _limit() -> None:
    """Take little of the machine, where the system knows such limits."""
    with suppress(OSError, AttributeError):
        os.nice(_NICE)
    if sys.platform != "win32":
        import resource

        for kind, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
            with suppress(OSError, ValueError):
                resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def _limit_cpu(limit_s: float) -> None:
    if sys.platform != "win32":
        import resource

        most = int(time.process_time() + limit_s) + _SPARE_S
        with suppress(OSError, ValueError):
            resource.setrlimit(
                resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1])
            )
