"""Waiting for what several workers come to."""

import asyncio
import time


async def until(so, doing=None, *arguments, within_s=8.0):
    """Wait until `so()`, while `doing(*arguments, 1)` is done; a failure says what was not so."""
    end = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < end, f"it did not come about within {within_s} s"
        if doing is not None:
            await doing(*arguments, 1)
        await asyncio.sleep(0.02)
