"""One page, in the currency that was asked for."""

from coinmux import HTTP, Coin, Coins, CoinsQuery, hookimpl


@hookimpl
async def fetch_coins(query: CoinsQuery, http: HTTP) -> Coins:
    params = {"page": query.page, "per_page": query.per_page, "currency": query.quote}
    rows = await http.get_json("/coins", params)
    coins = [
        Coin(id=row["id"], symbol=row["ticker"], name=row["name"], price=row["price"])
        for row in rows
    ]
    return Coins(page=query.page, per_page=query.per_page, coins=tuple(coins))
