"""The time is the block's own, in Unix milliseconds."""

from coinmux import HTTP, ChainHead, ChainHeadQuery, hookimpl


@hookimpl
async def fetch_chain_head(query: ChainHeadQuery, http: HTTP) -> ChainHead:
    body = await http.get_json("/head", {"chain": str(query.chain)})
    return ChainHead(chain=query.chain, height=body["number"], timestamp=body["time"] * 1000)
