"""Nomics: prices and market data until 31 March 2023, when the service was shut down.

Its host no longer resolves. It is listed so that a configuration that still names it is told what
became of it; it has no hooks, and nobody is ever asked.

Source: https://github.com/curveresearch/curvesim/issues/89 (the vendor's letter), read 2026-11-23.
"""

from coinmux import EnvVar, ProviderInfo, hookimpl


@hookimpl
def provider_info() -> ProviderInfo:
    """Nomics, gone."""
    return ProviderInfo(
        name="nomics",
        title="Nomics",
        category="market",
        base_url="https://api.nomics.com/v1",
        env=(
            EnvVar(
                "NOMICS_API_KEY",
                required=False,
                description="Does nothing any more: the service ended on 31 March 2023.",
            ),
        ),
        priority=1000,
        docs_url="https://github.com/curveresearch/curvesim/issues/89",
        docs_read="2026-11-23",
        retired="shut down on 2023-03-31; use coinmarketcap, coingecko or coinpaprika",
        notes="Shut down on 31 March 2023; no successor of its own.",
    )
