"""Of a protocol, of a chain, or of all chains."""

from coinmux import HTTP, Tvl, TvlQuery, hookimpl


@hookimpl
async def fetch_tvl(query: TvlQuery, http: HTTP) -> Tvl:
    body = await http.get_json("/tvl", {"protocol": query.protocol})
    return Tvl(name=body["name"], tvl_usd=body["usd"])
