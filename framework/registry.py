"""Which sources there are: loaded plugins under the configuration in force."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from framework.assets import AssetDirectory
from framework.attempt import ChannelDesk
from framework.env import EnvConfig
from framework.errors import UnknownProvider
from framework.names import near
from framework.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from framework.assets import AssetTable
    from framework.clock import Clock
    from framework.events import EventBus
    from framework.health import HealthTracker
    from framework.loader import Found, PluginLoader, Provider
    from framework.redact import Redactor

#: How long the start waits for plugins; slower ones are taken in when they are done.
_LOAD_WAIT_S = 1.0


class SourceRegistry:
    """Sources by name, rebuilt when plugins arrive or the configuration is read again.

    Attributes:
        env: the configuration in force.
        sources: by name; replaced as a whole, so that calls in flight keep theirs.
    """

    def __init__(
        self,
        env: EnvConfig,
        environ: Mapping[str, str] | None,
        loader: PluginLoader,
        health: HealthTracker,
        events: EventBus,
        redactor: Redactor,
        assets: AssetTable,
        clock: Clock,
        on_change: Callable[[Mapping[str, Source]], None],
    ) -> None:
        self.env = env
        self.environ = environ
        self.sources: dict[str, Source] = {}
        self._loader = loader
        self._health = health
        self._events = events
        self._redactor = redactor
        self._assets = assets
        self._clock = clock
        self._on_change = on_change
        self._warned: set[str] = set()

    def load(self, found: Iterable[Found] | None) -> None:
        """Load plugins, those installed where `found` is None, and build their sources."""
        settings = self.env.settings
        if found is None:
            found = self._loader.discover(settings.plugins_allow, settings.plugins_block)
        limit_s = settings.plugin_load_timeout_s
        self._loader.load(found, wait_s=min(_LOAD_WAIT_S, limit_s), limit_s=limit_s)
        self._build(self.env)
        for warning in self.env.warnings:
            self._events.publish("config", warning, level="warning")
        self._tell_broken(0)

    def adopt_if_ready(self) -> None:
        """Take in plugins that finished loading since the start."""
        if not self._loader.pending:
            return
        broken = len(self._loader.broken)
        if self._loader.adopt(self.env.settings.plugin_load_timeout_s):
            self._build(self.env)
        self._tell_broken(broken)

    def source(self, name: str) -> Source:
        """The source of that name, in any case.

        Raises:
            UnknownProvider: with near names.
        """
        source = self.sources.get(name.lower())
        if source is None:
            raise UnknownProvider(
                f"no provider {name[:60]!r}", did_you_mean=near(name, self.sources)
            )
        return source

    def reload(self) -> dict[str, Any]:
        """Read `.env` and the environment again; what changed, by provider.

        Raises:
            InvalidSetting: a value cannot be used; everything stays as it was.
        """
        before = {name: source.feature.enabled for name, source in self.sources.items()}
        environ = os.environ if self.environ is None else self.environ
        env = EnvConfig(self.env.env_file, environ)
        self._build(env)
        after = {name: source.feature.enabled for name, source in self.sources.items()}
        changes: dict[str, Any] = {
            "enabled": sorted(name for name, on in after.items() if on and not before[name]),
            "disabled": sorted(name for name, on in after.items() if before[name] and not on),
            "warnings": list(env.warnings),
        }
        self._events.publish("config", "configuration reloaded", **changes)
        return changes

    def _build(self, env: EnvConfig) -> None:
        """All sources under `env`, or none at all; coin choices are kept."""
        providers = list(self._loader.providers.values())
        built = {provider.info.name: self._source_of(provider, env) for provider in providers}
        for secret in env.secrets(provider.info for provider in providers):
            self._redactor.add(secret)
        self.env = env
        for source in built.values():
            self._register(source)
        self.sources = built
        self._on_change(built)
        self._warn_of_missing()

    def _source_of(self, provider: Provider, env: EnvConfig) -> Source:
        name = provider.info.name
        known = self.sources.get(name)
        assets = (
            known.assets if known is not None else AssetDirectory(name, self._assets, self._clock)
        )
        return Source(provider, env, self._clock, assets)

    def _register(self, source: Source) -> None:
        refusal = source.disabled()
        reason = None if refusal is None else refusal.code
        names = {source.name: list(source.fetch)}
        for channel in source.info.channels:
            names[f"{source.name}:{channel.name}"] = [ChannelDesk.CAPABILITY]
        known = self._health.sources()
        for name, capabilities in names.items():
            if name not in known:
                self._health.register(name, capabilities, disabled_reason=reason)
            elif reason is None:
                self._health.enable(name)
            else:
                self._health.disable(name, reason)

    def _warn_of_missing(self) -> None:
        for source in self.sources.values():
            for variable in source.feature.missing:
                if variable not in self._warned:
                    self._warned.add(variable)
                    self._events.publish(
                        "config",
                        f"{variable} is not set; {source.name} is off",
                        level="warning",
                        source=source.name,
                        variable=variable,
                    )

    def _tell_broken(self, since: int) -> None:
        for broken in self._loader.broken[since:]:
            self._events.publish(
                "plugin",
                f"{broken.name} ({broken.origin}) is broken: {broken.error}",
                level="error",
                source=broken.name,
            )
