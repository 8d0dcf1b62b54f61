"""A message of a live feed, from its bytes to the reader's event, beside ccxt pro."""

from __future__ import annotations

import gc
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from math import prod
from typing import Any

import uvloop

from bench.figure import Figure, Plan, Reading, Series, ratio
from bench.live.ccxt_pro import PEERS, Peer, Theirs
from bench.live.exchange import KINDS, Exchange
from bench.live.ours import Ours, followed
from bench.processes import pinned

_ROUNDS, _MESSAGES = 7, 300
_WARM = 50
WORDS = {"ticker": "ticker", "trades": "trade", "order_book": "book change"}


async def _measure(plan: Plan) -> Series:
    series = Series()
    for name, peer in PEERS.items():
        for kind in peer.kinds:
            sides = _ours(kind, name), _theirs(kind, name), _ours(kind), _theirs(kind)
            if plan.wants(*sides):
                series.merge(await _measure_kind(name, peer, kind, plan))
    for kind in KINDS:
        for side in (_ours, _theirs):
            if plan.wants(side(kind)):
                names = [name for name, peer in PEERS.items() if kind in peer.kinds]
                for one in _means([series.readings[side(kind, name)] for name in names]):
                    series.add(side(kind), one)
    return series


def _means(rounds: list[list[Reading]]) -> list[Reading]:
    """The geometric mean of each round: an exchange whose messages are long counts as any other."""
    values = [[one.value for one in readings] for readings in zip(*rounds, strict=True)]
    means = [prod(found) ** (1 / len(found)) for found in values]
    return [Reading(mean, mean) for mean in means]


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
            for side, reading in zip((_ours, _theirs), used, strict=True):
                series.add(side(kind, name), reading)
    return series


async def _round(
    frames: list[str | bytes], ours: Ours, theirs: Theirs, kind: str, *, is_back: bool = False
) -> tuple[Reading, Reading]:
    """CPU of a message, ours and theirs, both knowing the same of the market in the end.

    Raises:
        RuntimeError: they do not: one has merely passed the messages over.
    """
    work: list[tuple[str, Coroutine[Any, Any, None]]] = [
        ("ours", ours.tell(ours.messages(frames))),
        ("theirs", theirs.tell(theirs.messages(frames))),
    ]
    used: dict[str, Reading] = {}
    for side, told in reversed(work) if is_back else work:
        used[side] = await cpu_of(told, len(frames))
    mine, known = theirs.compared(kind, ours.last)
    if mine != known:
        raise RuntimeError(f"after the same messages ours is {mine}, theirs {known}")
    return used["ours"], used["theirs"]


async def cpu_of(told: Coroutine[Any, Any, None], count: int) -> Reading:
    """CPU of each of so many messages."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await told
    spent, taken = time.process_time() - cpu, time.perf_counter() - wall
    one_us = spent / count * 1e6
    return Reading(one_us, one_us, taken / count * 1e6)


def _ours(kind: str, name: str = "") -> str:
    return f"our {WORDS[kind]}{_of(name)}"


def _theirs(kind: str, name: str = "") -> str:
    return f"ccxt pro {WORDS[kind]}{_of(name)}"


def _of(name: str) -> str:
    return f" of {_title(name)}" if name else ", mean"


def measure(plan: Plan) -> Series:
    """All on one core and one event loop."""
    with pinned(0):
        return uvloop.run(_measure(plan))


def _figure(kind: str, name: str = "") -> Figure:
    if name:
        ident, title = name.replace("_", "-"), f"{WORDS[kind]} of {_title(name)}"
    else:
        count = sum(kind in peer.kinds for peer in PEERS.values())
        ident, title = "message", f"{WORDS[kind]}, geometric mean of {count} exchanges"
    return Figure(
        f"live-{ident}-{WORDS[kind].replace(' ', '-')}", f"{title}, frame to event, CPU",
        "us", _ours(kind, name), measure, _theirs(kind, name), ratio(0.5),
    )  # fmt: skip


def _title(name: str) -> str:
    return TITLES.get(name, name.capitalize())


TITLES = {
    "okx": "OKX", "htx": "HTX", "mexc": "MEXC", "kucoin": "KuCoin", "gateio": "Gate",
    "coinbase_exchange": "Coinbase Exchange",
}  # fmt: skip

FIGURES = (
    *(_figure(kind) for kind in KINDS),
    *(_figure(kind, name) for name, peer in PEERS.items() for kind in KINDS if kind in peer.kinds),
)
