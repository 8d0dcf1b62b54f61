"""`read` leaves out rows that are no spot pair, and notes how many."""

from coinmux import HTTP, Market, Markets, MarketsQuery, Symbol, hookimpl


@hookimpl
async def fetch_markets(query: MarketsQuery, http: HTTP) -> Markets:
    rows = await http.get_json("/markets")

    def market(row: dict[str, str]) -> Market:
        symbol = Symbol.of(row["base"], row["quote"])
        return Market(symbol=symbol, native=row["id"], active=row["state"] == "open")

    return Markets.read(rows, market)
