"""Requests go to public addresses over https, unless the operator named the address."""

from __future__ import annotations

import pytest

from coinmux import BlockedAddress
from coinmux.framework.clock import Deadline, SystemClock
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.bind import outbound
from coinmux.framework.testing.raw_server import RawServer, response
from coinmux.framework.transport.address_guard import (
    Origin,
    is_loopback,
    is_public,
    literal_address,
    permitted,
)
from coinmux.framework.transport.client import SafeHTTPClient
from coinmux.framework.transport.messages import HeaderLines, Outgoing


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "104.16.0.1", "2606:4700::1111", "8.8.8.8"],
)
def test_public(address):
    """Unicast addresses of the public internet may be dialled."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001::1",
        "no address",
        "",
    ],
)
def test_not_public(address):
    """Private, reserved, multicast and IPv4-carrying addresses may not."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "1.2.3.4.5"]
)
def test_odd_spellings(host):
    """What only inet_aton reads as IPv4 is refused before anybody resolves it."""
    with pytest.raises(BlockedAddress):
        literal_address(host)


def test_literals_and_names():
    """An address is taken as it is, a name is left to the resolver."""
    assert literal_address("1.1.1.1") == "1.1.1.1"
    assert literal_address("::1") == "::1"
    assert literal_address("api1.example.com") is None
    assert literal_address("1.example") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example",
        "ftp://api.example",
        "api.example",
        "https://",
        "https://user:pw@api.example",
        "https://user@api.example",
        "https://api.example:99999",
        "https://api.example:0",
        "https://a b.example",
        "https://api.example\r\nX: y",
        "https://-x.example",
        "https://a..b",
        "https://[::1",
        "file:///etc/passwd",
    ],
)
def test_origins_that_are_none(url):
    """Only https to a plain host and port is an origin."""
    with pytest.raises(BlockedAddress):
        Origin.parse(url)


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("https://API.Example/x?y", "api.example"),
        ("https://api.example:443", "api.example"),
        ("https://api.example:8443/", "api.example:8443"),
        ("https://[2606:4700::1111]:8443", "[2606:4700::1111]:8443"),
        ("https://b\u00fccher.example", "xn--bcher-kva.example"),
    ],
)
def test_origins(url, netloc):
    """An origin knows what its Host header says."""
    assert Origin.parse(url).netloc == netloc


def test_allowed_origin_may_be_plain_and_private():
    """What the operator named is not questioned."""
    origin = Origin.parse("http://127.0.0.1:8545", allowed=True)
    assert permitted(origin, ["127.0.0.1"]) == ["127.0.0.1"]
    with pytest.raises(BlockedAddress):
        Origin.parse("ftp://127.0.0.1", allowed=True)


def test_only_the_public_ones_of_several_are_dialled():
    """A private address among public ones is left out; alone it is refused."""
    origin = Origin.parse("https://api.example")
    assert permitted(origin, ["10.0.0.1", "1.1.1.1"]) == ["1.1.1.1"]
    with pytest.raises(BlockedAddress):
        permitted(origin, ["10.0.0.1", "::1"])


def test_loopback_names():
    """Loopback is told by name and by address."""
    assert is_loopback("localhost")
    assert is_loopback("127.3.2.1")
    assert is_loopback("::1")
    assert not is_loopback("api.example")


def request(origin: Origin) -> Outgoing:
    return Outgoing("GET", origin, "/", HeaderLines([(b"Host", b"x")]))


async def send(url: str, resolve=None) -> object:
    clock = SystemClock()
    async with SafeHTTPClient(clock, Redactor(), resolve=resolve) as client:
        origin = Origin.parse(url)
        return await client.send(request(origin), Deadline.after(clock, 1))


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "127.1", "0x7f.1", "2130706433"])
async def test_loopback_is_refused_in_every_spelling(host):
    """No spelling of loopback is dialled."""
    async with RawServer.answering(response()) as server:
        with pytest.raises(BlockedAddress):
            await send(f"https://{host}:{server.port}")
        assert server.connections == 0


async def test_name_that_resolves_to_a_private_address():
    """A declared name that resolves inwards is refused, and the name is looked up once."""
    lookups = 0

    async def resolve(host: str, port: int) -> list[str]:
        nonlocal lookups
        lookups += 1
        return ["127.0.0.1"]

    async with RawServer.answering(response()) as server:
        with pytest.raises(BlockedAddress, match=r"api\.example"):
            await send(f"https://api.example:{server.port}", resolve)
        assert server.connections == 0
    assert lookups == 1


async def test_the_checked_address_is_the_one_dialled():
    """The guard's verdict and the connection use the same lookup."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with RawServer.answering(response()) as server:
        clock = SystemClock()
        async with SafeHTTPClient(clock, Redactor(), resolve=resolve) as client:
            origin = Origin.parse(f"http://node.example:{server.port}", allowed=True)
            answer = await client.send(request(origin), Deadline.after(clock, 1))
            assert answer.status == 200
    assert len(answers) == 1


async def test_a_permit_does_not_carry_over():
    """A connection opened under an operator's permit does not serve a source without one."""
    clock = SystemClock()
    async with (
        RawServer.answering(response()) as server,
        SafeHTTPClient(clock, Redactor()) as client,
        outbound(server.url, client=client) as http,
    ):
        await http.get_json("/x")
        origin = Origin("http", "127.0.0.1", server.port)
        with pytest.raises(BlockedAddress):
            await client.send(request(origin), Deadline.after(clock, 1))
