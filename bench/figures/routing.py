"""Routing without any HTTP: a hook that returns at once, a failure before it, the order anew."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import uvloop

from bench.figure import Absent, Figure, Plan, Reading, Series, plain, ratio
from bench.figures.sources import QUERY, AtOnce, gateway_of, opened, sources
from bench.peers import litellm
from bench.processes import pinned
from bench.rounds import interleaved, interleaved_async, timed
from coinmux import Gateway, RequestOptions
from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import State
from coinmux.framework.routing.ranking import SourceScore, rank
from coinmux.framework.testing.clock import FakeClock

COUNTS = (1, 300, 2_000)
_NO_CACHE = RequestOptions(max_age_s=0)
_ROUNDS = 9
_CALLS = 3_000
_LITELLM_CALLS = 150
#: As many as a request survives, four attempts in all.
_FAILURES = 3
#: Second and later alternatives have a budget, a fifth of all requests: so many plain requests
#: pay for one with three failures.
_PLAIN_EACH = 12
_FAILED = 60
_RANKED = 1_000
_ORDERS = 40


async def cpu_us(gateway: Gateway, calls: int) -> Reading:
    """CPU of one routed call, one after the other."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        await gateway.fetch("ticker", QUERY, _NO_CACHE)
    used, taken = time.process_time() - cpu, time.perf_counter() - wall
    return Reading(used / calls * 1e6, used / calls * 1e6, taken / calls * 1e6)


async def _alone(plan: Plan) -> Series:
    absent: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        work: dict[str, Callable[[], Awaitable[Reading]]] = {}
        for count in COUNTS:
            side = f"ours, {count}"
            if plan.wants(side):
                gateway = await stack.enter_async_context(opened(sources(count)))
                await cpu_us(gateway, 200)
                work[side] = partial(cpu_us, gateway, plan.calls(_CALLS))
        # Else each collection of garbage would walk through the other gateways too.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        theirs = [name for name in litellm.SIDES if plan.wants(name)]
        try:
            if theirs and not plan.peers:
                raise Absent("peers were left out")
            if theirs:
                router = stack.enter_context(litellm.started())
                calls = plan.calls(_LITELLM_CALLS)
                work |= {name: partial(router.round, name, calls) for name in theirs}
        except Absent as why:
            absent = dict.fromkeys(theirs, str(why))
        series = await interleaved_async(work, plan, _ROUNDS)
        series.absent |= absent
        return series


def alone(plan: Plan) -> Series:
    """Through `Gateway.fetch` with no cache, beside LiteLLM's Router."""
    with pinned(0):
        return uvloop.run(_alone(plan))


async def _one_us(gateway: Gateway, made: list[AtOnce], failures: int) -> float:
    """CPU of one request whose first sources fail, in a gateway that knows of no failure yet."""
    gateway.health.reset_all()
    gateway.router.order("ticker", "priority")
    for at, one in enumerate(made):
        one.failing = at < failures
    begun = time.thread_time_ns()
    await gateway.fetch("ticker", QUERY, _NO_CACHE)
    # What is left to do once the caller has its answer is a part of the cost.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return (time.thread_time_ns() - begun) / 1000


async def _failed_us(gateway: Gateway, made: list[AtOnce], times: int) -> Reading:
    plain_us = failed_us = 0.0
    for _ in range(times):
        for _ in range(_PLAIN_EACH):
            plain_us += await _one_us(gateway, made, 0)
        failed_us += await _one_us(gateway, made, _FAILURES)
    each = (failed_us / times - plain_us / times / _PLAIN_EACH) / _FAILURES
    return Reading(each, each)


async def _failover(plan: Plan) -> Series:
    made = sources(_FAILURES + 1)
    async with opened(made) as gateway:
        await _failed_us(gateway, made, 5)
        work = {"ours, failed": partial(_failed_us, gateway, made, plan.calls(_FAILED))}
        return await interleaved_async(work, plan, _ROUNDS)


def failover(plan: Plan) -> Series:
    """(time with three failed attempts - time with none) / 3."""
    with pinned(0):
        return uvloop.run(_failover(plan))


def _answer(gateway: Gateway, name: str, elapsed_s: float) -> None:
    lease = gateway.health.begin(name, "ticker", 1.0)
    assert lease is not None
    gateway.health.record(lease, Outcome.SUCCESS, elapsed_s=elapsed_s)


def _reordered(gateway: Gateway, clock: FakeClock, names: list[str], times: int) -> Reading:
    """CPU of one order anew; the answers before it are not a part of that."""
    used = 0
    for turn in range(times):
        for at in range(len(names) // 100):
            place = (turn * 101 + at * 89) % len(names)
            _answer(gateway, names[place], (place * 53 + turn * 17) % 101 / 1000)
        clock.advance(1.5)
        begun = time.thread_time_ns()
        gateway.router.order("ticker", "priority")
        used += time.thread_time_ns() - begun
    return Reading(used / times / 1000, used / times / 1000)


def ranking(plan: Plan) -> Series:
    """`Router.order` once its stored order is too old, since when a hundredth has answered."""
    with pinned(0):
        work = {}
        for count in (100, _RANKED):
            clock = FakeClock()
            gateway = gateway_of(sources(count), clock)
            names = list(gateway.sources)
            for at, name in enumerate(names):
                _answer(gateway, name, (at * 37 % 101) / 1000)
            gateway.router.order("ticker", "priority")
            work[f"ours, {count}"] = partial(_reordered, gateway, clock, names, plan.calls(_ORDERS))
        return interleaved(work, plan, 2 * _ROUNDS)


def ordering(plan: Plan) -> Series:
    """The order of scores that are ready."""
    scores = [
        SourceScore(f"p{at}", State.HEALTHY, at % 2, at % 7, (at * 37 % 101) / 1000)
        for at in range(_RANKED)
    ]
    with pinned(0):
        work = {"our order": partial(timed, lambda: rank(scores, "priority"), plan.calls(_ORDERS))}
        return interleaved(work, plan, 2 * _ROUNDS)


def _routing(count: int, most: float | None, beside: str | None) -> Figure:
    title = f"routing alone, {count:,} source{'s' if count > 1 else ''}, CPU"
    if beside is None:
        limit = None if most is None else plain(most)
        return Figure(f"routing-{count}", title, "us", f"ours, {count}", alone, limit=limit)
    limit = None if most is None else ratio(most)
    strategy = "" if beside == "simple-shuffle" else f"-{beside.partition('-')[0]}"
    name = f"routing-{count}-litellm{strategy}"
    return Figure(name, title, "us", f"ours, {count}", alone, litellm.side(count, beside), limit)


FIGURES = (
    _routing(1, 45, None),
    _routing(300, 45, None),
    Figure(
        "routing-flat", "a request's own cost, 2,000 sources beside 1", "us", "ours, 2000", alone,
        "ours, 1", ratio(1.1),
    ),
    _routing(1, 0.06, "simple-shuffle"),
    _routing(300, 0.06, "simple-shuffle"),
    _routing(300, None, "latency-based-routing"),
    Figure(
        "failover", "failover, own CPU of a failed attempt", "us", "ours, failed", failover,
        limit=plain(150),
    ),
    Figure(
        "ranking-scores", "ordering 1,000 scores", "us", "our order", ordering, limit=plain(150),
    ),
    Figure(
        "ranking", "ranking 1,000 sources anew", "us", f"ours, {_RANKED}", ranking,
        limit=plain(150),
    ),
)  # fmt: skip
