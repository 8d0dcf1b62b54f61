"""How long a message takes from the exchange to a reader in one process, beside a bare client."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import uvloop

from bench.figure import Figure, Plan, Reading, Series
from bench.figures.inprocess import binance_only, environ
from bench.figures.live_readers import Loopback, loopback, percentiles
from bench.live.exchange import PAIR
from bench.processes import pinned
from bench.rounds import in_turn
from coinmux import Gateway

_ROUNDS, _SECONDS, _WARM_S, _RATE = 5, 2.0, 0.3, 500.0


async def _ours(stream: Any, delays: list[float]) -> None:
    while batch := await stream.batch():
        now = time.monotonic()
        delays.extend(now - event.data.volume_base for event in batch if event.data is not None)


async def _bare(peer: Any, delays: list[float]) -> None:
    async for text in peer:
        told = json.loads(text)
        if "data" in told:
            delays.append(time.monotonic() - float(told["data"]["v"]))


async def _measure(plan: Plan) -> Series:
    from websockets.asyncio.client import connect

    series = Series()
    with loopback() as exchange:
        url = f"ws://127.0.0.1:{exchange.socket}/stream"
        settings = environ(plan.upstream, BINANCE_WS_URL=url, ARCHIVE="off")
        gateway = Gateway.from_env(None, environ=settings, found=binance_only())
        bare = url.replace("/stream", "/bare")
        async with gateway, connect(bare, compression=None) as peer:
            stream = gateway.stream("ticker", PAIR)
            await stream.open()
            await peer.send('{"method":"SUBSCRIBE","params":["btcusdt@ticker"],"id":1}')
            sides = {
                "ours in process": ("ours", _ours, stream), "bare client": ("bare", _bare, peer)
            }  # fmt: skip
            for side in in_turn(tuple(sides), plan.rounds(_ROUNDS)):
                who, listen, source = sides[side]
                task = asyncio.ensure_future(listen(source, delays := []))
                found = await _found(exchange, who, delays, plan)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                for name, value in found.items():
                    series.add(f"{side}, {name}", value)
            await stream.close()
    return series


async def _found(
    exchange: Loopback, who: str, delays: list[float], plan: Plan
) -> dict[str, Reading]:
    """The delays while the exchange tells this side, and nothing to the other."""
    exchange.say(who, _RATE)
    await asyncio.sleep(_WARM_S)
    delays.clear()
    await asyncio.sleep(plan.seconds(_SECONDS))
    exchange.say("nobody", 0)
    return percentiles(delays)


def measure(plan: Plan) -> Series:
    """On one core; the exchange on the other."""
    with pinned(0):
        return uvloop.run(_measure(plan))


def _figure(name: str, words: str) -> Figure:
    return Figure(
        f"live-delay-{name}", f"exchange to reader in process, 500 a second, {words}", "ms",
        f"ours in process, {name}", measure, f"bare client, {name}",
    )  # fmt: skip


FIGURES = (_figure("p50", "median"), _figure("p99", "slowest hundredth"))
