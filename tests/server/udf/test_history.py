"""Bars as a chart asks for them: windows back in time, to the first bar there is."""

import pytest

from coinmux import UpstreamTimeout
from tests.server.udf.conftest import HOUR_MS, LIFE

BTC = {"symbol": "BTC/USDT", "resolution": "60"}


def last_hour(udf):
    return udf.world.clock.wall_ms() // HOUR_MS * 3600


async def test_bars_are_columns_with_times_in_seconds_and_their_source(chart):
    async with chart() as udf:
        end = last_hour(udf) + 3600
        body = await udf.get("history", **BTC, **{"from": end - 10 * 3600, "to": end})
        assert body["s"] == "ok"
        assert body["t"] == [end - back * 3600 for back in range(10, 0, -1)]
        assert all(len(body[name]) == 10 for name in "ohlcv")
        assert all(low < high for low, high in zip(body["l"], body["h"], strict=True))
        assert body["meta"]["providers"] == ["kraken"]
        assert body["meta"]["fetched_at"] == udf.world.clock.wall_ms()
        assert body["meta"]["simulated"] is False


async def test_the_end_is_not_among_them(chart):
    async with chart() as udf:
        end = last_hour(udf)
        body = await udf.get("history", **BTC, countback=3, to=end)
        assert body["t"] == [end - 3 * 3600, end - 2 * 3600, end - 3600]
        body = await udf.get("history", **BTC, countback=3, to=end + 1)
        assert body["t"][-1] == end


async def test_so_many_bars_come_though_the_range_is_shorter(chart):
    """Else a chart asks again and again."""
    async with chart() as udf:
        end = last_hour(udf)
        body = await udf.get("history", **BTC, **{"from": end - 3600, "to": end, "countback": 700})
        assert len(body["t"]) == 700


async def test_a_chart_walks_back_to_the_first_bar_and_no_further(chart):
    """What its client does: windows before the oldest bar, until there is no data."""
    async with chart() as udf:
        end, seen, asked = last_hour(udf) + 3600, [], 0
        while True:
            body = await udf.get("history", **BTC, countback=600, to=end)
            asked += 1
            if body["s"] == "no_data":
                break
            seen = body["t"] + seen
            end = body["t"][0]
            assert asked < 10
        assert body == {"s": "no_data"}, "without a time to go on from"
        assert len(seen) == LIFE + 1
        assert seen == sorted(set(seen))
        assert asked == 6


async def test_a_hole_leads_on_to_the_bar_before_it(chart):
    async with chart() as udf:
        exchange = udf.exchanges["kraken"]
        exchange.missing = range(LIFE - 200, LIFE - 100)
        now = last_hour(udf)
        values = {"from": now - 150 * 3600, "to": now - 120 * 3600}
        body = await udf.get("history", **BTC, **values)
        assert body == {"s": "no_data", "nextTime": now - 201 * 3600}
        values = {"from": body["nextTime"] - 5 * 3600, "to": body["nextTime"] + 1}
        assert len((await udf.get("history", **BTC, **values))["t"]) == 6


async def test_a_source_without_volumes_has_no_column_of_them(chart):
    async with chart(volume=None) as udf:
        body = await udf.get("history", **BTC, countback=5)
        assert "v" not in body
        assert len(body["c"]) == 5


async def test_days_open_at_midnight_and_months_are_known(chart):
    async with chart() as udf:
        body = await udf.get("history", symbol="BTC/USDT", resolution="D", countback=3)
        assert len(body["t"]) == 3
        assert all(at % 86_400 == 0 for at in body["t"])


async def test_a_source_can_be_chosen_and_is_the_only_one_asked(chart):
    async with chart("kraken", "okx") as udf:
        body = await udf.get("history", symbol="OKX:BTC/USDT", resolution="60", countback=5)
        assert body["meta"]["providers"] == ["okx"]
        assert udf.exchanges["kraken"].asked == []
        udf.exchanges["okx"].error = UpstreamTimeout("no answer in time")
        failed = await udf.get("history", symbol="OKX:ETH/USDT", resolution="60", countback=5)
        assert failed["s"] == "error"
        assert udf.exchanges["kraken"].asked == []


WRONG = [
    pytest.param({"symbol": "B/B"}, "invalid_symbol", "B/B", id="no pair"),
    pytest.param({"symbol": "KRAKN:BTC/USD"}, "unknown_provider", "KRAKN", id="no such source"),
    pytest.param({"resolution": "7"}, "unknown_interval", "resolution", id="no such length"),
    pytest.param({"resolution": ""}, "unknown_interval", "resolution", id="no length"),
    pytest.param({"to": "now"}, "invalid_request", "to takes", id="no number"),
    pytest.param({"to": "1e999"}, "invalid_request", "to takes", id="endless"),
    pytest.param({"countback": "-1"}, "invalid_request", "countback takes", id="less than none"),
    pytest.param({"countback": ""}, "invalid_request", "from is missing", id="neither"),
    pytest.param({"symbol": "DOGE/USDT"}, "unknown_symbol", "DOGE", id="nobody trades it"),
]


@pytest.mark.parametrize(("values", "code", "words"), WRONG)
async def test_what_will_not_do_is_said_in_words_with_the_request(chart, values, code, words):
    async with chart() as udf:
        body = await udf.get("history", **{**BTC, "countback": "5", **values})
        assert body["s"] == "error"
        assert body["errmsg"].startswith(f"{code}: ")
        assert words in body["errmsg"]
        assert "(request " in body["errmsg"]


async def test_nothing_before_the_first_of_times_and_nothing_after_now(chart):
    async with chart() as udf:
        now = udf.world.clock.wall_ms() // 1000
        assert await udf.get("history", **BTC, **{"from": -9_000, "to": -5}) == {"s": "no_data"}
        late = await udf.get("history", **BTC, **{"from": now + 9_000, "to": now + 99_000})
        assert late["s"] == "no_data"
        far = await udf.get("history", **BTC, countback=2, to=9_999_999_999)
        assert len(far["t"]) == 2


async def test_nobody_left_is_an_error_that_counts_as_a_failure(chart):
    async with chart() as udf:
        udf.exchanges["kraken"].error = UpstreamTimeout("no answer in time")
        body = await udf.get("history", **BTC, countback=5)
        assert body["s"] == "error"
        told = (await udf.world.client.get("/api/monitor")).json()["events"]["items"][-1]
        assert told["outcome"] == "all_providers_failed"
        assert told["parts"]["failed"] == 1
