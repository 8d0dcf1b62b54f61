"""Keys: planted, echoed by a hostile source, and looked for wherever text comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.gateway import Gateway
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.simulator.player import PlayedAnswer
from coinmux.framework.testing.conformance.border import play
from coinmux.framework.testing.conformance.check import Case, NotApplicable
from coinmux.framework.testing.conformance.local_server import LocalSource

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.framework.simulator.http_server import Request
    from coinmux.framework.testing.conformance.subject import Subject

_STATUSES = (200, 400, 401, 403, 429, 500)
_JSON = {"content-type": "application/json"}


def no_leak(subject: Subject) -> Sequence[Case]:
    """Keys go where they are declared to go, and come out nowhere."""
    if not any(variable.secret for variable in subject.info.env):
        raise NotApplicable("it reads no key")
    return [Case(name, _keeps(subject, name)) for name in subject.served]


def _keeps(subject: Subject, capability: str) -> Any:
    async def run() -> str | None:
        query = subject.question(capability)
        if query is None:
            raise NotApplicable(f"no question for {capability} is known: it takes a sample")
        for keys in (subject.required_keys(), subject.all_keys()):
            wrong = await _echoed(subject, capability, query, keys)
            if wrong is not None:
                return wrong
        return await _in_results(subject, capability)

    return run


async def _echoed(
    subject: Subject, capability: str, query: Query, keys: dict[str, str]
) -> str | None:
    """Ask a source that repeats every key it knows of, with one status after another."""
    secrets = [keys[v.name] for v in subject.info.env if v.secret and v.name in keys]
    status = 200

    def answer(request: Request) -> PlayedAnswer:
        said = f"Invalid API key {' '.join(secrets)} in {request.target}"
        body = {"error": said, "message": said, "msg": said, "code": -1, "status": "error"}
        return PlayedAnswer(status, _JSON, json.dumps(body).encode())

    async with LocalSource(subject.info, answer) as server:
        environ = {
            **keys,
            **server.overrides(),
            "CHECKER": "off",
            f"{subject.info.name.upper()}_RATE_LIMIT": "off",
        }
        found = [in_process(subject.name, subject.plugin)]
        async with Gateway.from_env(None, environ=environ, found=found) as gateway:
            for status in _STATUSES:
                shown = await _shown(gateway, subject.info.name, capability, query)
                for text in shown:
                    if _holds(text, secrets):
                        return f"a key echoed with HTTP {status} comes out in: {text[:60]!r}…"
        return _misplaced(subject, server.requests, keys)


async def _shown(gateway: Gateway, name: str, capability: str, query: Query) -> list[str]:
    """All text a question leaves behind: the error, events, and what the gateway shows."""
    gateway.health.reset(name)
    gateway.cache.clear()
    shown = []
    try:
        answer = await gateway.fetch(capability, query, RequestOptions(provider=name, max_age_s=0))
        shown.append(answer.data.encode().decode())
    except CoinmuxError as error:
        shown += [str(error), repr(error), json.dumps(error.extra, default=str)]
    shown += [
        f"{e.message} {json.dumps(dict(e.detail), default=str)}" for e in gateway.events.recent()
    ]
    shown.append(msgspec.json.encode(gateway.provider(name)).decode())
    shown.append(msgspec.json.encode(gateway.source_health_of(name)).decode())
    return shown


def _holds(text: str, secrets: Sequence[str]) -> bool:
    """Whether a secret stands in a text, or half of one: a cut key is a leak too."""
    return any(
        part in text
        for secret in secrets
        for part in (secret, quote(secret, safe=""), secret[-16:-8], secret[-8:])
    )


def _misplaced(subject: Subject, requests: list[Request], keys: dict[str, str]) -> str | None:
    """A key that travels elsewhere than declared: in an address it ends up in logs."""
    for variable in subject.info.env:
        value = keys.get(variable.name)
        if not variable.secret or value is None or not variable.send_as:
            continue
        place, _, name = variable.send_as.partition(":")
        for request in requests:
            parts = urlsplit(request.target)
            sent = dict(parse_qsl(parts.query, keep_blank_values=True))
            if place == "query":
                sent.pop(name, None)
            if _holds(parts.path, [value]) or _holds(json.dumps(sent), [value]):
                return (
                    f"{variable.name} is declared as {variable.send_as} and stands in the address"
                )
    return None


async def _in_results(subject: Subject, capability: str) -> str | None:
    """Play what ends well: no key may stand in a result or its notes."""
    secrets = [subject.all_keys()[v.name] for v in subject.info.env if v.secret]
    for sample in subject.of_capability(capability, ok=True):
        ended, _ = await play(subject, sample)
        if ended.result is None:
            continue
        text = ended.result.encode().decode() + " ".join(ended.result.notes)
        if _holds(text, secrets):
            return f"a key stands in the result of {sample.file}"
    return None
