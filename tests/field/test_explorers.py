"""Tokens, transactions, labels and heads as explorers, nodes and whale watchers send them."""

import pytest

from tests.field.harness import Case, Reply, coinmux_over, run

OWNER = "0x52908400098527886e0f7030069857d2e4169ee7"
OTHER = "0x8617e340b3d01fa5f11f306f4090fd50e238070d"
ALPHA = "0x27b1fdb04752bbc536007a920d24acb045561c26"
HASH = "0x" + "ab" * 32
TRON = "TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE"
TETHER = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"


def of(kind, provider, chain="ethereum", address=OWNER, more=""):
    return f"/api/chain/{chain}/{kind}/{address}?provider={provider}&max_age_s=0{more}"


def moralis(**changed):
    row = {"token_address": ALPHA, "symbol": "AAA", "name": "Alpha", "decimals": 18, "balance": "7"}
    return row | changed


def covalent(**changed):
    row = {
        "contract_address": ALPHA, "contract_ticker_symbol": "AAA", "contract_name": "Alpha",
        "contract_decimals": 6, "balance": "5000000", "quote": 5.0, "quote_rate": 1.0,
    }  # fmt: skip
    return row | changed


def blockscout(**changed):
    row = {
        "hash": HASH, "block_number": 21_000_000, "timestamp": "2024-11-01T00:00:00.000000Z",
        "from": {"hash": OWNER}, "to": {"hash": OTHER}, "value": "5",
        "fee": {"type": "actual", "value": "9"}, "status": "ok", "position": 3,
    }  # fmt: skip
    return row | changed


def etherscan(**changed):
    row = {
        "blockNumber": "21000000", "timeStamp": "1730000000", "hash": HASH, "from": OWNER,
        "to": OTHER, "value": "5", "gasPrice": "100", "gasUsed": "21000", "isError": "0",
        "contractAddress": "",
    }  # fmt: skip
    return row | changed


def tronscan(**changed):
    row = {
        "hash": "ab" * 32, "block": 77_000_000, "timestamp": 1_764_000_000_000,
        "ownerAddress": TRON, "toAddress": TETHER, "contractType": 1, "contractData": {"amount": 5},
        "cost": {"fee": 1}, "contractRet": "SUCCESS",
    }  # fmt: skip
    return row | changed


def whale(t, **changed):
    part = {
        "symbol": "USDT", "unit_price_usd": "1.0", "transaction_type": "transfer",
        "inputs": [{"amount": "1000000", "address": OWNER, "owner": ""}],
        "outputs": [{"amount": "1000000", "address": OTHER}],
    }  # fmt: skip
    return {"hash": HASH, "timestamp": t.s(-60), "sub_transactions": [part | changed]}


def listed(*rows):
    return Reply("txlist", {"status": "1", "message": "OK", "result": list(rows)})


CASES = [
    Case(
        "balances no token can have",
        "below 0 or beyond 256 bits: left out; the largest of 256 bits stays",
        "moralis",
        of("tokens", "moralis"),
        lambda t: [
            Reply(
                "/tokens",
                {
                    "result": [
                        moralis(),
                        moralis(balance=str(2**256 - 1)),
                        moralis(symbol="🐸" * 3_000, decimals=300),
                        moralis(balance=str(2**256)),
                        moralis(balance="-5"),
                    ]
                },
            )
        ],
        data={
            "tokens.#": 3,
            "tokens.1.raw": str(2**256 - 1),
            "tokens.2.decimals": None,
            "tokens.2.symbol": "🐸" * 500,
        },
        meta={"rows_left_out": 2},
    ),
    Case(
        "a rate of 0 is no rate",
        "the worth of a token without a price is null, not 0",
        "covalent",
        of("tokens", "covalent"),
        lambda t: [
            Reply(
                "balances_v2",
                {
                    "data": {
                        "address": OWNER,
                        "items": [covalent(), covalent(quote_rate=0, quote=0)],
                    }
                },
            )
        ],
        data={"tokens.0.value_usd": 5, "tokens.1.value_usd": None},
    ),
    Case(
        "a head without a time, indexer",
        "its height is true without a time",
        "covalent",
        "/api/chain/ethereum/head?provider=covalent&max_age_s=0",
        lambda t: [
            Reply("block_v2", {"data": {"items": [{"height": 21_000_000, "signed_at": None}]}})
        ],
        data={"height": 21_000_000, "timestamp": None},
    ),
    Case(
        "a head without a time, node",
        "its height is true without a time",
        "infura",
        "/api/chain/ethereum/head?provider=infura&max_age_s=0",
        lambda t: [
            Reply("~ethereum", {"id": 1, "result": {"number": "0x1406f40", "timestamp": None}})
        ],
        data={"height": 21_000_000, "timestamp": None},
    ),
    Case(
        "a page cut at a damaged row",
        "the page ends where the next one can begin",
        "blockscout",
        of("transactions", "blockscout", more="&limit=2"),
        lambda t: [
            Reply("/transactions", {"items": [blockscout(), None, blockscout()]}),
        ],
        data={"transactions.#": 1, "cursor": lambda v: isinstance(v, str)},
    ),
    Case(
        "a page cut among pending rows",
        "nothing says where the next page begins: no cursor, and a note",
        "blockscout",
        of("transactions", "blockscout", more="&limit=1"),
        lambda t: [
            Reply("/transactions", {"items": [blockscout(block_number=None, position=None)] * 2})
        ],
        data={"transactions.#": 1, "cursor": None},
        meta={"notes": lambda v: any("cursor" in note for note in v)},
    ),
    Case(
        "tags nobody can read",
        "they cost no name",
        "blockscout",
        f"/api/whales/entity/{OWNER}?provider=blockscout&max_age_s=0",
        lambda t: [
            Reply("/addresses/", {"hash": OWNER, "name": "Router", "public_tags": [{"label": 1}]})
        ],
        data={"name": "Router", "labels": []},
        meta={"notes": lambda v: any("labels" in note for note in v)},
    ),
    Case(
        "a label nobody can read",
        "it costs no owner",
        "arkham",
        f"/api/whales/entity/{OWNER}?provider=arkham&max_age_s=0",
        lambda t: [
            Reply(
                "address_enriched",
                {
                    "address": OWNER,
                    "arkhamEntity": {"name": "Binance", "type": "cex"},
                    "populatedTags": [{"label": None}],
                },
            )
        ],
        data={"name": "Binance", "labels": []},
    ),
    Case(
        "a bitcoin address in capitals",
        "it is written as Bitcoin's addresses are here",
        "arkham",
        "/api/whales/transfers?provider=arkham&max_age_s=0",
        lambda t: [
            Reply(
                "/transfers",
                {
                    "transfers": [
                        {
                            "chain": "bitcoin",
                            "txid": "ab" * 32,
                            "blockTimestamp": t.iso(-60),
                            "unitValue": "10",
                            "historicalUSD": "900000",
                            "toAddress": {
                                "address": SEGWIT.upper(),
                                "arkhamEntity": {"name": None},
                                "arkhamLabel": {"name": "Cold"},
                            },
                        }
                    ]
                },
            )
        ],
        data={"transfers.0.to": {"address": SEGWIT, "owner": "Cold"}, "transfers.0.asset": "BTC"},
    ),
    Case(
        "coins sent to oneself",
        "no transfer of 0; a side without an address is a transfer still",
        "whalealert",
        "/api/whales/transfers?provider=whalealert&chain=ethereum&max_age_s=0",
        lambda t: [
            Reply("/status", {"end_height": "21000000"}),
            Reply(
                "/transactions",
                {
                    "transactions": [
                        whale(t),
                        whale(t, inputs=[{"amount": "1000000"}]),
                        whale(
                            t,
                            outputs=[{"amount": "1000000", "address": OWNER}],
                            unit_price_usd=None,
                        ),
                    ]
                },
            ),
        ],
        data={
            "transfers.#": 2,
            "transfers.0.from": {"address": OWNER, "owner": None},
            "transfers.1.from": {"address": None, "owner": None},
        },
    ),
    Case(
        "hexadecimal of a proxy",
        "times and heights as a node writes them",
        "etherscan",
        of("transactions", "etherscan"),
        lambda t: [listed(etherscan(timeStamp="0x671db480", blockNumber="0x1406f40"))],
        data={"transactions.0.timestamp": 1_730_000_000_000, "transactions.0.height": 21_000_000},
    ),
    Case(
        "a failed creation of a contract",
        "no receiver, and no success",
        "bscscan",
        of("transactions", "bscscan", chain="bsc"),
        lambda t: [listed(etherscan(to="", contractAddress=ALPHA, isError="1"))],
        data={"transactions.0.to": None, "transactions.0.succeeded": False},
    ),
    *(
        Case(
            f"nothing found, {result!r}",
            "an empty list, whatever stands in its place",
            "etherscan",
            of("transactions", "etherscan"),
            lambda t, result=result: [
                Reply(
                    "txlist",
                    {"status": "0", "message": "No transactions found", "result": result},
                )
            ],
            data={"transactions": []},
        )
        for result in ("", {})
    ),
    Case(
        "an oracle of one price",
        "the slow and fast ones are null",
        "etherscan",
        "/api/chain/ethereum/gas?provider=etherscan&max_age_s=0",
        lambda t: [
            Reply("gasoracle", {"status": "1", "message": "OK", "result": {"ProposeGasPrice": "6"}})
        ],
        data={"standard": 6, "slow": None, "fast": None, "base_fee": None},
    ),
    Case(
        "a fee below nothing",
        "null; what else the row says is true",
        "tronscan",
        of("transactions", "tronscan", chain="tron", address=TRON),
        lambda t: [
            Reply(
                "/api/transaction",
                {
                    "data": [
                        tronscan(cost={"fee": -5}),
                        tronscan(contractRet=None, block=None, confirmed=False),
                    ]
                },
            )
        ],
        data={
            "transactions.0.fee_raw": None,
            "transactions.0.raw": "5",
            "transactions.1.height": None,
            "transactions.1.succeeded": None,
        },
    ),
    *(
        Case(
            f"no price of a token, {body!r}",
            "an unknown pair",
            "alchemy",
            "/api/market/ticker?symbol=AAVE/USD&provider=alchemy&max_age_s=0",
            lambda t, body=body: [Reply("by-symbol", {"data": body})],
            status=(404,),
            code="unknown_symbol",
        )
        for body in (None, [{"symbol": "AAVE", "prices": None}])
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_explorers(case):
    """The right value comes, or the honest error."""
    await run(case)


async def test_a_cursor_of_an_explorer_that_grew():
    """Whatever members lead to its next page, they lead there."""
    following = {"block_number": 1, "index": 2, "items_count": 50, "of_tomorrow": "x"}
    page = Reply("/transactions", {"items": [blockscout()], "next_page_params": following})
    async with coinmux_over("blockscout", [page]) as world:
        first = (await world.client.get(of("transactions", "blockscout"))).json()
        cursor = first["data"]["cursor"]
        path = of("transactions", "blockscout", more=f"&cursor={cursor}")
        second = await world.client.get(path)
        elsewhere = await world.client.get(path.replace(OWNER, OTHER))
    assert second.status_code == 200
    assert all(f"{name}={value}" in world.asked[-1] for name, value in following.items())
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (400, "invalid_request")
    assert len(world.asked) == 2
