"""The socket of a live grid, with a real client over a real socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
import websockets

from coinmux.server.asgi.live_socket import GRID_PATH

pytestmark = pytest.mark.realtime


@asynccontextmanager
async def grid(live, **options):
    async with live(a=[1.5], **options) as world:
        url = world.base.replace("http://", "ws://") + GRID_PATH
        async with websockets.connect(url) as client:
            yield client


async def say(client, message):
    await client.send(message if isinstance(message, str) else json.dumps(message))


async def hear(client):
    return json.loads(await asyncio.wait_for(client.recv(), 20))


async def rows_of(client, symbols, seconds=20.0):
    """Read until each of these has a row with a price; the rows by symbol."""
    found = {}
    async with asyncio.timeout(seconds):
        while set(symbols) - set(found):
            row = json.loads(await client.recv())
            if row.get("price") is not None:
                found[row["symbol"]] = row
    return found


@pytest.mark.parametrize(
    "params", [{"symbol": ["BTC/USDT", "ETH/USDT"]}, {"symbol": "BTC/USDT,ETH/USDT"}]
)
async def test_each_market_has_its_rows_by_the_name_the_grid_gave_it(live, params):
    async with grid(live) as client:
        await say(client, {"params": params})
        rows = await rows_of(client, ["BTC/USDT", "ETH/USDT"])
        assert rows["BTC/USDT"]["price"] == 1.5
        assert rows["BTC/USDT"]["source"] == "a"


async def test_another_list_takes_the_place_of_the_one_before(live):
    async with grid(live) as client:
        await say(client, {"params": {"symbol": ["BTC/USDT"]}})
        await rows_of(client, ["BTC/USDT"])
        await say(client, {"params": {"symbol": ["ETH/USDT"]}})
        assert set(await rows_of(client, ["ETH/USDT"])) >= {"ETH/USDT"}


async def test_a_market_that_is_none_has_the_reason_in_its_row_and_spoils_no_other(live):
    async with grid(live) as client:
        await say(client, {"params": {"symbol": ["B/B", "BTC/USDT"]}})
        wrong = await hear(client)
        assert wrong["symbol"] == "B/B"
        assert wrong["note"].startswith("invalid_symbol: ")
        assert "BTC/USDT" in await rows_of(client, ["BTC/USDT"])


@pytest.mark.parametrize(
    "message", ["no JSON", "[1]", {"params": 7}, {"params": {"symbol": 7}}, {}]
)
async def test_what_cannot_be_read_is_said_and_the_socket_goes_on(live, message):
    async with grid(live) as client:
        await say(client, message)
        assert (await hear(client))["note"].startswith("invalid_request: ")
        await say(client, {"params": {"symbol": ["BTC/USDT"]}})
        assert "BTC/USDT" in await rows_of(client, ["BTC/USDT"])
