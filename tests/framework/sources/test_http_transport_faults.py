"""Faults of connections and of HTTP itself, over real sockets: rows A and B of the catalogue."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time

import pytest

from coinmux import (
    AuthRefused,
    BadEncoding,
    BadStatus,
    Banned,
    Disconnected,
    Empty,
    GeoBlocked,
    Malformed,
    ProtocolViolation,
    QuotaExhausted,
    RateLimited,
    Redirected,
    Reply,
    TooLarge,
    UnknownSymbol,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.testing import bind
from coinmux.framework.testing.raw_server import Peer, RawServer, chunked, response
from coinmux.framework.transport.client import ClientLimits
from coinmux.framework.transport.connection import INFORMATIONAL
from coinmux.framework.transport.httpx_transport import HTTPXTransport

TRANSPORT = "guarded"
#: Made once: reading the certificates takes longer than a test.
TRUST = ssl.create_default_context()
#: What docs/transport.md says of httpx's own transport: by test, why it differs.
_PROTOCOL = "httpx calls a disconnect a protocol error: refused all the same, by another name"
_TAKEN = "httpx takes it for an answer"
DIFFERENCES = {
    "test_a5_closed_while_the_request_was_on_its_way[get]": "httpx asks nothing twice",
    "test_a5_closed_while_the_request_was_on_its_way[post]": _PROTOCOL,
    "test_a6_closes_a_fresh_connection_without_answering": _PROTOCOL,
    "test_b17_bad_status_lines[http2.0]": _TAKEN,
    "test_b18_bad_headers[5000]": _TAKEN,
    "test_b18_bad_headers[250]": _TAKEN,
    "test_b18_bad_headers[folded]": _TAKEN,
    "test_b20_body_without_its_end[length-too-long]": _PROTOCOL,
    "test_b20_body_without_its_end[chunks-without-end]": _PROTOCOL,
    "test_b21_length_too_short[surplus]": _TAKEN,
    "test_other_transfer_coding": "refused as a protocol error",
}

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True, params=["guarded", "httpx"])
def transport(request, monkeypatch):
    """Every fault is met over both transports; DIFFERENCES lists what httpx's own lets through."""
    monkeypatch.setitem(globals(), "TRANSPORT", request.param)
    name = request.node.name.replace("httpx-", "").replace("-httpx", "").replace("[httpx]", "")
    if request.param == "httpx" and name in DIFFERENCES:
        request.applymarker(pytest.mark.xfail(reason=DIFFERENCES[name], strict=True))


def outbound(url, **options):
    """The `HTTP` of a fetch hook, over the transport of this round."""
    transport = HTTPXTransport(TRUST) if TRANSPORT == "httpx" else None
    return bind.outbound(url, transport=transport, **options)


async def failure(server: RawServer, *, post: bool = False, **options):
    """The error of one call of the server."""
    async with outbound(server.url, **options) as http:
        with pytest.raises(Exception) as caught:
            await (http.post_json("/x", {}) if post else http.get_json("/x"))
    return caught.value


def serving(act) -> RawServer:
    """A server that reads the request and then does `act`."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await act(peer)

    return RawServer(handle)


def writing(data: bytes) -> RawServer:
    async def act(peer: Peer) -> None:
        await peer.send(data)

    return serving(act)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.mark.parametrize(
    "url",
    ["http://x.invalid", f"http://127.0.0.1:{free_port()}"],
    ids=["no-such-name", "closed-port"],
)
async def test_a1_nobody_there(url):
    """A name that does not resolve and a closed port are `upstream_unreachable`."""
    async with outbound(url) as http:
        with pytest.raises(Unreachable):
            await http.get_json("/x")


async def test_a2_connect_hangs():
    """A peer that never accepts is a timeout after the connect limit."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        port = sock.getsockname()[1]
        fillers = []
        for _ in range(4):  # fill the backlog
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        try:
            async with outbound(
                f"http://127.0.0.1:{port}", limits=ClientLimits(connect_s=0.2)
            ) as http:
                started = time.monotonic()
                with pytest.raises(UpstreamTimeout):
                    await http.get_json("/x")
                assert time.monotonic() - started < 3
        finally:
            for filler in fillers:
                filler.close()


async def test_a4_reset_at_accept():
    """A connection reset before any byte is `upstream_disconnected`."""

    async def handle(peer: Peer) -> None:
        peer.reset()

    async with RawServer(handle) as server:
        assert isinstance(await failure(server), Disconnected)


async def test_a5_kept_connection_closed_by_the_peer():
    """A kept connection that turns out closed is replaced once and nobody notices."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(response())

    async with RawServer(handle) as server, outbound(server.url) as http:
        for _ in range(3):
            assert await http.get_json("/x") == {"ok": 1}
        assert server.connections == 3


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
async def test_a5_closed_while_the_request_was_on_its_way(post):
    """A GET that meets the peer's close on a kept connection is asked again; a POST never is."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(response())
        await peer.request()  # takes the second request and closes without a word

    async with RawServer(handle) as server, outbound(server.url) as http:
        await http.get_json("/1")
        if post:
            with pytest.raises(Disconnected):
                await http.post_json("/2", {"id": 1})
            assert server.connections == 1
        else:
            assert await http.get_json("/2") == {"ok": 1}
            assert server.connections == 2


async def test_a6_closes_a_fresh_connection_without_answering():
    """No answer on a fresh connection is final: it is not asked twice."""

    async def act(peer: Peer) -> None:
        peer.close()

    async with serving(act) as server:
        assert isinstance(await failure(server), Disconnected)
        assert server.connections == 1


async def test_a7_reset_in_mid_body():
    """A reset in the body is `upstream_disconnected`, never half an answer."""

    async def act(peer: Peer) -> None:
        await peer.send(response(length=1000))
        await asyncio.sleep(0.02)
        peer.reset()

    async with serving(act) as server:
        assert isinstance(await failure(server), Disconnected)


async def test_a8_accepts_and_never_answers():
    """Silence ends at the deadline."""
    async with serving(Peer.hang) as server:
        started = time.monotonic()
        assert isinstance(await failure(server, timeout_s=0.2), UpstreamTimeout)
        assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "before", [b"", HEAD + b"Content-Length: 900\r\n\r\n"], ids=["head", "body"]
)
async def test_a9_bytes_drip(before):
    """One byte at a time ends at the deadline, whatever arrives in between."""

    async def act(peer: Peer) -> None:
        await peer.send(before)
        await peer.drip(response(b'{"a":1}' + b" " * 900), pause_s=0.01)

    async with serving(act) as server:
        started = time.monotonic()
        assert isinstance(await failure(server, timeout_s=0.3), UpstreamTimeout)
        assert time.monotonic() - started < 3


async def test_a10_headers_never_end():
    """Endless headers break off at the limit."""

    async def act(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        await peer.loop(b"X-n: a\r\n")

    async with serving(act) as server:
        assert isinstance(await failure(server), ProtocolViolation)


async def test_a10_one_header_never_ends():
    """A header line without an end breaks off at the limit."""

    async def act(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nX-n: ")
        await peer.loop(b"a" * 4096)

    async with serving(act) as server:
        assert isinstance(await failure(server), ProtocolViolation)


@pytest.mark.parametrize("pause_s", [0.0, 0.05], ids=["flood", "drip"])
async def test_a11_endless_informational_answers(pause_s):
    """Informational answers without end are a timeout, and ours reads no flood of them."""
    sent = 0

    async def act(peer: Peer) -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionError):
            while True:
                await peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
                sent += 1
                await asyncio.sleep(pause_s)

    async with serving(act) as server:
        assert isinstance(await failure(server, timeout_s=0.3), UpstreamTimeout)
    if TRANSPORT == "guarded":
        assert sent < 5 * INFORMATIONAL


async def test_a11_informational_answers_before_the_answer_are_skipped():
    """A few early hints do no harm."""
    async with (
        writing(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + response()) as server,
        outbound(server.url) as http,
    ):
        assert await http.get_json("/x") == {"ok": 1}


@pytest.mark.parametrize(
    "chunk", [b"1\r\n \r\n", b"1;" + b"e" * 4096 + b"\r\n \r\n"], ids=["bytes", "extensions"]
)
async def test_a12_endless_small_chunks(chunk):
    """Chunks without end stop at the wire limit, extensions counted; the loop stays free."""

    async def act(peer: Peer) -> None:
        await peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        await peer.loop(chunk * (65_536 // len(chunk)))

    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with serving(act) as server:
        watcher = asyncio.create_task(watch())
        error = await failure(server, limits=ClientLimits(wire_bytes=1_048_576), timeout_s=2.0)
        watcher.cancel()
        assert isinstance(error, TooLarge | UpstreamTimeout)
        assert turns > 16, "others had a turn between the reads"


@pytest.mark.parametrize("status", ["201 Created", "202 Accepted", "203 Other", "206 Partial"])
async def test_b1_other_successes(status):
    """Any 2xx but 200 is no answer."""
    async with writing(response(status=status)) as server:
        error = await failure(server)
    assert isinstance(error, BadStatus)
    assert error.status == int(status[:3])


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_b2_no_content(status):
    """204 and 304 are empty."""
    async with writing(f"HTTP/1.1 {status}\r\n\r\n".encode()) as server:
        assert isinstance(await failure(server), Empty)


@pytest.mark.parametrize("body", [b"", b" \r\n\t ", b"\xef\xbb\xbf"], ids=["none", "space", "bom"])
async def test_b3_nothing_in_the_body(body):
    """A 200 without content is empty."""
    async with writing(response(body)) as server:
        assert isinstance(await failure(server), Empty)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "location", ["/x", "http://169.254.169.254/", "http://other.example/", "https://h:99999/"]
)
async def test_b4_redirects(status, location):
    """A redirect is reported, not followed."""
    async with writing(
        response(b"", status=f"{status} Found", headers=[("Location", location)])
    ) as server:
        assert isinstance(await failure(server), Redirected)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "status", [400, 404, 405, 408, 410, 415, 422, 425, 500, 502, 504, 520, 530]
)
async def test_b5_b7_b11_unrecognised_statuses(status):
    """A status that says nothing more particular is `upstream_status`, with its number."""
    async with writing(response(b'{"msg":"no"}', status=f"{status} No")) as server:
        error = await failure(server)
    assert isinstance(error, BadStatus)
    assert error.status == status
    assert "no" in error.detail


async def test_b6_recognised_unknown_symbol():
    """What the plugin recognises in an error wins over its status."""

    def map_error(reply: Reply, query: object) -> Exception | None:
        return UnknownSymbol("X/Y") if reply.body == {"code": -1121} else None

    async with writing(response(b'{"code":-1121}', status="400 Bad Request")) as server:
        assert isinstance(await failure(server, map_error=map_error), UnknownSymbol)


async def test_b7_moved_page():
    """A 404 page in HTML is `upstream_status`; its markup stays out of the message."""
    page = response(b"<html>gone</html>", status="404 Not Found", content_type="text/html")
    async with writing(page) as server:
        error = await failure(server)
    assert isinstance(error, BadStatus)
    assert "<" not in error.detail


async def test_b8_unauthorised():
    """401 means the key was refused."""
    async with writing(response(status="401 Unauthorized")) as server:
        assert isinstance(await failure(server), AuthRefused)


@pytest.mark.parametrize(
    ("key", "body", "content_type", "expected"),
    [
        pytest.param(True, b'{"msg":"bad key"}', "application/json", AuthRefused, id="json-key"),
        pytest.param(False, b'{"msg":"no"}', "application/json", BadStatus, id="json-no-key"),
        pytest.param(True, b"<html>no</html>", "text/html", BadStatus, id="html-key"),
    ],
)
async def test_b9_forbidden(key, body, content_type, expected):
    """403 refuses the key only if one went along and the refusal is the API's own."""
    from coinmux import EnvVar, ProviderInfo

    info = ProviderInfo(
        name="acme",
        title="Acme",
        category="market",
        base_url="https://api.acme.example",
        env=(EnvVar("ACME_KEY", required=False, send_as="header:X-Key"),),
    )
    page = response(body, status="403 Forbidden", content_type=content_type)
    async with writing(page) as server:
        error = await failure(server, info=info, values={"ACME_KEY": "abcdef123"} if key else None)
    assert type(error) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("402 Payment Required", QuotaExhausted), ("418 Teapot", Banned), ("451 Legal", GeoBlocked)],
    ids=["B10", "B14", "B15"],
)
async def test_b10_b14_b15_told_to_wait(status, expected):
    """Statuses that ask us to wait have types of their own."""
    async with writing(response(status=status)) as server:
        assert isinstance(await failure(server), expected)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        (None, None, None),
        ("-5", None, None),
        ("1e9", None, None),
        ("99999999999999999999", 3600, 3600),
        ("Tue, 01 Dec 2099 00:00:00 GMT", 3600, 3600),
    ],
)
async def test_b12_too_many_requests(value, low, high):
    """429 carries what `Retry-After` says, clamped; nonsense counts as absent."""
    headers = [] if value is None else [("Retry-After", value)]
    async with writing(response(status="429 Too Many", headers=headers)) as server:
        error = await failure(server)
    assert isinstance(error, RateLimited)
    if low is None:
        assert error.retry_after_s is None
    else:
        assert low <= error.retry_after_s <= high


async def test_b12_error_of_the_plugin_gets_the_wait():
    """An error the plugin made without a wait gets that of the header."""
    page = response(b'{"code":1}', status="200 OK", headers=[("Retry-After", "9")])
    async with writing(page) as server:
        error = await failure(server, map_error=lambda reply, query: RateLimited("busy"))
    assert error.retry_after_s == 9


async def test_b14_ban_is_longer():
    """A ban lasts two minutes at least."""
    page = response(status="418 Teapot", headers=[("Retry-After", "5")])
    async with writing(page) as server:
        assert (await failure(server)).retry_after_s == 120


@pytest.mark.parametrize(("headers", "wait"), [([], None), ([("Retry-After", "30")], 30)])
async def test_b16_unavailable(headers, wait):
    """503 is a failure that may carry a wait."""
    async with writing(response(status="503 Unavailable", headers=headers)) as server:
        error = await failure(server)
    assert isinstance(error, BadStatus)
    assert (error.status, error.retry_after_s) == (503, wait)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"garbage\r\n\r\n", ProtocolViolation, id="garbage"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x28", ProtocolViolation, id="tls"),
        pytest.param(b"HTTP/2 200\r\n\r\n", ProtocolViolation, id="http2"),
        pytest.param(
            b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", ProtocolViolation, id="http2.0"
        ),
        pytest.param(b'{"a":1}', ProtocolViolation, id="no-status-line"),
        pytest.param(response(status="000 No"), ProtocolViolation, id="000"),
        pytest.param(response(status="999 No"), BadStatus, id="999"),
        pytest.param(
            b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
            ProtocolViolation,
            id="101",
        ),
    ],
)
async def test_b17_bad_status_lines(data, expected):
    """What does not begin as an HTTP/1 answer is refused; an odd number arrives as one."""
    async with writing(data) as server:
        assert isinstance(await failure(server), expected)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Content-Length: 2\r\nContent-Length: 3\r\n", id="two-lengths"),
        pytest.param(b"Content-Length: -2\r\n", id="negative"),
        pytest.param(b"X: a\0b\r\nContent-Length: 2\r\n", id="nul"),
        pytest.param(b"X: " + b"a" * 200_000 + b"\r\nContent-Length: 2\r\n", id="200kB"),
        pytest.param(b"X: a\r\n" * 5000 + b"Content-Length: 2\r\n", id="5000"),
        pytest.param(b"X: a\r\n" * 250 + b"Content-Length: 2\r\n", id="250"),
        pytest.param(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", id="both"),
        pytest.param(b"X : a\r\nContent-Length: 2\r\n", id="space"),
        pytest.param(b"X: a\r\n b\r\nContent-Length: 2\r\n", id="folded"),
    ],
)
async def test_b18_bad_headers(head):
    """Ambiguous, damaged and outsized headers are refused."""
    async with writing(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n{}") as server:
        assert isinstance(await failure(server), ProtocolViolation)


async def test_b19_cookies_are_dropped():
    """A cookie is neither kept nor sent back, nor shown to the plugin."""
    seen: list[Reply] = []
    page = response(headers=[("Set-Cookie", "session=1"), ("X-A", "1"), ("x-a", "2")])
    async with RawServer.answering(page) as server:
        async with outbound(server.url, map_error=lambda r, q: seen.append(r)) as http:
            await http.get_json("/1")
            await http.get_json("/2")
        assert all(b"cookie" not in request.lower() for request in server.requests)
    assert "set-cookie" not in seen[0].headers
    assert seen[0].headers["x-a"] == "1, 2"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(response(length=100), id="length-too-long"),
        pytest.param(chunked(b'{"ok":1}', end=b""), id="chunks-without-end"),
    ],
)
async def test_b20_body_without_its_end(data):
    """A body shorter than announced is no answer."""
    async with writing(data) as server:
        assert isinstance(await failure(server), Disconnected)


@pytest.mark.parametrize("length", [4, 8], ids=["cut-json", "surplus"])
async def test_b21_length_too_short(length):
    """Bytes after the announced end make the answer malformed, even if it reads as JSON."""
    async with writing(response(b'{"ok":1}{"ok":2}', length=length)) as server:
        assert isinstance(await failure(server), Malformed)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"zz\r\n{}\r\n0\r\n\r\n", id="not-hex"),
        pytest.param(b"f" * 22 + b"\r\n{}\r\n0\r\n\r\n", id="22-digits"),
        pytest.param(b"2\r\n{}xx0\r\n\r\n", id="wrong-end"),
    ],
)
async def test_b22_bad_chunks(body):
    """Damaged chunk framing is refused."""
    async with writing(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body) as server:
        assert isinstance(await failure(server), ProtocolViolation)


async def test_other_transfer_coding():
    """A transfer coding other than chunked is refused."""
    async with writing(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n") as server:
        assert isinstance(await failure(server), BadEncoding)


async def test_answer_ended_by_close():
    """Without a length the answer ends with the connection, as HTTP/1.0 has it."""
    data = HEAD.replace(b"1.1", b"1.0") + b'\r\n{"ok":1}'
    async with writing(data) as server, outbound(server.url) as http:
        assert await http.get_json("/x") == {"ok": 1}


async def test_chunked_answer_in_pieces():
    """Chunks that arrive in pieces make one body; trailers are ignored."""

    async def act(peer: Peer) -> None:
        await peer.drip(chunked(b'{"o', b'k":1}', end=b"0\r\nX-T: 1\r\n\r\n"), pause_s=0)

    async with serving(act) as server, outbound(server.url) as http:
        assert await http.get_json("/x") == {"ok": 1}


async def test_unsolicited_bytes_end_a_kept_connection():
    """An answer nobody asked for is not taken for the next one."""

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await peer.send(response())
            await asyncio.sleep(0.02)
            await peer.send(response(b'{"poison":1}'))

    async with RawServer(handle) as server, outbound(server.url) as http:
        await http.get_json("/1")
        await asyncio.sleep(0.05)
        assert await http.get_json("/2") == {"ok": 1}


async def test_unsolicited_bytes_are_seen_before_the_loop_comes_round_to_read_them():
    """They came while this process was busy: the socket knows of them, the loop does not yet."""

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await peer.send(response())
            await asyncio.sleep(0.02)
            await peer.send(response(b'{"poison":1}'))

    async with RawServer(handle) as server, outbound(server.url) as http:
        await http.get_json("/1")
        loop = asyncio.get_running_loop()
        loop.call_later(0.02, time.sleep, 0.05)  # the loop stands still past both moments
        await asyncio.sleep(0.04)
        assert await http.get_json("/2") == {"ok": 1}
        assert server.connections == 2


async def test_cancelled_call_leaves_no_connection():
    """A call that is cancelled takes its connection with it."""
    async with serving(Peer.hang) as server, outbound(server.url) as http:
        task = asyncio.create_task(http.get_json("/x"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert server.connections == 1
