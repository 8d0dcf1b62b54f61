"""Errors the source reports in the body of a reply, also with status 200."""

from coinmux import Query, QuotaExhausted, RateLimited, Reply, UnknownSymbol, hookimpl


@hookimpl
def map_error(reply: Reply, query: Query) -> Exception | None:
    if not isinstance(reply.body, dict) or "error" not in reply.body:
        return None
    if reply.body["error"] == "no such pair":
        return UnknownSymbol(getattr(query, "symbol", None))
    if reply.body["error"] == "credits used up":
        return QuotaExhausted(retry_after_s=3600)
    return RateLimited() if reply.body["error"] == "slow down" else None
