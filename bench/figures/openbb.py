"""The same 500 hourly candles by OpenBB's API server and by ours, from the same loopback source."""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import partial

from bench.figure import Absent, Figure, Plan, Series, ratio
from bench.figures.http import get, load, ours
from bench.figures.inprocess import SYMBOLS
from bench.peers import openbb
from bench.rounds import interleaved

_CANDLES = 500
_AT_ONCE = 8
_SECONDS = 2.0
_ROUNDS = 5
_OURS, _OPENBB = "ours, 500 candles over HTTP", "OpenBB, 500 candles over HTTP"


def measure(plan: Plan) -> Series:
    """Server CPU of a request, eight at once; neither answers from a cache or an archive."""
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        ask = "/api/market/candles?interval=1h&limit={}&max_age_s=0&symbol={}"
        # With an archive closed candles would be read from it, which OpenBB has none of.
        port, pid = stack.enter_context(ours(plan.upstream, ARCHIVE="off"))
        targets = [ask.format(_CANDLES, symbol) for symbol in SYMBOLS]
        if len(json.loads(get(port, targets[0]))["data"]["rows"]) != _CANDLES:
            raise RuntimeError("we do not answer all candles")
        seconds = plan.seconds(_SECONDS)
        side = partial(load, connections=_AT_ONCE, seconds=seconds, of="cpu")
        work = {_OURS: partial(side, port, pid, targets)}
        if plan.wants(_OPENBB):
            try:
                if not plan.peers:
                    raise Absent("peers were left out")
                port, pid = stack.enter_context(openbb.started(plan.upstream))
                targets = [openbb.target(symbol.join(), _CANDLES) for symbol in SYMBOLS]
                if len(json.loads(get(port, targets[0]))["results"]) != _CANDLES:
                    raise RuntimeError("OpenBB does not answer all candles")
                work[_OPENBB] = partial(side, port, pid, targets)
            except Absent as why:
                absent[_OPENBB] = str(why)
        series = interleaved(work, plan, _ROUNDS)
        series.absent |= absent
        return series


FIGURES = (
    Figure(
        "openbb-history", "500 hourly candles over HTTP, server CPU", "us", _OURS, measure,
        _OPENBB, ratio(0.05),
    ),
)  # fmt: skip
