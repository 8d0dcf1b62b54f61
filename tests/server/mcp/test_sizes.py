"""What a model pays for, in bytes: the list of tools it reads first, and typical answers."""

import msgspec

from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.server.mcp.budget import MOST_BYTES
from coinmux.server.mcp.door import INSTRUCTIONS
from tests.server.mcp.offered import SEVEN, offered, strangers

#: Of `tools/list` with all tools, as the protocol sends it; `docs/mcp.md` has it in tokens.
TOOLS_BYTES = 15_500
INSTRUCTIONS_BYTES = 1_000


async def size_of_tools(here):
    tools = (await here.client.list_tools()).tools
    return sum(len(one.model_dump_json(by_alias=True, exclude_none=True)) for one in tools)


async def test_the_list_of_tools_is_small():
    """Read before the first question of every conversation."""
    async with offered(a=[1.0]) as here:
        assert await size_of_tools(here) < TOOLS_BYTES
    assert len(INSTRUCTIONS.encode()) < INSTRUCTIONS_BYTES


async def test_indicators_do_not_lengthen_it():
    """There are 208: one tool has them all."""
    every = [one for one in PluginLoader().discover() if ".indicators." in (one.value or "")]
    more = [one for one in every if one.name not in SEVEN]
    async with offered(a=[1.0]) as few, offered(a=[1.0], _found=more) as all_of_them:
        assert len(all_of_them.gateway.indicators.catalogue) > 200
        assert await size_of_tools(all_of_them) - await size_of_tools(few) < 10


async def test_typical_answers_are_small():
    """Upper bounds: a figure that grows by a half is a defect."""
    bounds = {
        "ticker": ({"symbol": "BTC"}, 600),
        "candles": ({"symbol": "BTC", "limit": 24}, 2_200),
        "indicator": ({"name": "rsi", "symbol": "BTC", "limit": 1}, 800),
        "gas": ({"chain": "ethereum"}, 500),
        "news": ({"asset": "BTC"}, 800),
        "find": ({"kind": "indicators", "query": "average"}, 3_000),
        "status": ({}, 1_500),
    }
    async with offered(a=[1.0]) as here:
        for tool, (arguments, most) in bounds.items():
            answer = await here.call(tool, **arguments)
            assert not answer.is_error, answer.text
            assert len(answer.text.encode()) < most, (tool, len(answer.text.encode()))


async def test_no_answer_exceeds_the_budget():
    """The longest there is to ask for, and a stranger's."""
    async with offered(a=[1.0], _found=strangers(payments=5_000)) as here:
        for tool, arguments in {
            "candles": {"symbol": "BTC", "limit": 1000},
            "indicator": {"name": "macd", "symbol": "BTC", "limit": 1000},
            "funding": {"contract": "X"},
        }.items():
            answer = await here.call(tool, **arguments)
            assert len(answer.text.encode()) <= MOST_BYTES, tool
            assert "next_cursor" in answer.body, tool


async def test_resources_fit_the_budget():
    """Whole, though there are 208 indicators."""
    every = [one for one in PluginLoader().discover() if ".indicators." in (one.value or "")]
    more = [one for one in every if one.name not in SEVEN]
    async with offered(a=[1.0], _found=more) as here:
        for one in (await here.client.list_resources()).resources:
            (content,) = (await here.client.read_resource(str(one.uri))).contents
            assert len(content.text.encode()) <= MOST_BYTES, one.uri
            assert msgspec.json.decode(content.text)
