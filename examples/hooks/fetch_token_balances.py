"""`raw` is the balance in the token's smallest unit."""

from coinmux import HTTP, TokenBalance, TokenBalances, TokenBalancesQuery, hookimpl, scaled


@hookimpl
async def fetch_token_balances(query: TokenBalancesQuery, http: HTTP) -> TokenBalances:
    rows = await http.get_json("/tokens", {"address": query.address})
    tokens = [
        TokenBalance(
            contract=row["contract"],
            symbol=row["symbol"],
            decimals=row["decimals"],
            raw=row["raw"],
            amount=scaled(row["raw"], row["decimals"]),
        )
        for row in rows
    ]
    return TokenBalances(chain=query.chain, address=query.address, tokens=tuple(tokens))
