"""The door over HTTP, on a real socket: the SDK's own client, keys, origins, bodies."""

import asyncio
import os
import re
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace

import msgspec
import pytest
from httpx2 import AsyncClient
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.testing.servers import free_port
from coinmux.server import mcp as package
from tests.server.keyed import KEYS, bearer, keyed, line
from tests.server.mcp.offered import strangers

ON = {"MCP": "on"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "0"},
    },
}
HEADERS = {"Accept": "application/json, text/event-stream"}


def call_of(tool, arguments):
    return {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }


@asynccontextmanager
async def client_of(world, name=None, mode="auto"):
    """The SDK's client, with the key of that consumer."""
    headers = {} if name is None else bearer(name)
    async with AsyncClient(headers=headers, timeout=10) as http:
        inside = streamable_http_client(f"{world.base}/mcp", http_client=http)
        async with Client(inside, mode=mode) as client:
            yield client


async def text_of(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    return result.is_error, result.content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_sdks_client_is_served(live, mode):
    """Both the protocol's present handshake and the one before it."""
    async with (
        live(ON, a=[42.5], _found=strangers()) as world,
        client_of(world, mode=mode) as client,
    ):
        names = [one.name for one in (await client.list_tools()).tools]
        assert {"ticker", "funding", "indicator"} <= set(names)
        is_error, text = await text_of(client, "ticker", symbol="BTC")
        assert not is_error
        assert "last 42.5" in text
        body = msgspec.json.decode(text.partition("\n")[2])
        is_error, text = await text_of(client, "explain", request_id=body["request_id"])
        assert not is_error, text
        with pytest.raises(MCPError, match="did you mean ticker"):
            await client.call_tool("tickr", {})


async def test_the_command_serves_it_beside_the_api(tmp_path):
    """`coinmux mcp --http`, as a process of its own, on simulated data."""
    environ = {**os.environ, "PLUGINS_ALLOW": "kraken,rsi", "CHECKER": "off", "ARCHIVE": "off"}
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "coinmux", "mcp", "--http", "--port", str(port), "--simulate",
        stderr=asyncio.subprocess.PIPE, cwd=tmp_path, env=environ,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while b"listening on" not in (line := await process.stderr.readline()):
                assert line, "it ended"
        world = SimpleNamespace(base=f"http://127.0.0.1:{port}")
        async with client_of(world) as client:
            is_error, text = await text_of(client, "ticker", symbol="BTC/USDT")
            assert not is_error
            assert "from kraken" in text
            assert "simulated" in text
        async with AsyncClient() as plain:
            asked = {"symbol": "BTC/USDT"}
            answer = await plain.get(f"{world.base}/api/market/ticker", params=asked)
            assert answer.status_code == 200
    finally:
        process.terminate()
        await process.communicate()


async def test_it_is_off_unless_asked_for(live):
    """And then there is nothing at that path."""
    async with live(a=[1.0]) as world:
        answer = await world.client.post("/mcp", json=INITIALIZE, headers=HEADERS)
        assert answer.status_code == 404
        assert "/mcp" not in (await world.client.get("/schema/openapi.json")).json()["paths"]


async def test_it_is_described_where_it_is_on(live):
    """With the statuses of a route that takes a key."""
    async with live(ON, a=[1.0]) as world:
        paths = (await world.client.get("/schema/openapi.json")).json()["paths"]
        assert {"401", "403", "413", "415", "429"} <= set(paths["/mcp"]["post"]["responses"])


async def test_nothing_is_kept_between_two_requests(live):
    """No session is given out, so there is none to fill the memory with, or to take over."""
    async with live(ON, a=[1.0]) as world:
        answer = await world.client.post("/mcp", json=INITIALIZE, headers=HEADERS)
        assert answer.status_code == 200
        assert "mcp-session-id" not in answer.headers
        assert answer.json()["result"]["serverInfo"]["name"] == "coinmux"
        for method in ("GET", "DELETE"):
            refused = await world.client.request(method, "/mcp", headers=HEADERS)
            assert refused.status_code == 405
            assert "POST" in refused.headers["allow"]


async def test_keys_are_asked_for_where_keys_are_set(live):
    """Operators on this machine need none once they send the token; nobody else gets in."""
    settings = {**ON, "API_KEYS": line("alice"), "ADMIN_TOKEN": "0123456789abcdef"}
    async with live(settings, a=[1.0]) as world:
        for headers, status in (({}, 401), ({"X-API-Key": "wrong"}, 401), (bearer("alice"), 200)):
            answer = await world.client.post(
                "/mcp", json=INITIALIZE, headers={**HEADERS, **headers}
            )
            assert answer.status_code == status
        async with client_of(world, "alice") as client:
            is_error, _ = await text_of(client, "ticker", symbol="BTC")
            assert not is_error


async def test_a_key_asks_for_what_it_may(live):
    """Its scopes are those of the REST routes, a stranger's capability is part of `data`."""
    settings = {
        **ON,
        "API_KEYS": line(("alice", {"scopes": ("market",)}), ("bob", {"scopes": ("data",)})),
        "ADMIN_TOKEN": "0123456789abcdef",
    }
    async with live(settings, a=[1.0], _found=strangers()) as world:
        async with client_of(world, "alice") as client:
            assert not (await text_of(client, "ticker", symbol="BTC"))[0]
            for tool, arguments, area in (
                ("gas", {"chain": "ethereum"}, "chain"),
                ("funding", {"contract": "X"}, "data"),
                ("indicator", {"name": "rsi", "symbol": "BTC"}, "indicators"),
            ):
                is_error, text = await text_of(client, tool, **arguments)
                assert is_error
                assert text.startswith(f"scope_missing: alice may ask for market; this is {area}")
            assert not (await text_of(client, "status"))[0]
        async with client_of(world, "bob") as client:
            assert not (await text_of(client, "funding", contract="X"))[0]
            assert not (await text_of(client, "ticker", symbol="BTC"))[0]
            assert (await text_of(client, "indicator", name="rsi", symbol="BTC"))[0]


async def test_each_capability_is_in_the_part_of_its_route(live):
    """Read from the routes there are; what a key may not ask is refused before it is read."""
    settings = {
        **ON,
        "API_KEYS": line(("alice", {"scopes": ("defi",)})),
        "ADMIN_TOKEN": "0123456789abcdef",
    }
    areas = {}
    async with live(settings, a=[1.0]) as world, client_of(world, "alice") as client:
        for name in CAPABILITIES:
            is_error, text = await text_of(client, name)
            if is_error and (found := re.match(r"scope_missing: .* this is (\w+)", text)):
                areas[name] = found[1]
    assert set(areas) == set(CAPABILITIES) - {"tvl"}
    assert "data" not in areas.values()
    assert (areas["candles"], areas["gas"], areas["large_transfers"]) == (
        "market", "chain", "whales"
    )  # fmt: skip


@pytest.mark.parametrize("version", [None, "2025-06-18"], ids=["no version", "before"])
async def test_calls_of_sources_are_charged_to_whose_key_it_is(clock, version):
    """Whichever task the SDK answers in."""
    async with keyed(clock, {**ON, "API_KEYS": line("alice", "bob")}) as world:
        headers = {**HEADERS, **bearer("alice")}
        if version is not None:
            headers["MCP-Protocol-Version"] = version
        asked = call_of("ticker", {"symbol": "BTC"})
        answer = await world.client.post("/mcp", json=asked, headers=headers)
        assert not answer.json()["result"]["isError"], answer.text
        usage = (await world.client.get("/api/usage", headers=bearer("alice"))).json()
        (alice,) = usage["consumers"]
        assert (alice["requests"], alice["calls"]) == (1, 1)
        assert [one["name"] for one in alice["sources"]] == ["acme"]


async def test_requests_count_for_whose_key_it_is(live):
    """Each is one of its minute, whichever tool it calls."""
    settings = {
        **ON, "API_KEYS": line(("alice", {"per_min": 3})), "ADMIN_TOKEN": "0123456789abcdef"
    }  # fmt: skip
    async with live(settings, a=[1.0]) as world:
        statuses = []
        for _ in range(5):
            answer = await world.client.post(
                "/mcp",
                json=call_of("ticker", {"symbol": "BTC"}),
                headers={**HEADERS, **bearer("alice")},
            )
            statuses.append(answer.status_code)
        assert statuses == [200, 200, 200, 429, 429]
        usage = (await world.client.get("/api/usage", headers=bearer("alice"))).json()
        assert KEYS["alice"] not in str(usage)


async def test_pages_of_other_sites_are_refused(live):
    """Unless CORS_ORIGINS names them; a client that is no browser sends no origin."""
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    async with live(ON, a=[1.0]) as world:
        answer = await world.client.post("/mcp", json=INITIALIZE, headers={**HEADERS, **evil})
        assert answer.status_code == 403
    named = {**ON, "CORS_ORIGINS": "https://evil.example"}
    async with live(named, a=[1.0]) as world:
        answer = await world.client.post("/mcp", json=INITIALIZE, headers={**HEADERS, **evil})
        assert answer.status_code == 200
        asked = {"Access-Control-Request-Method": "POST", **evil}
        preflight = await world.client.options("/mcp", headers=asked)
        assert "MCP-Protocol-Version" in preflight.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{", {}, 400),
        (b"{}", {"Host": "evil.example"}, 400),
    ],
    ids=["no JSON by its name", "no JSON", "another host"],
)
async def test_what_no_client_sends_is_refused(live, body, headers, status):
    """By the limits of every route."""
    async with live(ON, a=[1.0]) as world:
        answer = await world.client.post(
            "/mcp",
            content=body,
            headers={**HEADERS, "Content-Type": "application/json", **headers},
        )
        assert answer.status_code == status


async def test_a_body_without_a_length_is_bounded_too(app_of):
    """It comes in pieces; no more of them are read than fit."""
    sent = []

    async def pieces():
        for _ in range(400):
            sent.append(1)
            yield b" " * 10_000

    async with app_of(ON, a=[1.0]) as world:
        headers = {**HEADERS, "Content-Type": "application/json"}
        answer = await world.client.post("/mcp", content=pieces(), headers=headers)
        assert answer.status_code == 413
        assert len(sent) < 200


async def test_failures_of_tools_count_as_such(live):
    """The response is 200 whatever the tool ended with; the monitor knows better."""
    async with live(ON, a=[RuntimeError("no")]) as world:
        answer = await world.client.post(
            "/mcp", json=call_of("ticker", {"symbol": "BTC"}), headers=HEADERS
        )
        assert answer.json()["result"]["isError"]
        events = (await world.client.get("/api/monitor")).json()
        assert "all_providers_failed" in msgspec.json.encode(events).decode()


def test_without_the_sdk_the_start_says_what_to_install(monkeypatch):
    """No traceback of an import."""
    monkeypatch.setattr(package, "find_spec", lambda name: None)
    with pytest.raises(InvalidSetting, match=r"MCP needs .*pip install 'coinmux\[mcp\]'"):
        package.check_installed("MCP")
