"""One page; `cursor` asks for the next."""

from coinmux import HTTP, Transaction, Transactions, TransactionsQuery, hookimpl, scaled


@hookimpl
async def fetch_transactions(query: TransactionsQuery, http: HTTP) -> Transactions:
    rows = await http.get_json("/transactions", {"address": query.address, "limit": query.limit})
    transactions = [
        Transaction(hash=row["hash"], asset="ETH", raw=row["wei"], amount=scaled(row["wei"], 18))
        for row in rows
    ]
    return Transactions(chain=query.chain, address=query.address, transactions=tuple(transactions))
