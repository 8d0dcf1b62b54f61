"""Points are pairs of time and value, oldest first."""

from coinmux import HTTP, OnchainMetric, OnchainMetricQuery, hookimpl


@hookimpl
async def fetch_onchain_metric(query: OnchainMetricQuery, http: HTTP) -> OnchainMetric:
    rows = await http.get_json("/metric", {"name": query.metric, "coin": query.asset})
    points = [(row["t"] * 1000, row["v"]) for row in rows]
    return OnchainMetric(metric=query.metric, asset=query.asset, points=points)
