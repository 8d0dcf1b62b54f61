"""Write the generated pages of `docs/`: `python -m tools.docs`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from coinmux import Gateway
from tools.docs.error_reference import error_reference
from tools.docs.event_reference import event_reference
from tools.docs.hook_reference import hook_reference
from tools.docs.indicator_reference import PICTURES, draw_all, reference
from tools.docs.metric_reference import metric_reference, scraped
from tools.docs.provider_docs import provider_docs
from tools.docs.public_api import public_api
from tools.docs.route_reference import route_reference
from tools.docs.settings_reference import settings_reference
from tools.docs.source_pages import FOLDER, source_pages

DOCS = Path(__file__).resolve().parents[2] / "docs"
_LOAD_WAIT_S = 60
#: Pages that are made from the code alone, without loading a plugin.
REFERENCES = {
    "reference/errors.md": error_reference,
    "reference/events.md": event_reference,
    "reference/hooks.md": hook_reference,
    "reference/routes.md": route_reference,
    "reference/public_api.txt": public_api,
    "reference/settings.md": settings_reference,
}


def main() -> None:
    """Write the references, pages of sources and indicators, and the indicators' pictures."""
    for name, made in REFERENCES.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(made(), encoding="utf-8")

    (DOCS / "reference/metrics.md").write_text(metric_reference(scraped()), encoding="utf-8")
    gateway = whole_gateway()
    (DOCS / "providers.md").write_text(provider_docs(gateway), encoding="utf-8")
    (DOCS / FOLDER).mkdir(exist_ok=True)
    pages = source_pages(gateway)
    for old in (DOCS / FOLDER).glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (DOCS / FOLDER / name).write_text(text, encoding="utf-8")
    catalogue = gateway.indicators.catalogue
    (DOCS / "indicators.md").write_text(reference(catalogue), encoding="utf-8")
    draw_all(catalogue, DOCS / PICTURES)


def whole_gateway(**environ: str) -> Gateway:
    """A closed gateway with every installed plugin loaded.

    A gateway starts without plugins that load slowly; a page would be written without them.

    Raises:
        TimeoutError: a plugin takes too long to load.
    """

    async def make() -> Gateway:
        limits = {"PLUGIN_LOAD_TIMEOUT_S": str(_LOAD_WAIT_S)}
        gateway = Gateway.from_env(None, environ={**environ, **limits})
        try:
            if loading := await gateway.wait_loaded(_LOAD_WAIT_S):
                raise TimeoutError(f"still loading after {_LOAD_WAIT_S} s: {', '.join(loading)}")
        finally:
            await gateway.close()
        return gateway

    return asyncio.run(make())


if __name__ == "__main__":
    main()
