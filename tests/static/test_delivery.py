"""How the pages come: under any path, from one origin, without a key, as small as promised."""

import asyncio
import gzip
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
PAGES = ("", "system-monitor", "incidents", "providers", "chart?ind=rsi", "explain", "config")
#: Of the monitor's first load, each file compressed by itself (`docs/dashboard.md`).
FIRST_LOAD = 40_000
WIDGET = 15_000


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_works_under_a_path_with_every_other_address_blocked(page_of, server, path):
    strangers = []

    async def proxy(page):
        async def pass_on(route):
            target = urlsplit(route.request.url)
            if f"{target.scheme}://{target.netloc}" == server and target.path.startswith("/x/y/"):
                query = f"?{target.query}" if target.query else ""
                await route.fulfill(
                    response=await route.fetch(url=f"{server}{target.path[4:]}{query}")
                )
            else:
                strangers.append(route.request.url)
                await route.abort()

        await page.route(lambda url: not url.startswith(("data:", "blob:")), pass_on)

    async with page_of(path, before=proxy, base=f"{server}/x/y") as page:
        await page.wait_for_timeout(3_500)
        assert strangers == []
        assert page.complaints == []
        assert await page.locator(".failure").count() == 0
        for link in await page.locator(".top a").all():
            assert urlsplit(await link.evaluate("link => link.href")).path.startswith("/x/y/")
        await page.unroute_all(behavior="ignoreErrors")


async def test_the_first_load_of_the_monitor_is_small(page_of):
    loaded, answered = [], []

    async def note(page):
        def finished(reply):
            if "/api/monitor" in reply.url:
                answered.append(reply.url)
            elif "/static-" in reply.url and not answered:
                loaded.append(reply)

        page.on("response", finished)

    async with page_of("system-monitor", before=note) as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        names = {urlsplit(reply.url).path.split("/", 2)[2]: reply for reply in loaded}
        sizes = [len(gzip.compress(await reply.body())) for reply in names.values()]
    assert "pages/system-monitor/system-monitor.js" in names
    assert sum(sizes) <= FIRST_LOAD
    assert not [name for name in names if name.startswith("vendor/")]


def test_the_widget_is_small_and_needs_nothing():
    text = (STATIC / "shared/components/system-status.js").read_text()
    assert len(text.encode()) < WIDGET
    assert not re.search(r"^import |\bimport\(", text, re.MULTILINE)


async def test_a_key_is_in_no_page_no_answer_and_no_file(page_of, api, secret):
    features = api.get("/api/config/features").json()["features"]
    etherscan = next(one for one in features if one["name"] == "etherscan")
    assert any(one["present"] for one in etherscan["variables"])
    bodies = []

    async def listen(page):
        page.on("response", lambda reply: bodies.append(reply))

    for path in (*PAGES, "providers?name=etherscan", "explain?capability=gas&chain=ethereum"):
        async with page_of(path, before=listen) as page:
            await page.wait_for_timeout(1_500)
            for reply in bodies:
                if "/stream" not in reply.url and reply.status == 200:
                    assert secret.encode() not in await reply.body(), reply.url
            assert bodies
            bodies.clear()
            assert secret not in await page.content()
            assert not [one for one in page.complaints if secret in one]
    async with page_of("chart") as page:
        await page.wait_for_selector('[data-panel="chart"][data-panel-state="ready"]')
        for kind in ("csv", "json"):
            async with page.expect_download() as download:
                await page.click(f"#{kind}")
            saved = await (await download.value).path()
            text = await asyncio.to_thread(Path(saved).read_text)
            assert secret not in text
            assert len(text.splitlines()) > 400


def test_vendored_files_are_those_of_the_manifest():
    manifest = json.loads((STATIC / "vendor/manifest.json").read_text())
    listed = set()
    for name, entry in manifest.items():
        assert entry["folder"] == f"{name}-{entry['version']}"
        assert entry["licence"]
        for file, digest in entry["sha256"].items():
            path = STATIC / "vendor" / entry["folder"] / file
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, file
            listed.add(path)
        assert {"LICENSE", "NOTICE"} <= set(entry["sha256"])
    found = {path for path in (STATIC / "vendor").rglob("*") if path.is_file()}
    assert found - listed == {STATIC / "vendor/manifest.json"}


def test_the_wheel_holds_the_pages(tmp_path):
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    subprocess.run(command, cwd=STATIC.parent, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    ours = {
        f"coinmux/{path.relative_to(STATIC.parent).as_posix()}"
        for path in STATIC.rglob("*")
        if path.is_file()
    }
    assert ours <= names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"coinmux", next(top for top in tops if top.endswith(".dist-info"))}


def test_no_page_has_script_or_style_of_its_own_or_an_absolute_address():
    for path in STATIC.glob("pages/*/index.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), path
        assert not re.search(r"""(?:src|href)=["'](?:/|[a-z]+:)""", text), path


def test_every_page_has_the_same_header():
    heads = {
        re.sub(r' aria-current="page"', "", path.read_text().partition("<header")[2]).partition(
            "</header>"
        )[0]
        for path in STATIC.glob("pages/*/index.html")
    }
    assert len(heads) == 1


@pytest.mark.parametrize("width", [390, 1440])
async def test_a_wrong_address_is_shown_by_a_page_of_the_house(page_of, server, width):
    """At any depth; Chromium itself notes the 404 of the page, and nothing else is said."""
    size = {"width": width, "height": 900}
    async with page_of("a/b/nonexistent", viewport=size) as page:
        await page.wait_for_selector("system-status")
        assert await page.inner_text("h1") == "Not found"
        assert page.refused == [f"404 {server}/a/b/nonexistent"]
        assert len(page.complaints) == 1
        wide = "document.documentElement.scrollWidth"
        assert await page.evaluate(wide) == width
        await page.click("main a.button")
        assert page.url == f"{server}/"
