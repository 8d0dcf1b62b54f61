"""Each figure has a unit."""

from coinmux import HTTP, Social, SocialMetric, SocialQuery, hookimpl


@hookimpl
async def fetch_social(query: SocialQuery, http: HTTP) -> Social:
    body = await http.get_json("/social", {"coin": query.asset})
    return Social(
        symbol=query.asset, metrics={"posts_24h": SocialMetric(value=body["posts"], unit="count")}
    )
