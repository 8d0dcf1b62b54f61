"""`read` leaves a bad row out, says so, and puts the trades into the order of time."""

from typing import Any

from coinmux import HTTP, Trade, Trades, TradesQuery, hookimpl


@hookimpl
async def fetch_trades(query: TradesQuery, http: HTTP) -> Trades:
    rows = await http.get_json("/trades", {"limit": query.limit})

    def one(row: Any) -> Trade:
        return Trade(timestamp=row["t"], side=row.get("side"), price=row["p"], amount=row["q"])

    return Trades.read(query, rows, one)
