"""Plays samples to providers that ask channels, post JSON or read feeds, through the real `HTTP`.

Exchanges are matched by what they ask, not by their order: channels may be asked at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from framework import CAPABILITIES, HTTP, CoinmuxError, Deadline, Result
from framework.assets import AssetDirectory, AssetTable
from framework.client import RawReply
from framework.plausibility import check
from framework.redact import Redactor
from framework.source import BoundSource, Endpoint, OpenGate
from framework.testing.clock import FakeClock
from tests.plugins.sample_replay import provider


class ChannelClient:
    """Answers each exchange of a sample once, whichever is asked for first."""

    def __init__(self, source: BoundSource, exchanges: list[dict[str, Any]]) -> None:
        self.redactor = Redactor()
        self.heads: list[str] = []
        self.left = list(exchanges)
        self._source = source

    async def send(self, request: Any, deadline: Deadline) -> RawReply:
        for exchange in self.left:
            if self._asks(request, exchange["request"]):
                self.left.remove(exchange)
                self.heads.append(request.head.decode("latin-1"))
                return _reply(exchange["response"])
        raise AssertionError(f"a request no exchange answers: {request.method} {request.target}")

    def _asks(self, request: Any, wanted: Mapping[str, Any]) -> bool:
        endpoint = self._endpoint(wanted)
        parts = urlsplit(request.target)
        sent = dict(parse_qsl(parts.query, keep_blank_values=True))
        params = wanted["params"]
        body = json.loads(request.body) if request.body else None
        return (
            request.origin == endpoint.origin
            and request.method == wanted["method"]
            and parts.path == ((endpoint.prefix + wanted["path"]) or "/")
            and sent.keys() == params.keys()
            and all(params[name] in ("*", value) for name, value in sent.items())
            and body == wanted["json"]
        )

    def _endpoint(self, wanted: Mapping[str, Any]) -> Endpoint:
        if wanted["channel"] is not None:
            return self._source.channels[wanted["channel"]]
        return (
            self._source.endpoint if wanted["host"] is None else self._source.hosts[wanted["host"]]
        )


def _reply(response: Mapping[str, Any]) -> RawReply:
    text = response["text"] if "text" in response else json.dumps(response["body"])
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return RawReply(response["status"], headers, text.encode())


def bound(name: str, values: Mapping[str, str] | None = None) -> tuple[BoundSource, FakeClock]:
    """The provider at its declared addresses; one without `map_error` will do."""
    module, clock = provider(name), FakeClock()
    info = module.provider_info()
    source = BoundSource.of(
        info,
        values=dict(values or {}),
        gate=OpenGate(),
        map_error=getattr(module, "map_error", None),
        assets=AssetDirectory(info.name, AssetTable.shipped(), clock),
        clock=clock,
    )
    return source, clock


async def ask_channels(
    name: str,
    capability: str,
    query: Mapping[str, Any],
    exchanges: list[dict[str, Any]],
    values: Mapping[str, str] | None = None,
) -> tuple[Result, ChannelClient]:
    """What the provider makes of these exchanges, held to the rules of plausibility."""
    source, clock = bound(name, values)
    row = CAPABILITIES[capability]
    question = row.query.model_validate(dict(query))
    client = ChannelClient(source, exchanges)
    http = HTTP(source, client, Deadline.after(clock, 4), question)  # type: ignore[arg-type]
    result = await getattr(provider(name), row.hook)(query=question, http=http)
    return check(row, question, result, clock.wall_ms()), client


async def play_channels(name: str, sample: Mapping[str, Any]) -> Result | None:
    """Play one sample and hold it to its outcome; the result where that is `ok`.

    A misread body raises what Python raises; outside a Gateway nobody turns that into
    `upstream_schema`.
    """
    call = ask_channels(name, sample["capability"], sample["query"], sample["exchanges"])
    if sample["outcome"] != "ok":
        with pytest.raises((CoinmuxError, ValueError, KeyError, TypeError)) as caught:
            await call
        code = getattr(caught.value, "code", "upstream_schema")
        assert code == sample["outcome"], str(caught.value)
        return None
    result, client = await call
    assert not client.left, "a request of the sample was not made"
    shown = json.loads(result.encode())
    for field, value in sample.get("expect", {}).items():
        assert shown[field] == value, field
    return result
