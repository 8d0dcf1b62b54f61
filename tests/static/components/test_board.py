"""The capability board: what can be asked, with evidence, by pointer, keyboard and ear."""

WORDS = ["OFFLINE", "DEGRADED", "HEALTHY", "DISABLED"]
MAKE = """async ([options, capabilities, words]) => {
  const page = document.querySelector("script[type=module]").src;
  const { Board } = await import(new URL("../../shared/components/board.js", page));
  const board = new Board(options);
  board.element.id = "made";
  const main = document.querySelector("main");
  main.replaceChildren(board.element);
  board.set(capabilities, words, { titles: new Map([["okx", "OKX"]]) });
  window.made = board;
}"""


def capability(name, group, status="ONLINE", **more):
    return {
        "name": name,
        "title": name.title(),
        "group": group,
        "status": status,
        "usable": 3,
        "enabled": 5,
        # 2020-01-01 03:06 UTC.
        "since": 1577847960000,
        "requests_per_min": 12,
        "failures_per_min": 0,
        "serving": ["okx"],
        "history": [None] * 30 + [2] * 30,
        "asked": "0" * 59 + "1",
        **more,
    }


ALL = [
    capability("gas", "chain", "OFFLINE", usable=0, serving=[]),
    capability("ticker", "market"),
    capability("candles", "market", "DEGRADED", usable=1),
    capability("entity", "chain", asked="0" * 60, requests_per_min=0),
    capability("strange", "weather"),
]


async def made(page, **options):
    await page.evaluate(MAKE, [options, ALL, WORDS])
    return page.locator("#made")


def row(board, name):
    return board.locator(f'li[data-key="{name}"]')


async def test_groups_are_named_lists_in_a_fixed_order_and_a_strange_one_is_last(page_of):
    """Market before chain, whatever the order of the answer."""
    async with page_of("") as page:
        board = await made(page)
        assert await board.locator("h3").all_inner_texts() == ["Market", "Chain", "Weather"]
        assert await board.locator("ul > li > a").count() == len(ALL)
        assert await board.get_by_role("region", name="Market").locator("li").count() == 2


async def test_a_row_reads_as_a_sentence_and_leads_to_the_decision(page_of):
    """Its text holds the title, the state, who serves, the sources left and the rate."""
    async with page_of("") as page:
        link = row(await made(page), "ticker").locator("a")
        text = " ".join((await link.text_content()).split())
        for part in ("Ticker", "online", "OKX", "of 5 sources usable", "12/min"):
            assert part in text
        assert (await link.get_attribute("href")).endswith("explain?capability=ticker")


async def test_only_what_needs_a_look_has_colour_and_a_word(page_of):
    """Offline and reduced are said; a capability that is up is quiet."""
    async with page_of("") as page:
        board = await made(page)
        for name, shape, word in (
            ("gas", "offline", "offline"),
            ("candles", "degraded", "reduced"),
        ):
            assert await row(board, name).locator("svg").first.get_attribute("data-shape") == shape
            assert await row(board, name).locator(".word").inner_text() == word
        paint = "one => getComputedStyle(one).color"
        colours = [
            await row(board, name).locator(".left").evaluate(paint)
            for name in ("ticker", "candles", "gas")
        ]
        assert len(set(colours)) == 3
        assert await row(board, "ticker").locator(".word").evaluate("one => one.offsetWidth") <= 1


async def test_where_nobody_serves_the_row_says_since_when(page_of):
    """The time is that of the page's zone."""
    async with page_of("", timezone_id="UTC") as page:
        board = await made(page)
        assert await row(board, "gas").locator("small").inner_text() == "since 2020-01-01 03:06"
        assert await row(board, "ticker").locator("small").inner_text() == "OKX"


async def test_what_nobody_asked_is_hollow_and_never_green(page_of):
    """Neither its mark nor a bar of its history is filled with the colour of health."""
    async with page_of("") as page:
        board = await made(page)
        fill = "one => getComputedStyle(one).fill"
        assert await row(board, "entity").locator(".shape .fill").evaluate(fill) == "none"
        assert await row(board, "ticker").locator(".shape .fill").evaluate(fill) != "none"
        assert await row(board, "entity").locator(".bars .b-healthy").count() == 0
        assert await row(board, "entity").locator(".bars .o-healthy").count() == 1
        assert await row(board, "ticker").locator(".bars .b-healthy").count() == 1


async def test_the_board_is_one_stop_and_arrows_move_inside(page_of):
    """Down goes to the next row, right to the next group, End to the last."""
    async with page_of("") as page:
        board = await made(page)

        async def here():
            return await page.evaluate("document.activeElement.closest('li')?.dataset.key")

        assert await board.locator('[tabindex="0"]').count() == 1
        await board.locator('[tabindex="0"]').focus()
        walked = [await here()]
        for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight", "End", "Home"):
            await page.keyboard.press(key)
            walked.append(await here())
        assert walked == ["ticker", "candles", "gas", "candles", "entity", "strange", "ticker"]
        assert await board.locator('[tabindex="0"]').count() == 1
        await page.evaluate("([all, words]) => made.set(all, words)", [ALL[:1], WORDS])
        assert await board.locator('[tabindex="0"]').count() == 1


async def test_on_a_wall_nothing_can_be_followed_and_no_key_is_needed(page_of):
    """The list is the same, without links and without a stop."""
    async with page_of("") as page:
        board = await made(page, wall=True)
        assert await board.locator("li").count() == len(ALL)
        assert await board.locator("a, button, [tabindex]").count() == 0


async def test_the_place_of_the_rows_is_kept_before_the_first_answer(page_of, api):
    """As many rows as the server has capabilities, so that nothing moves when they come."""
    expected = len(api.get("/api/capabilities").json()["capabilities"])

    async def silent(page):
        await page.route("**/api/monitor*", lambda route: route.abort())

    async with page_of("", before=silent) as page:
        await page.wait_for_selector("#board .waiting")
        assert await page.locator("#board .waiting li").count() == expected
