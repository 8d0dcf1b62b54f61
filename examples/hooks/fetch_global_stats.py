"""Figures of the whole market in US dollars; what is missing stays None."""

from coinmux import HTTP, GlobalStats, GlobalStatsQuery, hookimpl


@hookimpl
async def fetch_global_stats(query: GlobalStatsQuery, http: HTTP) -> GlobalStats:
    body = await http.get_json("/global")
    return GlobalStats(market_cap_usd=body["cap"], volume_24h_usd=body["volume"])
