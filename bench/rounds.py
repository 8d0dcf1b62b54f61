"""Rounds: each side after the other, again and again, so that a busy moment meets them all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from bench.figure import Plan, Reading, Series

T = TypeVar("T")


def in_turn(sides: Sequence[str], rounds: int) -> Iterable[str]:
    """The sides in the order to measure them: every other round backwards."""
    for at in range(rounds):
        yield from sides if at % 2 == 0 else reversed(sides)


def interleaved(work: Mapping[str, Callable[[], Reading]], plan: Plan, rounds: int) -> Series:
    """The readings of each side that the plan wants."""
    series = Series()
    for side in in_turn([name for name in work if plan.wants(name)], plan.rounds(rounds)):
        series.add(side, work[side]())
    return series


async def interleaved_async(
    work: Mapping[str, Callable[[], Awaitable[Reading]]], plan: Plan, rounds: int
) -> Series:
    """The same for sides that share an event loop."""
    series = Series()
    for side in in_turn([name for name in work if plan.wants(name)], plan.rounds(rounds)):
        series.add(side, await work[side]())
    return series


def timed(work: Callable[[], object], times: int) -> Reading:
    """CPU microseconds of one call of `work`, and wall time beside."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    used, taken = time.process_time() - cpu, time.perf_counter() - wall
    return Reading(used / times * 1e6, used / times * 1e6, taken / times * 1e6)


async def timed_together(
    one: Callable[[T], Awaitable[object]], subjects: Sequence[T], calls: int
) -> Reading:
    """CPU microseconds of one call with as many in flight as there are subjects."""
    left = iter(range(calls))

    async def caller(subject: T) -> None:
        for _ in left:
            await one(subject)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller(subject) for subject in subjects))
    used, taken = time.process_time() - cpu, time.perf_counter() - wall
    return Reading(used / calls * 1e6, used / calls * 1e6, taken / calls * 1e6)
