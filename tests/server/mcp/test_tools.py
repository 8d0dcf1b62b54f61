"""Tools as a client of the SDK meets them: what they are made of, what they answer and refuse."""

import asyncio

import msgspec
import pytest
from mcp.shared.exceptions import MCPError

from coinmux import (
    Capability,
    Coin,
    Freshness,
    Gateway,
    Malformed,
    Query,
    Result,
    hookimpl,
    hookspec,
)
from coinmux.framework.indicators.service import SEVEN as SEVEN_NAMES
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.plugins.discovery import in_process
from coinmux.server.mcp import door as door_module
from coinmux.server.mcp import resources as resources_module
from coinmux.server.mcp.budget import MOST_BYTES, MOST_ROWS
from coinmux.server.mcp.tools import schema_of
from tests.server.mcp.offered import Funding, FundingQuery, offered, strangers

OWN = {"indicator", "find", "explain", "status"}


async def test_each_capability_is_a_tool_and_all_indicators_are_one():
    """Made of the tables: nothing is listed by hand."""
    async with offered(a=[1.0]) as here:
        assert set(await here.names()) == set(CAPABILITIES) | OWN


async def test_every_tool_only_reads():
    """Hosts may let a model call them without asking a person each time."""
    async with offered(a=[1.0]) as here:
        for one in (await here.client.list_tools()).tools:
            assert one.annotations.read_only_hint, one.name
            assert one.annotations.open_world_hint, one.name
            assert one.title, one.name
            assert one.description, one.name


async def test_arguments_are_described_by_the_query():
    """What is required, what may be chosen, and what is taken where it is left out."""
    async with offered(a=[1.0]) as here:
        tools = {one.name: one.input_schema for one in (await here.client.list_tools()).tools}
        candles = tools["candles"]
        assert candles["required"] == ["symbol"]
        assert candles["additionalProperties"] is False
        assert candles["properties"]["interval"]["default"] == "1h"
        assert "4h" in candles["properties"]["interval"]["enum"]
        assert candles["properties"]["limit"]["maximum"] == 1000
        assert candles["properties"]["symbol"]["examples"] == ["BTC/USDT"]
        assert "ethereum" in tools["gas"]["properties"]["chain"]["enum"]
        # Sources agree on a price, and not on a list of coins.
        assert "consensus" in tools["ticker"]["properties"]["strategy"]["enum"]
        assert "consensus" not in tools["coins"]["properties"]["strategy"]["enum"]


async def test_an_answer_says_what_it_is_where_from_and_how_old():
    """In a line for the model, and member by member."""
    async with offered(a=[Malformed("no"), 5.0], b=[42.5]) as here:
        first = await here.call("ticker", symbol="btc")
        assert not first.is_error
        assert first.line.startswith("ticker BTC/USDT: last 42.5")
        assert "from b, 0 s old" in first.line
        assert first.body["source"] == "b"
        assert first.body["fetched_at"] == here.clock.wall_ms()
        assert (first.body["cached"], first.body["stale"]) == (False, False)
        assert first.body["failed_before"] == ["a upstream_malformed"]
        assert first.body["data"]["last"] == 42.5
        here.clock.advance(3)
        again = await here.call("ticker", symbol="BTC/USDT")
        assert (again.body["age_s"], again.body["cached"]) == (3.0, True)
        assert "3 s old" in again.line
        assert again.body["request_id"] != first.body["request_id"]


async def test_a_stale_answer_says_so():
    """Every source has failed since: the doubt is in the line a model reads first."""
    async with offered(a=[1.0, Malformed("no")]) as here:
        await here.call("ticker", symbol="BTC")
        here.clock.advance(30)
        later = await here.call("ticker", symbol="BTC")
        assert later.body["stale"]
        assert "STALE" in later.line


async def test_candles_are_rows_the_newest_first_read():
    """At most 200, oldest first among themselves; the cursor leads back in time, to the first."""
    async with offered(a=[1.0]) as here:
        seen, cursor, pages = [], None, 0
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = await here.call("candles", symbol="BTC/USDT", limit=500, **more)
            assert not page.is_error, page.text
            assert page.body["columns"] == ["timestamp", "open", "high", "low", "close", "volume"]
            assert len(page.body["rows"]) <= MOST_ROWS
            assert len(page.text.encode()) <= MOST_BYTES
            seen = page.body["rows"] + seen
            pages += 1
            cursor = page.body.get("next_cursor")
            if cursor is None:
                break
            assert f"of {500}" in page.body["cut"]
        assert pages == 3
        assert len(seen) == 500
        times = [row[0] for row in seen]
        assert times == sorted(set(times))
        assert here.plugins["a"].candle_calls == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"limit": 400}, "is of another question"),
        ({"cursor": "rows.AAAA"}, "none that was given out"),
        ({"cursor": "elsewhere"}, "none that was given out"),
    ],
    ids=["another question", "forged", "of no one"],
)
async def test_a_cursor_that_will_not_do_is_refused(more, said):
    """With what would."""
    async with offered(a=[1.0]) as here:
        page = await here.call("candles", symbol="BTC/USDT", limit=500)
        given = {"limit": 500, "cursor": page.body["next_cursor"], **more}
        refused = await here.call("candles", symbol="BTC/USDT", **given)
        assert refused.is_error
        assert said in refused.line


async def test_an_indicator_comes_with_its_reading():
    """Warmed up, with its parameters, its newest value in the line."""
    async with offered(a=[1.0]) as here:
        found = await here.call(
            "indicator", name="RSI", symbol="btc", limit=3, parameters={"period": 21}
        )
        assert not found.is_error, found.text
        assert found.line.startswith("RSI(21) BTC/USDT 1h: reading")
        assert found.body["columns"] == ["timestamp", "rsi"]
        assert len(found.body["rows"]) == 3
        assert found.body["data"]["parameters"]["period"] == 21
        assert found.body["source"] == "a"


async def test_an_indicator_shows_few_values_unless_asked():
    """Its line has the newest; a model pays for each of the others."""
    async with offered(a=[1.0]) as here:
        found = await here.call("indicator", name="sma", symbol="BTC/USDT")
        assert len(found.body["rows"]) == 50


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "said"),
    [
        ("ticker", {}, "invalid_request", "symbol is missing"),
        ("ticker", {"symbl": "BTC"}, "invalid_request", "did you mean symbol?"),
        ("ticker", {"symbol": "B/T/C"}, "invalid_symbol", "find with kind=pairs"),
        ("ticker", {"symbol": {"base": "BTC"}}, "invalid_request", "not an object"),
        ("ticker", {"symbol": "BTC", "timeout_s": "soon"}, "invalid_request", "timeout_s takes"),
        ("ticker", {"symbol": "BTC", "timeout_s": {}}, "invalid_request", "not an object"),
        ("candles", {"symbol": "BTC", "interval": "7m"}, "unknown_interval", "15m"),
        ("candles", {"symbol": "BTC", "limit": 5000}, "invalid_request", "limit"),
        ("gas", {"chain": "etherum"}, "unknown_chain", "did you mean ethereum?"),
        ("ticker", {"symbol": "BTC", "provider": "aa"}, "unknown_provider", "did you mean a?"),
        ("indicator", {"name": "rsx", "symbol": "BTC"}, "unknown_indicator", "did you mean rsi?"),
        (
            "indicator",
            {"name": "rsi", "symbol": "BTC", "parameters": {"perid": 2}},
            "unknown_indicator_parameter",
            "period takes a whole number from 2 to 1000",
        ),
        ("indicator", {"symbol": "BTC"}, "invalid_request", "name is missing"),
        ("indicator", {"name": "rsi", "symbol": "BTC", "interval": "1h,4h"}, "invalid_request",
         "takes one interval"),
        ("find", {"kind": "provider"}, "invalid_request", "did you mean providers?"),
        ("explain", {}, "invalid_request", "tool is missing"),
        ("explain", {"tool": "tickr"}, "not_found", "did you mean ticker"),
        ("explain", {"request_id": "nobody-1"}, "not_found", "nobody-1"),
    ],
)  # fmt: skip
async def test_what_will_not_do_is_said_with_what_would(tool, arguments, code, said):
    """As a result a model reads: what is wrong, and what to send in its place."""
    async with offered(a=[1.0], _info={"a": {}}) as here:
        refused = await here.call(tool, **arguments)
        assert refused.is_error
        assert refused.line.startswith(f"{code}: ")
        assert said in refused.line
        assert "request_id" in refused.body
        assert here.plugins["a"].calls == 0


async def test_a_pair_that_nobody_lists_is_said():
    """And how to find one that is."""
    async with offered(a=["unknown"]) as here:
        refused = await here.call("ticker", symbol="BTC/USTD")
        assert refused.is_error
        assert refused.line.startswith("unknown_symbol: BTC/USTD")
        assert "find with kind=pairs" in refused.line


async def test_failures_of_sources_are_named():
    """Who was tried and how each ended."""
    async with offered(a=[Malformed("no")], b=[Malformed("no")]) as here:
        failed = await here.call("ticker", symbol="BTC")
        assert failed.is_error
        assert "tried: a upstream_malformed, b upstream_malformed" in failed.line


async def test_an_empty_argument_was_not_given():
    """Models send all they know of."""
    async with offered(a=[1.0]) as here:
        found = await here.call("ticker", symbol="BTC", provider="", strategy=None, max_age_s=0.0)
        assert not found.is_error, found.text


async def test_an_unknown_tool_is_an_error_of_the_protocol():
    """With the one that was meant."""
    async with offered(a=[1.0]) as here:
        with pytest.raises(MCPError, match="did you mean ticker") as caught:
            await here.client.call_tool("tickr", {})
        assert caught.value.code == -32602


async def test_a_source_that_hangs_ends_with_a_plain_error():
    """The question's own deadline, in words."""
    async with offered(a=["hang"]) as here:
        ended = await here.call("ticker", symbol="BTC", timeout_s=0.2)
        assert ended.is_error
        assert ended.line.startswith(("deadline_exceeded", "all_providers_failed"))


class Stuck(Gateway):
    """Its answers never come, whatever deadline a question has."""

    async def fetch(self, *asked, **how):
        await asyncio.Event().wait()


async def test_no_tool_hangs(monkeypatch):
    """Whatever is stuck, and wherever: a tool has a deadline of its own."""
    monkeypatch.setattr(door_module, "_GRACE_S", 0.05)
    async with offered(a=[1.0], _kind=Stuck) as here:
        ended = await here.call("ticker", symbol="BTC", timeout_s=0.1)
        assert ended.is_error
        assert ended.line == "deadline_exceeded: ticker took longer than 0.1 s"


class Defective(Gateway):
    """Has a defect."""

    async def fetch(self, *asked, **how):
        raise RuntimeError("secret words of a defect")


async def test_a_defect_shows_nothing_of_itself(caplog):
    """The log has it, under the id the model can tell a person."""
    async with offered(a=[1.0], _kind=Defective) as here:
        ended = await here.call("ticker", symbol="BTC")
        assert ended.is_error
        assert ended.line.startswith("internal_error")
        assert "secret words" not in ended.text
        assert ended.body["request_id"] in caplog.text
        assert "secret words" in caplog.text


async def test_a_strangers_plugin_is_found():
    """A capability, its provider and an indicator, with nothing of the door touched."""
    async with offered(a=[1.0], _found=strangers()) as here:
        tool = next(one for one in (await here.client.list_tools()).tools if one.name == "funding")
        assert tool.description == "Funding of a contract"
        assert tool.input_schema["required"] == ["contract"]
        assert tool.input_schema["properties"]["past"]["default"] == 3
        found = await here.call("funding", contract="BTC-PERP")
        assert found.body["columns"] == ["timestamp", "rate", "side"]
        assert found.body["source"] == "perps"
        assert found.body["rows"][-1] == [1_764_057_600_000, 0.0002, "long"]
        twice = await here.call("indicator", name="twice-close", symbol="BTC", limit=1)
        assert twice.body["columns"] == ["timestamp", "twice"]
        listed = await here.call("find", kind="indicators", query="strangers")
        assert listed.body["rows"][0][0] == "twice-close"
        listed = await here.call("find", kind="providers", query="perps")
        assert listed.body["rows"][0][0] == "perps"


class _Untold:
    """A type that JSON has no word for."""


class _OddQuery(Query["_Odd"]):
    kind: _Untold | None = None
    legs: tuple[Coin, ...] = ()


class _Odd(Result):
    told: int


class _OddSpec:
    @hookspec
    def fetch_odd(self, query, http):
        """Nothing that a schema can tell."""

    @hookimpl
    def coinmux_capabilities(self):
        return [Capability("odd", _OddQuery, _Odd, Freshness(60, 0, 60))]


async def test_a_query_without_a_schema_spoils_no_other_tool():
    """It is listed with the names of its fields."""
    async with offered(a=[1.0], _found=[in_process("odd", _OddSpec())]) as here:
        tools = {one.name: one for one in (await here.client.list_tools()).tools}
        assert tools["odd"].input_schema["properties"]["kind"] == {}
        assert tools["ticker"].input_schema["required"] == ["symbol"]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"type": "array", "items": {"$ref": "#/$defs/Leg"}}, {"type": "array"}),
        (
            {"type": "integer", "maximum": 4_102_444_800_000},
            {"type": "integer", "description": "Unix ms"},
        ),
        ({"type": "number", "maximum": 1e15}, {"type": "number", "maximum": 1e15}),
        ({"type": "string", "enum": ["a"], "pattern": "a"}, {"enum": ["a"]}),
    ],
    ids=["a reference", "a time", "a large figure", "a choice"],
)
def test_schemas_are_short_and_lead_nowhere(given, made):
    """What they refer to is not sent, so that no client looks for it."""
    assert schema_of(given, "") == made


async def test_a_name_that_is_taken_here_is_told_apart():
    """A stranger may call a capability `status`; both are tools."""

    class Taken:
        @hookspec
        def fetch_status(self, query, http):
            """Theirs."""

        @hookimpl
        def coinmux_capabilities(self):
            return [Capability("status", FundingQuery, Funding, Freshness(60, 0, 60))]

    async with offered(a=[1.0], _found=[in_process("taken", Taken())]) as here:
        assert {"status", "status_data"} <= set(await here.names())


async def test_a_strangers_long_answer_is_cut_and_read_on():
    """The budget and the cursors are of all tools."""
    async with offered(_found=strangers(payments=450)) as here:
        rows, cursor = [], None
        for _ in range(3):
            more = {} if cursor is None else {"cursor": cursor}
            page = await here.call("funding", contract="X", **more)
            rows = page.body["rows"] + rows
            cursor = page.body.get("next_cursor")
        assert cursor is None
        assert [row[1] for row in rows] == [at / 10_000 for at in range(450)]


async def test_find_lists_what_there_is():
    """Pairs, metrics, providers and indicators; nothing where nothing is like it."""
    async with offered(a=[1.0]) as here:
        names = [row[0] for row in (await here.call("find", kind="indicators")).body["rows"]]
        assert set(SEVEN_NAMES) <= set(names)
        found = await here.call("find", kind="indicators", query="relative strength")
        assert found.body["rows"][0][0] == "rsi"
        assert "period=14 (2 to 1000)" in found.body["rows"][0][2]
        nothing = await here.call("find", kind="indicators", query="zzzz")
        assert not nothing.is_error
        assert "nothing is like it" in nothing.line


async def test_explain_tells_of_the_next_question_and_of_a_past_one():
    """A dry run asks nobody; a past answer is found by its request_id."""
    async with offered(a=[1.0], b=[2.0]) as here:
        dry = await here.call("explain", tool="ticker", arguments={"symbol": "BTC"})
        assert here.plugins["a"].calls == 0
        at = {name: place for place, name in enumerate(dry.body["columns"])}
        verdicts = {row[at["provider"]]: row[at["verdict"]] for row in dry.body["rows"]}
        assert verdicts["a"] == "chosen"
        asked = await here.call("ticker", symbol="BTC")
        past = await here.call("explain", request_id=asked.body["request_id"])
        assert not past.is_error, past.text
        assert past.body["data"]["request_id"] == asked.body["request_id"]


async def test_status_says_what_can_be_asked():
    """In its first line as well."""
    async with offered(a=[1.0]) as here:
        found = await here.call("status")
        assert found.line.startswith(f"coinmux: {found.body['data']['status']}, ")
        at = found.body["columns"].index("capability")
        assert {"ticker", "candles", "gas"} <= {row[at] for row in found.body["rows"]}


async def test_secrets_stay_in_the_process():
    """What a source said may hold a key; an error shows it redacted."""
    secret = "k-0123456789abcdef"
    async with offered(_settings={"ADMIN_TOKEN": secret}, a=[Malformed(f"said {secret}")]) as here:
        failed = await here.call("ticker", symbol="BTC")
        unknown = await here.call("indicator", name=secret, symbol="BTC")
        assert secret not in failed.text
        assert secret not in unknown.text


async def test_resources_are_listed_and_read():
    """The catalogue, the status, the indicators; one of a kind by a template."""
    async with offered(a=[1.0], _found=strangers()) as here:
        read = here.client.read_resource
        uris = [str(one.uri) for one in (await here.client.list_resources()).resources]
        assert uris == ["coinmux://catalogue", "coinmux://indicators", "coinmux://status"]
        bodies = {}
        for uri in uris:
            (content,) = (await read(uri)).contents
            bodies[uri] = msgspec.json.decode(content.text)
        assert bodies["coinmux://catalogue"]["capabilities"]["funding"]["on"] == ["perps"]
        assert "twice-close" in bodies["coinmux://indicators"]["Toys of strangers"]
        assert "status" in bodies["coinmux://status"]
        templates = (await here.client.list_resource_templates()).resource_templates
        assert [one.uri_template for one in templates] == [
            "coinmux://explain/{request_id}",
            "coinmux://indicators/{name}",
            "coinmux://providers/{name}",
        ]
        asked = await here.call("ticker", symbol="BTC")
        for uri, said in {
            f"coinmux://explain/{asked.body['request_id']}": "ticker",
            "coinmux://indicators/rsi": "Relative Strength Index",
            "coinmux://providers/perps": "Perps",
        }.items():
            (content,) = (await read(uri)).contents
            assert said in content.text


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("coinmux://catalog", "did you mean coinmux://catalogue"),
        ("coinmux://indicators/rsx", "did you mean rsi?"),
        ("coinmux://explain/nobody-1", "no decision is kept"),
        ("file:///etc/passwd", "no resource"),
    ],
)
async def test_an_unknown_resource_is_an_error_of_the_protocol(uri, said):
    """With what was meant; nothing but ours is read."""
    async with offered(a=[1.0]) as here:
        with pytest.raises(MCPError) as caught:
            await here.client.read_resource(uri)
        assert said in caught.value.message


async def test_a_resource_longer_than_an_answer_says_which_tool_has_it(monkeypatch):
    """A host would put all of it into the conversation."""
    monkeypatch.setattr(resources_module, "MOST_BYTES", 100)
    async with offered(a=[1.0]) as here:
        with pytest.raises(MCPError, match="the tools find, explain and status"):
            await here.client.read_resource("coinmux://catalogue")
