"""Every JSON route of a running server: what is sent is described, what is required is sent."""

import copy
import time

import httpx
import jsonschema_rs
import pytest

ADDRESS = "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"
ROWS = [
    [1_764_000_000_000 + at * 3_600_000, 1.0, 2.0, 0.5, 1.0 + at % 7 / 10, 10.0] for at in range(60)
]
#: One request for each operation that answers JSON: its path in the document, the target, a body.
GET = [
    ("/api/alerts", "/api/alerts"),
    ("/api/capabilities", "/api/capabilities"),
    ("/api/chain/{chain}/balance/{address}", f"/api/chain/ethereum/balance/{ADDRESS}"),
    ("/api/chain/{chain}/gas", "/api/chain/ethereum/gas"),
    ("/api/chain/{chain}/head", "/api/chain/ethereum/head"),
    ("/api/chain/{chain}/tokens/{address}", f"/api/chain/ethereum/tokens/{ADDRESS}"),
    ("/api/chain/{chain}/transactions/{address}", f"/api/chain/ethereum/transactions/{ADDRESS}"),
    ("/api/config/features", "/api/config/features"),
    ("/api/config/features/{name}", "/api/config/features/binance"),
    ("/api/config/missing", "/api/config/missing"),
    ("/api/config/settings", "/api/config/settings"),
    ("/api/defi/tvl", "/api/defi/tvl"),
    ("/api/drill", "/api/drill"),
    ("/api/feeds", "/api/feeds"),
    ("/api/feeds/explain", "/api/feeds/explain?capability=ticker&symbol=BTC/USDT"),
    ("/api/incidents", "/api/incidents"),
    ("/api/incidents/{incident_id}", "/api/incidents/THE-NEWEST"),
    ("/api/maintenance", "/api/maintenance"),
    ("/api/indicators", "/api/indicators"),
    ("/api/indicators/comprehensive", "/api/indicators/comprehensive?symbol=BTC/USDT"),
    (
        "/api/indicators/comprehensive",
        "/api/indicators/comprehensive?symbol=BTC/USDT&interval=1h,4h",
    ),
    ("/api/data/{capability}", "/api/data/fear_greed"),
    ("/api/indicators/{indicator}", "/api/indicators/rsi?symbol=BTC/USDT&limit=2"),
    ("/api/indicators/{indicator}", "/api/indicators/rsi?symbol=BTC/USDT&limit=2&interval=1h,4h"),
    ("/api/market/candles", "/api/market/candles?symbol=BTC/USDT&limit=3"),
    ("/api/market/coins", "/api/market/coins"),
    ("/api/market/global", "/api/market/global"),
    ("/api/market/order-book", "/api/market/order-book?symbol=BTC/USDT"),
    ("/api/market/pairs", "/api/market/pairs?provider=mexc"),
    ("/api/market/ticker", "/api/market/ticker?symbol=BTC/USDT"),
    ("/api/market/ticker", "/api/market/ticker?symbol=BTC/USDT&strategy=consensus&max_age_s=0"),
    ("/api/market/tickers", "/api/market/tickers?symbols=BTC/USDT,ETH/USDT,NOSUCHCOIN/USDT"),
    ("/api/market/trades", "/api/market/trades?symbol=BTC/USDT"),
    ("/udf/config", "/udf/config"),
    ("/udf/search", "/udf/search?query=btc&exchange=KRAKEN"),
    ("/udf/symbols", "/udf/symbols?symbol=KRAKEN:BTC/USD"),
    ("/udf/symbols", "/udf/symbols?symbol=NOSUCHCOIN/USDT"),
    ("/udf/history", "/udf/history?symbol=BTC/USDT&resolution=60&countback=3"),
    ("/udf/history", "/udf/history?symbol=BTC/USDT&resolution=60&from=0&to=9"),
    ("/udf/quotes", "/udf/quotes?symbols=BTC/USDT,B/B"),
    ("/widgets.json", "/widgets.json"),
    ("/apps.json", "/apps.json"),
    ("/openbb/data/{capability}", "/openbb/data/candles?symbol=BTC/USDT&limit=3&provider="),
    ("/openbb/indicators", "/openbb/indicators?indicator=rsi&symbol=BTC/USDT&limit=3"),
    ("/openbb/market", "/openbb/market?symbol=BTC/USDT,B/B"),
    ("/api/models/status", "/api/models/status"),
    ("/api/monitor", "/api/monitor"),
    ("/api/monitoring/activity", "/api/monitoring/activity?limit=500"),
    ("/api/monitoring/metrics", "/api/monitoring/metrics"),
    ("/api/news", "/api/news?symbol=BTC"),
    ("/api/onchain", "/api/onchain"),
    ("/api/onchain/{metric}", "/api/onchain/hash_rate?asset=BTC"),
    ("/api/pages/overview", "/api/pages/overview?pairs=BTC/USDT,NOSUCHCOIN/USDT,B/B"),
    ("/api/pages/chart", "/api/pages/chart?symbol=eth&ind=rsi,macd:fastperiod=9,nosuch"),
    ("/api/pages/chart", "/api/pages/chart?symbol=B/B&ind=rsi"),
    ("/api/pages/decision", "/api/pages/decision?request=drift-1"),
    ("/api/pages/decision", "/api/pages/decision?capability=ticker&symbol=BTC/USDT"),
    ("/api/pages/decision", "/api/pages/decision?request=nosuch"),
    ("/api/pages/provider", "/api/pages/provider?name=binance"),
    ("/api/pages/provider", "/api/pages/provider?name=nosuch"),
    ("/api/pages/pairs", "/api/pages/pairs?search=eth"),
    ("/badge/{badge}", "/badge/system.json"),
    ("/api/pages/incident", "/api/pages/incident?id=THE-NEWEST"),
    ("/api/plugins", "/api/plugins"),
    ("/api/providers", "/api/providers"),
    ("/api/providers/{name}", "/api/providers/rss_news"),
    ("/api/providers/{name}", "/api/providers/coingecko"),
    ("/api/routing/decisions/{request_id}", "/api/routing/decisions/drift-1"),
    ("/api/routing/explain", "/api/routing/explain?capability=ticker&symbol=BTC/USDT"),
    ("/api/sentiment/index", "/api/sentiment/index"),
    ("/api/sentiment/social", "/api/sentiment/social?symbol=BTC"),
    ("/api/source-health/history/{name}", "/api/source-health/history/binance"),
    ("/api/source-health/status", "/api/source-health/status"),
    ("/api/source-health/status/{name}", "/api/source-health/status/binance"),
    ("/api/status", "/api/status"),
    ("/api/status/public", "/api/status/public"),
    ("/api/usage", "/api/usage"),
    ("/api/whales/entity/{address}", f"/api/whales/entity/{ADDRESS}"),
    ("/api/whales/transfers", "/api/whales/transfers"),
    ("/healthz", "/healthz"),
    ("/readyz", "/readyz"),
]
POST = [
    (
        "/api/batch",
        "/api/batch",
        {
            "queries": [
                {"id": "btc", "capability": "ticker", "params": {"symbol": "BTC/USDT"}},
                {"indicator": "rsi", "params": {"symbol": "BTC/USDT", "period": 7, "limit": 2}},
                {"explain": "gas", "params": {"chain": "ethereum"}},
                {"capability": "ticker", "params": {}},
            ]
        },
    ),
    ("/api/config/reload", "/api/config/reload", None),
    ("/api/drill/{provider}", "/api/drill/kraken", {"fault": None}),
    ("/api/maintenance", "/api/maintenance", {"source": "kraken", "minutes": 1, "note": "a test"}),
    ("/api/maintenance/{window_id}/end", "/api/maintenance/A-WINDOW/end", None),
    ("/api/incidents/{incident_id}/notes", "/api/incidents/THE-NEWEST/notes", {"text": "seen"}),
    (
        "/api/indicators/batch",
        "/api/indicators/batch",
        {"symbols": ["BTC/USDT", "NOSUCHCOIN/USDT"], "indicators": ["rsi"]},
    ),
    ("/api/indicators/{indicator}", "/api/indicators/rsi", {"rows": ROWS}),
    ("/api/models/sentiment", "/api/models/sentiment", {"texts": ["Bitcoin soars"]}),
    ("/api/source-health/reset-all", "/api/source-health/reset-all", None),
    ("/api/source-health/reset/{name}", "/api/source-health/reset/binance", None),
    ("/api/source-health/test/{name}", "/api/source-health/test/bitstamp", None),
]
ASKED = [*(("get", *one, None) for one in GET), *(("post", *one) for one in POST)]
#: Routes whose sources have no sample that fits the question; a problem is as good an answer.
MAY_FAIL = {"/api/onchain/{metric}", "/api/whales/entity/{address}", "/api/whales/transfers"}


@pytest.fixture(scope="module")
def client(simulated_server):
    with httpx.Client(base_url=simulated_server.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def api(client):
    """The document, every object in it closed to members it does not describe."""
    return closed(client.get("/schema/openapi.json").json())


@pytest.fixture(scope="module")
def lived(client):
    """The server after a source failed: attempts, state changes and decisions are recorded."""
    assert client.post("/api/drill/binance", json={"fault": fault_of(client)}).status_code == 200
    fresh = {"symbol": "BTC/USDT", "max_age_s": "0"}
    for n in range(4):
        client.get(
            "/api/market/ticker", params=fresh, headers={"x-request-id": f"drift-{n}"}
        ).raise_for_status()
    # A strained server refuses some of them, and those are no failures of the source.
    for _ in range(100):
        client.get("/api/market/ticker", params={**fresh, "provider": "binance"})
        if client.get("/api/source-health/status/binance").json()["state"] == "OFFLINE":
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the broken source is not offline")
    yield
    client.post("/api/drill/binance", json={"fault": None})
    client.post("/api/source-health/reset-all")


def newest_incident(client):
    """The id of the failing source's incident, which is recorded in the background."""
    for _ in range(300):
        found = client.get("/api/incidents", params={"source": "binance"}).json()["incidents"]
        if found:
            return found[0]["id"]
        time.sleep(0.1)
    raise AssertionError("no incident was recorded")


def fault_of(client):
    faults = client.get("/api/drill").json()["faults"]
    return next(one for one in faults if one != "hang")


def closed(value):
    """`value`, a schema that names members refusing others, unless it says that it takes them."""
    if isinstance(value, list):
        return [closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: closed(one) for name, one in value.items()}
    if isinstance(made.get("properties"), dict) and "type" in made:
        made.setdefault("additionalProperties", False)
    return made


def check(api, method, path, answer):
    content = api["paths"][path][method]["responses"][str(answer.status_code)]["content"]
    kind = answer.headers.get("content-type", "application/json").partition(";")[0]
    schema = content[kind]["schema"]
    whole = {**copy.deepcopy(schema), "components": api["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate(answer.json())


def test_every_json_operation_is_asked_here(api):
    """A new route cannot be left out of this test."""
    described = {
        (method, path)
        for path, operations in api["paths"].items()
        for method, operation in operations.items()
        if "application/json" in operation["responses"]["200"]["content"]
    }
    assert {(method, path) for method, path, _, _ in ASKED} == described


@pytest.mark.parametrize(
    ("method", "path", "target", "body"), ASKED, ids=lambda one: one if isinstance(one, str) else ""
)
def test_no_field_is_sent_undescribed_and_none_required_is_missing(
    client, api, lived, method, path, target, body
):
    """The answer fits its schema although every object in it is closed."""
    if "THE-NEWEST" in target:
        target = target.replace("THE-NEWEST", newest_incident(client))
    if "A-WINDOW" in target:
        order = {"source": "okx", "minutes": 1}
        window = client.post("/api/maintenance", json=order).json()
        target = target.replace("A-WINDOW", window["id"])
    answer = client.request(method, target, json=body)
    assert answer.status_code == 200 or path in MAY_FAIL, answer.text
    check(api, method, path, answer)


def test_a_badge_as_data_and_a_problem_are_as_described(client, api):
    """Two answers that are no route's own: a picture's data, and what every error looks like."""
    badge = client.get("/badge/system.json").json()
    assert set(badge) == {"schemaVersion", "label", "message", "color"}
    check(api, "get", "/api/providers/{name}", client.get("/api/providers/nosuch"))


def test_an_undescribed_and_a_missing_field_are_refused(client, api):
    """The check itself: one field more or less in an answer does not pass."""
    answer = client.get("/api/status/public")
    check(api, "get", "/api/status/public", answer)
    for change in ({**answer.json(), "more": 1}, {"status": "ONLINE"}):
        with pytest.raises(jsonschema_rs.ValidationError):
            check(api, "get", "/api/status/public", httpx.Response(200, json=change))
