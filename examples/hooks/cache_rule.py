"""Prices of stablecoins hardly move, so they are asked for once a minute."""

from coinmux import Freshness, Query, TickerQuery, hookimpl

STABLE = {"USDT", "USDC", "DAI"}


@hookimpl
def cache_rule(capability: str, query: Query, freshness: Freshness) -> Freshness | None:
    if isinstance(query, TickerQuery) and query.symbol.base in STABLE:
        return Freshness(fresh_s=60, refresh_s=60, failed_s=freshness.failed_s)
    return None
