"""Bodies on the wire: compressed once, tagged, and not sent twice; small ones as they were."""

import gzip

import pytest

from coinmux.server.asgi.packing import Packer, has, takes_gzip, takes_json

CANDLES = "/api/market/candles?symbol=BTC/USDT&limit=500"
LARGE = [
    "/schema/openapi.json", "/docs", "/api/capabilities", "/api/indicators", "/metrics",
    CANDLES, "/static/shared/styles/base.css", "/api/monitor",
]  # fmt: skip

#: They change with each look, and nobody may store them.
LIVE = ("/metrics", "/api/monitor")


@pytest.mark.parametrize("path", LARGE)
async def test_large_bodies_are_compressed_for_whom_takes_that(indicator_app, path):
    """And are the same bytes once they are opened; caches are told that they vary."""
    async with indicator_app(a=[1.0]) as world:
        await world.client.get(path)
        plain = {"Accept-Encoding": "identity"}
        whole = await world.client.get(path, headers=plain)
        assert "content-encoding" not in whole.headers
        assert "accept-encoding" in whole.headers["vary"]
        packed = await world.client.get(path, headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in packed.headers["vary"]
        assert int(packed.headers["content-length"]) < len(whole.content) / 2
        if path not in LIVE:
            assert packed.content == whole.content


@pytest.mark.parametrize("path", [path for path in LARGE if path not in LIVE])
async def test_what_the_caller_has_is_not_sent_again(indicator_app, path):
    """304 by `If-None-Match`, whichever encoding it has; on the cached answers' way too."""
    async with indicator_app(a=[1.0]) as world:
        await world.client.get(path)
        first = await world.client.get(path)
        tag = first.headers["etag"]
        assert tag.startswith("W/")
        for given in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
            again = await world.client.get(path, headers={"If-None-Match": given})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"].removeprefix("W/") == tag.removeprefix("W/")
            assert "x-request-id" in again.headers
            assert "content-length" not in again.headers
        other = await world.client.get(path, headers={"If-None-Match": '"other"'})
        assert other.status_code == 200


async def test_a_head_is_like_its_get(indicator_app):
    """Without the body."""
    async with indicator_app(a=[1.0]) as world:
        got = await world.client.get("/api/indicators")
        head = await world.client.head("/api/indicators")
        assert head.content == b""
        for name in ("etag", "content-encoding", "content-length", "vary"):
            assert head.headers[name] == got.headers[name]


async def test_small_bodies_are_left_alone(app_of):
    """A ticker fits into one packet; it is tagged all the same."""
    async with app_of(a=[1.0]) as world:
        for _ in range(2):
            answer = await world.client.get("/api/market/ticker?symbol=BTC/USDT")
            assert "content-encoding" not in answer.headers
            assert answer.headers["vary"] == "accept"
            assert answer.headers["etag"].startswith('W/"')


async def test_pictures_and_streams_are_not_compressed(app_of):
    """What is compressed already gains nothing, and a stream has no end to wait for."""
    headers = [(b"content-type", b"image/png"), (b"content-length", b"4000")]
    asked = [(b"accept-encoding", b"gzip")]
    status, sent, body = Packer().pack(asked, 200, headers, b"x" * 4000, method="GET")
    assert (status, body) == (200, b"x" * 4000)
    assert not [one for one in sent if one[0] in (b"content-encoding", b"vary")]


def test_a_body_is_compressed_once():
    """The next caller is served the same bytes; more than are kept push out the oldest."""
    packer = Packer()
    asked = [(b"accept-encoding", b"gzip")]
    headers = [(b"content-type", b"application/json")]
    bodies = [b"%d" % n * 1_000 for n in range(10, 150)]
    first = packer.pack(asked, 200, headers, bodies[0], method="GET")[2]
    assert packer.pack(asked, 200, headers, bodies[0], method="GET")[2] is first
    for body in bodies:
        assert gzip.decompress(packer.pack(asked, 200, headers, body, method="GET")[2]) == body
    assert packer.pack(asked, 200, headers, bodies[0], method="GET")[2] is not first


def test_what_nobody_may_store_is_not_kept():
    """It has no tag, and is compressed for the moment."""
    packer = Packer()
    asked = [(b"accept-encoding", b"gzip"), (b"if-none-match", b"*")]
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    status, sent, body = packer.pack(asked, 200, headers, b"x" * 2_000, method="GET")
    assert (status, gzip.decompress(body)) == (200, b"x" * 2_000)
    assert b"etag" not in dict(sent)
    assert packer.pack(asked, 200, headers, b"x" * 2_000, method="GET")[2] is not body


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        (b"gzip", True), (b"br, gzip;q=0.5", True), (b"*", True), (b"GZIP", True), (b"", False),
        (b"identity", False), (b"gzip;q=0", False), (b"gzip; q=0.0, *", False), (b"br", False),
        (b"*;q=0", False), (b"gzip;q=x", True),
    ],
)  # fmt: skip
def test_gzip_is_taken_or_not(text, takes):
    """By RFC 9110, weights included."""
    assert takes_gzip(text) is takes


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        (b"", True), (b"*/*", True), (b"application/json", True), (b"text/html, */*;q=0.1", True),
        (b"text/csv", False), (b"text/csv, application/json;q=0", False), (b"text/html", False),
        (b"application/*", True),
    ],
)  # fmt: skip
def test_json_is_taken_or_not(text, takes):
    """Where nothing is said, it is."""
    assert takes_json(text) is takes


def test_tags_are_compared_weakly():
    """A tag is the same with `W/` and without."""
    assert has(b'W/"a", "b"', b'"b"')
    assert has(b'"a"', b'W/"a"')
    assert not has(b'"ab"', b'"a"')
    assert not has(None, b'"a"')


TICKER = "/api/market/ticker?symbol=BTC/USDT"


@pytest.mark.parametrize(
    ("path", "accept"),
    [(TICKER, "image/png"), (CANDLES, "image/png"), ("/api/providers", "text/csv")],
)
async def test_a_caller_that_takes_no_json_is_not_sent_it(app_of, path, accept):
    """406, cached or not, rather than a body it cannot read; of what is no table, CSV too."""
    async with app_of(a=[1.0]) as world:
        for _ in range(2):
            assert (await world.client.get(path)).status_code == 200
            answer = await world.client.get(path, headers={"Accept": accept})
            assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
        both = await world.client.get(path, headers={"Accept": f"{accept}, application/json"})
        assert both.status_code == 200
        assert both.headers["content-type"] == "application/json"
