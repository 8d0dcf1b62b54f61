"""Transactions and fees: pending ones, foreign ones, what a rollup charges."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
    Case(
        "chain covalent pending",
        "a pending transaction among mined ones",
        "covalent",
        "/api/chain/ethereum/transactions/0xd8da6bf26964af9d7eed9e03e53415d37aa96045?limit=5&provider=covalent",
        lambda t: (
            Reply(
                "transactions_v3",
                {
                    "data": {
                        "address": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                        "items": [
                            {
                                "tx_hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                                "block_height": 9,
                                "block_signed_at": "2025-11-24T00:00:00Z",
                                "from_address": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                                "to_address": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
                                "value": "1",
                                "fees_paid": "2",
                                "gas_spent": 1,
                                "gas_price": 2,
                                "successful": True,
                            },
                            {
                                "tx_hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdce",
                                "block_height": None,
                                "block_signed_at": None,
                                "from_address": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                                "to_address": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
                                "value": "1",
                                "fees_paid": None,
                                "successful": None,
                            },
                        ],
                    },
                    "error": False,
                    "error_message": None,
                    "error_code": None,
                },
            ),
        ),
        data={"transactions.#": 2, "transactions.0.height": None, "transactions.1.fee_raw": "2"},
    ),
    Case(
        "chain moralis unmined",
        "a transaction without gas used, block and time",
        "moralis",
        "/api/chain/polygon/transactions/0xd8da6bf26964af9d7eed9e03e53415d37aa96045?limit=5&provider=moralis",
        lambda t: (
            Reply(
                "history",
                {
                    "cursor": None,
                    "result": [
                        {
                            "hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                            "block_number": "",
                            "block_timestamp": None,
                            "from_address": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                            "to_address": None,
                            "value": "1",
                            "gas_price": "5",
                            "receipt_gas_used": "",
                            "receipt_status": None,
                            "transaction_fee": None,
                        }
                    ],
                },
            ),
        ),
        data={
            "transactions.0.height": None,
            "transactions.0.fee_raw": None,
            "transactions.0.raw": "1",
        },
    ),
    Case(
        "chain row of another",
        "one row of a list is about other addresses",
        "etherscan",
        "/api/chain/ethereum/transactions/0xd8da6bf26964af9d7eed9e03e53415d37aa96045?limit=5&provider=etherscan",
        lambda t: (
            Reply(
                "txlist",
                {
                    "status": "1",
                    "message": "OK",
                    "result": [
                        {
                            "blockNumber": "22000000",
                            "timeStamp": "1745000000",
                            "hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                            "from": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                            "to": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
                            "value": "2000000000000000000",
                            "gasPrice": "2000000000",
                            "gasUsed": "21000",
                            "isError": "0",
                            "contractAddress": "",
                        },
                        {
                            "blockNumber": "22000000",
                            "timeStamp": "1745000000",
                            "hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                            "from": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
                            "to": "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
                            "value": "2000000000000000000",
                            "gasPrice": "2000000000",
                            "gasUsed": "21000",
                            "isError": "0",
                            "contractAddress": "",
                        },
                        {
                            "blockNumber": "22000000",
                            "timeStamp": "1745000000",
                            "hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                            "from": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                            "to": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
                            "value": "2000000000000000000",
                            "gasPrice": "2000000000",
                            "gasUsed": "21000",
                            "isError": "1",
                            "contractAddress": "",
                        },
                    ],
                },
            ),
        ),
        data={"transactions.#": 2, "transactions.1.succeeded": False},
        meta={"rows_left_out": 1},
    ),
    Case(
        "chain tron other coin",
        "a transfer of a TRC-10 token, whose unit is not TRX",
        "tronscan",
        "/api/chain/tron/transactions/TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL?limit=5&provider=tronscan",
        lambda t: (
            Reply(
                "transaction",
                {
                    "total": 2,
                    "data": [
                        {
                            "hash": "efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef",
                            "block": 77,
                            "timestamp": 1763999411000,
                            "ownerAddress": "TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL",
                            "toAddress": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                            "contractType": 2,
                            "contractData": {"amount": 900},
                            "amount": "900",
                            "contractRet": "SUCCESS",
                            "cost": {"fee": 0},
                        },
                        {
                            "hash": "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
                            "block": 76,
                            "timestamp": 1763999400000,
                            "ownerAddress": "TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL",
                            "toAddress": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                            "contractType": 1,
                            "contractData": {"amount": 1500000},
                            "contractRet": "SUCCESS",
                            "cost": {"fee": 0},
                        },
                    ],
                },
            ),
        ),
        data={"transactions.0.amount": None, "transactions.1.amount": 1.5},
    ),
    Case(
        "fees oracle out of order",
        "the fast price of an oracle is a little below the usual one",
        "etherscan",
        "/api/chain/ethereum/gas?provider=etherscan",
        lambda t: (
            Reply(
                "gasoracle",
                {
                    "status": "1",
                    "message": "OK",
                    "result": {
                        "LastBlock": "22000000",
                        "SafeGasPrice": "1.1",
                        "ProposeGasPrice": "1.3",
                        "FastGasPrice": "1.29",
                        "suggestBaseFee": "1.0",
                    },
                },
            ),
        ),
        data={"slow": 1.1, "standard": 1.3, "fast": None},
    ),
    Case(
        "fees rollup",
        "on a rollup, one row tells the part for data and one does not",
        "etherscan",
        "/api/chain/base/transactions/0xd8da6bf26964af9d7eed9e03e53415d37aa96045?limit=5&provider=etherscan",
        lambda t: (
            Reply(
                "txlist",
                {
                    "status": "1",
                    "message": "OK",
                    "result": [
                        {
                            "blockNumber": "22000000",
                            "timeStamp": "1745000000",
                            "hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                            "from": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                            "to": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
                            "value": "2000000000000000000",
                            "gasPrice": "2000000000",
                            "gasUsed": "21000",
                            "isError": "0",
                            "contractAddress": "",
                            "L1FeesPaid": "11",
                        },
                        {
                            "blockNumber": "22000000",
                            "timeStamp": "1745000000",
                            "hash": "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                            "from": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
                            "to": "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",
                            "value": "2000000000000000000",
                            "gasPrice": "2000000000",
                            "gasUsed": "21000",
                            "isError": "0",
                            "contractAddress": "",
                        },
                    ],
                },
            ),
        ),
        data={"transactions.0.fee_raw": "42000000000011", "transactions.1.fee_raw": None},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_transactions(case):
    """The right value comes, or the honest error."""
    await run(case)
