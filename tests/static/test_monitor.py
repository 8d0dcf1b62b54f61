"""The monitor's lists, its drill, its address, and how still it stands."""

import re

import pytest

MONITOR = re.compile(r"/api/monitor(\?|$)")
READY = '[data-panel="providers"][data-panel-state="ready"]'
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def altered_page(page_of, altered):
    """The monitor over a changed answer."""

    def make(change, path="system-monitor", **options):
        async def before(page):
            await altered(page, MONITOR, change)

        return page_of(path, before=before, **options)

    return make


def event(number, at, **fields):
    """One event of the monitor's answer."""
    return {
        "id": number, "t": at, "kind": "request", "outcome": "ok", "operation": "ticker",
        "message": "ticker", "provider": None, "request_id": None, "hops": [], "own": False,
        "latency_ms": 12.0, "parts": None, **fields,
    }  # fmt: skip


async def test_a_request_of_which_parts_are_missing_is_told_with_its_parts(altered_page):
    """Six pairs of which two failed are one line that says so, and it is not a plain success."""

    def change(body):
        at = body["server_time"] - 5_000
        body["events"]["items"] = [
            event(
                body["events"]["cursor"], at, operation="tickers", message="tickers, 6 pairs",
                parts={"asked": 6, "failed": 2},
            )
        ]  # fmt: skip

    async with altered_page(change, "system-monitor?tab=requests") as page:
        line = page.locator("#lines .line", has_text="6 pairs").first
        await line.wait_for()
        assert "4 of 6 answered" in await line.inner_text()
        assert await line.get_attribute("data-look") == "part"


async def test_a_span_nobody_asked_in_is_a_hollow_bar(altered_page):
    """Healthy without a call is an outline; healthy with one is filled."""

    def change(body):
        healthy = body["bars"]["words"].index("HEALTHY")
        for one in body["providers"]:
            one["history"] = [healthy] * 60
            one["asked"] = "0" * 30 + "1" * 30

    async with altered_page(change, "system-monitor?quiet=1") as page:
        bars = page.locator('#providers tr[data-key="binance"] .bars')
        await bars.wait_for()
        for look in ("o-healthy", "b-healthy"):
            path = await bars.locator(f"path.{look}").get_attribute("d")
            assert path.count("M") == 30


async def test_the_drill_keeps_the_focus_and_the_console_is_silent(page_of, api, until):
    """A source is broken and mended by keyboard, and the focus stays on its button."""
    async with page_of("system-monitor?drill=1") as page:
        await page.wait_for_selector(READY)
        button = page.locator('#providers tr[data-key="kraken"] td.drill button')
        await button.focus()
        try:
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".menu:popover-open")
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("Enter")

            async def broken():
                return "kraken" in api.get("/api/drill").json()["broken"]

            assert await until(broken, 10)
            inside = "document.activeElement.closest('tr')?.dataset.key"
            await page.wait_for_timeout(1_000)
            assert await page.evaluate(inside) == "kraken"
        finally:
            api.post("/api/drill/kraken", json={"fault": None})
        assert page.complaints == []
        assert page.refused == []


async def test_the_address_restores_what_was_chosen(page_of):
    """Tab, filter, order, drill and span are in the address, and come back from it."""
    chosen = "system-monitor?tab=requests&log=error&drill=1&bars=15m"
    async with page_of(chosen) as page:
        await page.wait_for_selector(READY)
        await page.click('#providers button.sort:text-is("p95")')
        await page.reload()
        await page.wait_for_selector(READY)
        assert await page.get_attribute("#tab-requests", "aria-selected") == "true"
        assert await page.input_value("#kind") == "error"
        assert await page.get_attribute('#span [data-span="15m"]', "aria-pressed") == "true"
        head = page.locator("#providers th", has=page.locator('button:text-is("p95")'))
        assert await head.get_attribute("aria-sort") == "descending"
        assert await page.locator("#providers td.drill").count() > 0


@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1440, 900)])
async def test_nothing_jumps_while_the_page_fills(page_of, width, height):
    """What is loaded later has its room before."""

    async def watch(page):
        await page.add_init_script(SHIFTS)

    size = {"width": width, "height": height}
    async with page_of("system-monitor", before=watch, viewport=size) as page:
        await page.wait_for_selector(READY)
        await page.wait_for_timeout(1_500)
        assert await page.evaluate("window.shifted") < 0.1


def state(number, at, source, before, after):
    """One source turned."""
    return event(
        number, at, kind="state_change", operation=None, source=source, before=before, after=after,
        reason="upstream_timeout", outcome=after, message=f"{source} went from {before} to {after}",
    )  # fmt: skip


def flapping(body):
    """Kraken goes and comes five times in as many minutes, and is well."""
    at, numbers = body["server_time"] - 300_000, iter(range(1, 100))
    body["events"]["items"] = [
        state(next(numbers), at + 60_000 * turn + late, "kraken", before, after)
        for turn in range(5)
        for late, before, after in (
            (0, "HEALTHY", "DEGRADED"), (2_000, "DEGRADED", "OFFLINE"),
            (20_000, "OFFLINE", "HEALTHY"),
        )
    ]  # fmt: skip


def workers(body):
    """Four workers: each lost Kraken and found it again."""
    at, numbers = body["server_time"] - 300_000, iter(range(1, 100))
    body["events"]["items"] = [
        state(next(numbers), at + late + 700 * worker, "kraken", before, after)
        for late, before, after in (
            (60_000, "HEALTHY", "OFFLINE"), (120_000, "OFFLINE", "HEALTHY"),
        )
        for worker in range(4)
    ]  # fmt: skip


def feed(body):
    """Kraken's live feeds were lost and came back; its other answers did not fail."""
    at = body["server_time"] - 300_000
    body["events"]["items"] = [
        state(1, at, "kraken:live", "HEALTHY", "OFFLINE"),
        state(2, at + 60_000, "kraken:live", "OFFLINE", "HEALTHY"),
    ]


def container(body):
    """All feeds of one source failed, and so did the source: it is in one trouble."""
    at = body["server_time"] - 300_000
    turns = [
        (late + wait, name, *turn)
        for late, turn in ((0, ("HEALTHY", "OFFLINE")), (60_000, ("OFFLINE", "HEALTHY")))
        for wait, name in ((0, "rss_news:coindesk"), (500, "rss_news:decrypt"), (900, "rss_news"))
    ]
    body["events"]["items"] = [
        state(number, at + late, name, before, after)
        | {"reason": "upstream_timeout" if ":" in name else "window"}
        for number, (late, name, before, after) in enumerate(turns, 1)
    ]


def failovers(body):
    """A request a second for two minutes went from one source to the next."""
    at = body["server_time"] - 120_000
    hop = {"from": "server", "t_start": at, "t_end": at + 1}
    body["events"]["items"] = [
        event(
            number, at + 1_000 * number, kind="failover", provider="kraken",
            request_id=f"r{number}",
            hops=[{**hop, "to": "binance", "outcome": "failover", "code": "upstream_timeout"},
                  {**hop, "to": "kraken", "outcome": "ok"}],
        )
        for number in range(120)
    ]  # fmt: skip


def together(body):
    """Twelve sources went offline within a minute."""
    at = body["server_time"] - 200_000
    names = [one["name"] for one in body["providers"] if one["state"] != "DISABLED"][:12]
    body["events"]["items"] = [
        state(number, at + 3_000 * number, name, "HEALTHY", "OFFLINE")
        for number, name in enumerate(names)
    ]
    for one in body["providers"]:
        one["state"] = "OFFLINE" if one["name"] in names else "HEALTHY"


@pytest.mark.parametrize(
    ("change", "what", "more", "took"),
    [
        (flapping, "Kraken was offline", "5 times", ""),
        (workers, "Kraken was offline", "", "1 min"),
        (feed, "Kraken (live feeds) was offline", "", "1 min"),
        (container, "News feeds was offline", "until", "1 min"),
        (failovers, "Binance → Kraken", "failovers until", "120"),
        (together, "12 sources offline", "and 8 more", "min"),
    ],
    ids=[
        "one source, again and again",
        "one source, by each worker",
        "one source, by its feeds alone",
        "one source and its channels",
        "one pair of sources",
        "many sources at once",
    ],
)
async def test_many_events_of_one_story_are_one_line(page_of, altered, change, what, more, took):
    """What happens often is counted; it does not push out what happened once."""

    def changed(body):
        change(body)
        if change is not together:
            for one in body["providers"]:
                one["state"] = "HEALTHY"
        for one in body["capabilities"]:
            one["status"] = "ONLINE"

    async def before(page):
        await altered(page, MONITOR, changed)
        await altered(page, "**/api/incidents?*", lambda body: body.update(incidents=[]))
        await page.route("**/api/stream", lambda route: route.abort())

    async with page_of("system-monitor", before=before) as page:
        lines = page.locator("#changes .line")
        await lines.first.wait_for()
        assert await lines.locator(".what").all_inner_texts() == [what]
        assert more in await lines.locator(".more").inner_text()
        assert took in await lines.locator(".took").inner_text()
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("width", [390, 768, 1440, 1920, 2560])
async def test_the_board_shows_names_whole_and_nothing_empty(page_of, width):
    """No name is cut, and no room is left under the last row."""
    async with page_of("system-monitor", viewport={"width": width, "height": 1000}) as page:
        await page.wait_for_selector('[data-panel="board"][data-panel-state="ready"]')
        cut = await page.locator("#main .board b").evaluate_all(
            "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
        )
        assert cut == []
        spare = await page.evaluate("""(() => {
          const body = document.querySelector('[data-panel="board"] .body').getBoundingClientRect();
          const rows = [...document.querySelectorAll('[data-panel="board"] .cap')];
          return body.bottom - Math.max(...rows.map((row) => row.getBoundingClientRect().bottom));
        })()""")
        assert spare <= 20


@pytest.mark.parametrize("width", [320, 390, 768, 1100, 1440, 2560])
@pytest.mark.parametrize("path", ["", "system-monitor"])
async def test_a_state_that_needs_a_look_has_its_word(altered_page, path, width):
    """Beside the longest name too, on the board of the monitor and of the overview."""

    def change(body):
        for one in body["capabilities"]:
            one["status"] = "OFFLINE"

    async with altered_page(change, path, viewport={"width": width, "height": 1000}) as page:
        await page.wait_for_selector('[data-panel="board"][data-panel-state="ready"]')
        rows = await page.locator("#main .cap:visible").evaluate_all(
            """all => all.map((row) => {
              const [name, word] = [row.querySelector("b"), row.querySelector(".word")];
              return [word.textContent, name.scrollWidth <= name.clientWidth
                && word.getBoundingClientRect().width > 0
                && word.getBoundingClientRect().right <= row.getBoundingClientRect().right + 1];
            })"""
        )
        assert len(rows) == 20
        assert [one for one in rows if one != ["offline", True]] == []


async def test_dead_channels_are_counted_under_their_source(altered_page):
    """The state is one word, on a phone too; how many are left stands beside the reason."""

    def change(body):
        one = next(one for one in body["providers"] if one["name"] == "evm_rpc")
        one.update(state="OFFLINE", channels={"usable": 11, "total": 14}, retry_at=None)
        one["last_error"] = {"code": "upstream_timeout", "message": "no answer in time"}

    async with altered_page(change, viewport={"width": 390, "height": 844}) as page:
        await page.wait_for_selector(READY)
        row = page.locator('#providers tr[data-key="evm_rpc"]')
        assert await row.locator(".word").inner_text() == "offline"
        assert (await row.locator(".state").bounding_box())["height"] < 30
        why = page.locator('#providers tr[data-row="why:evm_rpc"]')
        assert "11 of 14 channels not asked" in await why.inner_text()


@pytest.mark.parametrize("width", [390, 768, 1440])
async def test_few_rows_leave_no_hole(altered_page, width):
    """Lists are as tall as what they say, once it is known."""

    def change(body):
        for one in body["providers"]:
            one["state"] = "HEALTHY"
        body["events"]["items"] = []

    async with altered_page(change, viewport={"width": width, "height": 1000}) as page:
        await page.wait_for_selector(READY)
        panels = ["providers", "endpoints"] + (["log"] if width < 1100 else [])
        for panel in panels:
            spare = await page.locator(f'[data-panel="{panel}"]').evaluate(
                """card => {
                  const last = [...card.querySelectorAll("tbody tr, .lines li, .empty")]
                    .filter((one) => one.checkVisibility())
                    .map((one) => one.getBoundingClientRect().bottom);
                  return card.getBoundingClientRect().bottom - Math.max(...last);
                }"""
            )
            assert spare <= 40, panel


async def test_endpoints_are_as_wide_as_a_phone(page_of, api):
    """Nothing of a row lies behind the edge, and no path is broken where it fits."""
    api.get("/api/market/ticker", params={"symbol": "BTC/USDT"})
    async with page_of("system-monitor", viewport={"width": 390, "height": 844}) as page:
        await page.wait_for_selector('[data-panel="endpoints"][data-panel-state="ready"]')
        path = page.locator("#endpoints tbody th", has_text="/api/market/ticker").first
        await path.wait_for()
        scroll = page.locator('[data-panel="endpoints"] .scroll')
        assert await scroll.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert (await path.bounding_box())["height"] < 30


@pytest.mark.parametrize("width", [1920, 2560])
async def test_a_large_screen_is_used_as_a_whole(page_of, width):
    """The cards reach from edge to edge, but for a margin."""
    async with page_of("system-monitor", viewport={"width": width, "height": 1200}) as page:
        await page.wait_for_selector(READY)
        card = await page.locator('[data-panel="providers"]').bounding_box()
        assert card["width"] >= 0.95 * width


@pytest.mark.parametrize("path", ["", "system-monitor"])
async def test_the_history_of_a_question_leads_to_its_incidents(page_of, path):
    """Its row leads to who would be asked."""
    async with page_of(path) as page:
        row = page.locator(".cap[href]").first  # a row without a link is a place kept for one
        await row.wait_for()
        capability = (await row.get_attribute("href")).partition("capability=")[2]
        await row.locator(".bars").click()
        await page.wait_for_url(f"**/incidents?capability={capability}")


async def test_every_figure_of_the_cards_is_one_that_the_server_tells(page_of, api):
    """A figure that nothing fills would be a dash for ever, as if it were not known."""
    assert api.get("/api/market/ticker", params={"symbol": "BTC/USDT"}).status_code == 200
    async with page_of("system-monitor") as page:
        await page.wait_for_selector('[data-panel="cache"][data-panel-state="ready"]')
        for panel in ("cache", "inventory"):
            figures = page.locator(f'[data-panel="{panel}"] dd')
            assert await figures.count() >= 3
            for figure in await figures.all_inner_texts():
                assert re.match(r"\d", figure), (panel, figure)
