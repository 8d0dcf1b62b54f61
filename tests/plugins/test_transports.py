"""Every built-in provider's samples over both transports: real sockets, real parsing."""

from __future__ import annotations

import json
import ssl

import httpx
import pytest

from coinmux import CAPABILITIES, CoinmuxError
from coinmux.framework.clock import SystemClock
from coinmux.framework.quality.plausibility import check
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.conformance import ReplayClient, call
from coinmux.framework.testing.raw_server import Peer, RawServer, response
from coinmux.framework.transport.address_guard import Origin
from coinmux.framework.transport.client import SafeHTTPClient
from coinmux.framework.transport.guarded import GuardedTransport
from coinmux.framework.transport.httpx_objects import ORIGIN, outgoing_of
from coinmux.framework.transport.httpx_transport import HTTPXTransport
from tests.plugins.sample_replay import ROOT, bound, provider

PROVIDERS = sorted(path.parent.name for path in (ROOT / "plugins/providers").glob("*/samples"))
NUMBER = b"x-test-exchange"


class ToLoopback(httpx.AsyncBaseTransport):
    """Sends each request to one loopback server, which answers it as the replayer does.

    A transport around a transport: the source is asked at its declared address.

    Attributes:
        replay: of the sample that is played now.
        pages: answers as they go over the wire, by number of the request.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.port = 0
        self.replay: ReplayClient | None = None
        self.pages: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.replay.send(await outgoing_of(request), None)
        kind = answer.headers.pop("content-type", "application/json")
        lines = [(k, v) for k, v in answer.headers.items() if k != "content-length"]
        status = f"{answer.status} {httpx.codes.get_reason_phrase(answer.status) or 'X'}"
        request.headers[NUMBER.decode()] = str(len(self.pages))
        self.pages.append(response(answer.body, status=status, content_type=kind, headers=lines))
        request.extensions[ORIGIN] = Origin("http", "127.0.0.1", self.port, allowed=True)
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return await self.inner.handle_async_request(request)

    async def answer(self, peer: Peer) -> None:
        while asked := await peer.request():
            number = asked.lower().split(NUMBER + b": ")[1].split(b"\r\n")[0]
            await peer.send(self.pages[int(number)])

    async def aclose(self) -> None:
        await self.inner.aclose()


async def play(name: str, sample: dict, way: ToLoopback, client: SafeHTTPClient) -> None:
    source, clock = bound(name)
    row = CAPABILITIES[sample["capability"]]
    question = row.query.model_validate(sample["query"])
    way.replay = ReplayClient(source, sample["exchanges"])
    asked = call(getattr(provider(name), row.hook), question, source, client)
    if sample["outcome"] != "ok":
        with pytest.raises((CoinmuxError, ValueError, KeyError, TypeError)) as caught:
            check(row, question, await asked, clock.wall_ms())
        code = getattr(caught.value, "code", "upstream_schema")
        assert code == sample["outcome"], str(caught.value)
        return
    result = check(row, question, await asked, clock.wall_ms())
    assert way.replay.is_done, "a request of the sample was not made"
    shown = json.loads(result.encode())
    for field, value in sample.get("expect", {}).items():
        assert shown[field] == value, field


@pytest.fixture(scope="module")
def trust() -> ssl.SSLContext:
    """Made once: reading the certificates takes longer than a provider's samples."""
    return ssl.create_default_context()


@pytest.mark.parametrize("transport", ["guarded", "httpx"])
@pytest.mark.parametrize("name", PROVIDERS)
async def test_samples_over_both_transports(name, transport, trust):
    """Whichever transport carries them, the same answers come to the same result."""
    way = ToLoopback(GuardedTransport() if transport == "guarded" else HTTPXTransport(trust))
    async with (
        RawServer(way.answer) as server,
        SafeHTTPClient(SystemClock(), Redactor(), transport=way) as client,
    ):
        way.port = server.port
        for path in sorted((ROOT / "plugins/providers" / name / "samples").glob("*.json")):
            await play(name, json.loads(path.read_text()), way, client)
