"""Blockchains, by name: head, gas and what an address holds and did.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.models.chain import (
    Balance,
    BalanceQuery,
    ChainHead,
    ChainHeadQuery,
    Entity,
    EntityQuery,
    Gas,
    GasQuery,
    LargeTransfers,
    LargeTransfersQuery,
    TokenBalances,
    TokenBalancesQuery,
    Transactions,
    TransactionsQuery,
)
from coinmux.server.asgi.query_params import QueryReader
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Answered
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc

HEAD = QueryReader("chain_head", ChainHeadQuery, path=("chain",))
GAS = QueryReader("gas", GasQuery, path=("chain",))
BALANCE = QueryReader("balance", BalanceQuery, path=("chain", "address"))
TRANSACTIONS = QueryReader("transactions", TransactionsQuery, path=("chain", "address"))
TOKENS = QueryReader("token_balances", TokenBalancesQuery, path=("chain", "address"))
TRANSFERS = QueryReader("large_transfers", LargeTransfersQuery)
ENTITY = QueryReader("entity", EntityQuery, path=("address",))


class ChainController(Controller):
    """One chain."""

    path = "/api/chain/{chain:str}"
    tags = ("chain",)

    @get("/head", operation_id="getChainHead", opt={DOC: RouteDoc(ChainHead, HEAD)})
    async def head(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """The newest block."""
        return await desk.answer(request, HEAD)

    @get("/gas", operation_id="getGas", opt={DOC: RouteDoc(Gas, GAS)})
    async def gas(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """What a transaction costs now."""
        return await desk.answer(request, GAS)

    @get("/balance/{address:str}", operation_id="getBalance", opt={DOC: RouteDoc(Balance, BALANCE)})
    async def balance(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """What an address holds of the chain's own coin."""
        return await desk.answer(request, BALANCE)

    @get(
        "/transactions/{address:str}",
        operation_id="getTransactions",
        opt={DOC: RouteDoc(Transactions, TRANSACTIONS)},
    )
    async def transactions(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Answered:
        """One page of an address's transactions, newest first."""
        return await desk.answer(request, TRANSACTIONS)

    @get(
        "/tokens/{address:str}",
        operation_id="getTokenBalances",
        opt={DOC: RouteDoc(TokenBalances, TOKENS)},
    )
    async def tokens(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """The tokens an address holds."""
        return await desk.answer(request, TOKENS)


class WhaleController(Controller):
    """Large transfers, and who is behind an address."""

    path = "/api/whales"
    tags = ("whales",)

    @get(
        "/transfers",
        operation_id="getLargeTransfers",
        opt={DOC: RouteDoc(LargeTransfers, TRANSFERS)},
    )
    async def transfers(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Answered:
        """Large transfers, newest first."""
        return await desk.answer(request, TRANSFERS)

    @get("/entity/{address:str}", operation_id="getEntity", opt={DOC: RouteDoc(Entity, ENTITY)})
    async def entity(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """Who an address belongs to."""
        return await desk.answer(request, ENTITY)
