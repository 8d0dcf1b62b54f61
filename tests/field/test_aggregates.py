"""Series, indices, pages of coins and social figures as aggregators send them."""

import pytest

from tests.field.harness import Case, Reply, coinmux_over, run

DAY_S = 86_400


def coin(rank, **changed):
    row = {
        "id": f"coin-{rank}", "symbol": f"c{rank}", "name": f"Coin {rank}", "current_price": 1.5,
        "market_cap": 100, "market_cap_rank": rank, "total_volume": 5,
        "price_change_percentage_24h": 1.0, "circulating_supply": 100,
    }  # fmt: skip
    return row | changed


def listing(rank, **changed):
    quote = [
        {"symbol": "USD", "price": 1.5, "market_cap": None, "volume_24h": "",
         "percent_change_24h": 1}
    ]  # fmt: skip
    row = {"id": rank, "symbol": f"C{rank}", "name": "n", "cmc_rank": rank, "quote": quote}
    return row | {"circulating_supply": None} | changed


def day(t, shift, value, word="Fear"):
    return {
        "value": value,
        "value_classification": word,
        "timestamp": str(t.s(shift * DAY_S, "day")),
    }


CASES = [
    Case(
        "a series with days told twice, node",
        "the last figure of a day counts; seconds may come as text",
        "blockchain_info",
        "/api/onchain/hash_rate?asset=BTC&provider=blockchain_info&max_age_s=0",
        lambda t: [
            Reply(
                "/charts/",
                {
                    "values": [
                        {"x": t.s(-DAY_S, "day"), "y": 3},
                        {"x": str(t.s(-2 * DAY_S, "day")), "y": "2"},
                        {"x": t.s(-3 * DAY_S, "day"), "y": 7},
                        {"x": t.s(-3 * DAY_S, "day"), "y": 8},
                        {"x": t.s(0, "day"), "y": "NaN"},
                    ]
                },
            )
        ],
        data={"points.#": 3, "points.0.1": 8, "points.1.1": 2, "points.2.1": 3},
        meta={"notes": lambda v: any("twice" in note for note in v)},
    ),
    Case(
        "a series with points told twice, path",
        "equal figures are one point, without a word",
        "glassnode",
        "/api/onchain/market/mvrv?asset=BTC&provider=glassnode&max_age_s=0",
        lambda t: [
            Reply(
                "/mvrv",
                [
                    {"t": t.s(-DAY_S, "day"), "v": 2},
                    {"t": str(t.s(-2 * DAY_S, "day")), "v": 1},
                    {"t": t.s(-DAY_S, "day"), "v": 2},
                    {"t": t.s(0, "day")},
                ],
            )
        ],
        data={"points.#": 2, "points.0.1": 1, "points.1.1": 2},
        meta={"notes": []},
    ),
    Case(
        "a locked value told twice",
        "today's is told anew within the day: the last counts",
        "defillama",
        "/api/defi/tvl?chain=ethereum&provider=defillama&max_age_s=0",
        lambda t: [
            Reply(
                "historicalChainTvl",
                [
                    {"date": str(t.s(-DAY_S, "day")), "tvl": 4},
                    {"date": t.s(0, "day"), "tvl": 5},
                    {"date": t.s(0, "day"), "tvl": 6},
                ],
            )
        ],
        data={"tvl_usd": 6, "points.#": 2},
    ),
    Case(
        "an index with a day told twice",
        "newest first: what stands first counts, not the larger",
        "alternative_me",
        "/api/sentiment/index?provider=alternative_me&limit=10&max_age_s=0",
        lambda t: [
            Reply(
                "/fng/",
                {
                    "data": [day(t, 0, "30"), day(t, 0, "31"), day(t, -1, ""), day(t, -2, "50.5")],
                    "metadata": {"error": None},
                },
            )
        ],
        data={"value": 30, "history.#": 2, "history.1.1": 50.5},
        meta={"rows_left_out": 1},
    ),
    *(
        Case(
            f"no price of a coin, {price!r}",
            "an unknown pair, not a failure",
            "defillama",
            "/api/market/ticker?symbol=BTC/USD&provider=defillama&max_age_s=0",
            lambda t, price=price: [
                Reply(
                    "/prices/",
                    {"coins": {"coingecko:bitcoin": {"price": price, "timestamp": t.s(-5)}}},
                )
            ],
            status=(404,),
            code="unknown_symbol",
        )
        for price in (None, 0, "")
    ),
    Case(
        "coins without figures",
        "they are coins still; those in another currency are not what was asked for",
        "coinmarketcap",
        "/api/market/coins?per_page=4&provider=coinmarketcap&max_age_s=0",
        lambda t: [
            Reply(
                "/listings/",
                {
                    "status": {"error_code": 0},
                    "data": [
                        listing(1),
                        listing(2, quote=None),
                        listing(3, quote={"USD": {"price": 0}}),
                        listing(4, quote=[{"symbol": "EUR", "price": 1}]),
                    ],
                },
            )
        ],
        data={"coins.#": 3, "coins.0.price": 1.5, "coins.1.price": None, "coins.2.price": None},
        meta={"rows_left_out": 1},
    ),
    Case(
        "a coin without quotes",
        "it is a coin still",
        "coinpaprika",
        "/api/market/coins?per_page=2&provider=coinpaprika&max_age_s=0",
        lambda t: [
            Reply(
                "/tickers",
                [
                    {"id": "b-b", "symbol": "B", "name": "B", "rank": 2, "quotes": None},
                    {"id": "a-a", "symbol": "A", "name": "A", "rank": 1,
                     "quotes": {"USD": {"price": 1, "percent_change_24h": "NaN"}}},
                ],
            )
        ],
        data={"coins.0.price": 1, "coins.0.change_percent_24h": None, "coins.1.price": None},
    ),
    *(
        Case(
            f"a coin without an id, {provider}",
            "it is left out: None is no id",
            provider,
            f"/api/market/coins?per_page=2&provider={provider}&max_age_s=0",
            lambda t: [
                Reply(
                    "list",
                    {
                        "status": {"error_code": 0},
                        "data": [listing(1, price=1.5), listing(None, price=1.5)],
                    },
                )
            ],
            data={"coins.#": 1, "coins.0.id": "1", "cursor": lambda v: v is not None},
            meta={"rows_left_out": 1},
        )
        for provider in ("lunarcrush", "coinmarketcap")
    ),
    Case(
        "a figure of one account that is a word",
        "it costs that figure, not the others",
        "cryptocompare",
        "/api/sentiment/social?asset=BTC&provider=cryptocompare&max_age_s=0",
        lambda t: [
            Reply(
                "/asset/",
                {
                    "Data": {
                        "BTC": {
                            "SYMBOL": "BTC",
                            "TWITTER_ACCOUNTS": [{"FOLLOWERS": "n/a", "STATUSES": 5}],
                            "CODE_REPOSITORIES": [{"STARS": 5}, {"STARS": None}],
                        }
                    }
                },
            )
        ],
        data={
            # A sum without one of its parts is no sum.
            "metrics": {"twitter_posts": {"value": 5, "unit": "posts"}},
        },
        meta={
            "notes": lambda v: all(
                any(name in note for note in v) for name in ("twitter_followers", "code_stars")
            )
        },
    ),
    Case(
        "a score without a variance",
        "it is a score still",
        "thetie",
        "/api/sentiment/social?asset=BTC&provider=thetie&max_age_s=0",
        lambda t: [
            Reply(
                "news_sentiment",
                {
                    "data": [
                        {"ticker": "BTC", "timestamp": "2026-11-01 00:00:00",
                         "sentiment_score": score, "sentiment_variance": variance}
                        for score, variance in ((3, None), ("4", "0.1"))
                    ]
                },
            )
        ],
        # A mean of other items than the score's would not be its variance.
        data={"metrics.news_sentiment.value": 3.5, "metrics.news_sentiment_variance.value": None},
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_aggregates(case):
    """The right value comes, or the honest error."""
    await run(case)


async def test_a_damaged_coin_is_no_last_page():
    """The page after it can be asked for still, with the parameters of the first alone."""
    page = Reply("markets", [coin(1), coin(2, symbol=None), coin(3, market_cap_rank=None)])
    path = "/api/market/coins?per_page=3&provider=coingecko"
    async with coinmux_over("coingecko", [page]) as world:
        first = (await world.client.get(path)).json()["data"]
        following = f"{path}&cursor={first['cursor']}"
        second = (await world.client.get(following)).json()["data"]
        in_euros = await world.client.get(f"{following}&quote=EUR")
    assert (len(first["coins"]), second["page"], in_euros.status_code) == (2, 2, 400)
