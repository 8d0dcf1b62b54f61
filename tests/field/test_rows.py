"""A bad row, field or level costs itself, and one that grew costs nothing."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
    Case(
        "grown ticker",
        "a ticker with one more column at its end",
        "bitfinex",
        "/api/market/ticker?symbol=GRW/USD&provider=bitfinex&max_age_s=0",
        lambda t: [
            Reply("/ticker/", [1.0, 500, 1.01, 400, 0.01, 0.01, 1.005, 1000, 1.1, 0.9, None])
        ],
        data={"last": 1.005, "bid": 1.0, "ask": 1.01, "high": 1.1, "low": 0.9},
    ),
    Case(
        "row alchemy reverted",
        "a token whose balance call was reverted is left out",
        "alchemy",
        "/api/chain/ethereum/tokens/0x52908400098527886e0f7030069857d2e4169ee7?max_age_s=0&provider=alchemy",
        lambda t: [
            Reply(
                "/v2/",
                {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "result": {
                        "address": "0x52908400098527886e0f7030069857d2e4169ee7",
                        "tokenBalances": [
                            {
                                "contractAddress": "0x27b1fdb04752bbc536007a920d24acb045561c26",
                                "tokenBalance": "0x00000000000000000000000000000000000000000000000000000000004c4b40",
                                "error": None,
                            },
                            {
                                "contractAddress": "0xde709f2102306220921060314715629080e2fb77",
                                "tokenBalance": None,
                                "error": "execution reverted",
                            },
                        ],
                    },
                },
            )
        ],
        data={
            "tokens.#": 1,
            "tokens.0.contract": "0x27b1fdb04752bbc536007a920d24acb045561c26",
            "tokens.0.raw": "5000000",
        },
    ),
    Case(
        "row candle null",
        "a candle of nulls is a gap",
        "bitfinex",
        "/api/market/candles?symbol=NULC/USD&interval=1h&limit=3&provider=bitfinex&max_age_s=0",
        lambda t: [
            Reply(
                "/candles/",
                [
                    [t.ms(0, "hour"), 15, 15.1, 15.2, 14.9, 5],
                    [t.ms(-3600, "hour"), None, None, None, None, 0],
                    [t.ms(-7200, "hour"), 14, 14.1, 14.2, 13.9, 5],
                ],
            )
        ],
        data={"rows.#": 2, "rows.0.1": 14, "rows.1.1": 15},
    ),
    Case(
        "row candle zeros",
        "a candle of zeros is a gap",
        "binance",
        "/api/market/candles?symbol=ZERC/USDT&interval=1h&limit=3&provider=binance&max_age_s=0",
        lambda t: [
            Reply(
                "klines",
                [
                    [t.ms(-7200, "hour"), "1", "2", "0.5", "1.5", "10", 1, "1", 1, "1", "1", "0"],
                    [t.ms(-3600, "hour"), "0", "0", "0", "0", "0", 1, "0", 0, "0", "0", "0"],
                    [t.ms(0, "hour"), "1.5", "2", "1", "1.2", "3", 1, "1", 1, "1", "1", "0"],
                ],
            )
        ],
        data={"rows.#": 2, "rows.0.4": 1.5, "rows.1.4": 1.2},
    ),
    Case(
        "row coin no symbol",
        "a coin without a ticker does not cost the page",
        "coingecko",
        "/api/market/coins?per_page=11&provider=coingecko&max_age_s=0",
        lambda t: [
            Reply(
                "markets",
                [
                    {
                        "id": "alpha-coin",
                        "symbol": "aaa",
                        "name": "Alpha",
                        "image": "",
                        "current_price": 1.5,
                        "market_cap": 100,
                        "market_cap_rank": 900,
                        "fully_diluted_valuation": None,
                        "total_volume": 5,
                        "high_24h": 1.6,
                        "low_24h": 1.4,
                        "price_change_24h": 0.1,
                        "price_change_percentage_24h": 1.0,
                        "circulating_supply": 100,
                        "total_supply": None,
                        "max_supply": None,
                        "last_updated": t.iso(-30),
                    },
                    {
                        "id": "nameless",
                        "symbol": None,
                        "name": None,
                        "image": "",
                        "current_price": 1.5,
                        "market_cap": 100,
                        "market_cap_rank": 900,
                        "fully_diluted_valuation": None,
                        "total_volume": 5,
                        "high_24h": 1.6,
                        "low_24h": 1.4,
                        "price_change_24h": 0.1,
                        "price_change_percentage_24h": 1.0,
                        "circulating_supply": 100,
                        "total_supply": None,
                        "max_supply": None,
                        "last_updated": t.iso(-30),
                    },
                ],
            )
        ],
        data={"coins.#": lambda v: v in (1, 2), "coins.0.symbol": "AAA", "coins.0.price": 1.5},
    ),
    Case(
        "row news blank title",
        "an item with a blank title is left out",
        "cryptopanic",
        "/api/news?limit=20&max_age_s=0&provider=cryptopanic",
        lambda t: [
            Reply(
                "posts",
                {
                    "count": 2,
                    "next": None,
                    "previous": None,
                    "results": [
                        {
                            "id": 1,
                            "kind": "news",
                            "title": "Exchange opens in Lisbon",
                            "url": "https://cp.example/1",
                            "published_at": t.iso(-100),
                            "source": {"title": "Wire", "domain": "wire.example"},
                        },
                        {
                            "id": 2,
                            "kind": "news",
                            "title": "",
                            "url": "https://cp.example/2",
                            "published_at": t.iso(-200),
                            "source": {"title": "Wire", "domain": "wire.example"},
                        },
                    ],
                },
            )
        ],
        data={"items.#": 1, "items.0.title": "Exchange opens in Lisbon"},
    ),
    Case(
        "row token no decimals",
        "a token with an empty divisor does not hide the others",
        "etherscan",
        "/api/chain/ethereum/tokens/0x52908400098527886e0f7030069857d2e4169ee7?max_age_s=0&provider=etherscan",
        lambda t: [
            Reply(
                "addresstokenbalance",
                {
                    "status": "1",
                    "message": "OK",
                    "result": [
                        {
                            "TokenAddress": "0x27b1fdb04752bbc536007a920d24acb045561c26",
                            "TokenName": "Alpha",
                            "TokenSymbol": "AAA",
                            "TokenQuantity": "5000000",
                            "TokenDivisor": "6",
                            "TokenPriceUSD": "1.0",
                        },
                        {
                            "TokenAddress": "0xde709f2102306220921060314715629080e2fb77",
                            "TokenName": "",
                            "TokenSymbol": "",
                            "TokenQuantity": "7",
                            "TokenDivisor": "",
                            "TokenPriceUSD": "1.0",
                        },
                    ],
                },
            )
        ],
        data={"tokens.#": lambda v: v in (1, 2), "tokens.0.raw": "5000000", "tokens.0.amount": 5},
    ),
    Case(
        "row trade no side",
        "a trade of an auction has no taker",
        "okx",
        "/api/market/trades?symbol=AUCT/USDT&provider=okx&limit=5&max_age_s=0",
        lambda t: [
            Reply(
                "trades",
                {
                    "code": "0",
                    "msg": "",
                    "data": [
                        {
                            "instId": "AUCT-USDT",
                            "side": "",
                            "sz": "1",
                            "px": "2.01",
                            "tradeId": "12",
                            "ts": str(t.ms(-0.1)),
                        },
                        {
                            "instId": "AUCT-USDT",
                            "side": "sell",
                            "sz": "3",
                            "px": "2",
                            "tradeId": "11",
                            "ts": str(t.ms(-0.2)),
                        },
                    ],
                },
            )
        ],
        data={
            "trades.#": 2,
            "trades.0.side": "sell",
            "trades.1.side": None,
            "trades.1.price": 2.01,
        },
    ),
    Case(
        "sparse minutes",
        "a quiet market has no candle in most minutes",
        "coinbase_exchange",
        "/api/market/candles?symbol=ILLQ/EUR&interval=1m&limit=12&provider=coinbase_exchange&max_age_s=0",
        lambda t: [
            Reply(
                "/candles",
                [
                    [t.s(-300, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 60.5],
                    [t.s(-540, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 64.5],
                    [t.s(-840, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 69.5],
                    [t.s(-1200, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 75.5],
                    [t.s(-1380, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 78.5],
                    [t.s(-1860, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 86.5],
                    [t.s(-2280, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 93.5],
                    [t.s(-2640, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 99.5],
                    [t.s(-2820, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 102.5],
                    [t.s(-3300, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 110.5],
                    [t.s(-3720, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 117.5],
                    [t.s(-4200, "min"), 0.0101, 0.0121, 0.0111, 0.0115, 125.5],
                ],
            )
        ],
        data={"rows.#": 12},
    ),
    Case(
        "zero size level",
        "orders of size 0 are no orders",
        "htx",
        "/api/market/order-book?symbol=DEAD/USDT&provider=htx&depth=5&max_age_s=0",
        lambda t: [
            Reply(
                "/market/depth",
                {
                    "ch": "market.deadusdt.depth.step0",
                    "status": "ok",
                    "ts": t.ms(-0.5),
                    "tick": {
                        "ts": t.ms(-0.6),
                        "version": 1,
                        "bids": [[101.5, 0.0], [100.0, 2.0], [99.5, 1]],
                        "asks": [[100.2, 0], [100.5, 3.0]],
                    },
                },
            )
        ],
        data={"bids.0": [100, 2], "asks.0": [100.5, 3], "bids.#": 2},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_rows(case):
    """The right value comes, or the honest error."""
    await run(case)
