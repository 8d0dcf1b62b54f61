"""Damaged rows of chain sources: what is left out or null, and that the rest is answered."""

import copy

import pytest

from coinmux import (
    BalanceQuery,
    Chain,
    ChainHeadQuery,
    Empty,
    EntityQuery,
    GasQuery,
    Implausible,
    LargeTransfersQuery,
    NotOffered,
    OnchainMetricQuery,
    OtherSubject,
    SchemaMismatch,
    TickerQuery,
    TokenBalancesQuery,
    TransactionsQuery,
    TvlQuery,
    UnknownSymbol,
)
from coinmux.framework.dialects import etherscan, evm_rpc
from coinmux.framework.reference.rows import collecting
from coinmux.plugins.providers import (
    alchemy,
    arkham,
    blockchain_info,
    blockchair,
    blockscout,
    covalent,
    defillama,
    dune,
    glassnode,
    mempool_space,
    moralis,
    santiment,
    trongrid,
    tronscan,
    whalealert,
)
from tests.plugins.sample_replay import ask, mapped, play, samples

OWNER = "0x52908400098527886e0f7030069857d2e4169ee7"
OTHER = "0x8617e340b3d01fa5f11f306f4090fd50e238070d"
CONTRACT = "0x27b1fdb04752bbc536007a920d24acb045561c26"
HASH = "0x" + "ab" * 32
TRON = "TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL"
TETHER = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
TOKENS = TokenBalancesQuery(chain="ethereum", address=OWNER)
HISTORY = TransactionsQuery(chain="ethereum", address=OWNER)
ON_BASE = TransactionsQuery(chain="base", address=OWNER)
ON_TRON = TransactionsQuery(chain="tron", address=TRON)
ON_BITCOIN = TransactionsQuery(chain="bitcoin", address=GENESIS)

EXPLORED = {
    "blockNumber": "21000000", "timeStamp": "1730000000", "hash": HASH, "from": OWNER,
    "to": OTHER, "value": "1000000000000000000", "gasPrice": "1000000000", "gasUsed": "21000",
    "isError": "0", "contractAddress": "",
}  # fmt: skip
MORALIS = {
    "hash": HASH, "block_number": "21000000", "block_timestamp": "2025-11-24T00:00:00.000Z",
    "from_address": OWNER, "to_address": OTHER, "value": "5", "gas_price": "1000000000",
    "receipt_gas_used": "21000", "receipt_status": "1", "transaction_fee": "0.000021",
}  # fmt: skip
COVALENT = {
    "tx_hash": HASH, "block_height": 21_000_000, "block_signed_at": "2025-11-24T00:00:00Z",
    "from_address": OWNER, "to_address": OTHER, "value": "5", "fees_paid": "21000000000000",
    "gas_spent": 21_000, "gas_price": 1_000_000_000, "successful": True,
}  # fmt: skip
BLOCKSCOUT = {
    "hash": HASH, "block_number": 21_000_000, "timestamp": "2025-11-24T00:00:00.000000Z",
    "from": {"hash": OWNER}, "to": {"hash": OTHER}, "value": "5",
    "fee": {"type": "actual", "value": "9"}, "status": "ok", "position": 1,
}  # fmt: skip
ALCHEMY = {
    "hash": HASH, "blockNum": "0x1406f40", "from": OWNER, "to": OTHER,
    "rawContract": {"value": "0x5"}, "metadata": {"blockTimestamp": "2025-11-24T00:00:00.000Z"},
}  # fmt: skip
TRONSCAN = {
    "hash": "ab" * 32, "block": 77_000_000, "timestamp": 1_764_000_000_000, "ownerAddress": TRON,
    "toAddress": TETHER, "contractType": 1, "contractData": {"amount": 5},
    "cost": {"fee": 1}, "contractRet": "SUCCESS",
}  # fmt: skip
TRONGRID = {
    "txID": "ab" * 32, "blockNumber": 77_000_000, "block_timestamp": 1_764_000_000_000,
    "ret": [{"contractRet": "SUCCESS", "fee": 1}],
    "raw_data": {"contract": [{"type": "TransferContract", "parameter": {"value": {
        "amount": 5, "owner_address": "41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "to_address": "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"}}}]},
}  # fmt: skip
BLOCKCHAIR = {
    "hash": "ab" * 32, "block_id": 900_000, "time": "2025-11-24 00:00:00", "balance_change": -5,
}  # fmt: skip

TRANSACTIONS = {
    "etherscan": (EXPLORED, lambda rows: etherscan.explorer_rows(rows, HISTORY, 1)),
    "moralis": (MORALIS, lambda rows: moralis.parse_transactions({"result": rows}, HISTORY)),
    "covalent": (COVALENT, lambda rows: covalent.parse_transactions({"items": rows}, HISTORY)),
    "blockscout": (
        BLOCKSCOUT,
        lambda rows: blockscout.parse_transactions(
            {"items": rows, "next_page_params": None}, HISTORY
        ),
    ),
    "alchemy": (
        ALCHEMY,
        lambda rows: alchemy.parse_transactions([{"transfers": rows}], HISTORY),
    ),
    "tronscan": (
        TRONSCAN,
        lambda rows: tronscan.parse_transactions({"data": rows}, ON_TRON, 0, 25),
    ),
    "trongrid": (TRONGRID, lambda rows: trongrid.parse_transactions({"data": rows}, ON_TRON)),
    "blockchair": (BLOCKCHAIR, lambda rows: blockchair.parse_transactions(rows, ON_BITCOIN)),
}


def without(row, *path):
    """The row without the member at `path`."""
    damaged = copy.deepcopy(row)
    held = damaged
    for step in path[:-1]:
        held = held[step]
    del held[path[-1]]
    return damaged


@pytest.mark.parametrize("name", TRANSACTIONS)
@pytest.mark.parametrize(
    "bad", [{}, None, 5, "row", []], ids=["empty", "null", "5", "text", "list"]
)
def test_one_row_of_nonsense_costs_no_other(name, bad):
    """It is left out and counted."""
    row, parse = TRANSACTIONS[name]
    kept = [with_hash(name, row, str(place)) for place in range(2)]
    with collecting() as damage:
        answer = parse([kept[0], bad, kept[1]])
    assert len(answer.transactions) == 2
    # To TronGrid, a row without a contract of its own is internal, not damaged.
    assert damage.rows_left_out == (0 if name == "trongrid" and bad in ({}, "row", []) else 1)


def with_hash(name, row, hash_of):
    key = {"covalent": "tx_hash", "trongrid": "txID"}.get(name, "hash")
    return {**row, key: hash_of}


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_rows_that_are_mostly_nonsense_are_no_answer(name):
    """A list of damage is refused, so that another source is asked."""
    row, parse = TRANSACTIONS[name]
    with pytest.raises((SchemaMismatch, Implausible, LookupError, TypeError, AttributeError)):
        parse([row, 5, None])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *(("etherscan", (key,)) for key in EXPLORED if key not in ("hash", "from")),
        *(("moralis", (key,)) for key in MORALIS if key != "hash"),
        *(("covalent", (key,)) for key in COVALENT if key != "tx_hash"),
        *(("blockscout", (key,)) for key in BLOCKSCOUT if key not in ("hash", "position")),
        *(("alchemy", (key,)) for key in ("blockNum", "to", "rawContract", "metadata")),
        *(("tronscan", (key,)) for key in TRONSCAN if key != "hash"),
        *(("trongrid", (key,)) for key in ("blockNumber", "block_timestamp", "ret")),
        *(("blockchair", (key,)) for key in BLOCKCHAIR if key != "hash"),
    ],
)
@pytest.mark.parametrize("damage_of", ["missing", "null", "empty", "word"])
def test_what_need_not_be_there_is_null(name, path, damage_of):
    """The transaction stays, whatever of it is missing, null, empty or nonsense."""
    row, parse = TRANSACTIONS[name]
    (whole,) = parse([row]).transactions
    if damage_of == "missing":
        damaged = without(row, *path)
    else:
        damaged = {**row, path[0]: {"null": None, "empty": "", "word": "pending"}[damage_of]}
    (left,) = parse([damaged]).transactions
    assert left.hash == whole.hash
    for field in ("height", "timestamp", "sender", "to", "raw", "amount", "fee_raw"):
        assert getattr(left, field) in (None, getattr(whole, field)), field


def test_an_allocation_of_the_first_block():
    """Its sender is the word GENESIS: nobody."""
    first = {**EXPLORED, "blockNumber": "0", "timeStamp": "1438269973", "from": "GENESIS",
             "to": OWNER, "hash": f"GENESIS_{OWNER}", "gasUsed": "0", "gasPrice": "0"}  # fmt: skip
    with collecting() as damage:
        answer = etherscan.explorer_rows([EXPLORED, first], HISTORY, 1)
    assert [one.sender for one in answer.transactions] == [OWNER, None]
    assert answer.transactions[1].to == OWNER
    assert not damage


def test_a_pending_creation_of_a_contract():
    """Null is what is not known yet."""
    row = {**BLOCKSCOUT, "block_number": None, "timestamp": None, "to": None, "status": None,
           "fee": {"type": "maximum", "value": "9"}, "position": None}  # fmt: skip
    with collecting() as damage:
        answer = blockscout.parse_transactions({"items": [row], "next_page_params": None}, HISTORY)
    (one,) = answer.transactions
    assert (one.height, one.timestamp, one.to, one.fee_raw, one.succeeded) == (None,) * 5
    assert not damage


def test_a_pending_transaction_of_covalent():
    """It has no block yet, and comes first."""
    waiting = {**COVALENT, "tx_hash": "0x1", "block_height": None, "block_signed_at": None,
               "fees_paid": None, "successful": None}  # fmt: skip
    answer = covalent.parse_transactions({"items": [COVALENT, waiting]}, HISTORY)
    assert [one.hash for one in answer.transactions] == ["0x1", HASH]


@pytest.mark.parametrize("told", ["0.000021", 0.000021, "2.1e-5"])
def test_moralis_tells_the_fee_in_coins(told):
    """To the last wei, as text or as a number."""
    row = {**MORALIS, "transaction_fee": told, "receipt_gas_used": ""}
    (one,) = moralis.parse_transactions({"result": [row]}, HISTORY).transactions
    assert one.fee_raw == "21000000000000"


def test_a_fee_on_base_is_whole_or_null():
    """Gas times price is a part of it; what equals that part is not the whole."""

    def fee(**changes):
        body = {"result": [{**MORALIS, **changes}]}
        (one,) = moralis.parse_transactions(body, ON_BASE).transactions
        return one.fee_raw

    assert fee() is None
    assert fee(transaction_fee=None) is None
    assert fee(transaction_fee="0.000022") == "22000000000000"
    (paid,) = covalent.parse_transactions({"items": [COVALENT]}, ON_BASE).transactions
    assert paid.fee_raw is None
    dearer = {**COVALENT, "fees_paid": "21000000000001"}
    (paid,) = covalent.parse_transactions({"items": [dearer]}, ON_BASE).transactions
    assert paid.fee_raw == "21000000000001"


@pytest.mark.parametrize(
    ("more", "fee"),
    [
        ({}, None),
        ({"L1FeesPaid": ""}, None),
        ({"L1FeesPaid": "x"}, None),
        ({"L1FeesPaid": "0"}, "21000000000000"),
        ({"L1FeesPaid": "7"}, "21000000000007"),
    ],
)
def test_the_explorers_tell_the_part_for_data(more, fee):
    """Where it is missing, the fee is not known."""
    (one,) = etherscan.explorer_rows([{**EXPLORED, **more}], ON_BASE, 1).transactions
    assert one.fee_raw == fee


TOKEN_LISTS = {
    "etherscan": (
        {"TokenAddress": CONTRACT, "TokenName": "A", "TokenSymbol": "AAA", "TokenQuantity": "7",
         "TokenDivisor": "6"},
        None,
    ),
    "moralis": (
        {"token_address": CONTRACT, "symbol": "AAA", "name": "A", "balance": "7", "decimals": 6},
        lambda rows: moralis.parse_token_balances({"result": rows}, TOKENS),
    ),
    "covalent": (
        {"contract_address": CONTRACT, "contract_ticker_symbol": "AAA", "contract_name": "A",
         "balance": "7", "contract_decimals": 6, "quote_rate": 1.0, "quote": 7e-6},
        lambda rows: covalent.parse_token_balances({"items": rows}, TOKENS),
    ),
    "blockscout": (
        {"token": {"address_hash": CONTRACT, "symbol": "AAA", "name": "A", "decimals": "6",
                   "exchange_rate": "1"}, "value": "7"},
        lambda rows: blockscout.parse_token_balances(
            {"items": rows, "next_page_params": None}, TOKENS
        ),
    ),
    "tronscan": (
        {"tokenId": TETHER, "tokenAbbr": "AAA", "tokenName": "A", "tokenDecimal": 6,
         "tokenType": "trc20", "balance": "7"},
        lambda rows: tronscan.parse_tokens(
            {"data": rows}, TokenBalancesQuery(chain="tron", address=TRON)
        ),
    ),
    "alchemy": (
        {"contractAddress": CONTRACT, "tokenBalance": "0x7", "error": None},
        lambda rows: alchemy.parse_token_balances(
            {"address": OWNER, "tokenBalances": rows}, TOKENS
        ),
    ),
    "trongrid": (
        {TETHER: "7"},
        lambda rows: trongrid.parse_tokens(
            {"trc20": rows}, TokenBalancesQuery(chain="tron", address=TRON)
        ),
    ),
}  # fmt: skip


async def etherscan_tokens(body):
    exchanges = [{
        "request": {"method": "GET", "path": "", "params": {
            "chainid": "1", "module": "account", "action": "addresstokenbalance",
            "address": OWNER, "page": "1", "offset": "100"}},
        "response": {"status": 200, "headers": {}, "body": body},
    }]  # fmt: skip
    query = {"chain": "ethereum", "address": OWNER}
    return (await ask("etherscan", "token_balances", query, exchanges))[0]


async def read_tokens(name, rows):
    if name == "etherscan":
        return await etherscan_tokens({"status": "1", "message": "OK", "result": rows})
    return TOKEN_LISTS[name][1](rows)


@pytest.mark.parametrize("name", TOKEN_LISTS)
@pytest.mark.parametrize("bad", [None, 5, {"error": "execution reverted"}])
async def test_a_contract_that_says_nonsense_blinds_no_wallet(name, bad):
    """Anybody can send a token; its row is left out and counted."""
    row, _ = TOKEN_LISTS[name]
    with collecting() as damage:
        answer = await read_tokens(name, [row, bad, row])
    assert [one.raw for one in answer.tokens] == ["7", "7"]
    assert damage.rows_left_out == 1


@pytest.mark.parametrize(
    ("name", "key", "value", "amount"),
    [
        ("etherscan", "TokenDivisor", "", None),
        ("etherscan", "TokenSymbol", None, 7e-6),
        ("moralis", "decimals", None, None),
        ("moralis", "decimals", "many", None),
        ("moralis", "name", None, 7e-6),
        ("covalent", "contract_decimals", 255, None),
        ("covalent", "contract_ticker_symbol", None, 7e-6),
        ("tronscan", "tokenDecimal", "", None),
        ("tronscan", "tokenName", 5, 7e-6),
    ],
)
async def test_a_token_without_symbol_name_or_decimals(name, key, value, amount):
    """It is shown, without an amount where the decimals are missing."""
    row, _ = TOKEN_LISTS[name]
    for damaged in ({**row, key: value}, without(row, key)):
        (one,) = (await read_tokens(name, [damaged])).tokens
        assert (one.raw, one.amount) == ("7", amount)


def test_a_token_of_blockscout_without_decimals():
    """It has no amount and no worth, and the others stay."""
    row, parse = TOKEN_LISTS["blockscout"]
    damaged = {**row, "token": {**row["token"], "decimals": None}}
    first, second = parse([damaged, row]).tokens
    assert (first.amount, first.value_usd) == (None, None)
    assert (second.amount, second.value_usd) == (7e-6, 7e-6)


def test_a_reverted_balance_is_not_known():
    """A balance of null is no balance of nothing; the others stay."""
    rows = [
        {"contractAddress": CONTRACT, "tokenBalance": "0x" + "4c4b40".zfill(64), "error": None},
        {"contractAddress": OTHER, "tokenBalance": None, "error": "execution reverted"},
        {"contractAddress": OTHER, "tokenBalance": "0x0", "error": None},
    ]
    with collecting() as damage:
        answer = alchemy.parse_token_balances({"address": OWNER, "tokenBalances": rows}, TOKENS)
    assert [(one.contract, one.raw) for one in answer.tokens] == [(CONTRACT, "5000000")]
    assert damage.notes() == ("1 unreadable tokens left out: no balance: execution reverted",)


async def test_null_beside_no_transactions_found():
    """An explorer's empty list may be null; a null beside other words is an error."""
    answer = await etherscan_tokens({"status": "0", "message": "No token found", "result": None})
    assert answer.tokens == ()
    body = {"status": "0", "message": "No transactions found", "result": None}
    assert mapped("etherscan", 200, body, HISTORY) is None
    for said in ("NOTOK", "", "Something went wrong"):
        assert mapped("etherscan", 200, {**body, "message": said}, HISTORY) is not None


@pytest.mark.parametrize(
    ("rewards", "used", "tips"),
    [
        ([[None] * 3, ["0x1", "0x2", "0x3"]], [0.5, 0.5], (1, 2, 3)),
        ([None, ["0x1", "0x2", "0x3"]], [0.5, 0.5], (1, 2, 3)),
        ([["x", "0x2", "0x3"], ["0x1", "0x2", "0x3"]], [0.5, 0.5], (1, 2, 3)),
        ([["0x9"], ["0x1", "0x2", "0x3"]], [0.5, 0.5], (1, 2, 3)),
        ([["0x9", "0x9", "0x9"], ["0x1", "0x2", "0x3"]], [0, 0.5], (1, 2, 3)),
        ([[None] * 3], [0.5], (0, 0, 0)),
        (None, [0.5], (0, 0, 0)),
        ([], [], (0, 0, 0)),
        ([["0x1", "0x2", "0x3"]], None, (0, 0, 0)),
    ],
)
def test_a_block_without_usable_rewards_counts_as_without_tips(rewards, used, tips):
    """The base fee is told all the same, and the node is not failing."""
    base = 10**9
    history = {"baseFeePerGas": ["0x1", hex(base)], "gasUsedRatio": used, "reward": rewards}
    gas = evm_rpc.fee_history(history, GasQuery(chain="ethereum"))
    told = tuple(evm_rpc.gwei(base + tip) for tip in tips)
    assert (gas.base_fee, gas.slow, gas.standard, gas.fast) == (1.0, *told)


BLOCKS = {"gasUsedRatio": [0.5], "reward": [["0x1", "0x2", "0x3"]]}


@pytest.mark.parametrize(
    "blocks",
    [BLOCKS, BLOCKS | {"baseFeePerGas": []}, BLOCKS | {"baseFeePerGas": ["0x1", None]}],
    ids=["missing", "empty", "null"],
)
async def test_blocks_without_a_base_fee(blocks):
    """The node's own suggestion is the price, as before London."""
    asked = []

    async def post(request):
        asked.append(request["method"])
        answers = {"eth_feeHistory": blocks, "eth_gasPrice": "0x3b9aca00"}
        return {"id": 1, "result": answers[request["method"]]}

    gas = await evm_rpc.evm_gas(GasQuery(chain="polygon"), post)
    assert (gas.standard, gas.slow, gas.fast, gas.base_fee) == (1.0, None, None, None)
    assert asked == ["eth_feeHistory", "eth_gasPrice"]


@pytest.mark.parametrize("body", [{"data": []}, {"data": [{"symbol": "XYZ", "prices": []}]}])
def test_no_price_of_alchemy_is_an_unknown_pair(body):
    """Another source may list it."""
    with pytest.raises(UnknownSymbol):
        alchemy.parse_ticker(body, TickerQuery(symbol="XYZ/USD"))


def test_alchemy_says_that_it_goes_by_ticker():
    """Its answer does not tell which coin it is of."""
    price = {"currency": "usd", "value": "3000", "lastUpdatedAt": "2025-11-24T00:00:00Z"}
    body = {"data": [{"symbol": "ETH", "prices": [price]}]}
    ticker = alchemy.parse_ticker(body, TickerQuery(symbol="ETH/USD"))
    assert "does not say which coin" in ticker.notes[0]


def test_an_address_in_capitals_is_one_address():
    """Blockchair answers in lower case, and is asked so."""
    written = "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ"
    query = BalanceQuery(chain="bitcoin", address=written)
    assert query.address == written.lower()
    query.confirm(written)
    with pytest.raises(OtherSubject):
        query.confirm(GENESIS)


def test_labels_that_cannot_be_read_cost_no_name():
    """A tag without a name is left out; the name stays."""
    query = EntityQuery(chain="ethereum", address=OWNER)
    with collecting() as damage:
        entity = blockscout.parse_entity(
            {"hash": OWNER, "name": "Router", "public_tags": [{"display_name": "dex"}, {}],
             "metadata": {"tags": [{"name": "defi"}, {"slug": "x"}]}}, query,
        )  # fmt: skip
    assert (entity.name, entity.kind, entity.labels) == ("Router", None, ("dex", "defi"))
    assert damage.rows_left_out == 2
    body = {"address": OWNER, "arkhamEntity": {"name": "Binance"},
            "populatedTags": [{"label": "cex"}, {"id": 1}]}  # fmt: skip
    assert arkham.parse_entity(body, query).labels == ("cex",)


ARKHAM = {
    "transactionHash": HASH, "chain": "ethereum", "tokenSymbol": "USDC", "unitValue": 5.0,
    "historicalUSD": 5.0, "blockTimestamp": "2025-11-24T00:00:00Z",
    "fromAddress": {"address": OWNER.upper().replace("0X", "0x")}, "toAddress": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({}, ("ethereum", HASH, "USDC")),
        ({"tokenSymbol": None}, ("ethereum", HASH, "ETH")),
        ({"tokenSymbol": None, "chain": "bsc"}, ("bsc", HASH, "BNB")),
        ({"tokenSymbol": "usdt", "chain": "avalanche"}, ("avalanche", HASH, "USDT")),
        (
            {"tokenSymbol": None, "chain": "bitcoin", "transactionHash": None, "txid": "t"},
            ("bitcoin", "t", "BTC"),
        ),
        (
            {"tokenSymbol": None, "chain": "bitcoin", "transactionHash": None, "id": "i"},
            ("bitcoin", "i", "BTC"),
        ),
    ],
)
def test_transfers_of_arkham_by_chain(changes, read):
    """A Bitcoin row has no symbol, and its transaction another name."""
    body = {"transfers": [{**ARKHAM, **changes}]}
    (one,) = arkham.parse_transfers(body, LargeTransfersQuery()).transfers
    assert (one.chain, one.hash, one.asset) == read


def test_a_transfer_of_arkham_that_cannot_be_read():
    """Of another chain's own coin nothing is known: left out; addresses of base58 keep case."""
    coin = {**ARKHAM, "tokenSymbol": None, "chain": "solana"}
    dogs = {**ARKHAM, "chain": "dogecoin", "tokenSymbol": "DOGE", "historicalUSD": None,
            "fromAddress": {"address": "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"}}  # fmt: skip
    with collecting() as damage:
        answer = arkham.parse_transfers({"transfers": [coin, dogs]}, LargeTransfersQuery())
    (one,) = answer.transfers
    assert one.sender.address == "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"
    assert one.amount_usd is None
    assert damage.rows_left_out == 1


def whale(**changes):
    part = {
        "symbol": "btc", "unit_price_usd": 100.0, "transaction_type": "transfer",
        "inputs": [{"amount": "10", "address": "a"}], "outputs": [{"amount": "6", "address": "b"}],
    }  # fmt: skip
    return {"hash": "h", "timestamp": 1_764_000_000, "sub_transactions": [{**part, **changes}]}


@pytest.mark.parametrize(
    ("bad", "amounts", "left_out"),
    [
        (whale(unit_price_usd=None), [600.0, None], 0),
        (whale(unit_price_usd="none"), [600.0, None], 0),
        (whale(outputs=[{"amount": None, "address": "b"}]), [600.0], 1),
        (whale(inputs=None), [600.0], 1),
        ({"hash": "h"}, [600.0], 1),
        (whale(transaction_type="mint"), [600.0], 0),
    ],
)
def test_transfers_of_whale_alert(bad, amounts, left_out):
    """A transfer without a price is shown without its worth."""
    body = {"transactions": [whale(), bad]}
    with collecting() as damage:
        found = whalealert.parse_transfers(body, Chain.BITCOIN, LargeTransfersQuery(min_usd=500))
    assert [one.amount_usd for one in found] == amounts
    assert damage.rows_left_out == left_out


def test_large_transfers_of_blockchair():
    """A worth that is missing is null; a row without a time or an amount is left out."""
    row = {"hash": "h", "time": "2025-11-24 00:00:00", "output_total": 5, "output_total_usd": 9.0}
    rows = [row, {**row, "output_total_usd": None}, {**row, "time": None}, {**row, "time": "soon"},
            row]  # fmt: skip
    with collecting() as damage:
        answer = blockchair.parse_transfers(rows)
    assert [one.amount_usd for one in answer.transfers] == [9.0, None, 9.0]
    assert damage.rows_left_out == 2


MVRV = OnchainMetricQuery(metric="mvrv", asset="BTC")
FIELD = OnchainMetricQuery(metric="query/4321", asset="ETH")
DAY_S = 86_400
START_S = 1_763_942_400
NOTHING = [None, "", "NaN", "Infinity", "-Infinity", "nan", "null"]


def dune_rows(values):
    return [
        {"day": f"2026-11-0{1 + at} 00:00:00.000 UTC", "v": value}
        for at, value in enumerate(values)
    ]


SERIES = {
    "glassnode": lambda values: glassnode.parse_metric(
        [{"t": START_S + at * DAY_S, "v": value} for at, value in enumerate(values)], MVRV
    ),
    "santiment": lambda values: santiment.parse_points(
        [{"datetime": f"2025-11-0{1 + at}T00:00:00Z", "value": v} for at, v in enumerate(values)]
    ),
    "blockchain_info": lambda values: blockchain_info.parse_chart(
        {"values": [{"x": START_S + at * DAY_S, "y": value} for at, value in enumerate(values)]},
        OnchainMetricQuery(metric="hash_rate"),
    ),
    "dune": lambda values: dune.parse_metric({"result": {"rows": dune_rows(values)}}, FIELD),
    "defillama": lambda values: defillama.parse_chain(
        [{"date": START_S + at * DAY_S, "tvl": value} for at, value in enumerate(values)],
        TvlQuery(),
    ),
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_moment_without_a_figure_is_left_out(name, nothing, place):
    """The others are the answer, wherever it stands, and nothing is called damaged."""
    values = [4, 5]
    values.insert(place, nothing)
    with collecting() as damage:
        answer = SERIES[name](values)
    points = answer if isinstance(answer, list) else answer.points
    assert [value for _, value in points] == [4.0, 5.0]
    assert not damage


@pytest.mark.parametrize("name", SERIES)
def test_a_word_in_place_of_a_figure_is_damage(name):
    """It is left out too, and counted."""
    with collecting() as damage:
        answer = SERIES[name]([4, "many", 5])
    points = answer if isinstance(answer, list) else answer.points
    assert [value for _, value in points] == [4.0, 5.0]
    assert damage.rows_left_out == 1


def test_points_without_their_members():
    """A point of Glassnode without v, a day of DefiLlama with its date as text."""
    body = [{"t": START_S, "v": 1.0}, {"t": START_S + DAY_S}, {"v": 2.0}, {"t": 5, "v": 3.0},
            {"t": START_S + 2 * DAY_S, "v": 4.0}, {"t": START_S + 3 * DAY_S, "v": 5.0}]  # fmt: skip
    with collecting() as damage:
        answer = glassnode.parse_metric(body, MVRV)
    assert [value for _, value in answer.points] == [1.0, 4.0, 5.0]
    assert damage.rows_left_out == 2
    days = [{"date": str(START_S), "tvl": 5.0}, {"date": START_S + DAY_S, "tvl": 6.0}]
    assert [at for at, _ in defillama.parse_chain(days, TvlQuery()).points] == [
        START_S * 1000,
        (START_S + DAY_S) * 1000,
    ]
    with pytest.raises(Empty):
        defillama.parse_chain([{"date": START_S, "tvl": None}], TvlQuery())
    with pytest.raises(NotOffered):
        glassnode.parse_metric([{"t": START_S, "o": {"a": 1}}], MVRV)


@pytest.mark.parametrize(
    "rows",
    [
        [{"day": None, "v": None}, {"day": "2026-11-01", "v": 1}, {"day": "2026-11-02", "v": "2"}],
        [{"day": "2026-11-01", "v": 1}, {"day": "2026-11-02", "v": 2, "who": None}],
        [{"day": "2026-11-01", "who": "x", "v": 1}, {"day": "2026-11-02", "v": 2}],
        [
            {"v": "NaN", "day": "2026-10-31"},
            {"v": 1, "day": "2026-11-01"},
            {"v": 2, "day": "2026-11-02"},
        ],
        [{"day": "2026-11-01", "v": 1}, None, {"day": "2026-11-02", "v": 2}],
    ],
)
def test_columns_of_dune_are_judged_by_all_rows(rows):
    """The first row may have nothing."""
    answer = dune.parse_metric({"result": {"rows": rows}}, FIELD)
    assert [value for _, value in answer.points] == [1.0, 2.0]


ALL = (
    "alchemy", "arkham", "blockchain_info", "blockchair", "blockscout", "bscscan", "covalent",
    "defillama", "dune", "etherscan", "evm_rpc", "glassnode", "infura", "mempool_space", "moralis",
    "nansen", "santiment", "trongrid", "tronscan", "whalealert",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        pytest.param(name, param.values[0], id=f"{name}-{param.id}")
        for name in ALL
        for param in samples(name)
        if param.values[0]["outcome"] == "ok"
    ],
)
async def test_a_good_answer_has_no_damage(name, sample):
    """Nothing of a sample is called unreadable or missing."""
    with collecting() as damage:
        await play(name, sample)
    assert damage.notes() == ()


def test_words_of_another_kind_are_reported():
    """What is no word of the source's is null, and said so."""
    cases = (
        (etherscan.explorer_rows, [{**EXPLORED, "isError": "x"}], (HISTORY, 1)),
        (trongrid.parse_transactions, {"data": [{**TRONGRID, "ret": [{"contractRet": []}]}]},
         (ON_TRON,)),
        (tronscan.parse_transactions, {"data": [{**TRONSCAN, "contractRet": {}}]},
         (ON_TRON, 0, 25)),
    )  # fmt: skip
    for parse, body, rest in cases:
        with collecting() as damage:
            (one,) = parse(body, *rest).transactions
        assert one.succeeded is None
        assert [name for name, _ in damage.fields] == ["succeeded"]


@pytest.mark.parametrize("rows", [[{}], [{TETHER: "5", "grew": "x"}, {}]])
def test_pairs_of_trongrid(rows):
    """A pair that is missing is left out, one that grew is read as before."""
    query = TokenBalancesQuery(chain="tron", address=TRON)
    if len(rows) == 1:
        with pytest.raises(ValueError, match="unpack"):
            trongrid.parse_tokens({"trc20": rows}, query)
    else:
        assert [one.raw for one in trongrid.parse_tokens({"trc20": rows}, query).tokens] == ["5"]


@pytest.mark.parametrize("height", [-1, 10**12, 10**19, "x", None, 1.5])
def test_a_height_no_chain_has_come_to(height):
    """An absurd block is not the newest one."""
    blocks = [{"height": 900_000, "id": "a", "timestamp": START_S}] * 2
    bad = {"height": height, "id": "b", "timestamp": START_S}
    with collecting() as damage:
        head = mempool_space.parse_chain_head([bad, *blocks], ChainHeadQuery(chain="bitcoin"))
    assert (head.height, head.hash) == (900_000, "a")
    assert damage.rows_left_out == 1


def test_a_locked_value_below_nothing_is_left_out():
    """The day before is the last one."""
    days = [{"date": START_S, "tvl": 5.0}, {"date": START_S + DAY_S, "tvl": 6.0},
            {"date": START_S + 2 * DAY_S, "tvl": -1}]  # fmt: skip
    assert defillama.parse_chain(days, TvlQuery()).tvl_usd == 6.0
