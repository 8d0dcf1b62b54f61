"""Which plugins a question needs: loading all of them takes longer than asking one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.server.cli.console import read_env

if TYPE_CHECKING:
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.plugins.discovery import Found

#: Our indicators answer no question to a source; TA-Lib alone takes as long as all providers.
_INDICATORS = "coinmux.plugins.indicators."


def needed(env: str, provider: str | None = None, capability: str = "") -> list[Found]:
    """The plugins that may have a part in the answer.

    That is one where the question names its built-in provider. It is all but our indicators where
    a provider is chosen, where the error lists those there are, and where something is stored or
    shared for all of them together.

    Args:
        env: path of the file of settings.
        provider: whom the question names.
        capability: what the provider is asked for.
    """
    settings = read_env(env).settings
    loader = PluginLoader()
    found = [
        one
        for one in loader.discover(settings.plugins_allow, settings.plugins_block)
        if not (one.built_in and (one.value or "").startswith(_INDICATORS))
    ]
    listed = set(settings.providers_only) <= set(loader.installed())
    if provider is None or _has_memory(settings) or not listed:
        return found
    name = provider.lower()
    alone = [one for one in found if one.built_in and one.name == name]
    limit_s = settings.plugin_load_timeout_s
    loader.load(alone, wait_s=limit_s, limit_s=limit_s)
    loaded = loader.providers.get(name)
    return alone if loaded is not None and capability in loaded.fetch else found


def _has_memory(settings: Settings) -> bool:
    """Whether cooldowns, quotas or answers of all sources are stored or shared."""
    return (
        bool(settings.archive)
        or settings.database_url is not None
        or settings.holds_file is not None
        or settings.state_url is not None
    )
