"""Which plugin a question needs that names its provider: loading all takes most of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.server.cli.console import read_env

if TYPE_CHECKING:
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.plugins.discovery import Found


def alone(env: str, provider: str | None, capability: str) -> list[Found] | None:
    """The built-in plugin of `provider`, where nothing but it has a part in the answer.

    Args:
        env: path of the file of settings.

    Returns:
        None where every plugin is needed: for the choice of a source, for an error that lists those
        there are, or because something is stored or shared for all sources together.
    """
    if provider is None:
        return None
    settings = read_env(env).settings
    if _has_memory(settings):
        return None
    loader = PluginLoader()
    if not set(settings.providers_only) <= set(loader.installed()):
        return None
    name = provider.lower()
    found = [
        one
        for one in loader.discover(settings.plugins_allow, settings.plugins_block)
        if one.built_in and one.name == name
    ]
    limit_s = settings.plugin_load_timeout_s
    loader.load(found, wait_s=limit_s, limit_s=limit_s)
    loaded = loader.providers.get(name)
    return found if loaded is not None and capability in loaded.fetch else None


def _has_memory(settings: Settings) -> bool:
    """Whether cooldowns, quotas or answers of all sources are stored or shared."""
    return (
        bool(settings.archive)
        or settings.database_url is not None
        or settings.holds_file is not None
        or settings.state_url is not None
    )
