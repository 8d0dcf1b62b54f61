"""The client as a whole: deadlines, TLS, and whose network it is that fails."""

from __future__ import annotations

import asyncio
import datetime
import errno
import ipaddress
import socket
import ssl

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from coinmux import (
    Disconnected,
    LocalNetwork,
    ProviderError,
    TLSFailure,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.clock import Deadline, SystemClock
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.raw_server import Peer, RawServer, response
from coinmux.framework.transport.client import ClientLimits, SafeHTTPClient
from coinmux.framework.transport.endpoint import Endpoint
from coinmux.framework.transport.messages import Outgoing


def request(url: str) -> Outgoing:
    endpoint = Endpoint.of(url, allowed=True)
    return endpoint.request("GET", "", None, endpoint.headers)


async def test_deadline_is_the_clocks():
    """The time left is that of the deadline's clock, also where it stands still."""
    clock = FakeClock()
    async with RawServer(Peer.hang) as server, SafeHTTPClient(clock, Redactor()) as client:
        with pytest.raises(UpstreamTimeout):
            await client.send(request(server.url), Deadline.after(clock, 0.05))
        late = Deadline.after(clock, 1)
        clock.advance(2)
        with pytest.raises(UpstreamTimeout, match="no time left"):
            await client.send(request(server.url), late)
        assert server.connections == 1


async def test_close_ends_calls_under_way():
    """Closing the client ends what is still waiting."""
    clock = SystemClock()
    async with RawServer(Peer.hang) as server:
        client = SafeHTTPClient(clock, Redactor())
        task = asyncio.create_task(client.send(request(server.url), Deadline.after(clock, 5)))
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(Disconnected):
            await task


async def test_names_are_looked_up_once():
    """Callers that ask at once share a lookup, and the result is kept."""
    lookups = 0

    async def resolve(host: str, port: int) -> list[str]:
        nonlocal lookups
        lookups += 1
        await asyncio.sleep(0.01)
        return ["127.0.0.1"]

    clock = SystemClock()
    async with (
        RawServer.answering(response()) as server,
        SafeHTTPClient(clock, Redactor(), resolve=resolve) as client,
    ):
        url = f"http://node.example:{server.port}"
        for _ in range(2):
            await asyncio.gather(
                *(client.send(request(url), Deadline.after(clock, 2)) for _ in range(8))
            )
    assert lookups == 1


async def test_lookup_that_hangs():
    """A resolver that hangs ends at the connect limit and blocks nobody else."""

    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    clock = SystemClock()
    limits = ClientLimits(connect_s=0.1)
    async with SafeHTTPClient(clock, Redactor(), limits, resolve=resolve) as client:
        with pytest.raises(UpstreamTimeout):
            await client.send(request("https://a.example"), Deadline.after(clock, 5))


async def test_second_address_is_tried():
    """A name with a dead address among several is reached by the other one."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    clock = SystemClock()
    async with (
        RawServer.answering(response()) as server,
        SafeHTTPClient(clock, Redactor(), resolve=resolve) as client,
    ):
        url = f"http://node.example:{server.port}"
        reply = await client.send(request(url), Deadline.after(clock, 2))
    assert reply.status == 200


class Broken(httpx.AsyncBaseTransport):
    """Carries nothing; fails with the given cause, as httpx's own transport does."""

    def __init__(self, cause: OSError | None) -> None:
        self.cause = cause

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cause is None:
            return httpx.Response(200, json={})
        raise httpx.ConnectError("no way") from self.cause


LOCAL = [
    OSError(errno.ENETUNREACH, "Network is unreachable"),
    OSError(errno.EMFILE, "Too many open files"),
    socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
]


class Outage:
    """A client over a broken transport, asked host by host."""

    def __init__(self, cause: OSError | None) -> None:
        self.clock = FakeClock()
        self.transport = Broken(cause)
        self.client = SafeHTTPClient(self.clock, Redactor(), transport=self.transport)

    async def ask(self, host: str) -> type[ProviderError] | None:
        try:
            await self.client.send(request(f"http://{host}"), Deadline.after(self.clock, 1))
        except ProviderError as exc:
            return type(exc)
        return None


@pytest.mark.parametrize("cause", LOCAL, ids=["ENETUNREACH", "EMFILE", "EAI_AGAIN"])
async def test_a3_our_network_is_down(cause):
    """From the third host on within 15 s it is our own network."""
    outage = Outage(cause)
    assert await outage.ask("a.example") is Unreachable
    assert await outage.ask("b.example") is Unreachable
    assert await outage.ask("b.example") is Unreachable
    assert await outage.ask("c.example") is LocalNetwork
    assert await outage.ask("a.example") is LocalNetwork
    outage.clock.advance(16)
    assert await outage.ask("d.example") is Unreachable


async def test_a3_a_success_in_between():
    """One answer shows that the network is up."""
    outage = Outage(LOCAL[0])
    assert await outage.ask("a.example") is Unreachable
    assert await outage.ask("b.example") is Unreachable
    outage.transport.cause = None
    assert await outage.ask("c.example") is None
    outage.transport.cause = LOCAL[0]
    assert await outage.ask("d.example") is Unreachable


@pytest.mark.parametrize(
    ("cause", "hosts"),
    [
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
            ["a.example", "b.example", "c.example"],
        ),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), ["a.example", "b.example", "c.example"]),
        (LOCAL[0], ["127.0.0.1", "localhost", "127.0.0.2"]),
    ],
    ids=["refused", "no-name", "loopback"],
)
async def test_a3_not_our_network(cause, hosts):
    """Refusals, unknown names and loopback hosts say nothing of our network."""
    outage = Outage(cause)
    assert {await outage.ask(host) for host in hosts} == {Unreachable}


class Certificates:
    """A small authority and the certificates it gives out."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            self._builder(self.name, self.key, days=5)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, subject: x509.Name, key, *, days: int, issuer: x509.Name | None = None
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=10))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(identifier, critical=False)
            .add_extension(authority, critical=False)
        )

    def server(self, *, days: int = 5, address: str = "127.0.0.1", own: bool = False):
        """A server context; `own` signs it by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        issuer = subject if own else None
        builder = self._builder(subject, key, days=days, issuer=issuer).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        certificate = builder.sign(key if own else self.key, hashes.SHA256())
        file = self.folder / "server.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def certificates(tmp_path) -> Certificates:
    return Certificates(tmp_path)


async def over_tls(server: RawServer, certificates: Certificates, url: str | None = None):
    clock = SystemClock()
    async with SafeHTTPClient(clock, Redactor(), ca_file=str(certificates.file)) as client:
        return await client.send(request(url or server.url), Deadline.after(clock, 0.8))


async def test_tls(certificates):
    """A certificate of a trusted authority for the right name passes; the connection is kept."""
    clock = SystemClock()
    async with (
        RawServer(answering, context=certificates.server()) as server,
        SafeHTTPClient(clock, Redactor(), ca_file=str(certificates.file)) as client,
    ):
        for _ in range(3):
            reply = await client.send(request(server.url), Deadline.after(clock, 2))
            assert reply.status == 200
        assert server.connections == 1


async def answering(peer: Peer) -> None:
    while await peer.request():
        await peer.send(response())


@pytest.mark.parametrize(
    "options",
    [{"days": -1}, {"address": "10.1.1.1"}, {"own": True}],
    ids=["expired", "wrong-name", "self-signed"],
)
async def test_a13_bad_certificates(certificates, options):
    """An expired, foreign or unknown certificate ends the attempt; nothing is asked without one."""
    async with RawServer(answering, context=certificates.server(**options)) as server:
        with pytest.raises(TLSFailure):
            await over_tls(server, certificates)
        assert server.requests == []


async def test_a13_unknown_authority(certificates):
    """Without the extra authority the same certificate is refused."""
    clock = SystemClock()
    async with (
        RawServer(answering, context=certificates.server()) as server,
        SafeHTTPClient(clock, Redactor()) as client,
    ):
        with pytest.raises(TLSFailure):
            await client.send(request(server.url), Deadline.after(clock, 1))


async def test_a13_plain_text_on_a_tls_port(certificates):
    """Plain HTTP where TLS should be is a TLS failure."""

    async def handle(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await peer.hang()

    async with RawServer(handle) as server:
        with pytest.raises(TLSFailure):
            await over_tls(server, certificates, server.url.replace("http:", "https:"))


async def test_a13_peer_that_waits(certificates):
    """A peer that never shakes hands is a timeout."""
    async with RawServer(Peer.hang) as server:
        with pytest.raises(UpstreamTimeout):
            await over_tls(server, certificates, server.url.replace("http:", "https:"))


async def test_a13_peer_that_closes(certificates):
    """A peer that closes in the handshake is a failure of the source."""

    async def handle(peer: Peer) -> None:
        peer.close()

    async with RawServer(handle) as server:
        with pytest.raises((Disconnected, TLSFailure)):
            await over_tls(server, certificates, server.url.replace("http:", "https:"))
