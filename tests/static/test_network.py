"""What moves on the system monitor, and when nothing may."""

import asyncio

import pytest

TICKER = "/api/market/ticker"
#: Counts the frames a page asks for.
COUNT_FRAMES = """
(() => {
  const real = requestAnimationFrame.bind(window);
  window.framesAsked = 0;
  window.requestAnimationFrame = (task) => { window.framesAsked += 1; return real(task); };
})();
"""
HIDE = """
Object.defineProperty(document, "hidden", {
  configurable: true,
  get: () => window.isHidden === true,
});
"""
#: How many requests about a pair the tab of requests tells of; those of one question share a line.
#: Of all of them the oldest lines make room for new ones.
TOLD = """
pair => [...document.querySelectorAll("#lines .line")]
  .filter((line) => line.textContent.includes(pair))
  .reduce((sum, line) => sum + Number(line.dataset.count), 0)
"""
#: Which no other test asks about.
RARE, SELDOM = "DOGE/EUR", "XRP/USDC"


async def told(page, pair):
    return await page.evaluate(TOLD, pair)


async def drawn(page):
    return await page.evaluate("Number(document.querySelector('#packets').dataset.requestsDrawn)")


async def settled(page, pair):
    """The monitor, with what others asked before already drawn."""
    await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
    # What is out of sight is not drawn.
    await page.locator("#stage").scroll_into_view_if_needed()
    await page.wait_for_timeout(9000)
    return await drawn(page), await told(page, pair)


@pytest.mark.realtime
async def test_seven_calls_are_seven_requests_drawn_and_seven_lines(page_of, api, until):
    async with page_of("system-monitor?tab=requests") as page:
        before, lines = await settled(page, SELDOM)
        for _ in range(7):
            assert api.get(TICKER, params={"symbol": SELDOM}).status_code == 200

        async def seven():
            return await drawn(page) - before == 7

        assert await until(seven, 20)
        assert await told(page, SELDOM) - lines == 7
        hops = await page.evaluate(
            "Number(document.querySelector('#packets').dataset.packetsDrawn)"
        )
        assert hops >= 7
        await page.wait_for_timeout(15_000)
        assert await drawn(page) - before == 7
        frames = await page.evaluate("document.querySelector('#packets').dataset.frames")
        await page.wait_for_timeout(1_000)
        assert await page.evaluate("document.querySelector('#packets').dataset.frames") == frames


@pytest.mark.realtime
async def test_reduced_motion_asks_for_no_frame_and_the_table_goes_on(page_of, api, until):
    async def count(page):
        await page.add_init_script(COUNT_FRAMES)

    async with page_of("system-monitor", before=count, reduced_motion="reduce") as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        api.get(TICKER, params={"symbol": "ETH/USD", "provider": "bitfinex", "max_age_s": 0})
        await page.click(".twin summary")

        async def listed():
            return await page.locator('#traffic tr[data-key="bitfinex"]').count()

        assert await until(listed)
        assert await page.evaluate("window.framesAsked") == 0
        assert await drawn(page) == 0


@pytest.mark.realtime
async def test_a_hidden_page_neither_asks_nor_draws_and_skips_what_it_missed(page_of, api, until):
    asked = []

    async def watch(page):
        await page.add_init_script(COUNT_FRAMES + HIDE)
        page.on("request", lambda one: asked.append(one.url) if "/api/monitor" in one.url else None)

    async with page_of("system-monitor?tab=requests", before=watch) as page:
        before, lines = await settled(page, RARE)
        turn = "window.isHidden = {}; document.dispatchEvent(new Event('visibilitychange'))"
        await page.evaluate(turn.format("true"))
        await page.wait_for_timeout(500)
        count, frames = len(asked), await page.evaluate("window.framesAsked")
        asked_for = {"symbol": RARE, "max_age_s": 0}
        assert api.get(TICKER, params=asked_for).status_code == 200
        await page.wait_for_timeout(7_000)
        assert len(asked) == count
        assert await page.evaluate("window.framesAsked") == frames
        await page.evaluate(turn.format("false"))

        async def one_more():
            return await told(page, RARE) == lines + 1

        # At once where the machine has nothing else to do; what is skipped is never drawn.
        assert await until(one_more, 20)
        await page.wait_for_timeout(6_500)
        assert await drawn(page) == before


@pytest.mark.realtime
async def test_a_failover_goes_back_and_on_to_the_next(page_of, api, until):
    async with page_of("system-monitor") as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        drill = "/api/drill/binance"
        assert api.post(drill, json={"fault": "disconnect"}).status_code == 200
        try:
            for symbol in ("BTC/USDT", "ETH/USDT", "SOL/USDT"):
                api.get(TICKER, params={"symbol": symbol, "max_age_s": 0})
        finally:
            api.post(drill, json={"fault": None})
        line = page.locator('#changes [data-kind="failover"]', has_text="Binance → ").first
        await line.wait_for()
        await line.click()
        await page.wait_for_url("**/explain?request=*")

        async def told_how():
            failed = await page.locator('[data-verdict="tried_failed"]').count()
            return (failed, await page.locator('[data-verdict="chosen"]').count()) == (1, 1)

        assert await until(told_how)


async def test_one_question_at_a_time_however_slow_the_answer(page_of):
    flying, most = set(), []

    async def slow(page):
        async def answer(route):
            await asyncio.sleep(6)
            try:
                await route.continue_()
            except Exception:  # noqa: BLE001 - the page gave this one up
                return

        def starts(one):
            if "/api/monitor" in one.url:
                flying.add(one)
                most.append(len(flying))

        page.on("request", starts)
        page.on("requestfinished", lambda one: flying.discard(one))
        page.on("requestfailed", lambda one: flying.discard(one))
        await page.route("**/api/monitor*", answer)

    async with page_of("system-monitor", before=slow) as page:
        await page.wait_for_timeout(14_000)
        assert len(most) >= 2
        assert max(most) == 1
        await page.unroute_all(behavior="ignoreErrors")
