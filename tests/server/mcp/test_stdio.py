"""The command over standard input and output, in a process of its own."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager

import msgspec
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from coinmux.framework.models.capability import CAPABILITIES

ARGUMENTS = ["-m", "coinmux", "mcp", "--simulate"]
#: Two plugins: a start with all of them takes as long as ten tests.
FEW = {"PLUGINS_ALLOW": "kraken,rsi", "CHECKER": "off"}
LIMIT_S = 60
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.fixture
def folder(tmp_path):
    """Where the process runs: no `.env` of this folder is read."""
    return tmp_path


@asynccontextmanager
async def process_of(folder, *arguments, **settings):
    """The command itself, its three streams in hand."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(arguments or ARGUMENTS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **FEW, **settings},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_of(process):
    line = await asyncio.wait_for(process.stdout.readline(), LIMIT_S)
    return msgspec.json.decode(line)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_sdks_client_is_served(folder, mode):
    """As a host on the desktop does it: start the command, list, ask, and close."""
    started = StdioServerParameters(
        command=sys.executable, args=ARGUMENTS, env={**os.environ, **FEW}, cwd=folder
    )
    async with Client(stdio_client(started), mode=mode) as client:
        names = {one.name for one in (await client.list_tools()).tools}
        assert names >= set(CAPABILITIES)
        answer = await client.call_tool("ticker", {"symbol": "BTC/USDT"})
        assert not answer.is_error
        line, _, body = answer.content[0].text.partition("\n")
        assert line.startswith("ticker BTC/USDT: last ")
        assert msgspec.json.decode(body)["simulated"]
        refused = await client.call_tool("ticker", {"symbol": ""})
        assert refused.is_error


async def test_standard_output_has_the_protocol_and_nothing_else(folder):
    """Logs of the most talkative level go to standard error; it ends with its input."""
    async with process_of(folder, LOG_LEVEL="DEBUG") as process:
        process.stdin.write(msgspec.json.encode(PING) + b"\n")
        assert (await line_of(process))["id"] == 1
        ask = {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "0"},
            },
        }
        process.stdin.write(msgspec.json.encode(ask) + b"\n")
        assert (await line_of(process))["result"]["serverInfo"]["name"] == "coinmux"
        asked = {"name": "ticker", "arguments": {"symbol": "BTC/USDT"}}
        call = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": asked}
        process.stdin.write(msgspec.json.encode(call) + b"\n")
        assert (await line_of(process))["id"] == 3
        process.stdin.close()
        rest = await asyncio.wait_for(process.stdout.read(), LIMIT_S)
        logged = await asyncio.wait_for(process.stderr.read(), LIMIT_S)
        assert rest == b""
        assert b"kraken" in logged
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == 0


async def test_it_ends_when_told_to(folder):
    """Though its standard input stays open."""
    async with process_of(folder) as process:
        process.stdin.write(msgspec.json.encode(PING) + b"\n")
        await line_of(process)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == 0


async def test_a_wrong_setting_ends_it_with_words(folder):
    """Though its standard input stays open, and with the exit code of every command."""
    async with process_of(folder, PORT="none") as process:
        said = await asyncio.wait_for(process.stderr.read(), LIMIT_S)
        assert b"PORT takes a whole number" in said
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == 2
