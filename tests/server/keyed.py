"""An application with keys, over providers that are asked over HTTP."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx

from coinmux import Gateway, ProviderInfo, RateLimit, Ticker, hookimpl
from coinmux.framework.config.api_keys import Consumer, digest_of, new_key
from coinmux.framework.plugins.discovery import in_process
from coinmux.server.app import create_app
from tests.server.conftest import running

TICKER = "/api/market/ticker?max_age_s=0&symbol="
KEYS = {name: new_key() for name in ("alice", "bob", "carol")}


def line(*consumers):
    """`API_KEYS` of these: a name each, or a name and what a `Consumer` takes."""
    made = [(one, {}) if isinstance(one, str) else one for one in consumers]
    return ",".join(Consumer(name, digest_of(KEYS[name]), **limits).line() for name, limits in made)


def bearer(name):
    """The headers of a request with the key of that consumer."""
    return {"Authorization": f"Bearer {KEYS[name]}"}


class Asked:
    """A provider of tickers that sends one request for each."""

    def __init__(self, name, priority=10, quota=None, weight=1):
        limits = () if quota is None else (RateLimit(quota, per_s=86_400),)
        self.weight = weight
        self.info = ProviderInfo(
            name=name, title=name.title(), category="market", base_url=f"https://{name}.example",
            priority=priority, rate_limits=limits,
        )  # fmt: skip

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_ticker(self, query, http):
        body = await http.get_json("/ticker", weight=self.weight)
        return Ticker(symbol=query.symbol, timestamp=body["t"], last=1.0)


def gateway_of(clock, settings, *plugins, reply=None):
    """A gateway of these, answered by `reply` or at once."""

    def answer(request):
        return httpx.Response(200, json={"t": clock.wall_ms()})

    return Gateway.from_env(
        None,
        environ={"CHECKER": "off", **settings},
        found=[in_process(one.info.name, one) for one in plugins],
        clock=clock,
        transport=httpx.MockTransport(reply or answer),
    )


@asynccontextmanager
async def keyed(clock, settings, *plugins, peer="192.0.2.7", reply=None):
    """The application, with a client from `peer`, which is not this machine."""
    gateway = gateway_of(clock, settings, *(plugins or (Asked("acme"),)), reply=reply)
    edge = create_app(gateway)
    async with running(edge):
        base = "http://127.0.0.1:7860"

        def client(address):
            transport = httpx.ASGITransport(edge, client=(address, 50_000))
            return httpx.AsyncClient(transport=transport, base_url=base)

        async with client(peer) as far, client("127.0.0.1") as near:
            yield SimpleNamespace(client=far, near=near, gateway=gateway, edge=edge, clock=clock)
