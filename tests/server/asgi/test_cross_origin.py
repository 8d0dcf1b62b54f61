"""Pages of other sites: nothing without a setting, and never what changes something."""

import pytest

from coinmux import InvalidRequest
from coinmux.framework.config.settings import Settings

TICKER = "/api/market/ticker?symbol=BTC/USDT"
APP = "https://app.example.com"
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
ASKS = [
    TICKER, "/api/market/tickers?symbols=BTC/USDT", "/api/market/candles?symbol=BTC",
    "/api/chain/bitcoin/gas", "/api/indicators/rsi?symbol=BTC", "/api/news", "/api/onchain/mvrv",
    "/api/whales/transfers", "/api/defi/tvl",
]  # fmt: skip


@pytest.mark.parametrize("path", ASKS)
async def test_another_sites_page_may_not_spend_what_sources_allow(indicator_app, path):
    """Refused before a source is asked, and when an answer is cached too."""
    async with indicator_app(a=[1.0]) as world:
        for _ in range(2):
            answer = await world.client.get(f"{path}", headers=FOREIGN)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin")
            assert "CORS_ORIGINS" in answer.json()["detail"]
        assert world.plugins["a"].calls == world.plugins["a"].candle_calls == 0
        await world.client.get(path)
        assert (await world.client.get(path, headers=FOREIGN)).status_code == 403


FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}


@pytest.mark.parametrize(
    "headers",
    [
        {**FOLLOWED, "Sec-Fetch-Dest": "iframe"},
        {**FOLLOWED, "Sec-Fetch-Dest": "embed"},
        {**FOLLOWED, "Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"},
        {**FOLLOWED, "Sec-Fetch-User": "?0"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
    ],
)
async def test_frames_prefetches_and_other_origins_spend_nothing_either(app_of, headers):
    """Nor do browsers that say no more of a page than its origin."""
    async with app_of(a=[1.0]) as world:
        await world.client.get(TICKER)
        for path in (TICKER, f"{TICKER}&max_age_s=0"):
            assert (await world.client.get(path, headers=headers)).status_code == 403
        assert world.plugins["a"].calls == 1


async def test_a_text_model_is_not_asked_by_another_sites_page(app_of):
    """A POST that asks sources is under the same rule."""
    async with app_of(a=[1.0]) as world:
        body = {"texts": ["good"]}
        answer = await world.client.post("/api/models/sentiment", json=body, headers=FOREIGN)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Origin": "http://localhost", "Host": "localhost"},
        {"Origin": "https://app.test", "Sec-Fetch-Site": "same-origin"},
        FOLLOWED,
        {**FOLLOWED, "Sec-Fetch-Dest": "document"},
    ],
)
async def test_own_pages_programs_and_followed_links_are_answered(app_of, headers):
    """A link on another page that a person follows is no spending of quotas."""
    async with app_of(a=[1.0]) as world:
        for _ in range(2):
            assert (await world.client.get(TICKER, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/badge/system.svg", "/api/status/public", "/healthz"])
async def test_what_asks_no_source_is_open_to_other_sites(app_of, path):
    """Badges and the public summary are made for them."""
    async with app_of(a=[1.0]) as world:
        assert (await world.client.get(path, headers=FOREIGN)).status_code == 200


async def test_no_page_may_read_answers_without_a_setting(app_of):
    """CORS is off by default."""
    async with app_of(a=[1.0]) as world:
        for _ in range(2):
            answer = await world.client.get(TICKER, headers={"Origin": APP})
            assert "access-control-allow-origin" not in answer.headers
            assert "origin" not in answer.headers.get("vary", "")


@pytest.mark.parametrize(
    "path", [TICKER, "/api/providers", "/api/market/candles?symbol=BTC", "/nope"]
)
async def test_a_named_origin_may_read_answers_and_errors(app_of, path):
    """Cached or not, packed or not; caches are told that the answer varies."""
    async with app_of({"CORS_ORIGINS": f"{APP}, http://localhost:3000"}, a=[1.0]) as world:
        for _ in range(2):
            headers = {"Origin": APP, **FOREIGN}
            answer = await world.client.get(path, headers=headers)
            assert answer.headers["access-control-allow-origin"] == APP
            assert "origin" in answer.headers["vary"]
            assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
            assert answer.status_code == (404 if path == "/nope" else 200)
        other = await world.client.get(path, headers={"Origin": "https://evil.example", **FOREIGN})
        assert "access-control-allow-origin" not in other.headers
        assert path != TICKER or other.status_code == 403


async def test_a_preflight_is_answered_for_named_origins(app_of):
    """With the methods and headers that may be sent."""
    headers = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    async with app_of({"CORS_ORIGINS": APP}, a=[1.0]) as world:
        answer = await world.client.options("/api/models/sentiment", headers=headers)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == APP
        assert "Content-Type" in answer.headers["access-control-allow-headers"]
        assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("origins", [APP, "*"])
@pytest.mark.parametrize(
    "path", ["/api/config/reload", "/api/source-health/reset-all", "/api/source-health/reset/a"]
)
async def test_routes_that_change_something_are_never_open(app_of, origins, path):
    """Neither the preflight nor the answer lets another site in."""
    async with app_of({"CORS_ORIGINS": origins}, a=[1.0]) as world:
        headers = {"Origin": APP, "Access-Control-Request-Method": "POST"}
        for answer in (
            await world.client.options(path, headers=headers),
            await world.client.post(path, headers={"Origin": APP}),
        ):
            assert "access-control-allow-origin" not in answer.headers
        assert answer.status_code == 403


async def test_all_origins_may_be_named_at_once(app_of):
    """`*` opens what asks sources to every page."""
    async with app_of({"CORS_ORIGINS": "*"}, a=[1.0]) as world:
        answer = await world.client.get(TICKER, headers={"Origin": APP, **FOREIGN})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize(
    "value", ["app.example.com", "https://*.example.com", "null", "*, https://a.b"]
)
def test_what_is_no_origin_is_refused(value):
    """The setting says what it takes."""
    with pytest.raises(InvalidRequest, match="CORS_ORIGINS takes origins"):
        Settings.read({"CORS_ORIGINS": value})


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/market/ticker", "GET, HEAD, OPTIONS"),
        ("/api/indicators/rsi", "GET, HEAD, OPTIONS, POST"),
        ("/api/indicators/batch", "OPTIONS, POST"),
    ],
)
async def test_options_say_what_may_be_asked(app_of, path, methods):
    """The same methods as a refusal does, of every handler of a path, and nobody stores it."""
    async with app_of(a=[1.0]) as world:
        told = await world.client.options(path)
        refused = await world.client.delete(path)
        assert told.headers["allow"] == refused.headers["allow"] == methods
        assert told.headers["cache-control"] == "no-store"
