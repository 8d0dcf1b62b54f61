"""A page whose clock the test turns: minutes of its own time pass in a second."""

import asyncio

#: Less than a page waits for an answer, which comes in real time.
_STEP_MS = 2_000
#: What never ends.
_STREAMS = ("/api/stream", "/api/pages/ticker/stream", "/api/pages/candles/stream")


def is_stream(request):
    """Whether its answer goes on for as long as the page is open."""
    return any(one in request.url for one in _STREAMS)


async def with_clock(page):
    """To be given to `page_of` as `before`."""
    page.under_way = set()
    page.on("request", lambda one: is_stream(one) or page.under_way.add(one))
    page.on("requestfinished", lambda one: page.under_way.discard(one))
    page.on("requestfailed", lambda one: page.under_way.discard(one))
    await page.clock.install()


async def passing(page, seconds):
    """Let so much of the page's own time pass, and have each of its answers come meanwhile."""
    for _ in range(seconds * 1000 // _STEP_MS):
        await page.clock.run_for(_STEP_MS)
        for _ in range(2_000):
            if not page.under_way:
                break
            await asyncio.sleep(0.005)


async def passing_until(page, condition, seconds):
    """The same, until `await condition()` holds; what it gave last."""
    for _ in range(seconds * 1000 // _STEP_MS):
        if await condition():
            break
        await passing(page, _STEP_MS // 1000)
    return await condition()
