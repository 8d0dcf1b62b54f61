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

    gateway = asyncio.run(_make())
    (DOCS / "providers.md").write_text(provider_docs(gateway), encoding="utf-8")
    catalogue = gateway.indicators.catalogue
    (DOCS / "indicators.md").write_text(reference(catalogue), encoding="utf-8")
    draw_all(catalogue, DOCS / PICTURES)


def whole_gateway(**environ: str) -> Gateway:
    """A gateway on the installed plugins, once every one of them has loaded.

    A server does not wait for slow plugins at its start; a page would be written without them.
    """
    gateway = Gateway.from_env(None, environ={**environ, "PLUGIN_LOAD_TIMEOUT_S": "60"})
    for found in gateway.loader.pending:
        if found.thread is not None:
            found.thread.join(60)
    gateway.registry.adopt_if_ready()
    return gateway


async def _make() -> Gateway:
    gateway = whole_gateway()
    await gateway.close()
    return gateway


if __name__ == "__main__":
    main()
