"""History of candles: ranges in which nothing is, and pages that meet without a hole."""

import re

import pytest

from tests.field.harness import Case, Reply, coinmux_over, run

START, HOUR = 1_764_000_000_000, 3_600_000
_EMPTY = f"symbol=BTC/USDT&start={START}&end={START + 5 * HOUR}&interval=1h"

CASES = [
    Case(
        f"empty range {provider}",
        "an empty list for a range is no rows, from whichever exchange: not 404",
        provider,
        f"/api/market/candles?{_EMPTY}&provider={provider}",
        lambda t, match=match, body=body: (Reply(match, body),),
        data={"rows.#": 0},
        meta={"complete": True, "notes.0": f"{provider} has nothing in this range"},
    )
    for provider, match, body in (
        ("binance", "klines", []),
        ("mexc", "klines", []),
        ("bitfinex", "hist", []),
        ("okx", "candles", {"code": "0", "msg": "", "data": []}),
        ("coinbase_exchange", "candles", []),
        ("gateio", "candlesticks", []),
    )
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_an_empty_range_is_no_rows(case):
    """Who follows pages to the newest candle meets one at the end."""
    await run(case)


@pytest.mark.parametrize("start", [START, START + 1, START + HOUR // 2])
async def test_a_page_of_mexc_ends_after_its_last_candle(start):
    """Whether its end is included is not documented, so it never lies on an opening time."""
    async with coinmux_over("mexc", [Reply("klines", [])]) as world:
        path = f"/api/market/candles?symbol=BTC/USDT&interval=1h&start={start}&limit=7"
        assert (await world.client.get(path)).status_code == 200
    (target,) = [one for one in world.asked if "klines" in one]
    (end,) = re.findall(r"endTime=(\d+)", target)
    assert int(end) % HOUR != 0
    first = -(-start // HOUR) * HOUR
    assert first + 6 * HOUR < int(end) < first + 7 * HOUR
