"""The owner of an address, as far as the source knows it."""

from coinmux import HTTP, Entity, EntityQuery, hookimpl


@hookimpl
async def fetch_entity(query: EntityQuery, http: HTTP) -> Entity:
    body = await http.get_json("/label", {"address": query.address})
    return Entity(
        chain=query.chain,
        address=query.address,
        name=body["owner"],
        kind=body["type"],
        labels=tuple(body["tags"]),
    )
