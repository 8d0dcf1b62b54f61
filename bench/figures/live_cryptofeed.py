"""A message of a live feed, from its bytes to the caller, beside cryptofeed's feed of OKX."""

from __future__ import annotations

import uvloop

from bench.figure import Absent, Figure, Plan, Reading, Series
from bench.figures.live_messages import WORDS, cpu_of
from bench.live.exchange import KINDS, Exchange
from bench.live.ours import Ours, followed
from bench.peers import cryptofeed
from bench.processes import pinned

_EXCHANGE = "okx"
_ROUNDS, _MESSAGES, _WARM = 7, 300, 50


def _ours(kind: str) -> str:
    return f"our {WORDS[kind]} of OKX"


def _theirs(kind: str) -> str:
    return f"cryptofeed {WORDS[kind]}"


async def _measure_kind(kind: str, feeds: cryptofeed.Feeds | None, plan: Plan) -> Series:
    series, exchange = Series(), Exchange(_EXCHANGE, kind)
    async with followed(_EXCHANGE, exchange) as ours:
        if feeds is not None:
            feeds.tell(kind, [str(frame) for frame in exchange.head if "event" not in str(frame)])
        await _round(kind, exchange, ours, feeds, _WARM)
        for _ in range(plan.rounds(_ROUNDS)):
            used = await _round(kind, exchange, ours, feeds, plan.calls(_MESSAGES))
            for side, reading in used.items():
                series.add(side, reading)
    return series


async def _round(
    kind: str, exchange: Exchange, ours: Ours, feeds: cryptofeed.Feeds | None, count: int
) -> dict[str, Reading]:
    """CPU of a message on each side, both knowing the same of the market in the end.

    Raises:
        RuntimeError: they do not.
    """
    frames = exchange.frames(count)
    used = {_ours(kind): await cpu_of(ours.tell(ours.messages(frames)), len(frames))}
    if feeds is not None:
        told = feeds.tell(kind, [str(frame) for frame in frames])
        used[_theirs(kind)] = Reading(told.cpu_us, told.cpu_us)
        if told.known != (known := _known(kind, ours)):
            raise RuntimeError(f"after the same messages ours is {known}, theirs {told.known}")
    return used


def _known(kind: str, ours: Ours) -> object:
    """What its process says of its own, as we know it."""
    last = ours.last
    if kind == "ticker":
        return last.bid
    if kind == "trades":
        return last.trades[-1].price
    return [list(level) for level in last.bids[:5]]


async def _measure(plan: Plan, feeds: cryptofeed.Feeds | None) -> Series:
    series = Series()
    for kind in KINDS:
        if plan.wants(_ours(kind), _theirs(kind)):
            series.merge(await _measure_kind(kind, feeds, plan))
    return series


def measure(plan: Plan) -> Series:
    """All on one core, in turns."""
    with pinned(0):
        try:
            if not plan.peers:
                raise Absent("peers were left out")
            with cryptofeed.started() as feeds:
                return uvloop.run(_measure(plan, feeds))
        except Absent as why:
            series = uvloop.run(_measure(plan, None))
            series.absent |= {_theirs(kind): str(why) for kind in KINDS}
            return series


FIGURES = tuple(
    Figure(
        f"live-cryptofeed-{WORDS[kind].replace(' ', '-')}",
        f"{WORDS[kind]} of OKX, frame to event, CPU",
        "us", _ours(kind), measure, _theirs(kind),
    )
    for kind in KINDS
)  # fmt: skip
