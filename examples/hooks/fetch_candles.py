"""`from_rows` sorts the rows, cuts them to the question and checks them."""

from coinmux import HTTP, Candles, CandlesQuery, hookimpl


@hookimpl
async def fetch_candles(query: CandlesQuery, http: HTTP) -> Candles:
    params = {"interval": str(query.interval), "limit": query.limit}
    rows = await http.get_json("/candles", params)
    return Candles.from_rows(query, rows, order=("timestamp", "close", "high", "low", "open"))
