"""Which names are in use here, so that a new plugin takes none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.plugins.hookspecs import PROJECT
from coinmux.server.cli.authors.names import refused
from coinmux.server.cli.console import LOAD_WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coinmux.server.cli.authors.names import Kind, NewPlugin

_AN: Mapping[Kind, str] = {
    "provider": "a provider",
    "indicator": "an indicator",
    "capability": "a capability",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """The names that are in use here, each with the distribution that has it."""

    plugins: Mapping[str, str]
    providers: Mapping[str, str]
    indicators: Mapping[str, str]
    capabilities: Mapping[str, str]

    @classmethod
    def here(cls) -> Taken:
        """Those of all installed plugins; it loads them."""
        loader = PluginLoader()
        found = loader.discover()
        loader.load(found, wait_s=LOAD_WAIT_S, limit_s=LOAD_WAIT_S)
        return cls(
            plugins={one.name: one.origin for one in found},
            providers={one.info.name: one.origin for one in loader.providers.values()},
            indicators={one.info.name: one.origin for one in loader.indicators.values()},
            capabilities={
                name: PROJECT if name in CAPABILITIES else "another plugin"
                for name in loader.capabilities
            },
        )

    def refuse(self, plugin: NewPlugin) -> None:
        """Refuse a plugin whose name somebody has.

        Raises:
            InvalidRequest: names the field, and who has the name.
        """
        wrong = list(self._wrong(plugin))
        if wrong:
            raise refused(wrong)

    def _wrong(self, plugin: NewPlugin) -> Iterator[tuple[str, str]]:
        name = plugin.name
        known = {
            "provider": self.providers,
            "indicator": self.indicators,
            "capability": self.capabilities,
        }[plugin.kind]
        who = known.get(name) or self.plugins.get(name)
        if who is not None:
            hint = "; a provider answers it" if plugin.kind == "capability" else ""
            yield "name", f"{name} is taken: {who} has {_AN[plugin.kind]} of that name{hint}"
        if plugin.kind == "capability" and plugin.source in self.providers:
            yield "provider", f"{plugin.source} is taken: {self.providers[plugin.source]} has it"
