"""Tags of answers: one for what is said, however it was fetched, and 304 for whoever has it."""

import pytest

from coinmux import UnknownSymbol
from coinmux.framework.cache.answer import tag_of
from coinmux.server.asgi.packing import Packer

TICKER = "/api/market/ticker?symbol=BTC/USDT"
CANDLES = "/api/market/candles?symbol=BTC/USDT&interval=1h&limit=50"
RSI = "/api/indicators/rsi?symbol=BTC/USDT&interval=1h&limit=20"
#: What may be asked for again: answers of sources in each form, and documents of the server.
TAGGED = [
    TICKER, CANDLES, RSI,
    "/api/data/ticker?symbol=BTC/USDT",
    "/api/market/ticker.csv?symbol=BTC/USDT",
    "/api/market/candles.csv?symbol=BTC/USDT&interval=1h",
    "/api/market/candles.arrow?symbol=BTC/USDT&interval=1h",
    "/api/indicators/rsi.csv?symbol=BTC/USDT",
    "/api/market/tickers?symbols=BTC/USDT,ETH/USDT",
    "/api/indicators/rsi?symbol=BTC/USDT&interval=1h,4h",
    "/api/indicators/comprehensive?symbol=BTC/USDT",
    "/api/indicators", "/api/capabilities", "/api/providers", "/api/onchain",
    "/api/config/features", "/api/config/settings", "/api/config/missing",
    "/schema/openapi.json", "/schema/asyncapi.json",
    "/udf/config", "/udf/history?symbol=BTC/USDT&resolution=60&countback=20&to=1764000000",
    "/widgets.json", "/apps.json", "/openbb/data/candles?symbol=BTC/USDT",
]  # fmt: skip
#: Of all that a 304 must say anew (RFC 9110, 15.4.5), and what tells whose the data is.
KEPT = ("cache-control", "etag", "vary", "age", "x-provider", "cache-status")


@pytest.mark.parametrize("path", TAGGED)
async def test_who_has_the_answer_is_told_so(indicator_app, path):
    """The first answer's tag holds for the cached one; 304 has the headers and no body."""
    async with indicator_app(a=[1.0]) as world:
        first = await world.client.get(path)
        assert first.status_code == 200, first.text
        tag = first.headers["etag"]
        assert tag.startswith('W/"')
        again = await world.client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        whole = await world.client.get(path)
        assert whole.headers["etag"] == tag
        assert whole.content
        for name in KEPT:
            assert again.headers.get(name) == whole.headers.get(name), name
        assert {"content-type", "content-length", "content-encoding"}.isdisjoint(again.headers)


async def test_the_same_data_fetched_again_has_the_same_tag(app_of, clock):
    """`Age` says how new it is; the body's `fetched_at` and `elapsed_ms` are another's."""
    async with app_of(a=[1.0]) as world:
        path = "/api/chain/ethereum/gas"
        plugin = world.plugins["a"]
        told_ms = clock.wall_ms()
        plugin.clock = type("Fixed", (), {"wall_ms": staticmethod(lambda: told_ms)})
        first = await world.client.get(path)
        clock.advance(3)
        again = await world.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.headers["age"] == "3"
        newly = await world.client.get(
            f"{path}?max_age_s=0", headers={"If-None-Match": first.headers["etag"]}
        )
        assert (newly.status_code, newly.headers["age"]) == (304, "0")
        assert newly.headers["cache-status"] == "coinmux; fwd=miss"


async def test_other_data_has_another_tag(app_of):
    """So has the same from another source."""
    async with app_of(a=[1.0, 2.0]) as world:
        path = f"{TICKER}&max_age_s=0"
        first = await world.client.get(path)
        second = await world.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert second.status_code == 200
        assert second.json()["data"]["last"] == 2.0
    said = {"provider": "a", "stale": False, "fetched_at": 1, "cache": "miss"}
    assert tag_of(b"1", said) == tag_of(b"1", {**said, "fetched_at": 2, "cache": "hit"})
    assert tag_of(b"1", said) != tag_of(b"1", {**said, "provider": "b"})
    assert tag_of(b"1", said) != tag_of(b"1", {**said, "stale": True})


async def test_what_became_stale_is_sent_anew(app_of, clock):
    """Or its reader would go on to take it for fresh."""
    async with app_of(a=[1.0, OSError("down")]) as world:
        first = await world.client.get(TICKER)
        clock.advance(30)
        stale = await world.client.get(TICKER, headers={"If-None-Match": first.headers["etag"]})
        assert stale.status_code == 200
        assert stale.json()["meta"]["stale"] is True


async def test_each_form_has_its_own_tag(app_of):
    """One is not taken for the other."""
    async with app_of(a=[1.0]) as world:
        asked = ("/api/market/ticker", "/api/market/ticker.csv", "/api/market/ticker.arrow")
        answers = [await world.client.get(f"{one}?symbol=BTC/USDT") for one in asked]
        assert len({one.headers["etag"] for one in answers}) == 3
        assert all("accept" in one.headers["vary"] for one in answers)


async def test_an_error_in_an_answer_is_known_again(app_of):
    """Its document names the request, which is nothing that the answer says."""
    async with app_of(a=[UnknownSymbol("X/USDT")]) as world:
        path = "/api/market/tickers?symbols=X/USDT"
        first = await world.client.get(path)
        assert first.json()["tickers"]["X/USDT"]["error"]["code"] == "unknown_symbol"
        again = await world.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304


async def test_errors_and_answers_to_a_post_have_no_tag(indicator_app):
    """A condition on a POST is no question whether its answer is known (RFC 9110, 13.1.2)."""
    async with indicator_app(a=[1.0]) as world:
        body = {"symbols": ["BTC/USDT"], "indicators": ["rsi"], "limit": 50}
        condition = {"If-None-Match": "*"}
        posted = await world.client.post("/api/indicators/batch", json=body, headers=condition)
        assert posted.status_code == 200
        assert "etag" not in posted.headers
        refused = await world.client.get("/api/market/ticker", headers=condition)
        assert refused.status_code == 400
        assert "etag" not in refused.headers


async def test_a_head_says_304_too(app_of):
    """It is a GET without a body."""
    async with app_of(a=[1.0]) as world:
        tag = (await world.client.get(TICKER)).headers["etag"]
        head = await world.client.head(TICKER, headers={"If-None-Match": tag})
        assert head.status_code == 304


def test_compressed_bytes_are_those_of_this_body():
    """Two bodies of one tag differ in how they were fetched."""
    packer = Packer()
    asked = [(b"accept-encoding", b"gzip")]
    headers = [(b"content-type", b"application/json"), (b"etag", b'W/"same"')]
    sent = {
        packer.pack(asked, 200, headers, body * 2_000, method="GET")[2] for body in (b"a", b"b")
    }
    assert len(sent) == 2
