"""What the exchanges see: how often each of their channels is followed."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

import aiohttp

_EVERY_S = 0.5


@dataclass
class Upstream:
    """Samples of the simulated sockets.

    Attributes:
        most: of one channel at a time.
        followed: channels followed at a time, each as often as it is.
        twice: samples in which a channel was followed more than once.
        samples: all of them.
    """

    most: int = 0
    twice: int = 0
    samples: int = 0
    followed: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


async def watch_upstream(
    simulator: str, session: aiohttp.ClientSession, upstream: Upstream
) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(_EVERY_S)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.get(f"{simulator}/_simulator/calls") as reply:
                sockets = (await reply.json())["sockets"]
            counts = [count for one in sockets.values() for count in one["followed"].values()]
            upstream.names = [name for name, one in sockets.items() if one["followed"]]
            upstream.samples += 1
            upstream.most = max(upstream.most, max(counts, default=0))
            upstream.twice += max(counts, default=0) > 1
            upstream.followed.append(sum(counts))
