"""Lists of tokens, and series: a row or a point that lacks something."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
    Case(
        "row alchemy no price",
        "no token of that ticker has a price",
        "alchemy",
        "/api/market/ticker?symbol=ZZZZ/USD&provider=alchemy",
        lambda t: (Reply("tokens/by-symbol", {"data": [{"symbol": "ZZZZ", "prices": []}]}),),
        status=(404,),
        code="unknown_symbol",
    ),
    Case(
        "row arkham bitcoin",
        "a Bitcoin row has no symbol, and another name for its hash",
        "arkham",
        "/api/whales/transfers?provider=arkham",
        lambda t: (
            Reply(
                "/transfers",
                {
                    "transfers": [
                        {
                            "txid": "abababababababababababababababababababababababababababababababab",
                            "chain": "bitcoin",
                            "tokenSymbol": None,
                            "unitValue": 10,
                            "historicalUSD": 900000,
                            "blockTimestamp": t.iso(-60),
                            "fromAddress": None,
                            "toAddress": None,
                        },
                        {
                            "transactionHash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                            "chain": "ethereum",
                            "tokenSymbol": "USDC",
                            "unitValue": 1000000,
                            "historicalUSD": 1000000,
                            "blockTimestamp": t.iso(-60),
                            "fromAddress": {
                                "address": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045"
                            },
                            "toAddress": {"address": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"},
                        },
                    ],
                    "count": 2,
                },
            ),
        ),
        data={
            "transfers.#": 2,
            "transfers.0.asset": "BTC",
            "transfers.0.hash": "abababababababababababababababababababababababababababababababab",
        },
    ),
    Case(
        "row covalent balance null",
        "one balance is null",
        "covalent",
        "/api/chain/bsc/tokens/0xd8da6bf26964af9d7eed9e03e53415d37aa96045?provider=covalent",
        lambda t: (
            Reply(
                "balances_v2",
                {
                    "data": {
                        "address": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                        "items": [
                            {
                                "contract_address": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
                                "contract_ticker_symbol": "A",
                                "contract_name": "A",
                                "balance": "5",
                                "contract_decimals": 0,
                                "quote_rate": None,
                            },
                            {
                                "contract_address": "0xdbf03b407c01e7cd3cbea99509d93f8dddc8c6fb",
                                "contract_ticker_symbol": "B",
                                "contract_name": "B",
                                "balance": None,
                                "contract_decimals": 0,
                                "quote_rate": None,
                            },
                        ],
                    },
                    "error": False,
                    "error_message": None,
                    "error_code": None,
                },
            ),
        ),
        data={"tokens.#": 1},
        meta={"rows_left_out": 1},
    ),
    Case(
        "row explorer null list",
        "nothing found, and null for the list",
        "etherscan",
        "/api/chain/ethereum/tokens/0xd8da6bf26964af9d7eed9e03e53415d37aa96045?provider=etherscan",
        lambda t: (
            Reply(
                "addresstokenbalance", {"status": "0", "message": "No token found", "result": None}
            ),
        ),
        data={"tokens.#": 0},
    ),
    Case(
        "row token 255 decimals",
        "a token that claims 255 decimals, one without a name",
        "moralis",
        "/api/chain/ethereum/tokens/0xd8da6bf26964af9d7eed9e03e53415d37aa96045?provider=moralis",
        lambda t: (
            Reply(
                "tokens",
                {
                    "cursor": None,
                    "result": [
                        {
                            "token_address": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
                            "symbol": "A",
                            "name": "A",
                            "balance": "5",
                            "decimals": 255,
                        },
                        {
                            "token_address": "0xdbf03b407c01e7cd3cbea99509d93f8dddc8c6fb",
                            "symbol": None,
                            "name": None,
                            "balance": "5",
                            "decimals": 0,
                        },
                    ],
                },
            ),
        ),
        data={"tokens.0.amount": None, "tokens.1.amount": 5, "tokens.1.symbol": None},
    ),
    Case(
        "row tronscan decimals",
        "tokens stand with TRX in one list, and one has no decimals",
        "tronscan",
        "/api/chain/tron/tokens/TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL?provider=tronscan",
        lambda t: (
            Reply(
                "account/tokens",
                {
                    "total": 2,
                    "data": [
                        {
                            "tokenId": "_",
                            "tokenAbbr": "trx",
                            "tokenName": "trx",
                            "tokenDecimal": 6,
                            "tokenType": "trc10",
                            "balance": "1",
                        },
                        {
                            "tokenId": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                            "tokenAbbr": "USDT",
                            "tokenName": "Tether USD",
                            "tokenDecimal": "",
                            "tokenType": "trc20",
                            "balance": "1999000",
                        },
                    ],
                },
            ),
        ),
        data={"tokens.#": 1, "tokens.0.amount": None, "tokens.0.raw": "1999000"},
        meta={"rows_left_out": 0},
    ),
    Case(
        "series defillama",
        "a day as text, a day without a figure",
        "defillama",
        "/api/defi/tvl?provider=defillama",
        lambda t: (
            Reply(
                "historicalChainTvl",
                [
                    {"date": "1763856000", "tvl": 5.0},
                    {"date": 1763942400, "tvl": None},
                    {"date": 1764028800, "tvl": 6.0},
                ],
            ),
        ),
        data={"points.#": 2, "tvl_usd": 6},
    ),
    Case(
        "series glassnode no value",
        "a point has no value",
        "glassnode",
        "/api/onchain/mvrv?asset=BTC&provider=glassnode",
        lambda t: (Reply("metrics", [{"t": 1763856000, "v": 1.5}, {"t": 1763942400}]),),
        data={"points.#": 1},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_tokens_and_series(case):
    """The right value comes, or the honest error."""
    await run(case)
