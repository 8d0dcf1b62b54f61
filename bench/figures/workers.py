"""Workers: what shared state adds to a call, and what a second worker brings."""

from __future__ import annotations

from bench import workers
from bench.figure import Figure, Plan, Reading, Series, plain, ratio

_ROUNDS = 3
_CALLS = 800
_SECONDS = 2.0
_NO_STORE = "no Valkey or Redis is installed (scripts/services installs one)"


def shared(plan: Plan) -> Series:
    """CPU that a store adds to an uncached call, beside one round trip of the store's client."""
    series = Series()
    for _ in range(plan.rounds(_ROUNDS)):
        found = workers.shared_us(calls=plan.calls(_CALLS))
        if found is None:
            return Series(absent=dict.fromkeys(("shared, 16", "shared, 1", "redis"), _NO_STORE))
        series.add("shared, 16", Reading(found["shared_16"] - found["alone_16"]))
        series.add("shared, 1", Reading(found["shared"] - found["alone"]))
        series.add("redis", Reading(found["round_trip"]))
    return series


def second(plan: Plan) -> Series:
    """What a second worker brings: ours, and a bare ASGI app's under the same load."""
    series = Series()
    for _ in range(plan.rounds(_ROUNDS)):
        found = workers.cached(seconds=plan.seconds(_SECONDS))
        if found is None:
            return Series(absent=dict.fromkeys(("ours, 2 beside 1", "bare, 2 beside 1"), _NO_STORE))
        for side in ("ours", "bare"):
            one, two = found[f"{side} 1"], found[f"{side} 2"]
            series.add(f"{side}, 2 beside 1", Reading(two[0] / one[0], cpu_us=two[1]))
    return series


_TITLE = "cached, two workers beside one on two cores, load included"
FIGURES = (
    Figure(
        "shared-state", "shared state adds to an uncached call, 16 at once, CPU", "us",
        "shared, 16", shared, None, plain(60),
    ),
    Figure(
        "shared-state-one", "shared state adds to an uncached call, one at a time, CPU", "us",
        "shared, 1", shared, "redis",
    ),
    Figure("workers-2", _TITLE, "x", "ours, 2 beside 1", second, None, plain(1.8), "more"),
    Figure(
        "floor-workers-2", _TITLE, "x", "ours, 2 beside 1", second, "bare, 2 beside 1", ratio(0.5),
        "more",
    ),
)  # fmt: skip
