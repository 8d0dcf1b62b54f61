"""Whether a process stays as large as it was: memory, sockets, tasks."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from dataclasses import dataclass, field

import aiohttp
import psutil

_EVERY_S = 1.0


@dataclass
class Growth:
    """Samples of one worker, and of the tasks of whichever answered."""

    rss_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)

    def told(self, values: list[float] | list[int]) -> tuple[float, float]:
        """Median of the second quarter, when all is warm, and of the last."""
        quarter = max(1, len(values) // 4)
        return (
            float(statistics.median(values[quarter : 2 * quarter] or values)),
            float(statistics.median(values[-quarter:])),
        )


async def watch(pid: int, url: str, session: aiohttp.ClientSession, growth: Growth) -> None:
    """Until cancelled."""
    process = psutil.Process(pid)
    while True:
        await asyncio.sleep(_EVERY_S)
        growth.rss_mb.append(process.memory_info().rss / 1_048_576)
        growth.files.append(process.num_fds())
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.get(f"{url}/api/monitoring/metrics") as reply:
                if reply.status == 200:
                    growth.tasks.append((await reply.json())["server"]["tasks"])
