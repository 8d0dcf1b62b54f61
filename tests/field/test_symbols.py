"""Pairs as people and exchanges write them."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
    Case(
        "symbol bare wbeth",
        "a bare ticker that ends like a quote is not cut in two",
        "mexc",
        "/api/market/ticker?symbol=WBETH&provider=mexc&max_age_s=0",
        lambda t: [
            Reply(
                "symbol=WBETHUSDT",
                {
                    "symbol": "WBETHUSDT",
                    "priceChange": "0",
                    "priceChangePercent": "0.01",
                    "prevClosePrice": "2100.5",
                    "lastPrice": "2100.5",
                    "bidPrice": "2100.5",
                    "bidQty": "1",
                    "askPrice": "2100.5",
                    "askQty": "1",
                    "openPrice": "2100.5",
                    "highPrice": "2100.5",
                    "lowPrice": "2100.5",
                    "volume": "10",
                    "quoteVolume": "20",
                    "openTime": t.ms(-86400),
                    "closeTime": t.ms(-0.1),
                    "count": None,
                },
            ),
            Reply("", {"code": -1121, "msg": "Invalid symbol."}, status=400),
        ],
        status=(200, 400),
        code="invalid_symbol",
        data={"symbol": "WBETH/USDT", "last": 2100.5},
    ),
    Case(
        "symbol chinese",
        "a ticker in Chinese characters",
        "binance",
        "/api/market/ticker?symbol=币安人生/USDT&provider=binance&max_age_s=0",
        lambda t: [
            Reply(
                "ticker/24hr",
                {
                    "symbol": "币安人生USDT",
                    "priceChange": "0.01",
                    "priceChangePercent": "7.1",
                    "weightedAvgPrice": "0.14",
                    "prevClosePrice": "0.14",
                    "lastPrice": "0.15",
                    "lastQty": "1",
                    "bidPrice": "0.149",
                    "bidQty": "1",
                    "askPrice": "0.151",
                    "askQty": "1",
                    "openPrice": "0.14",
                    "highPrice": "0.16",
                    "lowPrice": "0.13",
                    "volume": "100",
                    "quoteVolume": "15",
                    "openTime": t.ms(-86400),
                    "closeTime": t.ms(-0.1),
                    "firstId": 1,
                    "lastId": 2,
                    "count": 2,
                },
            )
        ],
        data={"symbol": "币安人生/USDT", "last": 0.15},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_symbols(case):
    """The right value comes, or the honest error."""
    await run(case)
