"""The OpenAPI document describes what is served, and what is served keeps to it."""

import jsonschema_rs
import pytest
import schemathesis

from coinmux.framework.models import candles, chain
from coinmux.server.openapi.document import document
from coinmux.server.openapi.examples import EXAMPLES

EXPECTED = {
    "/api/source-health/status", "/api/source-health/status/{name}",
    "/api/source-health/reset/{name}", "/api/source-health/reset-all",
    "/api/source-health/history/{name}", "/api/config/features", "/api/config/features/{name}",
    "/api/config/missing", "/api/config/settings", "/api/config/reload", "/api/status",
    "/api/models/status",
    "/api/monitoring/metrics", "/api/monitoring/activity", "/healthz", "/readyz",
    "/api/market/ticker", "/api/market/tickers", "/api/market/candles", "/api/market/order-book",
    "/api/market/ticker/stream", "/api/market/trades/stream", "/api/market/order-book/stream",
    "/api/market/candles/stream", "/api/market/trades", "/api/market/pairs", "/api/market/coins",
    "/api/market/global",
    "/udf/config", "/udf/time", "/udf/search", "/udf/symbols", "/udf/history", "/udf/quotes",
    "/widgets.json", "/apps.json", "/openbb/data/{capability}", "/openbb/indicators",
    "/openbb/market",
    "/api/chain/{chain}/head", "/api/chain/{chain}/gas", "/api/chain/{chain}/balance/{address}",
    "/api/chain/{chain}/transactions/{address}", "/api/chain/{chain}/tokens/{address}",
    "/api/whales/transfers", "/api/whales/entity/{address}", "/api/news",
    "/api/batch", "/api/data/{capability}",
    "/api/sentiment/index", "/api/sentiment/social", "/api/onchain", "/api/onchain/{metric}",
    "/api/models/sentiment", "/api/defi/tvl", "/api/capabilities", "/api/plugins", "/api/providers",
    "/api/providers/{name}", "/api/routing/explain", "/api/routing/decisions/{request_id}",
    "/api/indicators", "/api/indicators/comprehensive", "/api/indicators/batch",
    "/api/indicators/{indicator}", "/api/indicators/{indicator}/stream", "/api/monitor",
    "/api/stream", "/api/status/public", "/api/usage", "/badge/{badge}", "/metrics", "/api/drill",
    "/api/drill/{provider}", "/api/source-health/test/{name}",
    "/api/pages/overview", "/api/pages/chart", "/api/pages/decision", "/api/pages/provider",
    "/api/pages/pairs", "/api/pages/ticker/stream", "/api/pages/candles/stream",
    "/api/incidents", "/api/incidents/{incident_id}", "/api/pages/incident", "/api/alerts",
    "/api/incidents.atom", "/api/incidents/{incident_id}/notes", "/api/maintenance",
    "/api/maintenance/{window_id}/end", "/api/feeds", "/api/feeds/explain",
}  # fmt: skip


async def test_the_document_has_every_route(app_of):
    """No route of the contract is missing, none has a name twice."""
    async with app_of(a=[1.0]) as world:
        api = (await world.client.get("/schema/openapi.json")).json()
        assert api["openapi"] == "3.1.0"
        assert set(api["paths"]) == EXPECTED
        operations = [one for path in api["paths"].values() for one in path.values()]
        names = [one["operationId"] for one in operations]
        assert len(names) == len(set(names))
        for one in operations:
            assert one["summary"]
            assert one["tags"]
            assert "200" in one["responses"]
            for status, answer in one["responses"].items():
                if status != "200" and (one["operationId"], status) != ("getReadiness", "503"):
                    assert list(answer["content"]) == ["application/problem+json"]


async def test_every_reference_leads_somewhere(app_of):
    """And the schemas are JSON Schema."""
    async with app_of(a=[1.0]) as world:
        api = document(world.edge._lane.app)

        def walk(value):
            if isinstance(value, dict):
                if "$ref" in value:
                    assert value["$ref"].rpartition("/")[2] in api["components"]["schemas"]
                for one in value.values():
                    walk(one)
            elif isinstance(value, list):
                for one in value:
                    walk(one)

        walk(api)
        for schema in api["components"]["schemas"].values():
            jsonschema_rs.meta.validate(schema)


def validate(api, schema, value):
    jsonschema_rs.Draft202012Validator({**schema, "components": api["components"]}).validate(value)


@pytest.mark.parametrize("capability", EXAMPLES)
async def test_the_examples_fit_their_schema(app_of, capability):
    """What the documentation shows is what is answered."""
    async with app_of(a=[1.0]) as world:
        api = document(world.edge._lane.app)
        contents = [
            content
            for path in api["paths"].values()
            for operation in path.values()
            for content in operation["responses"]["200"]["content"].values()
            if content.get("examples", {}).get("typical", {}).get("value") == EXAMPLES[capability]
        ]
        assert contents
        for content in contents:
            validate(api, content["schema"], EXAMPLES[capability])


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/market/ticker", "/api/market/ticker?symbol=BTC"),
        ("/api/market/tickers", "/api/market/tickers?symbols=BTC,B/B"),
        ("/api/market/candles", "/api/market/candles?symbol=BTC&limit=2"),
        ("/api/chain/{chain}/gas", "/api/chain/btc/gas"),
        ("/api/chain/{chain}/transactions/{address}", "/api/chain/eth/transactions/0x" + "a" * 40),
        ("/api/chain/{chain}/tokens/{address}", "/api/chain/eth/tokens/0x" + "a" * 40),
        ("/api/news", "/api/news"),
        ("/api/routing/explain", "/api/routing/explain?capability=ticker&symbol=BTC"),
        ("/api/routing/decisions/{request_id}", "/api/routing/decisions/r-1"),
        ("/api/monitoring/activity", "/api/monitoring/activity"),
        ("/api/feeds", "/api/feeds"),
        ("/api/feeds/explain", "/api/feeds/explain?capability=candles&symbol=BTC&interval=5m"),
        ("/api/monitor", "/api/monitor"),
        ("/api/monitor", "/api/monitor?bars=24h&since=x"),
        ("/api/status/public", "/api/status/public"),
        ("/api/providers/{name}", "/api/providers/a"),
        ("/api/source-health/history/{name}", "/api/source-health/history/a"),
        ("/api/config/features/{name}", "/api/config/features/A"),
    ],
)
async def test_what_is_answered_fits_its_schema(app_of, path, target):
    """Each kind of answer, by the document's own schema."""
    async with app_of(a=[1.0]) as world:
        await world.client.get("/api/market/ticker?symbol=X", headers={"X-Request-ID": "r-1"})
        api = document(world.edge._lane.app)
        answer = await world.client.get(target)
        assert answer.status_code == 200
        schema = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        validate(api, schema["schema"], answer.json())


async def test_the_parameters_are_those_the_reader_takes(app_of):
    """With bounds, and the required ones marked."""
    async with app_of(a=[1.0]) as world:
        api = document(world.edge._lane.app)
        named = {
            one["name"]: one for one in api["paths"]["/api/market/candles"]["get"]["parameters"]
        }
        assert set(named) == {
            "symbol", "interval", "limit", "start", "end", "provider", "strategy", "max_age_s",
            "timeout_s", "quote_fallback",
        }  # fmt: skip
        assert named["symbol"]["required"]
        assert named["limit"]["schema"]["maximum"] == 1000
        assert "1h" in named["interval"]["schema"]["enum"]
        assert set(candles.CandlesQuery.model_fields) <= set(named)
        gas = api["paths"]["/api/chain/{chain}/gas"]["get"]["parameters"]
        assert gas[0]["in"] == "path"
        assert set(chain.GasQuery.model_fields) == {gas[0]["name"]}


async def test_answers_to_generated_requests_keep_to_the_document(app_of):
    """Schemathesis asks each GET route odd questions; every answer fits what is documented."""
    async with app_of(a=[1.0]) as world:
        told = document(world.edge._lane.app)
        api = schemathesis.openapi.from_dict(told)
        seen = 0
        for result in api.get_all_operations():
            operation = result.ok()
            # What has no end is read over a socket elsewhere.
            endless = ("/api/stream", "/api/pages/ticker/stream", "/api/pages/candles/stream")
            if operation.method.lower() != "get" or operation.path in endless:
                continue
            for case in _cases(operation, 4):
                answer = await world.client.get(
                    case.formatted_path or "/", params=case.query or None
                )
                statuses = operation.definition.raw["responses"]
                assert str(answer.status_code) in statuses, (operation.path, answer.text)
                media = statuses[str(answer.status_code)]["content"]
                kind = answer.headers["content-type"]
                assert kind in media
                shown = answer.json() if "json" in kind else answer.text
                validate(told, media[kind]["schema"], shown)
                seen += 1
        assert seen > 60


def _cases(operation, count):
    from hypothesis import HealthCheck, Phase, given, settings

    cases = []

    @settings(
        max_examples=count, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def collect(case):
        cases.append(case)

    collect()
    return cases


async def test_only_errors_that_can_come_are_listed(app_of):
    """A ticker has no interval and computes no indicator."""
    async with app_of(a=[1.0]) as world:
        paths = document(world.edge._lane.app)["paths"]
        told = paths["/api/market/ticker"]["get"]["responses"]
        assert told["400"]["description"] == "invalid_request or invalid_symbol"
        assert "unknown_metric" not in told["404"]["description"]
        candles = paths["/api/market/candles"]["get"]["responses"]
        assert "unknown_interval" in candles["400"]["description"]
        metric = paths["/api/onchain/{metric}"]["get"]["responses"]
        assert "unknown_metric" in metric["404"]["description"]
        rsi = paths["/api/indicators/{indicator}"]["get"]["responses"]
        assert "insufficient_data" in rsi["400"]["description"]


async def test_what_is_required_is_said_to_be(app_of):
    """Pairs are those of one provider."""
    async with app_of(a=[1.0]) as world:
        pairs = document(world.edge._lane.app)["paths"]["/api/market/pairs"]["get"]
        named = {one["name"]: one["required"] for one in pairs["parameters"]}
        assert named["provider"] is True
        assert named["strategy"] is False


async def test_a_badge_is_a_picture_or_data(app_of):
    """Both are described, and the data fits."""
    async with app_of(a=[1.0]) as world:
        api = document(world.edge._lane.app)
        content = api["paths"]["/badge/{badge}"]["get"]["responses"]["200"]["content"]
        assert set(content) == {"image/svg+xml", "application/json"}
        answer = await world.client.get("/badge/system.json")
        validate(api, content["application/json"]["schema"], answer.json())


@pytest.mark.parametrize(
    "target",
    [
        "capability=ticker&symbol=BTC", "capability=news&symbol=BTC", "capability=news&asset=BTC",
        "capability=gas&chain=Ethereum", "capability=candles&symbol=BTC&interval=1H&limit=5",
        "capability=onchain_metric&metric=mvrv", "capability=coins&page=2",
        "capability=transactions&chain=eth&address=0x" + "a" * 40,
    ],
)  # fmt: skip
async def test_a_question_is_explained_in_the_words_of_its_route(app_of, target):
    """And every such word is a documented parameter."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get(f"/api/routing/explain?{target}")
        assert answer.status_code == 200, answer.text
        paths = document(world.edge._lane.app)["paths"]
        named = {one["name"] for one in paths["/api/routing/explain"]["get"]["parameters"]}
        given = {part.partition("=")[0] for part in target.split("&")}
        assert given - {"asset"} <= named


async def test_the_members_of_a_problem_are_described(app_of):
    """Those that help a caller on, too."""
    async with app_of(a=[1.0]) as world:
        api = document(world.edge._lane.app)
        problem = api["components"]["schemas"]["Problem"]["properties"]
        assert {"known", "did_you_mean", "errors"} <= set(problem)
        for path in ("/api/market/ticker?symbo=BTC", "/api/onchain/foo", "/api/chain/x/gas"):
            answer = (await world.client.get(path)).json()
            validate(api, {"$ref": "#/components/schemas/Problem"}, answer)
