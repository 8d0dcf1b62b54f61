"""A figure the source does not have is null, and a coin without a price is not answered."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
    Case(
        "no price coinbase",
        "a listed pair that was never traded has no ticker here",
        "coinbase_exchange",
        "/api/market/ticker?symbol=NEWC/USD&provider=coinbase_exchange&max_age_s=0",
        lambda t: [
            Reply(
                "/ticker",
                {
                    "ask": "1.2",
                    "bid": "1.1",
                    "volume": "0",
                    "trade_id": 0,
                    "price": "0",
                    "size": "0",
                    "time": t.iso(-1),
                },
            ),
            Reply(
                "/stats",
                {
                    "open": "0",
                    "high": "0",
                    "low": "0",
                    "last": "0",
                    "volume": "0",
                    "volume_30day": "0",
                },
            ),
        ],
        status=(404,),
        code="unknown_symbol",
    ),
    Case(
        "no price null",
        "a coin whose price is null has no ticker here",
        "coinpaprika",
        "/api/market/ticker?symbol=DASH/USD&provider=coinpaprika&max_age_s=0",
        lambda t: [
            Reply(
                "/tickers/",
                {
                    "id": "dash-dash",
                    "name": "DASH",
                    "symbol": "DASH",
                    "rank": 0,
                    "total_supply": 1,
                    "max_supply": 1,
                    "beta_value": 0,
                    "first_data_at": "2020-01-01T00:00:00Z",
                    "last_updated": t.iso(-60),
                    "quotes": {
                        "USD": {
                            "price": None,
                            "volume_24h": 0,
                            "market_cap": 0,
                            "percent_change_24h": 0,
                        }
                    },
                },
            )
        ],
        status=(404,),
        code="unknown_symbol",
    ),
    Case(
        "no quote coinbase",
        "empty bid and ask are null, the price stays",
        "coinbase_exchange",
        "/api/market/ticker?symbol=NOQ/USD&provider=coinbase_exchange&max_age_s=0",
        lambda t: [
            Reply(
                "/ticker",
                {
                    "ask": "",
                    "bid": "",
                    "volume": "120",
                    "trade_id": 5,
                    "price": "1.25",
                    "size": "2",
                    "time": t.iso(-1),
                },
            ),
            Reply(
                "/stats",
                {"open": "1.2", "high": "1.3", "low": "1.1", "last": "1.25", "volume": "120"},
            ),
        ],
        data={"last": 1.25, "bid": None, "ask": None},
    ),
    Case(
        "no rank coingecko",
        "a coin without rank and price keeps its row",
        "coingecko",
        "/api/market/coins?per_page=14&provider=coingecko&max_age_s=0",
        lambda t: [
            Reply(
                "markets",
                [
                    {
                        "id": "alpha-coin",
                        "symbol": "aaa",
                        "name": "Alpha",
                        "image": "",
                        "current_price": None,
                        "market_cap": None,
                        "market_cap_rank": None,
                        "fully_diluted_valuation": None,
                        "total_volume": None,
                        "high_24h": 1.6,
                        "low_24h": 1.4,
                        "price_change_24h": 0.1,
                        "price_change_percentage_24h": 1.0,
                        "circulating_supply": 100,
                        "total_supply": None,
                        "max_supply": None,
                        "last_updated": t.iso(-30),
                    }
                ],
            )
        ],
        data={"coins.0.rank": None, "coins.0.price": None},
    ),
    Case(
        "zero change",
        "a change of 0 is a figure",
        "gateio",
        "/api/market/ticker?symbol=FLAT/USDT&provider=gateio&max_age_s=0",
        lambda t: [
            Reply(
                "tickers",
                [
                    {
                        "currency_pair": "FLAT_USDT",
                        "last": "3",
                        "lowest_ask": "3.01",
                        "highest_bid": "2.99",
                        "change_percentage": "0",
                        "base_volume": "10",
                        "quote_volume": "30",
                        "high_24h": "3.1",
                        "low_24h": "2.9",
                    }
                ],
            )
        ],
        data={"change_percent": 0},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_prices(case):
    """The right value comes, or the honest error."""
    await run(case)
