"""A message of a live feed, from its bytes to the reader's event, beside ccxt pro."""

from __future__ import annotations

import gc
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import uvloop

from bench.figure import Figure, Measure, Plan, Reading, Series, ratio
from bench.live.ccxt_pro import PEERS, Peer, Theirs
from bench.live.exchange import KINDS, Exchange
from bench.live.ours import Ours, followed
from bench.processes import pinned

_ROUNDS, _MESSAGES = 7, 300
_WARM = 50
WORDS = {"ticker": "ticker", "trades": "trade", "order_book": "book change"}


async def _measure(name: str, plan: Plan) -> Series:
    peer, series = PEERS[name], Series()
    for kind in peer.kinds:
        if plan.wants(_ours(kind), _theirs(kind)):
            series.merge(await _measure_kind(name, peer, kind, plan))
    return series


async def _measure_kind(name: str, peer: Peer, kind: str, plan: Plan) -> Series:
    """Both sides hear the same messages in turn, each of them once."""
    series = Series()
    exchange = Exchange(name, kind)
    channel = peer.ticker if kind == "ticker" else ""
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(followed(name, exchange))
        theirs = Theirs(peer, exchange)
        stack.push_async_callback(theirs.close)
        theirs.begin(exchange)
        await theirs.follow(kind)
        await _round(exchange.frames(_WARM, channel), ours, theirs, kind)
        for at in range(plan.rounds(_ROUNDS)):
            frames = exchange.frames(plan.calls(_MESSAGES), channel)
            used = await _round(frames, ours, theirs, kind, is_back=at % 2 == 1)
            for side, reading in used.items():
                if plan.wants(side):
                    series.add(side, reading)
    return series


async def _round(
    frames: list[str | bytes], ours: Ours, theirs: Theirs, kind: str, *, is_back: bool = False
) -> dict[str, Reading]:
    """CPU of a message on each side, both knowing the same of the market in the end.

    Raises:
        RuntimeError: they do not: one has merely passed the messages over.
    """
    work: list[tuple[str, Coroutine[Any, Any, None]]] = [
        (_ours(kind), ours.tell(ours.messages(frames))),
        (_theirs(kind), theirs.tell(theirs.messages(frames))),
    ]
    used: dict[str, Reading] = {}
    for side, told in reversed(work) if is_back else work:
        used[side] = await cpu_of(told, len(frames))
    mine, known = theirs.compared(kind, ours.last)
    if mine != known:
        raise RuntimeError(f"after the same messages ours is {mine}, theirs {known}")
    return used


async def cpu_of(told: Coroutine[Any, Any, None], count: int) -> Reading:
    """CPU of each of so many messages."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await told
    spent, taken = time.process_time() - cpu, time.perf_counter() - wall
    one_us = spent / count * 1e6
    return Reading(one_us, one_us, taken / count * 1e6)


def _ours(kind: str) -> str:
    return f"our {WORDS[kind]}"


def _theirs(kind: str) -> str:
    return f"ccxt pro {WORDS[kind]}"


def measure(name: str, plan: Plan) -> Series:
    """All on one core and one event loop."""
    with pinned(0):
        return uvloop.run(_measure(name, plan))


def _figures(name: str, peer: Peer) -> list[Figure]:
    shared: Measure = partial(measure, name)
    return [
        Figure(
            f"live-{name.replace('_', '-')}-{WORDS[kind].replace(' ', '-')}",
            f"{WORDS[kind]} of {_title(name)}, frame to event, CPU",
            "us", _ours(kind), shared, _theirs(kind), ratio(0.5),
        )
        for kind in KINDS
        if kind in peer.kinds
    ]  # fmt: skip


def _title(name: str) -> str:
    return TITLES.get(name, name.capitalize())


TITLES = {
    "okx": "OKX", "htx": "HTX", "mexc": "MEXC", "kucoin": "KuCoin", "gateio": "Gate",
    "coinbase_exchange": "Coinbase Exchange",
}  # fmt: skip

FIGURES = tuple(figure for name, peer in PEERS.items() for figure in _figures(name, peer))
