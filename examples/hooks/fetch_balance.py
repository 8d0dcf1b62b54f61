"""`native` converts the smallest unit of the chain (wei, satoshi)."""

from coinmux import HTTP, Balance, BalanceQuery, hookimpl


@hookimpl
async def fetch_balance(query: BalanceQuery, http: HTTP) -> Balance:
    body = await http.get_json("/balance", {"address": query.address})
    return Balance.native(query, body["wei"])
