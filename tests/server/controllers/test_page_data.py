"""The routes of the dashboard's pages: 200 on any day, asked for the dashboard, never too often."""

import json

import pytest

from coinmux import Unreachable
from coinmux.framework.sources.market_list import MarketList


def parts_of(body):
    """Every part in an answer, with its path."""
    found = {}

    def walk(path, value):
        if isinstance(value, dict):
            if "last_known" in value:
                found[path] = value
            for name, one in value.items():
                walk(f"{path}.{name}" if path else name, one)
        elif isinstance(value, list):
            for place, one in enumerate(value):
                walk(f"{path}[{place}]", one)

    walk("", body)
    return found


async def get(world, target):
    answer = await world.client.get(f"/api/pages/{target}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_overview_has_each_part_with_its_data_or_its_problem(app_of):
    """Here no source has figures of the whole market, nor a mood."""
    async with app_of(a=[2.5]) as world:
        body = await get(world, "overview?pairs=btc,ETH/EUR")
        btc, eth = body["markets"]["pairs"]
        assert (btc["pair"], eth["pair"]) == ("BTC/USDT", "ETH/EUR")
        assert btc["data"]["last"] == 2.5
        assert btc["meta"]["provider"] == "a"
        assert btc["source"] == "A"
        assert len(btc["spark"]) == 24
        assert body["news"]["data"]["items"]
        assert body["global"]["error"]["code"] == "no_provider_available"
        assert body["global"]["error"]["status"] == 503
        assert body["server_time"] == world.clock.wall_ms()


async def test_what_is_no_pair_has_its_problem_in_its_place(app_of):
    """And spoils no other; so has a pair nobody lists, and one too many."""
    async with app_of(a=[1.0], _info={"a": {"quotes": frozenset({"USDT"})}}) as world:
        pairs = ",".join(["B/B", "BTC/XYZ", *(f"C{n}/USDT" for n in range(11))])
        found = (await get(world, f"overview?pairs={pairs}"))["markets"]["pairs"]
        codes = [None if one["error"] is None else one["error"]["code"] for one in found]
        assert codes[0] == "invalid_symbol"
        assert codes[1] is not None
        assert codes[2:12] == [None] * 10
        assert codes[12] == "invalid_request"
        assert (await get(world, "overview?pairs="))["markets"]["pairs"][0]["pair"] == "BTC/USDT"


async def test_a_failing_source_leaves_the_last_known_value_with_its_time(app_of):
    """The part has it beside the problem, whose id leads to the decision."""
    async with app_of(a=[3.0, Unreachable("no route")]) as world:
        first = (await get(world, "overview?pairs=BTC/USDT"))["markets"]["pairs"][0]
        world.clock.advance(30)
        now = (await get(world, "overview?pairs=BTC/USDT,ETH/USDT"))["markets"]["pairs"]
        assert now[0]["data"] is None
        assert now[0]["last_known"]["data"]["last"] == 3.0
        assert now[0]["last_known"]["meta"]["fetched_at"] == first["meta"]["fetched_at"]
        assert now[1]["last_known"] is None
        asked = now[0]["error"]["request_id"]
        assert (await get(world, f"decision?request={asked}"))["found"]


@pytest.mark.parametrize("outcome", [1.0, Unreachable("no route")], ids=["good", "bad"])
async def test_ten_open_pages_cost_the_sources_what_one_costs(app_of, outcome):
    """Overview and chart, two minutes long, on a good day and on a bad one."""
    costs = []
    for pages in (1, 10):
        async with app_of(a=[outcome]) as world:
            for _ in range(24):
                for _ in range(pages):
                    await get(world, "overview")
                    await get(world, "chart?symbol=BTC/USDT&interval=1m&limit=3")
                world.clock.advance(5)
            costs.append((world.plugins["a"].calls, world.plugins["a"].candle_calls))
    assert costs[0] == costs[1]
    assert costs[0][0] > 0


async def test_pages_count_as_the_dashboards_own(app_of):
    """They are no client's requests, leave no events, and their calls are not a client's."""
    async with app_of(a=[1.0]) as world:
        await get(world, "overview?pairs=BTC/USDT")
        await get(world, "chart?symbol=ETH/USDT")
        monitor = (await world.client.get("/api/monitor")).json()
        assert monitor["server"]["requests_per_min"] == 0
        assert monitor["server"]["own_requests_per_min"] == 2
        assert [one for one in monitor["events"]["items"] if one["operation"]] == []
        (provider,) = monitor["providers"]
        assert provider["requests_per_min"] == 0
        await world.client.get("/api/market/ticker?symbol=XRP/USDT")
        monitor = (await world.client.get("/api/monitor")).json()
        assert monitor["providers"][0]["requests_per_min"] == 1
        assert len([one for one in monitor["events"]["items"] if one["operation"]]) == 1


async def test_candles_and_indicators_of_a_chart_are_of_the_same_candles(indicator_app):
    """Though indicators warm up on more than are shown."""
    async with indicator_app(a=[1.0]) as world:
        body = await get(world, "chart?symbol=eth&interval=1h&limit=50&ind=rsi:timeperiod=7,macd")
        assert (body["symbol"], body["interval"]) == ("ETH/USDT", "1h")
        times = [row[0] for row in body["candles"]["data"]["rows"]]
        assert len(times) == 50
        assert [one["name"] for one in body["indicators"]] == ["rsi", "macd"]
        for one in body["indicators"]:
            assert one["data"]["timestamps"] == times
        assert body["indicators"][0]["data"]["parameters"]["period"] == 7
        assert world.plugins["a"].candle_calls == 1


async def test_a_source_of_few_candles_gives_indicators_of_as_many(indicator_app):
    """None begins before the candles that are drawn."""
    async with indicator_app(a=[1.0]) as world:
        world.plugins["a"].life = 30
        body = await get(world, "chart?limit=500&ind=sma:period=5")
        times = [row[0] for row in body["candles"]["data"]["rows"]]
        assert len(times) == 30
        assert body["indicators"][0]["data"]["timestamps"] == times


async def test_what_is_wrong_with_a_chart_stands_in_its_part(indicator_app):
    """A wrong pair, interval or limit in all of them, a wrong indicator or parameter in its own."""
    async with indicator_app(a=[1.0]) as world:
        for query, code in (
            ("symbol=B/B", "invalid_symbol"),
            ("interval=7x", "unknown_interval"),
            ("limit=99999", "invalid_request"),
            ("end=soon", "invalid_request"),
        ):
            body = await get(world, f"chart?{query}&ind=rsi")
            assert body["candles"]["error"]["code"] == code
            assert body["indicators"][0]["error"]["code"] == code
        body = await get(world, "chart?ind=nosuch,rsi:foo=1,rsi:period,rsi")
        codes = [one["error"] and one["error"]["code"] for one in body["indicators"]]
        assert codes == [
            "unknown_indicator", "unknown_indicator_parameter", "invalid_request", None,
        ]  # fmt: skip
        assert body["candles"]["error"] is None


async def test_a_chart_that_fails_keeps_its_own_candles_and_no_others(indicator_app):
    """With other indicators too; another pair has none."""
    async with indicator_app(a=[1.0]) as world:
        await get(world, "chart?symbol=BTC/USDT&ind=rsi")
        world.plugins["a"].candle_error = Unreachable("no route")
        world.clock.advance(60)
        body = await get(world, "chart?symbol=BTC/USDT&ind=rsi")
        assert body["candles"]["last_known"]["data"]["symbol"] == "BTC/USDT"
        assert body["indicators"][0]["last_known"]["data"]["indicator"] == "rsi"
        body = await get(world, "chart?symbol=BTC/USDT&ind=macd")
        assert body["candles"]["last_known"]["data"]["symbol"] == "BTC/USDT"
        assert body["indicators"][0]["last_known"] is None
        body = await get(world, "chart?symbol=ETH/USDT&ind=rsi")
        assert body["candles"]["last_known"] is None


async def test_a_decision_is_found_or_said_not_to_be(app_of):
    """By id, or as a dry run; what is wrong with the question is said too."""
    async with app_of(a=[1.0]) as world:
        target = "/api/market/ticker?symbol=BTC/USDT&max_age_s=0"
        await world.client.get(target, headers={"X-Request-ID": "mine"})
        found = await get(world, "decision?request=mine")
        assert found["found"]
        assert found["decision"]["provider"] == "a"
        dry = await get(world, "decision?capability=ticker&symbol=BTC/USDT")
        assert dry["decision"]["candidates"][0]["provider"] == "a"
        for query, code in (
            ("request=nosuch", "not_found"),
            ("capability=nosuch", "invalid_request"),
            ("capability=ticker&symbol=B/B", "invalid_symbol"),
            ("capability=ticker&symbol=BTC&foo=1", "invalid_request"),
            ("", "invalid_request"),
        ):
            body = await get(world, f"decision?{query}")
            assert (body["found"], body["decision"]) == (False, None)
            assert body["problem"]["code"] == code


async def test_a_provider_is_found_or_said_not_to_be(app_of):
    """With what it is, how it is, how it was, and the requests it had a part in."""
    async with app_of(a=[1.0], b=[1.0]) as world:
        await world.client.get("/api/market/ticker?symbol=BTC/USDT")
        body = await get(world, "provider?name=a")
        assert body["found"]
        assert body["provider"]["title"] == "A"
        assert body["health"]["successes"] == 1
        assert body["history"]["name"] == "a"
        assert [one["operation"] for one in body["decisions"]] == ["ticker"]
        assert (await get(world, "provider?name=b"))["decisions"] == []
        for query in ("name=nonsense", ""):
            body = await get(world, f"provider?{query}")
            assert not body["found"]
            assert body["problem"]["status"] in (400, 404)


async def test_suggestions_are_pairs_that_a_source_lists(app_of):
    """The exact one first, then those of its coin, with who has them."""
    async with app_of(a=[1.0], b=[1.0]) as world:
        assert (await get(world, "pairs?search=sol"))["pairs"][0]["pair"] == "SOL/USDT"
        lists = {"a": {"ETH/USDT", "ETH/BTC", "BETH/USDT"}, "b": {"ETH/USDT", "BTC/USDT"}}
        for name, pairs in lists.items():
            world.gateway.sources[name].listed = MarketList(
                frozenset(pairs), frozenset(pairs), True, world.clock.monotonic()
            )
        body = await get(world, "pairs?search=eth")
        assert [one["pair"] for one in body["pairs"]] == ["ETH/USDT", "ETH/BTC", "BETH/USDT"]
        assert body["pairs"][0]["sources"] == ["A", "B"]
        assert body["pairs"][0]["sources_total"] == 2
        assert (await get(world, "pairs?search=ethbtc"))["pairs"][0]["pair"] == "ETH/BTC"
        assert (await get(world, "pairs?search=zzz"))["pairs"] == []
        assert (await get(world, "pairs"))["pairs"][0]["pair"] == "BTC/USDT"


async def test_only_a_question_in_the_wrong_form_is_refused(app_of):
    """A parameter no page sends."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get("/api/pages/overview?nosuch=1")
        assert answer.status_code == 400


async def test_answers_are_compressed_and_stored_by_nobody(app_of):
    """They hold the state of a moment."""
    async with app_of(a=[1.0]) as world:
        for page in ("overview", "chart?limit=300"):
            answer = await world.client.get(f"/api/pages/{page}")
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["cache-control"] == "no-store"
            assert json.loads(answer.text)
