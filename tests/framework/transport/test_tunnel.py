"""WebSockets through real proxies on loopback: every kind that requests go through."""

import asyncio
import ssl

import pytest
from websockets.asyncio.server import serve

from coinmux.framework.errors import (
    BlockedAddress,
    Disconnected,
    ProtocolViolation,
    TLSFailure,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.transport.pool import Pool
from coinmux.framework.transport.proxies import Proxies, Proxy
from coinmux.framework.transport.websocket import SocketAddress, open_socket
from tests.framework.transport.loopback_proxy import LoopbackProxy
from tests.framework.transport.test_client import Certificates

pytestmark = pytest.mark.realtime
#: Public, so that the guard lets it pass; only the proxy of this test can reach it.
ADDRESS = "93.184.215.14"
LOGIN = ("me", "hunter22x")


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    """Nothing but what a test names."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path)


async def _echo(peer):
    async for text in peer:
        await peer.send(text)


async def echoed(proxy_url, url, certificates=None, *, seconds=5.0):
    """What an echo answers over a socket opened through a proxy."""
    tls = None
    if certificates is not None:
        tls = ssl.create_default_context(cafile=str(certificates.file))
    pool = Pool(tls=tls, proxies=Proxies({"ALL_PROXY": proxy_url}), connect_s=seconds / 2)
    heard = asyncio.get_running_loop().create_future()
    until = asyncio.get_running_loop().time() + seconds
    try:
        made = await open_socket(
            pool, SocketAddress.parse(url, allowed=url.startswith("ws:")), heard.set_result,
            lambda error: None, until=until, limit=1_000,
        )  # fmt: skip
        made.send("hello")
        answer = await asyncio.wait_for(heard, 5)
        made.close()
        await made.wait_closed()
        return answer
    finally:
        await pool.close()


@pytest.mark.parametrize("login", [None, LOGIN])
@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_socket_goes_through_a_proxy_and_its_tls_ends_at_the_source(
    certificates, kind, login
):
    """The proxy learns the host alone."""
    context = certificates.server(address=ADDRESS)
    async with serve(_echo, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        async with LoopbackProxy(port, kind, login=login).open() as proxy:
            said = await echoed(proxy.url, f"wss://{ADDRESS}/feed?token=s3cret", certificates)
            assert said == "hello"
            assert proxy.asked == [f"{ADDRESS}:443"]
            assert "s3cret" not in "".join(proxy.heads)


async def test_a_proxy_may_be_spoken_to_over_tls(certificates):
    """One TLS within the other."""
    there = certificates.server(address=ADDRESS)
    here = certificates.server()
    async with serve(_echo, "127.0.0.1", 0, ssl=there) as server:
        port = server.sockets[0].getsockname()[1]
        async with LoopbackProxy(port, login=LOGIN).open(here) as proxy:
            said = await echoed(proxy.url, f"wss://{ADDRESS}/feed", certificates)
            assert said == "hello"


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h"])
async def test_the_proxy_looks_the_name_up(kind):
    """Here nobody knows it; without TLS where the operator named the address."""
    async with serve(_echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with LoopbackProxy(port, kind.rstrip("h") if "socks" in kind else kind).open() as one:
            url = one.url.replace("socks5:", f"{kind}:")
            assert await echoed(url, "ws://only-there.example:8080/feed") == "hello"
            assert one.asked == ["only-there.example:8080"]


async def test_what_is_not_public_is_refused_through_a_proxy_too():
    """An address written as numbers; the proxy is not even asked."""
    async with LoopbackProxy(1).open() as proxy:
        with pytest.raises(BlockedAddress):
            await echoed(proxy.url, "wss://10.0.0.1/feed")
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"HTTP/1.1 407 no\r\n\r\n", Unreachable, "wants a user name and a password"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", Unreachable, "does not lead there: HTTP 403"),
        (b"HTTP/1.1 502 Bad\r\nX: y\r\n\r\n", Unreachable, "cannot reach it: HTTP 502"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, ProtocolViolation, "does not come to an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", ProtocolViolation, "does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9_999, ProtocolViolation, "more than 16384 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", ProtocolViolation, "says more than its answer"),
        (b"", UpstreamTimeout, "no connection in time"),
    ],
)
async def test_a_proxy_that_does_not_lead_there_is_named(answer, error, words):
    """With what it said, in our words."""
    async with LoopbackProxy(1, answer=answer).open() as proxy:
        with pytest.raises(error, match=words) as caught:
            await echoed(proxy.url, "wss://acme.example/feed?token=s3cret", seconds=0.5)
        assert f"127.0.0.1:{proxy.port}" in str(caught.value)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"\x05\xff", Unreachable, "wants a user name and a password"),
        (b"\x05\x00\x05\x02\x00\x01", Unreachable, "does not allow it"),
        (b"\x05\x00\x05\x04\x00\x01", Unreachable, "the host is unreachable"),
        (b"\x05\x00\x05\x63\x00\x01", Unreachable, "says no: SOCKS 99"),
        (b"\x05\x00\x05\x00\x00\x09", ProtocolViolation, "does not speak SOCKS 5"),
        (b"HTTP/1.1 400 Bad Request\r\n", ProtocolViolation, "does not speak SOCKS 5"),
        (b"\x05\x00", UpstreamTimeout, "no connection in time"),
    ],
)
async def test_so_is_one_of_socks(answer, error, words):
    """By its numbers."""
    async with LoopbackProxy(1, "socks5", answer=answer).open() as proxy:
        with pytest.raises(error, match=words) as caught:
            await echoed(proxy.url, "wss://acme.example/feed", seconds=0.5)
        assert f"127.0.0.1:{proxy.port}" in str(caught.value)


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_wrong_login_is_said_and_not_shown(kind):
    """Nor is the right one."""
    async with LoopbackProxy(1, kind, login=LOGIN).open() as proxy:
        url = proxy.url.replace("hunter22x", "swordfish1")
        with pytest.raises(Unreachable, match="does not take the user name") as caught:
            await echoed(url, "wss://acme.example/feed")
        assert "swordfish1" not in f"{caught.value}{caught.value.__cause__!r}"


async def test_a_proxy_that_hangs_up_is_named():
    """Before it answers."""

    async def hang_up(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Disconnected, match=f"127.0.0.1:{port} ended the connection"):
            await echoed(f"http://127.0.0.1:{port}", "wss://acme.example/feed")


async def test_a_proxy_that_is_not_there_is_named():
    """As what takes no connection."""
    async with LoopbackProxy(1).open() as proxy:
        port = proxy.port
    with pytest.raises(Unreachable, match=f"acme.example through 127.0.0.1:{port}"):
        await echoed(f"http://127.0.0.1:{port}", "wss://acme.example/feed")


async def test_who_answers_behind_the_proxy_is_verified(tmp_path, certificates):
    """A proxy that reads along has a certificate of nobody we trust."""
    context = certificates.server(address=ADDRESS, own=True)
    async with serve(_echo, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        async with LoopbackProxy(port).open() as proxy:
            with pytest.raises(TLSFailure):
                await echoed(proxy.url, f"wss://{ADDRESS}/feed", certificates)


def test_a_proxy_shows_no_login():
    """Wherever it is written."""
    proxy = Proxy.parse("http://me:hunter%402x@proxy.example:3128")
    assert (proxy.user, proxy.password, proxy.label) == ("me", "hunter@2x", "proxy.example:3128")
    assert "hunter" not in repr(proxy)


@pytest.mark.parametrize(
    ("address", "kind", "label"),
    [
        ("proxy.example:3128", "http", "proxy.example:3128"),
        ("https://proxy.example", "https", "proxy.example:443"),
        ("socks5h://[::1]", "socks5", "[::1]:1080"),
    ],
)
def test_an_address_of_a_proxy_may_leave_things_out(address, kind, label):
    """The scheme and the port."""
    proxy = Proxy.parse(address)
    assert (proxy.scheme, proxy.label) == (kind, label)


@pytest.mark.parametrize("address", ["socks4://proxy.example", "http://", "http://a:99999"])
def test_what_is_no_proxy_is_said(address):
    """In a sentence that names what would do."""
    with pytest.raises(ValueError, match="proxy"):
        Proxy.parse(address)
