"""The unit is gwei on EVM chains and sat/vB on bitcoin."""

from coinmux import HTTP, Gas, GasQuery, hookimpl


@hookimpl
async def fetch_gas(query: GasQuery, http: HTTP) -> Gas:
    body = await http.get_json("/gas", {"chain": str(query.chain)})
    return Gas(chain=query.chain, unit="gwei", slow=body["low"], standard=body["mid"])
