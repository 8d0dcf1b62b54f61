"""Background tasks that are started again when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def keep_running(
    work: Callable[[], Awaitable[None]], failed: Callable[[Exception], float]
) -> None:
    """Run `work` until cancelled; when it raises, again after the seconds that `failed` returns."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - the border around a background task
            await asyncio.sleep(failed(error))
