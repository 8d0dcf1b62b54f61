"""Markets as a chart finds and describes them, and their prices in a list."""

import pytest

from coinmux import UpstreamTimeout
from coinmux.framework.config.api_keys import digest_of
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.server.udf.resolutions import RESOLUTIONS, interval_of
from coinmux.server.udf.symbols import decimals_of


def test_every_interval_has_one_resolution():
    assert sorted(interval_of(one) for one in RESOLUTIONS) == sorted(INTERVALS)
    assert [interval_of(one) for one in ("D", "W", "M", "1d")] == ["1d", "1w", "1M", "1d"]


@pytest.mark.parametrize(
    ("price", "decimals"),
    [(86_009.44, 2), (1_234.5, 2), (141.96, 3), (1.0, 5), (0.5, 6), (0.00001234, 10), (1e-12, 14)],
)
def test_decimals_show_six_figures(price, decimals):
    assert decimals_of(price) == decimals


async def test_a_chart_may_search_and_choose_among_the_sources_that_have_candles(chart):
    async with chart("okx", "kraken") as udf:
        body = await udf.get("config")
        assert body["supports_search"] is not body["supports_group_request"]
        assert body["supports_time"] is True
        assert body["supported_resolutions"] == RESOLUTIONS
        assert [one["value"] for one in body["exchanges"]] == ["", "KRAKEN", "OKX"]


async def test_the_time_is_bare_seconds(chart):
    async with chart() as udf:
        reply = await udf.world.client.get("/udf/time")
        assert reply.text == str(udf.world.clock.wall_ms() // 1000)
        assert reply.headers["content-type"].startswith("text/plain")


async def test_a_market_says_how_its_price_is_written(chart):
    async with chart(price=0.4) as udf:
        body = await udf.get("symbols", symbol="btc-usdt")
        assert (body["name"], body["ticker"], body["exchange"]) == (
            "BTC/USDT",
            "BTC/USDT",
            "coinmux",
        )
        assert body["description"] == "Bitcoin / Tether"
        assert body["visible_plots_set"] == "ohlcv"
        own = await udf.get("symbols", symbol="kraken:BTC/USDT")
        assert (own["ticker"], own["exchange"]) == ("KRAKEN:BTC/USDT", "Kraken")
        again = await udf.get("symbols", symbol=own["ticker"])
        assert again == own


async def test_a_market_without_volumes_says_so(chart):
    async with chart(volume=None) as udf:
        body = await udf.get("symbols", symbol="BTC/USDT")
        assert body["visible_plots_set"] == "ohlc"


async def test_a_pair_nobody_lists_is_unknown_and_no_source_is_asked(chart, lists):
    async with chart() as udf:
        lists(udf.world, kraken=("BTC/USD", "ETH/USD"))
        body = await udf.get("symbols", symbol="BTC/USDX")
        assert body["s"] == "error"
        assert body["errmsg"].startswith("unknown_symbol: ")
        assert udf.exchanges["kraken"].asked == []


async def test_a_search_finds_what_is_listed_of_one_source_or_of_any(chart, lists):
    async with chart("kraken", "okx") as udf:
        lists(udf.world, kraken=("BTC/USD", "ETH/USD"), okx=("BTC/USDT", "BTC/USD"))
        body = await udf.get("search", query="btc", limit=30)
        assert [one["ticker"] for one in body] == ["BTC/USDT", "BTC/USD"]
        assert {one["exchange"] for one in body} == {"coinmux"}
        body = await udf.get("search", query="btc", exchange="KRAKEN")
        assert [one["ticker"] for one in body] == ["KRAKEN:BTC/USD"]
        assert body[0]["full_name"] == "KRAKEN:BTC/USD"
        assert await udf.get("search", query="btc", limit=1) == [
            (await udf.get("search", query="btc"))[0]
        ]
        assert await udf.get("search", query="btc", type="stock") == []
        assert await udf.get("search", query="zzz") == []
        assert (await udf.get("search", query="btc", limit="many"))["s"] == "error"


async def test_quotes_of_several_markets_and_one_that_fails(chart):
    async with chart("kraken", "okx") as udf:
        udf.exchanges["okx"].error = UpstreamTimeout("no answer in time")
        body = await udf.get("quotes", symbols="BTC/USDT,OKX:ETH/USDT,B/B,BTC/USDT")
        assert [one["s"] for one in body["d"]] == ["ok", "error", "error"]
        good, failed, _ = body["d"]
        assert good["v"]["lp"] == 20_000.0
        assert good["v"]["ch"] == 100.0
        assert good["v"]["chp"] == pytest.approx(100 / 19_900 * 100)
        assert "bid" not in good["v"], "the source tells none"
        assert failed["n"] == "OKX:ETH/USDT"
        assert "no answer" in failed["errmsg"] or "upstream_timeout" in failed["errmsg"]
        assert (await udf.get("quotes", symbols=""))["s"] == "error"


async def test_a_key_is_needed_where_sources_are_asked(app_of):
    """The scope is the market's; what asks nobody is open."""
    keys = {"API_KEYS": f"desk:{digest_of('k' * 32)}"}
    async with app_of(_settings=keys, _peer="192.0.2.7", a=[1.0]) as world:
        assert (await world.client.get("/udf/config")).status_code == 200
        refused = await world.client.get("/udf/history?symbol=BTC/USDT&resolution=60&countback=5")
        assert refused.status_code == 401
        ok = await world.client.get(
            "/udf/history?symbol=BTC/USDT&resolution=60&countback=5",
            headers={"X-API-Key": "k" * 32},
        )
        assert ok.json()["s"] == "ok"
