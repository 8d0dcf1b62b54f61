"""The routes: answers and their headers, batches, bodies, and what the server knows of itself."""

import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest

from coinmux import Channel, Empty, EnvVar, Gateway, News, NewsItem, ProviderInfo, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.plugins.providers import lexicon
from coinmux.server.app import create_app

TICKER = "/api/market/ticker?symbol=BTC/USDT"


async def test_an_answer_says_where_it_comes_from(app_of):
    """Envelope, provider and freshness; then a hit with its age."""
    async with app_of(a=[1.5]) as world:
        first = await world.client.get(TICKER)
        assert first.json()["data"]["last"] == 1.5
        assert first.json()["meta"]["cache"] == "miss"
        assert first.headers["x-provider"] == "a"
        assert first.headers["cache-status"] == "coinmux; fwd=miss"
        assert first.headers["age"] == "0"
        world.clock.advance(2)
        second = await world.client.get(TICKER)
        assert second.json()["meta"]["cache"] == "hit"
        assert second.headers["age"] == "2"
        assert second.headers["cache-control"] == first.headers["cache-control"]
        assert second.headers["cache-status"].startswith("coinmux; hit; ttl=")


async def test_a_stale_answer_says_so(app_of):
    """Every source failed: what is kept goes out, marked, with a time to live below zero."""
    async with app_of(a=[1.5, Empty("no")]) as world:
        await world.client.get(TICKER)
        world.clock.advance(40)
        answer = await world.client.get(TICKER)
        assert answer.status_code == 200
        assert (answer.json()["meta"]["cache"], answer.json()["meta"]["stale"]) == ("stale", True)
        assert "ttl=-" in answer.headers["cache-status"]


FAST = [
    TICKER,
    "/api/market/candles?symbol=ETH&interval=1h&limit=3",
    "/api/chain/bitcoin/gas",
    "/api/news?symbol=BTC",
    "/api/chain/eth/transactions/0x" + "a" * 40,
]


@pytest.mark.parametrize("target", FAST)
async def test_the_fast_lane_answers_as_the_slow_way_byte_for_byte(app_of, target):
    """The same bytes and headers, in the same order, whether the target was known or not."""
    async with app_of(a=[1.5]) as world:
        await world.client.get(target)
        lane = world.edge._lane
        assert len(lane) == 1
        fast = await world.client.get(target)
        lane.forget()
        slow = await world.client.get(target)
        assert fast.status_code == slow.status_code == 200
        assert fast.content == slow.content
        strip = [b"x-request-id"]
        assert [h for h in fast.headers.raw if h[0] not in strip] == [
            h for h in slow.headers.raw if h[0] not in strip
        ]


async def test_the_fast_lane_answers_errors_as_the_slow_way(app_of):
    """The same problem document; the first of all alone tells of the source that was asked."""
    async with app_of(a=["unknown"]) as world:
        first = await world.client.get(TICKER)
        assert [one["code"] for one in first.json()["attempts"]] == ["unknown_symbol"]
        world.edge._lane.forget()
        answers = [await world.client.get(TICKER) for _ in range(2)]
        documents = [{**one.json(), "request_id": ""} for one in answers]
        assert documents[0] == documents[1]
        assert [one.status_code for one in answers] == [404, 404]
        assert len(world.edge._lane) == 1


async def test_what_is_refused_is_not_remembered(app_of):
    """Only targets that read as a question are kept; a HEAD or a POST never goes the fast way."""
    async with app_of(a=[1.5]) as world:
        await world.client.get("/api/market/ticker?symbol=")
        await world.client.get("/api/status")
        assert len(world.edge._lane) == 0
        await world.client.get(TICKER)
        assert (await world.client.post(TICKER)).status_code == 405


async def test_a_reload_makes_the_fast_lane_read_anew(app_of):
    """`BTC` means another pair when the default quote changes."""
    async with app_of(a=[1.5]) as world:
        target = "/api/market/ticker?symbol=BTC"
        assert (await world.client.get(target)).json()["data"]["symbol"] == "BTC/USDT"
        world.environ["DEFAULT_QUOTE"] = "EUR"
        await world.client.post("/api/config/reload")
        assert (await world.client.get(target)).json()["data"]["symbol"] == "BTC/EUR"


async def test_a_batch_itemises_what_failed(app_of):
    """The whole is 200; each symbol has its answer or its problem under its own name."""
    async with app_of(a=[1.5, "unknown"]) as world:
        answer = await world.client.get("/api/market/tickers?symbols=BTC,ETH/USDT,,B/B,BTC")
        tickers = answer.json()["tickers"]
        assert answer.status_code == 200
        assert set(tickers) == {"BTC/USDT", "ETH/USDT", "B/B"}
        assert tickers["BTC/USDT"]["data"]["last"] == 1.5
        assert tickers["ETH/USDT"]["error"]["code"] == "unknown_symbol"
        assert tickers["B/B"]["error"]["code"] == "invalid_symbol"


@pytest.mark.parametrize("symbols", ["", ",", ",".join(f"C{n}" for n in range(51))])
async def test_a_batch_is_bounded(app_of, symbols):
    """1 to 50 pairs."""
    async with app_of(a=[1.5]) as world:
        answer = await world.client.get("/api/market/tickers", params={"symbols": symbols})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["name"] == "symbols"


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Content-Type": "application/json"}, b"{", 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b"[" * 100_000, 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b"\xff\xfe", 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b"[]", 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"texts": []}', 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"texts": "x"}', 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"texts": ["x"], "y": 1}', 400, "invalid_request"),
        ({"Content-Type": "application/json"}, b"x" * 1_048_577, 413, "too_large"),
        ({"Content-Type": "text/plain"}, b"{}", 415, "unsupported_media_type"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"x", 415,
         "unsupported_media_type"),
        ({"Content-Type": "application/json"}, b'{"texts": ["fine"]}', 503,
         "no_provider_available"),
    ],
)  # fmt: skip
async def test_h2_bodies(app_of, headers, body, status, code):
    """H2: 413, 400 or 415, never 500."""
    async with app_of(a=[1.5]) as world:
        answer = await world.client.post("/api/models/sentiment", headers=headers, content=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_h2_a_body_of_undeclared_length_is_cut_off(app_of):
    """H2: counted as it comes."""

    async def body():
        for _ in range(40):
            yield b"x" * 65_536

    async with app_of(a=[1.5]) as world:
        headers = {"Content-Type": "application/json"}
        answer = await world.client.post("/api/models/sentiment", headers=headers, content=body())
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_explain_is_a_dry_run(app_of):
    """Candidates in order with reasons; nobody is asked."""
    async with app_of(a=[1.5], b=[2.5]) as world:
        answer = await world.client.get("/api/routing/explain?capability=ticker&symbol=BTC")
        candidates = answer.json()["candidates"]
        assert [one["provider"] for one in candidates] == ["a", "b"]
        assert candidates[0]["verdict"] == "chosen"
        assert world.plugins["a"].calls == 0
        for query in ("", "capability=nope", "capability=ticker", "capability=ticker&x=1"):
            refused = await world.client.get(f"/api/routing/explain?{query}")
            assert refused.status_code == 400
            assert refused.json()["errors"]


async def test_the_metrics_count_what_happened(app_of):
    """Requests, errors, sources and the cache, from the event stream."""
    async with app_of(a=[1.5, Empty("no")]) as world:
        for _ in range(3):
            await world.client.get(TICKER)
        await world.client.get("/api/market/ticker?symbol=ETH")
        report = (await world.client.get("/api/monitoring/metrics")).json()
        server = report["server"]
        assert server["requests_total"] == server["requests_per_min"] == 4
        assert server["error_rate"] == 0.25
        assert server["in_flight"] == 1
        assert server["p50_ms"] <= server["p95_ms"] <= server["p99_ms"]
        assert 0 <= server["load_percent"] <= 100
        assert report["endpoints"][0]["route"] == "/api/market/ticker"
        assert report["sources"][0]["source"] == "a"
        assert report["cache"]["hits"] == 2
        assert report["database"]["ok"] is False
        assert report["database"]["engine"] is None
        world.clock.advance(61)
        report = (await world.client.get("/api/monitoring/metrics")).json()
        assert report["server"]["requests_per_min"] == 0
        world.clock.advance(1000)
        report = (await world.client.get("/api/monitoring/metrics")).json()
        assert report["server"]["error_rate"] is None, "nobody asked within the window"


async def test_the_activity_is_newest_first_and_goes_on_after_an_id(app_of):
    """Attempts and state changes with their detail; requests are not among them."""
    async with app_of(a=[Empty("no")]) as world:
        await world.client.get(TICKER)
        first = (await world.client.get("/api/monitoring/activity")).json()
        ids = [event["id"] for event in first["events"]]
        assert ids == sorted(ids, reverse=True)
        assert {event["kind"] for event in first["events"]} >= {"attempt", "state"}
        assert "request" not in {event["kind"] for event in first["events"]}
        attempt = next(event for event in first["events"] if event["kind"] == "attempt")
        assert attempt["detail"]["parameters"] == {"symbol": "BTC/USDT"}
        target = f"/api/monitoring/activity?after={first['last_id']}&limit=1"
        assert (await world.client.get(target)).json()["events"] == []
        await world.client.get("/api/market/ticker?symbol=ETH")
        assert len((await world.client.get(target)).json()["events"]) == 1
        bad = await world.client.get("/api/monitoring/activity?limit=0")
        assert bad.status_code == 400


async def test_the_status_says_what_works(app_of):
    """The words of the contract."""
    async with app_of(a=[1.5]) as world:
        status = (await world.client.get("/api/status")).json()
        assert status["status"] in ("ONLINE", "DEGRADED", "OFFLINE")
        names = {service["name"]: service["status"] for service in status["services"]}
        assert names["api_server"] == "ONLINE"
        assert names["database"] == "DISABLED"
        assert "health_monitor" in names
        assert status["sources"]["total"] == 1
        assert status["endpoints"] == {"total": 0, "failing": 0}


async def test_features_by_name_in_any_case(app_of):
    """`KRAKEN` is `kraken`; values never show."""
    async with app_of(kraken=[1.5], _settings={"KRAKEN_KEY": "supersecretvalue"}) as world:
        assert (await world.client.get("/api/config/features/KRAKEN")).json()["name"] == "kraken"
        for path in ("/api/config/features", "/api/config/missing", "/api/providers"):
            assert "supersecretvalue" not in (await world.client.get(path)).text


async def test_settings_tell_what_is_in_force_and_of_secrets_only_that_they_are_set(app_of):
    token = "a-token-of-sixteen-and-more"
    async with app_of(a=[1.5], _settings={"ADMIN_TOKEN": token, "CACHE_ENTRIES": "7"}) as world:
        answer = await world.client.get("/api/config/settings")
        assert token not in answer.text
        lines = {one["variable"]: one for one in answer.json()["settings"]}
        cache = lines["CACHE_ENTRIES"]
        assert (cache["value"], cache["origin"]) == (7, "environment")
        assert cache["default"] != 7
        admin = lines["ADMIN_TOKEN"]
        assert (admin["value"], admin["secret"], admin["present"]) == (None, True, True)
        assert (lines["HEDGE"]["value"], lines["HEDGE"]["origin"]) == (False, "default")
        assert lines["DATABASE_URL"]["present"] is False


async def test_a_planted_secret_leaves_by_no_door(app_of):
    """A source that puts the key into its error does not show it to anybody."""
    from coinmux import EnvVar

    secret = "hunter2-hunter2-hunter2"
    async with app_of(
        a=[Empty(f"refused key={secret}")],
        _info={"a": {"env": (EnvVar("A_KEY"),)}},
        _settings={"A_KEY": secret},
    ) as world:
        texts = [(await world.client.get(TICKER)).text]
        paths = (
            "/api/monitoring/activity", "/api/source-health/status", "/api/config/features",
            "/api/routing/explain?capability=ticker&symbol=BTC", "/api/monitoring/metrics",
        )  # fmt: skip
        texts += [(await world.client.get(path)).text for path in paths]
        assert all(secret not in text for text in texts)
        assert "upstream_empty" in texts[0]


async def test_files_are_served_with_a_tag(app_of):
    """The second time, 304; nothing outside the folder."""
    async with app_of(a=[1.5]) as world:
        first = await world.client.get("/static/site.css")
        assert first.headers["content-type"] == "text/css; charset=utf-8"
        again = await world.client.get(
            "/static/site.css", headers={"If-None-Match": first.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        for path in ("/static/", "/static/..%2fserver/app.py", "/static/%2e%2e/server/app.py"):
            assert (await world.client.get(path)).status_code == 404


async def test_json_bodies_parse(app_of):
    """Every GET route without parameters answers JSON of its own."""
    async with app_of(a=[1.5]) as world:
        for path in (
            "/api/status", "/api/capabilities", "/api/providers", "/api/providers/a",
            "/api/config/features", "/api/config/missing", "/api/models/status",
            "/api/source-health/status", "/api/source-health/status/a",
            "/api/source-health/history/a", "/api/monitoring/metrics", "/healthz", "/readyz",
        ):  # fmt: skip
            answer = await world.client.get(path)
            assert (path, answer.status_code) == (path, 200)
            assert json.loads(answer.content)
            assert (await world.client.get(f"{path}?x=1")).status_code in (200, 400)


MODELS = {
    "env": (EnvVar("M_KEY", send_as="header:X-Key"),),
    "models": {"big": "one", "small": "two"},
    "channels": (Channel("one", "https://m.example/1"), Channel("two", "https://m.example/2")),
}


def text_world(**settings):
    """News without a network, a model that runs here, and one that lacks its key."""

    async def fetch_news(query, http):
        titles = ("Bitcoin soars", "Exchange hacked", "Meeting on Monday")
        items = [
            NewsItem(id=str(at), title=title, url=f"https://a.example/{at}", source="a")
            for at, title in enumerate(titles)
        ]
        return News(items=tuple(items))

    def info(name, **more):
        told = {"title": name, "category": "news", "base_url": f"https://{name}.example", **more}
        described = ProviderInfo(name=name, **told)
        return hookimpl(named("provider_info", lambda: described))

    def named(name, function):
        function.__name__ = name
        return function

    feed = SimpleNamespace(provider_info=info("feed"), fetch_news=hookimpl(fetch_news))
    keyed = SimpleNamespace(
        provider_info=info("m", **MODELS),
        fetch_text_sentiment=hookimpl(named("fetch_text_sentiment", lambda query: None)),
    )
    found = [in_process("feed", feed), in_process("m", keyed), in_process("lexicon", lexicon)]
    return Gateway.from_env(None, environ={"CHECKER": "off", **settings}, found=found)


@asynccontextmanager
async def client_of(gateway):
    app = create_app(gateway, opens_gateway=False)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    async with gateway, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
        yield made


async def test_news_is_scored_where_it_is_asked_for():
    """By whichever model answers; without the parameter nothing is scored."""
    async with client_of(text_world()) as client:
        plain = (await client.get("/api/news")).json()
        assert [item["sentiment"] for item in plain["data"]["items"]] == [None] * 3
        scored = (await client.get("/api/news?sentiment=true")).json()["data"]["items"]
        labels = [item["sentiment"]["label"] for item in scored]
        assert labels == ["positive", "negative", "neutral"]
        assert {item["sentiment"]["model"] for item in scored} == {"lexicon"}


async def test_each_model_is_listed_with_a_health_of_its_own():
    """The local one is always active; those of a source that lacks its key say so."""
    async with client_of(text_world()) as client:
        body = (await client.get("/api/models/status")).json()
        lines = {line["id"]: (line["provider"], line["active"]) for line in body["models"]}
        assert lines == {"lexicon": ("lexicon", True), "big": ("m", False), "small": ("m", False)}
        assert body["summary"] == {"total": 3, "active": 1}
        assert {line["reason"] for line in body["models"]} == {None, "missing_key"}


async def test_a_model_is_asked_for_by_name():
    """One nobody offers is named, with those there are."""
    async with client_of(text_world()) as client:
        url = "/api/models/sentiment"
        asked = {"texts": ["Bitcoin soars"], "model": "lexicon"}
        answer = (await client.post(url, json=asked)).json()
        assert answer["data"]["results"][0]["model"] == "lexicon"
        refused = await client.post(url, json={**asked, "model": "other"})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["known"] == ["big", "lexicon", "small"]
