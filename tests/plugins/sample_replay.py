"""Samples and recordings for tests of built-in providers, played by the kit's replayer."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from coinmux import CAPABILITIES, CoinmuxError, Reply, Result
from coinmux.framework.quality.plausibility import check
from coinmux.framework.sources import response_errors
from coinmux.framework.sources.binding import BoundSource
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.conformance import ReplayClient, bind, call

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT.parent / "shared" / "recordings"


def provider(name: str) -> ModuleType:
    return importlib.import_module(f"coinmux.plugins.providers.{name}")


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


def bound(name: str, values: Mapping[str, str] | None = None) -> tuple[BoundSource, FakeClock]:
    """The provider at its declared addresses, with the shipped table and a clock that stands."""
    module = provider(name)
    return bind(module.provider_info(), getattr(module, "map_error", None), values)


class ScriptedClient(ReplayClient):
    """The replayer with header lines as they go out."""

    @property
    def heads(self) -> list[bytes]:
        return [request.headers.wire for request in self.requests]


async def ask(
    name: str,
    capability: str,
    query: Mapping[str, Any],
    exchanges: list[dict[str, Any]],
    values: Mapping[str, str] | None = None,
    client_type: type[ReplayClient] = ScriptedClient,
) -> tuple[Result, ReplayClient]:
    """What the provider makes of these exchanges, held to the rules of plausibility."""
    source, clock = bound(name, values)
    row = CAPABILITIES[capability]
    question = row.query.model_validate(dict(query))
    client = client_type(source, exchanges)
    result = await call(getattr(provider(name), row.hook), question, source, client)
    return check(row, question, result, clock.wall_ms()), client


async def play(name: str, sample: Mapping[str, Any]) -> Result | None:
    """Play one sample and hold it to its outcome; the result where that is `ok`.

    A misread body raises what Python raises; outside a Gateway nobody turns that into
    `upstream_schema`.
    """
    asked = ask(name, sample["capability"], sample["query"], sample["exchanges"])
    if sample["outcome"] != "ok":
        with pytest.raises((CoinmuxError, ValueError, KeyError, TypeError)) as caught:
            await asked
        code = getattr(caught.value, "code", "upstream_schema")
        assert code == sample["outcome"], str(caught.value)
        return None
    result, client = await asked
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


def mapped_reply(name: str, reply: Reply, query: Any = None) -> Any:
    """What a reply is by the provider's table and `map_error`, or else by its status or body."""
    module = provider(name)
    info = module.provider_info()
    error = response_errors.read(info, getattr(module, "map_error", None), reply, query)
    if error is None and reply.status == 200:
        return response_errors.from_body(reply.body)
    has_key = any(variable.required for variable in info.env)
    return error or response_errors.from_status(
        reply.status, is_json=reply.is_json, has_key=has_key, said=""
    )


def mapped(
    name: str,
    status: int,
    body: Any,
    query: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    is_json: bool | None = None,
) -> Any:
    """The same of a reply with this status and body; text is no JSON where it is not said."""
    if is_json is None:
        is_json = not isinstance(body, str)
    return mapped_reply(name, Reply(status, body, is_json, headers or {}), query)
