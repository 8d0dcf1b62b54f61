"""Write the generated pages of `docs/`: `python -m tools.docs`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from coinmux import Gateway
from tools.docs.error_reference import error_reference
from tools.docs.hook_reference import hook_reference
from tools.docs.indicator_reference import PICTURES, draw_all, reference
from tools.docs.provider_docs import provider_docs
from tools.docs.settings_reference import settings_reference

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: Pages that are made from the code alone, without loading a plugin.
REFERENCES = {
    "reference/errors.md": error_reference,
    "reference/hooks.md": hook_reference,
    "reference/settings.md": settings_reference,
}


def main() -> None:
    """Write the references, `providers.md`, `indicators.md` and the indicators' pictures."""
    for name, made in REFERENCES.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(made(), encoding="utf-8")

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
