"""Write the generated pages of `docs/`: `python -m tools.docs`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from coinmux import Gateway
from tools.docs.indicator_reference import PICTURES, draw_all, reference
from tools.docs.provider_docs import provider_docs

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> None:
    """Write `providers.md`, `indicators.md` and the pictures of all indicators."""

    async def make() -> Gateway:
        gateway = Gateway.from_env(None)
        await gateway.close()
        return gateway

    gateway = asyncio.run(make())
    (DOCS / "providers.md").write_text(provider_docs(gateway), encoding="utf-8")
    catalogue = gateway.indicators.catalogue
    (DOCS / "indicators.md").write_text(reference(catalogue), encoding="utf-8")
    draw_all(catalogue, DOCS / PICTURES)


if __name__ == "__main__":
    main()
