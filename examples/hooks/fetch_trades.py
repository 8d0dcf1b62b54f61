"""`latest` puts the trades into the order of time."""

from coinmux import HTTP, Trade, Trades, TradesQuery, hookimpl


@hookimpl
async def fetch_trades(query: TradesQuery, http: HTTP) -> Trades:
    rows = await http.get_json("/trades", {"limit": query.limit})
    trades = (
        Trade(timestamp=row["t"], side=row["side"], price=row["p"], amount=row["q"]) for row in rows
    )
    return Trades.latest(query, trades)
