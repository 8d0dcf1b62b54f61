"""The newest value, and the history in pairs of time and value."""

from coinmux import HTTP, FearGreed, FearGreedQuery, hookimpl


@hookimpl
async def fetch_fear_greed(query: FearGreedQuery, http: HTTP) -> FearGreed:
    rows = await http.get_json("/index", {"limit": query.limit})
    history = [(row["time"] * 1000, row["value"]) for row in rows]
    time, value = history[0]
    return FearGreed(timestamp=time, value=value, classification=rows[0]["word"], history=history)
