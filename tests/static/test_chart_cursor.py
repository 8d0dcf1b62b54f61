"""What the chart says at the cursor, by keys, and on its scales."""

import re

import pytest

#: As numbers are written: no hyphen.
MINUS = "\N{MINUS SIGN}"
READY = '[data-panel="chart"][data-panel-state="ready"]'


async def close_of(page):
    return float((await page.inner_text("#at-close")).replace(",", ""))


async def test_the_legend_and_the_chips_follow_the_cursor(page_of, api, until):
    async with page_of("chart?ind=rsi") as page:
        await page.wait_for_selector(READY)
        rows = api.get("/api/market/candles?symbol=BTC/USDT&interval=1h&limit=50").json()["data"]
        closes = {round(row[4], 2) for row in rows["rows"]}
        newest = await page.inner_text("#chips .values")
        newest_close = await close_of(page)
        await page.focus("#plot")
        for _ in range(10):
            await page.keyboard.press(",")
        at = rows["rows"][-10]
        assert await close_of(page) == round(at[4], 2)
        assert await page.inner_text("#chips .values") != newest
        await page.keyboard.press(".")
        assert await close_of(page) == round(rows["rows"][-9][4], 2)
        await page.keyboard.press("Escape")
        box = await page.locator("#plot").bounding_box()
        await page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3)

        async def pointed():
            return await close_of(page) in closes and await close_of(page) != newest_close

        assert await until(pointed)
        change = await page.inner_text("#at-delta")
        assert re.fullmatch(rf"[+{MINUS}]?\d+\.\d\d %", change)


async def test_numbers_are_written_one_way(page_of):
    async with page_of("chart?ind=macd,bollinger-bands,stoch") as page:
        await page.wait_for_selector(READY)
        price = re.compile(r"\d{1,3}(,\d{3})*\.\d\d")
        assert price.fullmatch(await page.inner_text("#last"))
        for name in ("open", "high", "low", "close"):
            assert price.fullmatch(await page.inner_text(f"#at-{name}"))
        chips = " ".join(await page.locator("#chips .values").all_inner_texts())
        for name in ("macd", "signal", "histogram", "upper", "middle", "lower", "%K", "%D"):
            assert re.search(rf"{re.escape(name)}\s[{MINUS}\d]", chips)
        assert await page.locator("#chips .name").all_inner_texts() == [
            "macd 12 26 9",
            "bollinger-bands 20 2",
            "stoch 5 3 3",
        ]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("way", [1.01, 0.99])
async def test_the_last_price_has_a_ground_that_is_not_the_cards(page_of, altered, theme, way):
    async def before(page):
        def turn(body):
            row = body["candles"]["data"]["rows"][-1]
            row[4] = row[1] * way
            row[2] = max(row[1:5])
            row[3] = min(row[1:5])

        # What the stream tells would take its place.
        await page.route("**/api/pages/candles/stream*", lambda route: route.abort())
        await altered(page, "**/api/pages/chart*", turn)

    async with page_of("chart", before=before, color_scheme=theme) as page:
        await page.wait_for_selector(READY)
        await page.wait_for_timeout(500)
        token = "price-up" if way > 1 else "price-down"
        # The label stands on the axis: its ground is far the most of that tone there.
        found = await page.evaluate(
            """(name) => {
              const style = getComputedStyle(document.documentElement);
              const colour = style.getPropertyValue(`--${name}`).trim();
              const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
              let most = 0;
              for (const canvas of document.querySelectorAll("#plot td:last-child canvas")) {
                const { width, height } = canvas;
                if (!width || !height) continue;
                const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                let count = 0;
                for (let at = 0; at < data.length; at += 4) {
                  const near = (value, part) => Math.abs(data[at + part] - value) < 3;
                  if (wanted.every(near)) count += 1;
                }
                most = Math.max(most, count);
              }
              return most;
            }""",
            token,
        )
        assert found > 400
        await page.unroute_all(behavior="ignoreErrors")


async def test_keys_pan_zoom_and_are_listed(page_of, until):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        await page.wait_for_timeout(600)
        await page.focus("#plot")

        async def seen():
            return [int(await page.get_attribute("#plot", f"data-{one}")) for one in ("from", "to")]

        start = await seen()
        await page.keyboard.press("Shift+ArrowLeft")

        async def earlier():
            return (await seen())[1] < start[1]

        assert await until(earlier)
        await page.keyboard.press("End")

        async def newest():
            return (await seen())[1] == start[1]

        assert await until(newest)
        await page.keyboard.press("+")

        async def nearer():
            return (await seen())[0] > start[0]

        assert await until(nearer)
        await page.keyboard.press("?")
        help_ = page.get_by_role("dialog", name="Keys of the chart")
        assert await help_.is_visible()
        listed = await help_.locator("kbd").all_inner_texts()
        assert {"←", "→", "+", MINUS, "Home", "End", "?"} <= set(listed)
        await page.keyboard.press("Escape")
        # In the box of the pair they are letters.
        await page.fill("#symbol", "")
        await page.type("#symbol", "l")
        assert await page.get_attribute("#log", "aria-pressed") == "false"


async def test_times_are_in_the_one_zone_of_the_page_and_say_it(page_of, until):
    async with page_of("chart?table=1", timezone_id="Asia/Tehran", locale="fa-IR") as page:
        await page.wait_for_selector(READY)
        assert await page.inner_text("#zone") == "UTC+3:30"
        row = page.locator("#candles tbody th").first
        local = await row.inner_text()
        assert re.fullmatch(r"\d+ [A-Z][a-z]{2} \d{4} \d\d:30", local)
        await page.get_by_role("button", name="Local time: show UTC").click()
        assert await page.inner_text("#zone") == "UTC"
        assert (await row.inner_text()).endswith(":00")
        assert "UTC" in await page.inner_text("#candles thead")
        await page.click('#quick [value="1d"]')
        assert await page.inner_text("#zone") == "UTC days"


async def test_a_name_written_out_is_found_first_and_common_ones_stand_on_top(page_of, until):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        await page.click("#add")
        first = page.locator("#catalogue code").first
        await first.wait_for()
        assert await page.locator("#catalogue .group").first.inner_text() == "Common"
        names = await page.locator("#catalogue code").all_inner_texts()
        assert set(names[:7]) == {
            "sma",
            "ema",
            "rsi",
            "macd",
            "atr",
            "stoch-rsi",
            "bollinger-bands",
        }
        await page.fill("#search", "macd")

        async def found():
            return await first.inner_text() == "macd"

        assert await until(found)
        told = await page.locator("#catalogue .told").all_inner_texts()
        assert all(told)
        await page.fill("#search", "macdext")
        await page.press("#search", "Enter")
        await page.locator("#chips .chip", has_text="macdext").wait_for()
        # The new chip has the focus: its parameters are one press away, each with its own name.
        await page.keyboard.press("Enter")
        labels = await page.locator("#parameters label").all_inner_texts()
        names = [one.split("\n")[0] for one in labels]
        assert len(set(names)) == len(names) == 7
        assert "Fast MA kind" in names
