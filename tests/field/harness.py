"""Cases from the field: what a source answers, what is asked of coinmux, and what must come."""

import asyncio
import email.utils
import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import httpx

from coinmux import Gateway
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.testing.raw_server import RawServer, response
from coinmux.server.app import create_app

#: A whole number of these makes the times of candles.
_ROUND_S = {"now": 1, "min": 60, "hour": 3600, "day": 86_400}


class Times:
    """The moments of a case, relative to the time it runs: `t.ms(-60)` is a minute ago."""

    def __init__(self) -> None:
        self._now = time.time()

    def _at(self, shift_s: float, since: str) -> float:
        step = _ROUND_S[since]
        start = self._now if step == 1 else self._now // step * step
        return start + shift_s

    def ms(self, shift_s: float = 0, since: str = "now") -> int:
        """Unix milliseconds."""
        return int(self._at(shift_s, since) * 1000)

    def s(self, shift_s: float = 0, since: str = "now") -> int:
        """Unix seconds."""
        return int(self._at(shift_s, since))

    def iso(self, shift_s: float = 0, since: str = "now") -> str:
        """An ISO time in UTC."""
        moment = datetime.fromtimestamp(int(self._at(shift_s, since)), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def rfc(self, shift_s: float = 0) -> str:
        """A date as feeds write it."""
        return email.utils.formatdate(self._at(shift_s, "now"), usegmt=True)


@dataclass(frozen=True)
class Reply:
    """What the source answers where `match` is part of the target it is asked for.

    A `body` of text goes out as it stands, in `encoding`, anything else as JSON.
    """

    match: str
    body: Any
    status: int = 200
    encoding: str = "utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def wire(self) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        headers = dict(self.headers)
        kind = headers.pop("Content-Type", "application/json")
        return response(
            text.encode(self.encoding),
            status=f"{self.status} Whatever",
            headers=headers.items(),
            content_type=kind,
        )


@dataclass(frozen=True)
class Case:
    """One condition.

    Attributes:
        name: of the test.
        why: what came, and what is right.
        provider: the one source there is; "" if none is asked.
        path: what is asked for, query included.
        replies: made from the time of the run.
        status: the HTTP statuses that are right.
        data: dotted path into `data` -> the right value, or a check of it; `#` is a length.
        meta: likewise into `meta`.
        code: of the problem, where one is right.
        body: of a POST.
        asks: whether the source is asked at all.
    """

    name: str
    why: str
    provider: str
    path: str
    replies: Callable[[Times], Sequence[Reply]] = lambda t: ()
    status: tuple[int, ...] = (200,)
    data: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None
    body: Any = None
    settings: Mapping[str, str] = field(default_factory=dict)
    asks: bool = True


@asynccontextmanager
async def coinmux_over(provider: str, replies: Sequence[Reply], **settings: str):
    """The application with one source, which gives `replies`: `.client`, `.gateway`, `.asked`."""
    wires = [(reply.match, reply.wire()) for reply in replies]
    asked: list[str] = []

    async def handle(peer: Any) -> None:
        while request := await peer.request():
            target = unquote(request.split(maxsplit=2)[1].decode("ascii"))
            asked.append(target)
            found = [wire for match, wire in wires if match in target]
            await peer.send(found[0] if found else response(b"{}", status="404 Not Found"))

    async with RawServer(handle) as upstream:
        environ = {"CHECKER": "off", "ARCHIVE": "off"}
        if provider:
            environ |= _settings_of(provider, upstream.url)
        environ |= settings
        gateway = Gateway.from_env(None, environ=environ)
        assert await gateway.wait_loaded() == []
        app = create_app(gateway)
        async with _running(app):
            transport = httpx.ASGITransport(app)
            base = "http://127.0.0.1:7860"
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                yield SimpleNamespace(client=client, gateway=gateway, asked=asked)


def _settings_of(provider: str, url: str) -> dict[str, str]:
    """The environment that leads to `url` and nowhere else, with any keys."""
    (found,) = PluginLoader().discover(allow=(provider,))
    plugin: Any = found.load()
    info = plugin.provider_info()
    prefix = provider.upper()
    settings = {
        "PROVIDERS_ONLY": provider,
        f"{prefix}_BASE_URL": url,
        f"{prefix}_RATE_LIMIT": "off",
    }
    for name in [*info.hosts, *(channel.name for channel in info.channels)]:
        settings[f"{prefix}_BASE_URL_{name.upper()}"] = f"{url}/~{name}"
    for variable in info.env:
        settings[variable.name] = "a-key-of-this-case-0000"
    return settings


@asynccontextmanager
async def _running(app: Any):
    inbound: asyncio.Queue[Any] = asyncio.Queue()
    outbound: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.ensure_future(app({"type": "lifespan", "asgi": {}}, inbound.get, outbound.put))
    await inbound.put({"type": "lifespan.startup"})
    assert (await outbound.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await inbound.put({"type": "lifespan.shutdown"})
        assert (await outbound.get())["type"] == "lifespan.shutdown.complete"
        await task


async def run(case: Case) -> None:
    """Ask, and compare."""
    async with coinmux_over(case.provider, case.replies(Times()), **case.settings) as world:
        if case.body is None:
            answer = await world.client.get(case.path)
        else:
            answer = await world.client.post(case.path, json=case.body)
        came = answer.json()
        came.get("meta", {}).setdefault("rows_left_out", 0)
        assert case.asks or not world.asked, world.asked
        assert answer.status_code in case.status, came
        if answer.status_code != 200:
            assert case.code is None or came["code"] == case.code, came
            return
        for part, wanted in (("data", case.data), ("meta", case.meta)):
            for place, value in wanted.items():
                found = _at(came[part], place)
                right = value(found) if callable(value) else _same(found, value)
                assert right, (part, place, found, came)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and isinstance(found, float):
        return math.isclose(found, wanted, rel_tol=1e-12)
    return bool(found == wanted)


def _at(value: Any, place: str) -> Any:
    for step in place.split("."):
        if step == "#":
            value = len(value)
        else:
            value = value[int(step) if re.fullmatch(r"\d+", step) else step]
    return value
