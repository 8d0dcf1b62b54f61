"""Plays the exchanges of samples to a provider's hooks through the real `HTTP`, without sockets.

Exchanges are matched by what they ask: hosts, channels, posts and feeds alike, asked one after
another or at once. Each is answered once; of two that ask the same, the first comes first.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from coinmux.framework.clock import Deadline
from coinmux.framework.models.base import Query, Result
from coinmux.framework.reference.assets import AssetDirectory, AssetTable
from coinmux.framework.samples.format import ANY, Exchange, SampleRequest, SampleResponse
from coinmux.framework.secrets import Redactor, Secret
from coinmux.framework.sources.binding import BoundSource
from coinmux.framework.sources.http import HTTP
from coinmux.framework.testing.bind import OpenGate
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.transport.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coinmux.framework.plugins.provider_info import ProviderInfo
    from coinmux.framework.samples.format import SampleInput
    from coinmux.framework.sources.binding import MapError
    from coinmux.framework.transport.endpoint import Endpoint
    from coinmux.framework.transport.messages import Outgoing


class Unexpected(AssertionError):
    """A request that no exchange answers."""


class ReplayClient:
    """Stands in for `SafeHTTPClient`: answers each exchange once, whichever is asked for first.

    Args:
        source: whose addresses are asked.
        exchanges: as samples have them, read or as plain JSON.

    Attributes:
        left: exchanges that were not requested yet.
        requests: what was asked, in order.
        strays: requests that no exchange answers, in words.
        left_inputs: what a derived source did not ask others for.
    """

    def __init__(
        self, source: BoundSource, exchanges: Iterable[Exchange | Mapping[str, Any]]
    ) -> None:
        self.redactor = Redactor()
        self.on_date = None  # no clock of a source is compared with ours
        self.charge = None
        self.left = [
            one if isinstance(one, Exchange) else Exchange.model_validate(one) for one in exchanges
        ]
        self.requests: list[Outgoing] = []
        self.strays: list[str] = []
        self.left_inputs: list[SampleInput] = []
        self._source = source
        self._keys = key_parameters(source.info)

    @property
    def is_done(self) -> bool:
        """Whether every exchange was asked for."""
        return not self.left

    @property
    def heads(self) -> list[str]:
        """Header lines of each request."""
        return [request.headers.wire.decode("latin-1") for request in self.requests]

    async def send(self, request: Outgoing, deadline: Deadline) -> Answer:
        """The answer of the first exchange that asks this.

        Raises:
            Unexpected: there is none.
        """
        await asyncio.sleep(0)  # as over a network, others get their turn
        self.requests.append(request)
        for exchange in self.left:
            if asks(request, exchange.request, self._source, self._keys):
                self.left.remove(exchange)
                return reply_of(exchange.response)
        method, target = request.method, request.target
        self.strays.append(f"{method} {urlsplit(target).path}")
        raise Unexpected(f"a request no exchange answers: {method} {target}")


def key_parameters(info: ProviderInfo) -> frozenset[str]:
    """Parameters that keys travel in; samples are written without them."""
    return frozenset(
        variable.send_as.partition(":")[2]
        for variable in info.env
        if variable.send_as.startswith("query:")
    )


def asks(
    request: Outgoing,
    wanted: SampleRequest,
    source: BoundSource,
    keys: frozenset[str] = frozenset(),
) -> bool:
    """Whether a request is the one a sample tells of; `*` there stands for any value."""
    endpoint = endpoint_of(source, wanted)
    if endpoint is None or request.origin != endpoint.origin or request.method != wanted.method:
        return False
    parts = urlsplit(request.target)
    own = endpoint.prefix.rstrip("/") + wanted.path if wanted.path else endpoint.prefix
    if not _same_path(parts.path, own or "/"):
        return False
    sent = dict(parse_qsl(parts.query, keep_blank_values=True))
    asked = {**dict(parse_qsl(endpoint.query, keep_blank_values=True)), **wanted.params}
    sent = {name: value for name, value in sent.items() if name not in keys}
    asked = {name: value for name, value in asked.items() if name not in keys}
    if sent.keys() != asked.keys() or any(asked[n] not in (ANY, v) for n, v in sent.items()):
        return False
    body = json.loads(request.body) if request.body else None
    return same_json(body, wanted.json_body)


def endpoint_of(source: BoundSource, wanted: SampleRequest) -> Endpoint | None:
    """The address a sample's request goes to; None for one that is not declared."""
    if wanted.channel is not None:
        return source.channels.get(wanted.channel)
    return source.endpoint if wanted.host is None else source.hosts.get(wanted.host)


def _same_path(path: str, wanted: str) -> bool:
    mine, theirs = path.split("/"), wanted.split("/")
    return len(mine) == len(theirs) and all(
        w in (ANY, m) for m, w in zip(mine, theirs, strict=True)
    )


def same_json(sent: Any, wanted: Any, name: str = "") -> bool:
    """Whether two bodies ask the same; `*` is any value, and so is the `id` of a JSON-RPC call."""
    if wanted == ANY or (name == "id" and type(sent) in (int, str)):
        return True
    if isinstance(wanted, dict) and isinstance(sent, dict):
        is_call = "jsonrpc" in wanted
        return wanted.keys() == sent.keys() and all(
            same_json(sent[key], value, key if is_call else "") for key, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(sent, list):
        return len(wanted) == len(sent) and all(map(same_json, sent, wanted))
    return type(sent) is type(wanted) and bool(sent == wanted)


def reply_of(response: SampleResponse) -> Answer:
    """A sample's response as the client would give it."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.text is not None:
        body = response.text.encode()
    else:
        body = json.dumps(response.body).encode() if response.has_body else b""
    return Answer(response.status, headers, body)


def bind(
    info: ProviderInfo,
    map_error: MapError | None,
    values: Mapping[str, str] | None = None,
    *,
    now_ms: int = 1_764_000_000_000,
) -> tuple[BoundSource, FakeClock]:
    """A provider at its declared addresses, with the shipped table and a clock that stands."""
    clock = FakeClock(wall_ms=now_ms)
    source = BoundSource.of(
        info,
        values={name: Secret(value) for name, value in (values or {}).items()},
        gate=OpenGate(),
        map_error=map_error,
        assets=AssetDirectory(info.name, AssetTable.shipped(), clock),
        clock=clock,
    )
    return source, clock


async def call(
    fetch: Any, query: Query, source: BoundSource, client: ReplayClient, timeout_s: float = 4.0
) -> Result:
    """What a fetch hook itself makes of what `client` answers, without the border of an attempt.

    Raises:
        Unexpected: it asks something else.
        Exception: whatever the hook raises.
    """
    deadline = Deadline.after(source.clock, timeout_s)
    http = HTTP(source, client, deadline, query)  # type: ignore[arg-type]
    result: Result = await fetch(query=query, http=http)
    return result
