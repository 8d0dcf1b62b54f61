"""Addresses as people write them: what is misspelled is refused before a source is asked."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
    Case(
        "address base58",
        "a wrong checksum is refused before a source is asked",
        "mempool_space",
        "/api/chain/bitcoin/balance/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb?provider=mempool_space",
        status=(400,),
        code="invalid_request",
        asks=False,
    ),
    Case(
        "address bech32",
        "a wrong checksum is refused before a source is asked",
        "mempool_space",
        "/api/chain/bitcoin/balance/bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp?provider=mempool_space",
        status=(400,),
        code="invalid_request",
        asks=False,
    ),
    Case(
        "address capitals",
        "a bech32 address in capitals is the address in lower case",
        "blockchair",
        "/api/chain/bitcoin/balance/BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ?provider=blockchair",
        lambda t: (
            Reply(
                "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
                {
                    "data": {
                        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq": {"address": {"balance": 5}}
                    },
                    "context": {"code": 200},
                },
            ),
        ),
        data={"raw": "5"},
    ),
    Case(
        "address evm",
        "a wrong checksum is refused before a source is asked",
        "blockscout",
        "/api/chain/base/balance/0xd8dA6bf26964af9d7eed9e03e53415d37aa96045?provider=blockscout",
        status=(400,),
        code="invalid_request",
        asks=False,
    ),
    Case(
        "address tron",
        "a wrong checksum is refused before a source is asked",
        "trongrid",
        "/api/chain/tron/balance/TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u?provider=trongrid",
        status=(400,),
        code="invalid_request",
        asks=False,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_addresses(case):
    """The right value comes, or the honest error."""
    await run(case)
