"""Plays samples and recordings to a provider's hooks through the real `HTTP`, without sockets."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from framework import CAPABILITIES, HTTP, CoinmuxError, Deadline, Reply, Result
from framework.assets import AssetDirectory, AssetTable
from framework.client import RawReply
from framework.plausibility import check
from framework.redact import Redactor
from framework.source import BoundSource, OpenGate
from framework.testing.clock import FakeClock

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT.parent / "shared" / "recordings"


def provider(name: str) -> ModuleType:
    return importlib.import_module(f"plugins.providers.{name}")


def samples(name: str) -> list[Any]:
    """The provider's samples, as parameters of a test."""
    folder = ROOT / "plugins" / "providers" / name / "samples"
    found = sorted(folder.glob("*.json"))
    assert found, f"{name} has no samples"
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in found]


def recording(name: str, case: str) -> dict[str, Any]:
    """One recorded answer; the test is skipped where the recordings are not at hand."""
    path = RECORDINGS / name / f"{case}.json"
    if not path.exists():
        pytest.skip(f"no recordings beside this tree: {path.name}")
    held: dict[str, Any] = json.loads(path.read_text())
    return held


class ScriptedClient:
    """Answers the exchanges of a sample, each once and in order, and refuses any other request."""

    def __init__(self, source: BoundSource, exchanges: list[dict[str, Any]]) -> None:
        self.redactor = Redactor()
        self.heads: list[bytes] = []
        self._source = source
        self._left = list(exchanges)

    @property
    def is_done(self) -> bool:
        return not self._left

    async def send(self, request: Any, deadline: Deadline) -> RawReply:
        assert self._left, f"one request too many: {request.target}"
        exchange = self._left.pop(0)
        wanted, response = exchange["request"], exchange["response"]
        host = wanted["host"]
        endpoint = self._source.endpoint if host is None else self._source.hosts[host]
        assert request.origin == endpoint.origin
        assert request.method == wanted["method"]
        parts = urlsplit(request.target)
        assert parts.path == endpoint.prefix + wanted["path"]
        sent = dict(parse_qsl(parts.query, keep_blank_values=True))
        assert sent.keys() == wanted["params"].keys()
        assert all(wanted["params"][name] in ("*", value) for name, value in sent.items())
        self.heads.append(request.head)
        text = response["text"] if "text" in response else json.dumps(response["body"])
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return RawReply(response["status"], headers, text.encode())


def bound(name: str, values: Mapping[str, str] | None = None) -> tuple[BoundSource, FakeClock]:
    """The provider at its declared addresses, with the shipped table and a clock that stands."""
    module = provider(name)
    clock = FakeClock()
    info = module.provider_info()
    source = BoundSource.of(
        info,
        base_url_override=None,
        values=dict(values or {}),
        gate=OpenGate(),
        map_error=module.map_error,
        assets=AssetDirectory(info.name, AssetTable.shipped(), clock),
        clock=clock,
    )
    return source, clock


async def ask(
    name: str,
    capability: str,
    query: Mapping[str, Any],
    exchanges: list[dict[str, Any]],
    values: Mapping[str, str] | None = None,
) -> tuple[Result, ScriptedClient]:
    """What the provider makes of these exchanges, held to the rules of plausibility."""
    source, clock = bound(name, values)
    row = CAPABILITIES[capability]
    question = row.query.model_validate(dict(query))
    client = ScriptedClient(source, exchanges)
    http = HTTP(source, client, Deadline.after(clock, 4), question)  # type: ignore[arg-type]
    result = await getattr(provider(name), row.hook)(query=question, http=http)
    return check(row, question, result, clock.wall_ms()), client


async def play(name: str, sample: Mapping[str, Any]) -> Result | None:
    """Play one sample and hold it to its outcome; the result where that is `ok`."""
    call = ask(name, sample["capability"], sample["query"], sample["exchanges"])
    if sample["outcome"] != "ok":
        with pytest.raises(CoinmuxError) as caught:
            await call
        assert caught.value.code == sample["outcome"], str(caught.value)
        return None
    result, client = await call
    assert client.is_done, "a request of the sample was not made"
    shown = json.loads(result.encode())
    for field, value in sample.get("expect", {}).items():
        assert shown[field] == value, field
    return result


def exchange(
    path: str,
    params: Mapping[str, str],
    body: Any,
    *,
    status: int = 200,
    host: str | None = None,
) -> dict[str, Any]:
    """One exchange in the form samples have."""
    return {
        "request": {"method": "GET", "path": path, "params": dict(params), "host": host},
        "response": {"status": status, "headers": {}, "body": body},
    }


def mapped(name: str, status: int, body: Any, query: Any = None) -> Exception | None:
    """What the provider's `map_error` says of a JSON reply."""
    error: Exception | None = provider(name).map_error(Reply(status, body, True, {}), query)
    return error
