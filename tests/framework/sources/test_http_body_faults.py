"""Faults of codings, documents and JSON, over real sockets: rows C and D of the catalogue."""

from __future__ import annotations

import gzip
import io
import json
import math
import resource
import threading
import zlib
from types import SimpleNamespace

import pytest

from coinmux import (
    BadEncoding,
    BadStatus,
    Challenge,
    Empty,
    Malformed,
    NotJSON,
    PluginError,
    QuotaExhausted,
    Reply,
    TooLarge,
    UnknownSymbol,
)
from coinmux.framework.formats import strict_json
from coinmux.framework.testing.bind import outbound
from coinmux.framework.testing.raw_server import Peer, RawServer, response

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def answer(data: bytes, *, empty_ok: bool = False, map_error=None):
    """What one call makes of a response."""
    async with (
        RawServer.answering(data) as server,
        outbound(server.url, map_error=map_error) as http,
    ):
        return await http.get_json("/x", empty_ok=empty_ok)


def coded(body: bytes, coding: str) -> bytes:
    return response(body, headers=[("Content-Encoding", coding)])


def bomb(size: int) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file:
        for _ in range(size >> 20):
            file.write(b" " * (1 << 20))
    return out.getvalue()


async def test_c1_declared_too_large():
    """A length above the limit is refused before the body is read."""
    sent = 0

    async def handle(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(HEAD + b"Content-Length: 1000000000\r\n\r\n")
        while True:
            await peer.send(b" " * 65_536)
            sent += 65_536

    async with RawServer(handle) as server, outbound(server.url) as http:
        with pytest.raises(TooLarge):
            await http.get_json("/x")
    assert sent < 8 << 20


async def test_c2_undeclared_too_large():
    """An endless body stops at the limit; memory stays small."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD + b"\r\n")
        await peer.loop(b" " * 65_536)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with RawServer(handle) as server, outbound(server.url) as http:
        with pytest.raises(TooLarge):
            await http.get_json("/x")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


async def test_c3_bomb():
    """200 MB from 200 kB stop at the decoded limit."""
    packed = bomb(200 << 20)
    assert len(packed) < 300_000
    with pytest.raises(TooLarge):
        await answer(coded(packed, "gzip"))


async def test_c3_gzip_in_gzip():
    """Only the declared layer is undone; what is inside it is no JSON."""
    with pytest.raises(Malformed):
        await answer(coded(gzip.compress(bomb(1 << 20)), "gzip"))
    with pytest.raises(BadEncoding):
        await answer(coded(gzip.compress(gzip.compress(b"{}")), "gzip, gzip"))


@pytest.mark.parametrize("coding", ["zstd", "br", "exotic", "gzip, br", ", ".join(["gzip"] * 20)])
async def test_c4_c6_codings_not_asked_for(coding):
    """A coding that was not asked for, or several, is refused."""
    with pytest.raises(BadEncoding):
        await answer(coded(b'{"ok":1}', coding))


async def test_c4_asks_for_what_it_decodes():
    """Only gzip and deflate are asked for."""
    async with RawServer.answering(response()) as server, outbound(server.url) as http:
        await http.get_json("/x")
        assert b"\r\nAccept-Encoding: gzip, deflate\r\n" in server.requests[0]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_c5_truncated_coding(coding):
    """Half a stream is no answer."""
    body = json.dumps(list(range(500))).encode()
    packed = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    with pytest.raises(BadEncoding):
        await answer(coded(packed[: len(packed) // 2], coding))


async def test_c5_bytes_after_the_end():
    """Bytes after the stream's end are refused."""
    with pytest.raises(BadEncoding):
        await answer(coded(gzip.compress(b'{"ok":1}') + b"more", "gzip"))


@pytest.mark.parametrize("place", [0, -6], ids=["header", "crc"])
async def test_c6_damaged_coding(place):
    """A wrong header or checksum is refused."""
    packed = bytearray(gzip.compress(b'{"ok":1}'))
    packed[place] ^= 0xFF
    with pytest.raises(BadEncoding):
        await answer(coded(bytes(packed), "gzip"))


@pytest.mark.parametrize(
    ("packed", "coding"),
    [
        (gzip.compress(b'{"ok":1}'), "gzip"),
        (gzip.compress(b'{"ok":1}'), "X-GZIP"),
        (zlib.compress(b'{"ok":1}'), "deflate"),
        (zlib.compress(b'{"ok":1}')[2:-4], "deflate"),
        (b'{"ok":1}', "identity"),
    ],
    ids=["gzip", "x-gzip", "zlib", "raw", "identity"],
)
async def test_sound_codings(packed, coding):
    """Each coding asked for is undone."""
    assert await answer(coded(packed, coding)) == {"ok": 1}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<!DOCTYPE html><title>Just a moment...</title><script>cf_chl_opt</script>", Challenge),
        (b"<html><body>Please solve the CAPTCHA</body></html>", Challenge),
        (b"<html><form action=/login>Log in</form></html>", NotJSON),
        (b"Under maintenance", NotJSON),
    ],
    ids=["cloudflare", "captcha", "login", "text"],
)
async def test_c7_pages(page, expected):
    """A page in place of data is told from JSON, and a bot wall from other pages."""
    with pytest.raises(expected):
        await answer(response(page, content_type="text/html"))


@pytest.mark.parametrize("content_type", ["text/plain", None, "text/html", "application/x-foo"])
async def test_c8_json_under_another_type(content_type):
    """JSON is parsed whatever it is called."""
    assert await answer(response(content_type=content_type)) == {"ok": 1}


async def test_c8_html_under_json():
    """HTML stays HTML whatever it is called."""
    with pytest.raises(NotJSON):
        await answer(response(b"<html></html>"))


@pytest.mark.parametrize("body", [b"Invalid address format", b"not found", b"error: symbol\r\n"])
async def test_c8_a_sentence_in_place_of_json(body):
    """A text is no damaged JSON: some sources refuse a question so."""
    with pytest.raises(NotJSON, match="a text in place of JSON"):
        await answer(response(body))


@pytest.mark.parametrize(
    "body",
    ['{"ok":"é"}'.encode("latin-1"), '{"ok":1}'.encode("utf-16"), b'{"ok":"\xff"}'],
    ids=["latin1", "utf-16", "invalid"],
)
async def test_c9_not_utf8(body):
    """Only UTF-8 is JSON."""
    with pytest.raises(Malformed):
        await answer(response(body, content_type="application/json; charset=latin1"))


async def test_c9_byte_order_mark():
    """A byte order mark is stripped."""
    assert await answer(response(b'\xef\xbb\xbf{"ok":1}')) == {"ok": 1}


@pytest.mark.parametrize(
    "body",
    [b'{"a":1', b'{"a":1} x', b'{"a":1}{"a":1}', b'callback({"a":1})', b"'a'", b"[1,]"],
    ids=["cut", "trailing", "two", "jsonp", "quotes", "comma"],
)
async def test_d1_not_one_document(body):
    """Anything but exactly one JSON document is malformed."""
    with pytest.raises(Malformed):
        await answer(response(body))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
async def test_d2_not_finite(number):
    """Numbers that are none are refused."""
    with pytest.raises(Malformed):
        await answer(response(f'{{"a":[{number}]}}'.encode()))


@pytest.mark.parametrize(
    "body",
    [
        b'{"price":1,"price":9}',
        b'{"a":[{"price":1 , "price" : 9}]}',
        b'{"price":1,"pr\\u0069ce":9}',
        b'{"note":":\\":","price":1,"price" :9}',
        b'{"a":1,"a":true}',
    ],
)
async def test_d3_duplicate_keys(body):
    """The same key with different values is ambiguous."""
    with pytest.raises(Malformed):
        await answer(response(body))


async def test_d3_same_value_twice():
    """The same key with the same value says nothing wrong."""
    assert await answer(response(b'{"a":1,"a":1}')) == {"a": 1}


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"[" * 300 + b"]" * 300, b'{"a":' * 300 + b"1" + b"}" * 300]
)
async def test_d4_depth(body):
    """Documents nested too deeply are refused without a crash."""
    with pytest.raises(Malformed):
        await answer(response(body))


async def test_d5_long_numbers():
    """40 digits stay exact, 5000 are refused."""
    digits = "1234567890" * 4
    got = await answer(response(f'{{"a":{digits},"b":-0.0,"c":"{digits}.5"}}'.encode()))
    assert got["a"] == int(digits)
    assert math.copysign(1, got["b"]) == -1
    with pytest.raises(Malformed):
        await answer(response(b'{"a":%s}' % (b"9" * 5000)))


async def test_d6_odd_characters():
    """Lone surrogates are refused; NUL and bidi marks pass for the models to clean."""
    with pytest.raises(Malformed):
        await answer(response(b'{"a":"\\ud800"}'))
    with pytest.raises(Malformed):
        await answer(response(b'{"a":"\x01"}'))
    assert await answer(response(b'{"a":"\\u0000\\u202e"}')) == {"a": "\0\u202e"}


@pytest.mark.parametrize("body", [b"null", b"true", b"false", b"0", b'""', b"0.0"])
@pytest.mark.parametrize("empty_ok", [False, True])
async def test_d7_nothing_at_the_top(body, empty_ok):
    """A bare nothing is empty, even where emptiness is legal."""
    with pytest.raises(Empty):
        await answer(response(body), empty_ok=empty_ok)


@pytest.mark.parametrize("body", [b"{}", b"[]", b" [ ] "])
async def test_d8_empty_containers(body):
    """An empty list or object is an answer only where the plugin says so."""
    with pytest.raises(Empty):
        await answer(response(body))
    assert await answer(response(body), empty_ok=True) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no"},
        {"error": {"code": -32000, "message": "header not found"}, "id": 1, "jsonrpc": "2.0"},
        {"status": "0", "message": "NOTOK", "result": "Error!"},
        {"code": -1121, "msg": "Invalid symbol."},
        {"error": True},
    ],
)
async def test_d9_unmapped_error_in_200(body):
    """An error in a 200 that nobody recognised is `upstream_status`."""
    with pytest.raises(BadStatus):
        await answer(response(json.dumps(body).encode()))


@pytest.mark.parametrize(
    "body",
    [
        {"error": [], "result": {"a": 1}},
        {"error": None, "id": 1, "result": "0x1"},
        {"status": "0", "message": "No transactions found", "result": []},
        {"code": 0, "msg": "", "data": [1]},
        {"code": -5, "name": "an item"},
    ],
)
async def test_d9_no_error_in_200(body):
    """What only looks like an error is left alone."""
    assert await answer(response(json.dumps(body).encode())) == body


@pytest.mark.parametrize(
    ("data", "is_json"),
    [
        (response(b'{"code":-1121}'), True),
        (response(b"[]"), True),
        (response(b"quota used up", content_type="text/plain"), False),
        (response(b"<html>quota</html>", content_type="text/html"), False),
        (response(b""), False),
        (response(b'{"code":1}', status="500 No"), True),
    ],
    ids=["json", "empty", "text", "html", "nothing", "500"],
)
async def test_d9_plugin_sees_every_reply(data, is_json):
    """`map_error` has the first word on whatever came."""
    seen: list[Reply] = []

    def map_error(reply: Reply, query: object) -> Exception:
        seen.append(reply)
        return QuotaExhausted("monthly quota exceeded")

    with pytest.raises(QuotaExhausted):
        await answer(data, map_error=map_error)
    assert [reply.is_json for reply in seen] == [is_json]
    assert seen[0].headers["content-length"]


def _raises(error: Exception):
    def map_error(reply: Reply, query: object) -> Exception | None:
        raise error

    return map_error


async def test_d9_plugin_may_raise():
    """An error of ours that `map_error` raises counts as returned."""
    with pytest.raises(UnknownSymbol):
        await answer(response(), map_error=_raises(UnknownSymbol("X/Y")))


@pytest.mark.parametrize(
    "map_error", [_raises(KeyError("x")), lambda r, q: ValueError("x"), lambda r, q: "no"]
)
async def test_d9_plugin_breaks(map_error):
    """Anything else it raises or returns is the plugin's failure."""
    with pytest.raises(PluginError):
        await answer(response(), map_error=map_error)


async def test_d12_large_answers_leave_the_loop_free(monkeypatch):
    """A document of some megabytes is parsed in another thread, within the caps."""
    rows = json.dumps([[1_700_000_000_000 + i, "1.5"] for i in range(100_000)]).encode()
    threads = []

    def parse(body: bytes) -> object:
        threads.append(threading.get_ident())
        return strict_json.parse(body)

    monkeypatch.setattr("coinmux.framework.sources.http.strict_json", SimpleNamespace(
        parse=parse, require_content=strict_json.require_content,
    ))  # fmt: skip
    async with (
        RawServer.answering(response(rows), response()) as server,
        outbound(server.url) as http,
    ):
        assert len(await http.get_json("/x")) == 100_000
        await http.get_json("/x")
    ours = threading.get_ident()
    assert [thread == ours for thread in threads] == [False, True]


async def test_feed_limit():
    """Feeds have a smaller cap."""
    async with (
        RawServer.answering(response(b" " * (5 << 20), content_type="text/xml")) as server,
        outbound(server.url) as http,
    ):
        with pytest.raises(TooLarge):
            await http.get_feed("/feed")


async def test_feed():
    """A feed arrives as entries; a challenge page in its place is named."""
    feed = (
        b"<rss version='2.0'><channel><title>T</title><item><title>A</title>"
        b"<link>https://news.example/a</link></item></channel></rss>"
    )
    wall = b"<html><title>Just a moment...</title></html>"
    async with (
        RawServer.answering(
            response(feed, content_type="text/xml"), response(wall, content_type="text/html")
        ) as server,
        outbound(server.url) as http,
    ):
        entries = await http.get_feed("/feed")
        assert [entry.title for entry in entries] == ["A"]
        with pytest.raises(Challenge):
            await http.get_feed("/feed")
