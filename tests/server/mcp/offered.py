"""The door over gateways that a test makes, and a client of the SDK at it."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import msgspec
from mcp import Client

from coinmux import (
    Capability,
    Freshness,
    Gateway,
    IndicatorInfo,
    Output,
    ProviderInfo,
    Query,
    Result,
    hookimpl,
    hookspec,
)
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.mcp.door import Door
from coinmux.server.mcp.session import session_server
from coinmux.server.mcp.visits import OwnVisits
from tests.server.scripted import ScriptedProvider

SEVEN = ("sma", "ema", "rsi", "macd", "atr", "stoch_rsi", "bollinger_bands")


class Offered(SimpleNamespace):
    """What a client of the SDK meets."""

    async def call(self, tool, /, **arguments):
        """The first line of a result, its JSON, and whether it is an error."""
        result = await self.client.call_tool(tool, arguments)
        (content,) = result.content
        line, _, body = content.text.partition("\n")
        return SimpleNamespace(
            line=line, body=msgspec.json.decode(body), is_error=result.is_error, text=content.text
        )

    async def names(self):
        return [one.name for one in (await self.client.list_tools()).tools]


@asynccontextmanager
async def offered(_settings=None, _found=(), _info=None, _kind=Gateway, **scripts):
    """A client in memory, at a door to scripted providers and to further plugins."""
    clock = FakeClock()
    plugins = {
        name: ScriptedProvider(name, script, clock, priority=at * 10, **(_info or {}).get(name, {}))
        for at, (name, script) in enumerate(scripts.items())
    }
    found = [
        *(in_process(name, one) for name, one in plugins.items()),
        *PluginLoader().discover(allow=SEVEN),
        *_found,
    ]
    environ = {"CHECKER": "off", **(_settings or {})}
    gateway = _kind.from_env(None, environ=environ, found=found, clock=clock)
    assert await gateway.wait_loaded() == []
    door = Door(gateway, OwnVisits(gateway))

    async def ready():
        return door

    async with gateway, Client(session_server(ready)) as client:
        yield Offered(client=client, gateway=gateway, plugins=plugins, door=door, clock=clock)


class Funding(Result):
    """What holders of perpetual contracts pay each other."""

    contract: str
    payments: list[dict[str, float | int | str]]


class FundingQuery(Query[Funding]):
    """The funding of one contract."""

    contract: str
    past: int = 3


class FundingSpec:
    """A stranger's capability."""

    @hookspec
    def fetch_funding(self, query, http):
        """The funding of a contract."""

    @hookimpl
    def coinmux_capabilities(self):
        freshness = Freshness(60, 0, 60)
        return [
            Capability(
                "funding", FundingQuery, Funding, freshness, description="Funding of a contract"
            )
        ]


class Perpetuals:
    """The provider of it."""

    def __init__(self, payments):
        self.payments = payments

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="perps", title="Perps", category="market", base_url="https://p.example"
        )

    @hookimpl
    async def fetch_funding(self, query, http):
        rows = [
            {
                "timestamp": 1_764_000_000_000 + at * 28_800_000,
                "rate": at / 10_000.0,
                "side": "long",
            }
            for at in range(self.payments)
        ]
        return Funding(contract=query.contract, payments=rows)


class Doubled:
    """A stranger's indicator."""

    @hookimpl
    def indicator_info(self):
        return IndicatorInfo(
            name="twice-close", title="Twice the close", group="Toys of strangers",
            outputs=(Output("twice"),), minimum=lambda values: 1, inputs=("close",),
            formula="2 x close",
        )  # fmt: skip

    @hookimpl
    def compute(self, inputs, parameters):
        return (inputs["close"] * 2,)


def strangers(payments=3):
    """Their plugins, as they are found."""
    return [
        in_process("funding", FundingSpec()),
        in_process("perps", Perpetuals(payments)),
        in_process("doubled", Doubled()),
    ]
