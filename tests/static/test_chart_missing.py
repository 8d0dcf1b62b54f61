"""The chart where something is missing: said in the page, never in the console, tried again."""

READY = '[data-panel="chart"][data-panel-state="ready"]'
ERROR = '[data-panel="chart"][data-panel-state="error"]'
CHART = "**/api/pages/chart*"
NOBODY = {
    "type": "about:blank",
    "title": "No provider is available",
    "status": 503,
    "code": "no_provider_available",
    "detail": "every source is offline",
    "request_id": "abc-1",
}


def nothing(last=None):
    return {"data": None, "meta": None, "source": None, "error": NOBODY, "last_known": last}


async def test_a_pair_that_does_not_exist_keeps_nothing_of_the_last_one(page_of, until):
    async with page_of("chart?symbol=SOL/USDT&ind=rsi") as page:
        await page.wait_for_selector(READY)
        await page.fill("#symbol", "NOPE/USDT")
        await page.press("#symbol", "Enter")
        failure = page.locator('[data-panel="chart"] .failure')
        await failure.wait_for()
        assert "NOPE/USDT" in await page.title()
        assert "SOL" not in await page.title()
        assert await page.inner_text("#last") == ""
        assert await page.inner_text("#change") == ""
        assert not await page.locator("#plot").is_visible()
        assert not await page.locator("#chips").is_visible()
        # A pair that is traded is one press away.
        await failure.get_by_role("button", name="BTC/USDT").click()
        await page.wait_for_selector(READY)
        assert await page.inner_text("#market-title") == "BTC/USDT"
        assert page.complaints == []


async def test_a_wrong_parameter_and_a_wrong_indicator_are_said_in_the_page(page_of, until):
    async with page_of("chart?ind=rsi:period=0,nonsense,sma") as page:
        await page.wait_for_selector(READY)
        wrong = page.locator("#chips .chip[data-wrong]")
        await wrong.wait_for()
        assert "period" in await wrong.get_attribute("title")
        assert "nonsense" in await page.inner_text("#notes")
        right = page.locator("#chips .chip:not([data-wrong]) .values")
        assert "—" not in await right.inner_text()
        await page.wait_for_timeout(6_000)
        assert page.complaints == []


async def test_a_first_load_that_failed_says_when_it_is_tried_again_and_is(page_of, until):
    state = {"down": True, "asked": 0}

    async def before(page):
        async def answer(route):
            state["asked"] += 1
            if not state["down"]:
                await route.continue_()
                return
            await route.fulfill(
                json={
                    "symbol": "BTC/USDT",
                    "interval": "1h",
                    "candles": nothing(),
                    "ticker": nothing(),
                    "indicators": [],
                }
            )

        await page.route(CHART, answer)

    async with page_of("chart", before=before) as page:
        await page.wait_for_selector(ERROR)
        failure = page.locator('[data-panel="chart"] .failure')

        async def counts():
            return "next try in" in await failure.inner_text()

        assert await until(counts)
        assert "every source is offline" in await failure.inner_text()
        state["down"] = False
        asked = state["asked"]
        await page.wait_for_selector(READY)
        assert state["asked"] > asked
        assert page.complaints == []
        await page.unroute_all(behavior="ignoreErrors")


async def test_the_last_known_candles_are_shown_with_their_age(page_of, altered, until):
    async def before(page):
        def fail(body):
            part = body["candles"]
            part["meta"]["fetched_at"] -= 3 * 3_600_000
            last = {name: part[name] for name in ("data", "meta", "source")}
            body["candles"] = nothing(last)

        await altered(page, CHART, fail)

    async with page_of("chart", before=before) as page:
        await page.wait_for_selector(ERROR)
        await page.locator("#facts").wait_for()
        facts = await page.inner_text("#facts")
        assert "last known" in facts
        assert "3 h" in facts
        assert await page.locator("#plot").is_visible()
        assert await page.inner_text("#last")
        await page.unroute_all(behavior="ignoreErrors")


async def test_a_kept_answer_on_a_healthy_day_is_not_amber(page_of, altered, until):
    async def before(page):
        def stale(body):
            body["candles"]["meta"].update(cache="stale", stale=True)
            body["candles"]["meta"]["fetched_at"] -= 55_000

        await altered(page, CHART, stale)
        # What is followed is not kept.
        await page.route("**/api/pages/candles/stream*", lambda route: route.abort())

    async with page_of("chart", before=before) as page:
        await page.wait_for_selector(READY)
        word = page.locator("#facts span.tag")
        assert await word.inner_text() == "cached, refreshing"
        assert await word.get_attribute("data-tone") is None
        await page.unroute_all(behavior="ignoreErrors")
