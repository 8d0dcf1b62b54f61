"""A source with an optional key, two limits, and the pairs it spells as BTC-USDT."""

from coinmux import EnvVar, ProviderInfo, RateLimit, SymbolStyle, hookimpl


@hookimpl
def provider_info() -> ProviderInfo:
    return ProviderInfo(
        name="acme",
        title="Acme Exchange",
        category="market",
        base_url="https://api.acme.example",
        rate_limits=(RateLimit(60, per_s=60), RateLimit(10_000, per_s=86_400)),
        env=(EnvVar("ACME_API_KEY", required=False, send_as="header:X-Acme-Key"),),
        symbols=SymbolStyle(separator="-"),
        intervals={"1m": "1min", "1h": "60min"},
        chains={"ethereum": "eth", "bitcoin": "btc"},
        docs_url="https://acme.example/docs",
        docs_read="2026-11-23",
    )
