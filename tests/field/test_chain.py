"""Rows of explorers, series and fees as nodes and indexers send them."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
    Case(
        "chain creation blockscout",
        "a pending creation has no receiver, height or result yet: null",
        "blockscout",
        "/api/chain/ethereum/transactions/0x52908400098527886e0f7030069857d2e4169ee7?limit=5&max_age_s=0&provider=blockscout",
        lambda t: [
            Reply(
                "transactions",
                {
                    "items": [
                        {
                            "hash": "0xabababababababababababababababababababababababababababababababab",
                            "block_number": None,
                            "timestamp": None,
                            "from": {"hash": "0x52908400098527886e0f7030069857d2e4169ee7"},
                            "to": None,
                            "created_contract": {
                                "hash": "0x8617e340b3d01fa5f11f306f4090fd50e238070d"
                            },
                            "value": "5",
                            "fee": {"type": "maximum", "value": "9"},
                            "status": None,
                            "position": None,
                        }
                    ],
                    "next_page_params": None,
                },
            )
        ],
        data={
            "transactions.0.to": None,
            "transactions.0.height": None,
            "transactions.0.succeeded": None,
        },
    ),
    Case(
        "chain genesis",
        "`GENESIS` in place of a sender: null",
        "etherscan",
        "/api/chain/ethereum/transactions/0x52908400098527886e0f7030069857d2e4169ee7?limit=5&max_age_s=0&provider=etherscan",
        lambda t: [
            Reply(
                "txlist",
                {
                    "status": "1",
                    "message": "OK",
                    "result": [
                        {
                            "blockNumber": "21000000",
                            "timeStamp": "1730000000",
                            "hash": "0xabababababababababababababababababababababababababababababababab",
                            "nonce": "1",
                            "blockHash": "0xabababababababababababababababababababababababababababababababab",
                            "transactionIndex": "1",
                            "from": "0x52908400098527886e0f7030069857d2e4169ee7",
                            "to": "0x8617e340b3d01fa5f11f306f4090fd50e238070d",
                            "value": "1000000000000000000",
                            "gas": "21000",
                            "gasPrice": "1000000000",
                            "isError": "0",
                            "txreceipt_status": "1",
                            "input": "0x",
                            "contractAddress": "",
                            "cumulativeGasUsed": "1",
                            "gasUsed": "21000",
                            "confirmations": "5",
                            "methodId": "0x",
                            "functionName": "",
                        },
                        {
                            "blockNumber": "0",
                            "timeStamp": "1438269973",
                            "hash": "GENESIS_52908400098527886e0f7030069857d2e4169ee7",
                            "nonce": "1",
                            "blockHash": "0xabababababababababababababababababababababababababababababababab",
                            "transactionIndex": "1",
                            "from": "GENESIS",
                            "to": "0x52908400098527886e0f7030069857d2e4169ee7",
                            "value": "1000000000000000000",
                            "gas": "0",
                            "gasPrice": "0",
                            "isError": "0",
                            "txreceipt_status": "",
                            "input": "0x",
                            "contractAddress": "",
                            "cumulativeGasUsed": "1",
                            "gasUsed": "0",
                            "confirmations": "5",
                            "methodId": "0x",
                            "functionName": "",
                        },
                    ],
                },
            )
        ],
        data={
            "transactions.#": 2,
            "transactions.1.from": None,
            "transactions.1.to": "0x52908400098527886e0f7030069857d2e4169ee7",
        },
    ),
    Case(
        "fees null rewards",
        "blocks without rewards count as blocks without tips",
        "evm_rpc",
        "/api/chain/ethereum/gas?provider=evm_rpc&max_age_s=0",
        lambda t: [
            Reply(
                "~ethereum",
                {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "result": {
                        "oldestBlock": "0x1406f3c",
                        "baseFeePerGas": [
                            "0x3b9aca00",
                            "0x3b9aca00",
                            "0x3b9aca00",
                            "0x3b9aca00",
                            "0x3b9aca00",
                            "0x3b9aca00",
                        ],
                        "gasUsedRatio": [0.5, 0.4, 0.5, 0.6, 0.5],
                        "reward": [
                            [None, None, None],
                            ["0x5f5e100", "0x3b9aca00", "0x77359400"],
                            ["0x5f5e100", "0x3b9aca00", "0x77359400"],
                            [None, None, None],
                            ["0x5f5e100", "0x3b9aca00", "0x77359400"],
                        ],
                    },
                },
            )
        ],
        data={"base_fee": 1},
    ),
    Case(
        "series null",
        "a day without a figure is left out of the series",
        "dune",
        "/api/onchain/field_series?asset=ETH&provider=dune&max_age_s=0",
        lambda t: [
            Reply(
                "/results",
                {
                    "execution_id": "01F",
                    "query_id": 4321,
                    "state": "QUERY_STATE_COMPLETED",
                    "result": {
                        "rows": [
                            {"day": "2026-11-01 00:00:00.000 UTC", "v": 4},
                            {"day": "2026-11-02 00:00:00.000 UTC", "v": None},
                            {"day": "2026-11-03 00:00:00.000 UTC", "v": 5},
                        ],
                        "metadata": {"column_names": ["day", "v"]},
                    },
                },
            )
        ],
        data={"points.#": 2},
        settings={"DUNE_QUERIES": "field_series=4321"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_chain(case):
    """The right value comes, or the honest error."""
    await run(case)
