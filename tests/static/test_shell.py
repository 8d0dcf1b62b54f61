"""The frame of every page: navigation, live or paused, one zone, one stream, one address, paper."""

import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe

STATIC = Path(__file__).resolve().parents[2] / "static"
PAGES = ("", "system-monitor", "incidents", "providers", "chart", "explain", "config")


#: A module as the page itself has it: its files are named by their version.
SHARED = """
const shared = (name) => import(document.querySelector("script[type=module]").src
  .replace(/pages[/].*/, `shared/js/${name}.js`));
"""


def streams_of(base):
    """How many streams are open at the server."""
    return httpx.get(f"{base}/api/monitor").json()["server"]["streams"]


FOLLOW = (
    "async () => {"
    + SHARED
    + """
  const { live } = await shared("live");
  window.live = live;
  window.heard = [];
  window.gaps = 0;
  document.addEventListener("live-state", ({ detail }) => { if (detail.gap) window.gaps += 1; });
  window.leave = live.on((event) => window.heard.push(event));
}"""
)


async def test_two_tabs_share_one_stream_and_the_other_takes_over(page_of, server, api, until):
    async with page_of("config") as first:
        second = await first.context.new_page()
        await second.goto(f"{server}/providers")
        before = streams_of(server)
        for page in (first, second):
            await page.evaluate(FOLLOW)

        async def both_are_fed():
            return [await page.evaluate("live.state") for page in (first, second)] == ["stream"] * 2

        assert await until(both_are_fed)
        assert streams_of(server) == before + 1
        leads = [await page.evaluate("live.leads") for page in (first, second)]
        assert sorted(leads) == [False, True]
        api.get("/api/market/ticker?symbol=SOL/USDT")

        async def both_heard():
            found = [await page.evaluate("heard.length") for page in (first, second)]
            return all(found)

        assert await until(both_heard)
        event = await second.evaluate("heard.at(-1)")
        assert {"id", "t", "kind", "hops"} <= set(event)

        leader, other = (first, second) if leads[0] else (second, first)
        await leader.close()

        async def it_leads():
            return await other.evaluate("live.leads && live.state === 'stream' && gaps > 0")

        assert await until(it_leads)
        assert streams_of(server) == before + 1
        count = await other.evaluate("heard.length")
        api.get("/api/market/ticker?symbol=ETH/USDT")

        async def it_goes_on():
            return await other.evaluate("heard.length") > count

        assert await until(it_goes_on)


async def test_a_paused_page_asks_nothing_and_holds_no_stream(page_of, server, until):
    asked = []
    async with page_of("system-monitor") as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        await page.evaluate(FOLLOW)

        async def is_fed():
            return await page.evaluate("live.state") == "stream"

        assert await until(is_fed)
        before = streams_of(server)
        await page.get_by_role("button", name="Live: pause this page").click()

        async def is_free():
            return streams_of(server) == before - 1

        assert await until(is_free)
        await page.wait_for_timeout(1_500)
        page.on("request", lambda one: asked.append(one.url) if "api/monitor" in one.url else None)
        await page.wait_for_timeout(6_500)
        assert asked == []
        await page.get_by_role("button", name="Paused: go on").click()
        assert await until(is_fed)
        assert asked


@contextmanager
def own_server(port):
    """A simulated server at a port of its own, to be ended and started anew."""
    command = (sys.executable, "-m", "coinmux", "serve", "--simulate", "--port", str(port))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


async def answers(base):
    async with httpx.AsyncClient(base_url=base) as client:
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False


async def test_the_stream_goes_on_after_the_server_was_started_anew(page_of, until):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"

    async def is_up():
        return await answers(base)

    with own_server(port):
        assert await until(is_up)
        cut = page_of("config", base=base)
        page = await cut.__aenter__()
        try:
            await page.evaluate(FOLLOW)

            async def is_fed():
                return await page.evaluate("live.state") == "stream"

            async def polls():
                return await page.evaluate("live.state") == "polling"

            assert await until(is_fed)
        except BaseException:
            await cut.__aexit__(None, None, None)
            raise
    try:
        assert await until(polls)
        with own_server(port):
            assert await until(is_up)
            assert await until(is_fed)
            assert await page.evaluate("gaps") > 0
    finally:
        await cut.__aexit__(None, None, None)


async def test_after_sleep_the_stream_is_opened_anew(page_of, until):
    async with page_of("config") as page:
        await page.evaluate(FOLLOW)

        async def is_fed():
            return await page.evaluate("live.state") == "stream"

        assert await until(is_fed)
        await page.evaluate("(() => { const now = Date.now; Date.now = () => now() + 3600000; })()")

        async def missed_something():
            return await page.evaluate("gaps") > 0

        assert await until(missed_something)
        assert await until(is_fed)


def test_every_page_stands_in_the_same_frame():
    """Navigation and footer are HTML of each page, and differ in nothing but the page's own tab."""
    frames, own = set(), set()
    for path in STATIC.glob("pages/*/index.html"):
        text = path.read_text()
        top = re.search(r'<header class="top".*?</header>', text, re.DOTALL)[0]
        foot = re.search(r'<footer class="foot".*?</footer>', text, re.DOTALL)[0]
        own.update(re.findall(r'href="([^"]+)" aria-current="page"', top))
        # The chart fills its window: its footer stands behind a button.
        frames.add(top.replace(' aria-current="page"', "") + foot.replace(" popover", ""))
        assert text.index('class="skip"') < text.index("<header") < text.index("<main")
    assert len(frames) == 1
    assert {"./", "system-monitor", "providers", "chart", "explain", "config", "docs"} <= own
    assert "incidents" in frames.pop()


async def test_without_javascript_there_is_the_way_and_a_sentence(page_of):
    for path in (*PAGES, "docs"):
        async with page_of(path, java_script_enabled=False) as page:
            assert await page.locator(".top nav a").count() == 8
            assert ("api/status" if path != "docs" else "GET /api/status") in await page.inner_text(
                "main"
            )
            assert await page.locator(".skeleton:visible, .card[data-panel]:visible").count() == 0


async def test_the_documentation_is_a_page_of_the_house(page_of):
    async with page_of("docs", color_scheme="light") as page:
        await page.wait_for_selector("system-status:defined")
        assert await page.evaluate("document.documentElement.dataset.theme") == "light"
        text = await page.inner_text("main")
        assert "`" not in text
        assert await page.locator("main details code").count() > 50
        assert page.complaints == []


async def test_on_a_phone_the_header_is_low_and_the_own_tab_is_seen(page_of, server):
    seen = """({
      tall: document.querySelector(".top").getBoundingClientRect().height,
      tab: document.querySelector(".top nav [aria-current]").getBoundingClientRect().toJSON(),
      more: document.querySelector(".top nav ul").dataset.more,
    })"""

    for width, height in ((390, 844), (320, 640)):
        async with page_of("docs", viewport={"width": width, "height": height}) as page:
            # One after the other in one browser, which has kept what they share.
            for path in (*PAGES, "docs"):
                await page.goto(f"{server}/{path}")
                await page.wait_for_selector("system-status:defined")
                await page.wait_for_selector("#simulated:visible")
                found = await page.evaluate(seen)
                assert found["tall"] <= 0.12 * height, (path, width)
                assert found["tab"]["left"] >= 0, (path, width)
                assert found["tab"]["right"] <= width, (path, width)
                assert found["more"] in ("left", "right", "both"), (path, width)


async def test_one_zone_for_all_times_kept_and_shared(page_of, server, until):
    async with page_of("config", timezone_id="Asia/Tehran") as page:
        other = await page.context.new_page()
        await other.goto(f"{server}/config")
        noon = (
            "async () => {"
            + SHARED
            + """
          const { clock, day, zoneName } = await shared("time");
          const at = Date.UTC(2026, 10, 28, 22, 30, 5);
          return [clock(at), day(at), zoneName(at)];
        }"""
        )
        assert await page.evaluate(noon) == ["02:00:05", "2026-11-29", "UTC+3:30"]
        await page.get_by_role("button", name="Local time").click()
        assert await page.evaluate(noon) == ["22:30:05", "2026-11-28", "UTC"]

        async def the_other_follows():
            return await other.evaluate(noon) == ["22:30:05", "2026-11-28", "UTC"]

        assert await until(the_other_follows)
        await page.reload()
        assert await page.evaluate(noon) == ["22:30:05", "2026-11-28", "UTC"]


async def test_an_age_never_stands_still_even_with_the_server_gone(page_of, until):
    async with page_of("config") as page:
        await page.wait_for_selector("system-status:defined")
        await page.evaluate(
            "async () => {"
            + SHARED
            + """
          const { since, now } = await shared("time");
          const age = since(now() - 5000);
          age.id = "age";
          document.querySelector("#main").append(age);
        }"""
        )
        await page.route("**/api/**", lambda route: route.abort())
        seen = set()

        async def three_texts():
            seen.add(await page.inner_text("#age"))
            return len(seen) >= 3

        assert await until(three_texts)
        assert await page.get_attribute("#age", "datetime")


async def test_back_and_forward_walk_through_the_pushed_addresses(page_of):
    async with page_of("config") as page:
        steps = (
            "async () => {"
            + SHARED
            + """
          const { shell } = await shared("shell");
          window.shell = shell;
          window.told = [];
          document.addEventListener("address", ({ detail }) => told.push(detail.get("symbol")));
          shell.push({ symbol: "BTC/USDT" });
          shell.push({ symbol: "ETH/USDT" });
          shell.replace({ q: "e" });
          shell.replace({ q: "et" });
          return history.length;
        }"""
        )
        before = await page.evaluate("history.length")
        assert await page.evaluate(steps) == before + 2
        assert await page.evaluate("shell.params().get('q')") == "et"
        await page.go_back()
        assert await page.evaluate("shell.params().get('symbol')") == "BTC/USDT"
        await page.go_back()
        assert await page.evaluate("shell.params().get('symbol')") is None
        await page.go_forward()
        assert await page.evaluate("told") == ["BTC/USDT", None, "BTC/USDT"]


async def test_an_error_leads_to_the_decision_of_its_request(page_of):
    async def broken(page):
        problem = {"title": "Overloaded", "status": 503, "code": "overloaded", "request_id": "ab-1"}
        await page.route("**/api/monitor*", lambda one: one.fulfill(status=503, json=problem))

    async with page_of("system-monitor", before=broken) as page:
        link = page.locator(".failure a").first
        await link.wait_for()
        assert await link.inner_text() == "ab-1"
        assert (await link.get_attribute("href")).endswith("/explain?request=ab-1")


@pytest.mark.parametrize("path", PAGES)
async def test_one_banner_and_nothing_green_when_the_server_is_gone(page_of, until, path):
    async def freeze(page):
        await page.clock.install()

    async with page_of(path, before=freeze) as page:

        async def pass_until(selector, state):
            async def it_is():
                await page.clock.run_for(2500)
                return (await page.locator(selector).count() > 0) is state

            assert await until(it_is)

        await pass_until("system-status:defined", True)
        await pass_until('[data-panel-state="ready"]', True)
        await page.route("**/api/**", lambda route: route.abort())
        await pass_until("#unreachable", True)
        assert await page.locator("main .banner[role=alert]").count() >= 1
        assert "No answer from the server" in await page.inner_text("#unreachable")
        assert "OFFLINE" in await page.inner_text("system-status button")
        grey = """[...document.querySelectorAll("main > :not(.banner, noscript, dialog)")]
          .every((one) => getComputedStyle(one).filter.includes("grayscale(1)"))"""
        assert await page.evaluate(grey)
        await page.unroute("**/api/**")
        await pass_until("#unreachable", False)

        async def it_is_well_again():
            await page.clock.run_for(1000)
            return "OFFLINE" not in await page.inner_text("system-status button")

        assert await until(it_is_well_again)


async def test_the_pill_opens_what_the_widget_knows_of_its_own_server(page_of, api, until):
    api.get("/api/market/ticker?symbol=BTC/USDT&max_age_s=0")
    for size in ({"width": 1440, "height": 900}, {"width": 390, "height": 844}):
        async with page_of("config", viewport=size) as page:
            pill = page.locator("system-status button")
            await pill.click()
            panel = page.get_by_role("region", name="System status")

            async def is_filled():
                return await page.locator(".status-details dd").count() == 4

            assert await until(is_filled)
            said = await page.inner_text(".status-details")
            assert all(word in said for word in ("Sources", "Models", "Endpoints", "Requests"))
            routes = api.get("/api/monitor").json()["endpoints"]
            assert f"{sum(not one['own'] for one in routes)}, none failing" in said
            assert 1 <= await page.locator(".status-details li").count() <= 5
            assert "API server" in await panel.inner_text()
            box = await panel.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= size["width"]
            assert box["y"] + box["height"] <= size["height"]
            assert await pill.evaluate("one => one.getBoundingClientRect().y") > 0
            await page.keyboard.press("Escape")
            assert await panel.is_hidden()
            assert page.complaints == []


async def test_on_paper_there_is_ink_and_nothing_to_press(page_of, until):
    for path in ("system-monitor", "providers", "config", "explain"):
        async with page_of(
            path, color_scheme="dark", viewport={"width": 718, "height": 1000}
        ) as page:
            await page.wait_for_selector("system-status:defined")
            await page.wait_for_selector('[data-panel-state="ready"]')
            ground = (
                "getComputedStyle(document.documentElement).getPropertyValue('--surface').trim()"
            )

            async def is_paper(page=page, ground=ground):
                return await page.evaluate(ground) == "#ffffff"

            async def is_screen(page=page, ground=ground):
                return await page.evaluate(ground) != "#ffffff"

            # The page is told of the sheet with its next frame, which may take a while.
            await page.emulate_media(media="print", color_scheme="dark")
            assert await until(is_paper), path
            assert not await page.locator("system-status").is_visible()
            assert await page.locator(":is(button, select, input):visible").count() == 0, path
            wide = """[...document.querySelectorAll("main table")]
              .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
              .map((one) => one.id)"""
            assert await page.evaluate(wide) == [], path
            await page.emulate_media(media="screen")
            assert await until(is_screen), path


async def test_forced_colours_leave_marks_their_ink_and_pills_their_shape(page_of):
    async with page_of("providers", forced_colors="active") as page:
        await page.wait_for_selector('[data-panel-state="ready"]')
        await page.wait_for_selector("system-status:defined")
        inkless = """[...document.querySelectorAll("main .shape")].filter((mark) => {
          const part = mark.querySelector(".fill") ?? mark.querySelector(".hollow");
          const style = getComputedStyle(part);
          const ink = part.matches(".fill") ? style.fill : style.stroke;
          return ink === getComputedStyle(document.body).backgroundColor || ink === "none";
        }).length"""
        assert await page.locator("main .shape").count() > 10
        assert await page.evaluate(inkless) == 0
        border = await page.locator("system-status button").evaluate(
            "one => getComputedStyle(one).borderTopStyle"
        )
        assert border == "solid"


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_a_scan_of_the_frame_finds_nothing(page_of, until, theme):
    for path, size in (("docs", 1440), ("config", 390)):
        async with page_of(
            path, color_scheme=theme, viewport={"width": size, "height": 844}
        ) as page:
            await page.wait_for_selector("#simulated:visible")
            if size == 390:
                await page.get_by_role("button", name="Time zone, motion and theme").click()
            await page.locator("system-status button").click()

            async def is_filled():
                return await page.locator(".status-details dd").count() == 4

            assert await until(is_filled)
            found = (await Axe().run(page)).response["violations"]
            assert [(one["id"], one["nodes"][0]["target"]) for one in found] == [], path


async def test_by_tab_the_skip_link_comes_first_then_the_header_then_the_content(page_of):
    async with page_of("providers", viewport={"width": 1440, "height": 900}) as page:
        await page.wait_for_selector("system-status:defined")
        await page.wait_for_selector('[data-panel-state="ready"]')
        where = """(() => {
          const at = document.activeElement;
          if (at.className === "skip") return "skip";
          return at.closest("header.top") ? "header" : at.closest("main") ? "main" : at.tagName;
        })()"""
        order = []
        for _ in range(20):
            await page.keyboard.press("Tab")
            found = await page.evaluate(where)
            if order[-1:] != [found]:
                order.append(found)
        assert order == ["skip", "header", "main"]


async def test_the_icon_of_the_tab_shows_the_state_and_has_an_old_form_too(page_of, until):
    async with page_of("config") as page:

        async def is_drawn():
            return (await page.get_attribute("#favicon", "href")).startswith("data:image/svg+xml")

        assert await until(is_drawn)
        before = await page.get_attribute("#favicon", "href")
        await page.evaluate(
            "async () => {"
            + SHARED
            + """
          const { shell } = await shared("shell");
          shell.unreachable({ title: "gone" });
        }"""
        )
        after = await page.get_attribute("#favicon", "href")
        assert after != before
        assert "ef4444" in after
        assert (await page.title()).startswith("OFFLINE")
        old = await page.request.get(await page.locator("link[sizes]").evaluate("one => one.href"))
        assert old.headers["content-type"] == "image/x-icon"
        assert (await old.body())[:4] == b"\x00\x00\x01\x00"


@pytest.mark.parametrize("path", ["docs", "config", "chart"])
async def test_the_frame_does_not_shift_what_is_below_it(page_of, until, path):
    watch = """window.moved = 0; new PerformanceObserver((list) => {
      for (const one of list.getEntries()) {
        if (!one.hadRecentInput && one.sources.some(({ node }) => node?.closest?.(".top, .foot")
            || node?.matches?.("main"))) window.moved += one.value;
      }
    }).observe({ type: "layout-shift", buffered: true })"""

    async def before(page):
        await page.add_init_script(watch)

    for width, height in ((390, 844), (768, 1024), (1440, 900)):
        size = {"width": width, "height": height}
        async with page_of(path, before=before, viewport=size) as page:
            await page.wait_for_selector("#simulated:visible")
            await page.wait_for_selector("system-status:defined")
            await page.wait_for_timeout(1_000)
            assert await page.evaluate("window.moved") < 0.1, (path, width)
