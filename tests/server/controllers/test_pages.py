"""Pages and files over a socket: where they are, what they carry, and below a prefix."""

import asyncio
import re
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from coinmux.server.asgi.static_files import Assets
from coinmux.server.controllers.pages import PAGES

pytestmark = pytest.mark.realtime
POLICY = ("default-src 'self'", "img-src 'self' data:", "frame-ancestors 'self'")
LIBRARY = "vendor/some-chart-1.2.3/chart.mjs"
WIDGET = "shared/components/system-status.js"


def page(name):
    return (
        f'<!doctype html><title>{name}</title><link rel="stylesheet" href="static/shared/base.css">'
        f'<script type="module" src="static/{WIDGET}"></script>'
        f'<script type="module" src="static/{LIBRARY}"></script><img src="static/logo.svg">'
        '<a href="./">Start</a>' + "".join(f'<a href="{other}">{other}</a>' for other in PAGES)
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A tree as `static/` is, with every page in it."""
    files = {
        "index.html": "<!doctype html><title>plain</title>",
        "shared/base.css": "body { margin: 0 }",
        "shared/other.js": "export {}",
        WIDGET: "export {}",
        LIBRARY: "export {}",
        "vendor/some-chart-1.2.3/LICENSE": "free",
        "vendor/some-chart-1.2.3/secrets.pem": "not listed",
        "vendor/manifest.json": "{}",
        "logo.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
        **{f"pages/{name}/index.html": page(name) for name in ("dashboard", *PAGES)},
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr("coinmux.server.app.Assets", lambda: Assets(tmp_path))
    return tmp_path


@asynccontextmanager
async def behind_proxy(base, prefix):
    """A reverse proxy that takes `prefix` away and answers 404 to all else."""
    upstream = urlsplit(base)

    async def handle(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            line, _, rest = head.partition(b"\r\n")
            method, target, version = line.split(b" ")
            if not target.startswith(prefix.encode() + b"/"):
                writer.write(b"HTTP/1.1 404 Outside\r\ncontent-length: 0\r\n\r\n")
                return
            target = target[len(prefix) :]
            rest = re.sub(rb"(?i)\r?\nconnection: [^\r]*", b"", b"\r\n" + rest)[2:]
            there_reader, there = await asyncio.open_connection(upstream.hostname, upstream.port)
            there.write(b" ".join((method, target, version)) + b"\r\nConnection: close\r\n" + rest)
            while part := await there_reader.read(65_536):
                writer.write(part)
            there.close()
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


@pytest.mark.parametrize("name", ["", *PAGES])
async def test_each_page_has_its_address_and_its_headers(live, folder, name):
    """Its own file, with the policy, and revalidated each time."""
    async with live(a=[1.0]) as world:
        answer = await world.client.get(f"/{name}")
        assert answer.status_code == 200
        assert f"<title>{name or 'dashboard'}</title>" in answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        for part in POLICY:
            assert part in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-cache"
        again = await world.client.get(
            f"/{name}", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


async def test_without_a_dashboard_there_is_the_plain_page(live, folder):
    """Where the dashboard's page is not there."""
    (folder / "pages/dashboard/index.html").unlink()
    async with live(a=[1.0]) as world:
        assert "<title>plain</title>" in (await world.client.get("/")).text


@pytest.mark.parametrize(
    ("target", "to"),
    [
        ("/chart/", "../chart"),
        ("/chart/?symbol=BTC%2FUSDT&a=1", "../chart?symbol=BTC%2FUSDT&a=1"),
        ("/chart//", "../../chart"),
        ("/docs/", "../docs"),
    ],
)
async def test_a_slash_at_the_end_leads_to_the_page(live, folder, target, to):
    """By a relative way, with the query."""
    async with live(a=[1.0]) as world:
        answer = await world.client.get(target, headers={"Host": "127.0.0.1"})
        assert (answer.status_code, answer.headers["location"]) == (308, to)


@pytest.mark.parametrize("prefix", ["", "/x/y"], ids=["root", "prefix"])
@pytest.mark.parametrize("slash", ["", "/"], ids=["bare", "slash"])
async def test_every_address_of_a_page_leads_somewhere(live, folder, prefix, slash):
    """Pages, files and links, as a browser resolves them, behind a proxy that strips a prefix."""
    async with live(a=[1.0]) as world, behind_proxy(world.base, prefix) as client:
        for name in PAGES:
            answer = await client.get(f"{prefix}/{name}{slash}", follow_redirects=True)
            assert answer.status_code == 200, answer.url
            found = re.findall(r'(?:href|src)="([^"]+)"', answer.text)
            assert len(found) == 5 + len(PAGES)
            for address in found:
                there = urljoin(str(answer.url), address)
                got = await client.get(there)
                assert got.status_code == 200, there
                assert urlsplit(there).path.startswith(f"{prefix}/")


KINDS = [
    (WIDGET, "text/javascript; charset=utf-8", "no-cache"),
    ("shared/base.css", "text/css; charset=utf-8", "no-cache"),
    ("logo.svg", "image/svg+xml", "no-cache"),
    ("vendor/manifest.json", "application/json", "no-cache"),
    (LIBRARY, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
    ("vendor/some-chart-1.2.3/LICENSE", "text/plain; charset=utf-8",
     "public, max-age=31536000, immutable"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "kept"), KINDS)
async def test_files_say_what_they_are_and_how_long(live, folder, name, kind, kept):
    """Media types are those of the code; only versioned paths are kept."""
    async with live(a=[1.0]) as world:
        answer = await world.client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == kept
        assert answer.headers["etag"]


async def test_the_widget_alone_may_be_loaded_by_others(live, folder):
    """A module of a foreign page is fetched by CORS; no other file may be."""
    async with live(a=[1.0]) as world:
        asked = {"Origin": "https://other.example"}
        widget = await world.client.get(f"/static/{WIDGET}", headers=asked)
        assert widget.headers["access-control-allow-origin"] == "*"
        assert widget.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]
        again = await world.client.get(
            f"/static/{WIDGET}", headers={**asked, "If-None-Match": widget.headers["etag"]}
        )
        assert (again.status_code, again.headers["access-control-allow-origin"]) == (304, "*")
        for name in ("shared/other.js", LIBRARY, "shared/base.css", "logo.svg"):
            answer = await world.client.get(f"/static/{name}", headers=asked)
            assert "access-control-allow-origin" not in answer.headers
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_what_is_no_asset_is_not_served(live, folder):
    """Files of other kinds, and whatever lies outside."""
    async with live(a=[1.0]) as world:
        for name in ("vendor/some-chart-1.2.3/secrets.pem", "../pyproject.toml", "%2e%2e/x"):
            assert (await world.client.get(f"/static/{name}")).status_code == 404


async def test_who_may_frame_the_pages_is_a_setting(live, folder):
    """`FRAME_ANCESTORS`, read anew without a restart."""
    settings = {"FRAME_ANCESTORS": "https://status.example.com, http://*.lan:8080"}
    async with live(_settings=settings, a=[1.0]) as world:
        for path in ("/", "/chart", "/docs"):
            policy = (await world.client.get(path)).headers["content-security-policy"]
            assert policy.endswith(
                "frame-ancestors 'self' https://status.example.com http://*.lan:8080"
            )
        world.environ["FRAME_ANCESTORS"] = ""
        world.environ["CHECKER"] = "off"
        await world.client.post("/api/config/reload")
        policy = (await world.client.get("/chart")).headers["content-security-policy"]
        assert policy.endswith("frame-ancestors 'self'")


@pytest.mark.parametrize(
    "value",
    ["*", "status.example.com", "https://a.example/path", "https://a; script-src *", "'none'"],
)
def test_what_is_no_origin_is_refused(value):
    """Nothing else can slip into the policy."""
    from coinmux.framework.config.settings import InvalidSetting, Settings

    with pytest.raises(InvalidSetting, match="FRAME_ANCESTORS takes origins"):
        Settings.read({"FRAME_ANCESTORS": value})


def files_of(html):
    return [one for one in re.findall(r'(?:href|src)="([^"]+)"', html) if "static" in one]


@pytest.mark.parametrize("prefix", ["", "/x/y"], ids=["root", "prefix"])
async def test_a_page_names_its_files_by_their_version(live, folder, prefix):
    """So they are kept for a year, and what a module imports lies in the same version."""
    async with live(a=[1.0]) as world, behind_proxy(world.base, prefix) as client:
        html = (await client.get(f"{prefix}/chart")).text
        assert len(files_of(html)) == 4
        for address in files_of(html):
            there = urljoin(f"{prefix}/chart", address)
            answer = await client.get(there)
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        module = urljoin(f"{prefix}/chart", files_of(html)[1])
        imported = await client.get(urljoin(module, "../other.js"))
        assert imported.headers["cache-control"].endswith("immutable")
        assert urljoin(module, "../../../") == f"{prefix}/"


async def test_a_changed_file_has_another_version(live, folder):
    """The page names it by the new one at once; under the old one nobody keeps it."""
    async with live(a=[1.0]) as world:
        page = await world.client.get("/chart")
        before = files_of(page.text)[0]
        (folder / "shared/base.css").write_text("body { margin: 1px }")
        again = await world.client.get("/chart", headers={"If-None-Match": page.headers["etag"]})
        assert again.status_code == 200
        after = files_of(again.text)[0]
        assert before != after
        for address, kept in ((before, "no-cache"), (after, "immutable")):
            answer = await world.client.get(f"/{address}")
            assert answer.text == "body { margin: 1px }"
            assert answer.headers["cache-control"].endswith(kept)


async def test_a_style_sheet_comes_with_what_it_imports(live, folder):
    """One answer for all of it, which changes with each of its files."""
    (folder / "shared/base.css").write_text('@import "a.css";\n@import "b.css";\np { margin: 0 }')
    (folder / "shared/a.css").write_text("/* For who writes it. */\na { margin: 1px }\n")
    (folder / "shared/b.css").write_text("b { margin: 2px }\n")
    async with live(a=[1.0]) as world:
        before = files_of((await world.client.get("/chart")).text)[0]
        sheet = await world.client.get("/static/shared/base.css")
        assert sheet.text == "a { margin: 1px }\nb { margin: 2px }\np { margin: 0 }"
        (folder / "shared/b.css").write_text("b { margin: 3px }\n")
        known = {"If-None-Match": sheet.headers["etag"]}
        again = await world.client.get("/static/shared/base.css", headers=known)
        assert again.text == "a { margin: 1px }\nb { margin: 3px }\np { margin: 0 }"
        assert files_of((await world.client.get("/chart")).text)[0] != before


async def test_files_are_sent_compressed_and_compressed_once(live, folder, monkeypatch):
    """A caller that takes no gzip has the file as it is; both may ask whether it changed."""
    from coinmux.server.asgi import static_files

    packed = []
    real = static_files.gzip.compress
    monkeypatch.setattr(
        static_files.gzip,
        "compress",
        lambda *given, **more: packed.append(1) or real(*given, **more),
    )
    (folder / "shared/base.css").write_text("body { margin: 0 }\n" * 200)
    async with live(a=[1.0]) as world:
        target = "/static/shared/base.css"
        for _ in range(3):
            async with world.client.stream("GET", target) as answer:
                assert answer.headers["content-encoding"] == "gzip"
                assert answer.headers["vary"] == "accept-encoding"
                assert int(answer.headers["content-length"]) < 400
        assert packed == [1]
        plain = await world.client.get(target, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == "body { margin: 0 }\n" * 200
        for accepted in ("gzip", "identity"):
            asked = {"If-None-Match": plain.headers["etag"], "Accept-Encoding": accepted}
            assert (await world.client.get(target, headers=asked)).status_code == 304


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def test_a_browser_at_a_wrong_address_gets_a_page_of_the_house(live):
    """With 404, its links leading up from wherever it is; a client gets the problem."""
    async with live(a=[1.0]) as world:
        for path in ("/nonexistent", "/a/b/nonexistent"):
            answer = await world.client.get(path, headers={"Accept": BROWSER})
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            assert "<h1" in answer.text
            assert answer.headers["x-request-id"] in answer.text
            assert "{{" not in answer.text
            links = re.findall(r'(?:href|src)="([^"#]+)"', answer.text)
            assert {urljoin(path, one).partition("-")[0] for one in links} >= {"/", "/static"}
            for link in links:
                found = await world.client.get(urljoin(path, link))
                assert found.status_code == 200 or link.endswith("incidents")
            client = await world.client.get(path, headers={"Accept": "application/json"})
            assert client.headers["content-type"] == "application/problem+json"
        for path in ("/api/nonexistent", "/static/nonexistent.js"):
            answer = await world.client.get(path, headers={"Accept": BROWSER})
            assert answer.headers["content-type"] == "application/problem+json"


async def test_what_was_asked_for_is_text_on_the_page_of_errors(live):
    """Nothing of an address becomes markup."""
    async with live(a=[1.0]) as world:
        answer = await world.client.get("/<script>alert(1)</script>", headers={"Accept": BROWSER})
        assert answer.status_code == 404
        assert "<script>alert" not in answer.text


async def test_the_mark_of_the_pages_is_where_browsers_look_for_it(live):
    """Whatever page it is."""
    async with live(a=[1.0]) as world:
        answer = await world.client.get("/favicon.ico")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/x-icon")
