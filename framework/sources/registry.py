"""Which sources there are: loaded plugins under the configuration in force."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.errors import UnknownProvider
from coinmux.framework.plugins.installed import BadFolder
from coinmux.framework.reference.assets import AssetDirectory
from coinmux.framework.sources.leaving import LeavingSources, names_of
from coinmux.framework.sources.source import Source
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.plugins.adapters import Provider
    from coinmux.framework.plugins.discovery import Broken, Doubt, Found, PluginLoader
    from coinmux.framework.reference.assets import AssetTable
    from coinmux.framework.secrets import Redactor

#: How long the start waits for strangers' plugins; slower ones are taken in when they are done.
_LOAD_WAIT_S = 1.0
#: The message of the event after a reload.
RELOADED = "configuration reloaded"
#: How often `wait_loaded` looks for plugins that have finished.
_LOOK_S = 0.02


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
        self._started_with = env
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
        #: Broken plugins and doubts about others that have been reported.
        self._told: set[Broken | Doubt] = set()
        self._leaving = LeavingSources(health, clock)
        #: Whether its plugins are those that are installed, and not given by the caller.
        self.looks = True
        #: While plugins are looked at anew, none is taken in.
        self.is_renewing = False
        #: Warnings about names, known once every plugin has loaded.
        self._name_warnings: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about the configuration in force; no value is shown."""
        return (*self.env.warnings, *self._name_warnings)

    def load(self, found: Iterable[Found] | None) -> None:
        """Load plugins, those installed where `found` is None, and build their sources.

        Raises:
            InvalidSetting: a value cannot be used, or a list names plugins that are not there.
        """
        settings = self.env.settings
        self.looks = found is None
        if found is None:
            try:
                found = self._loader.discover(settings.plugins_allow, settings.plugins_block)
            except BadFolder as error:
                raise InvalidSetting(str(error)) from None
        limit_s = settings.plugin_load_timeout_s
        self._loader.load(found, wait_s=min(_LOAD_WAIT_S, limit_s), limit_s=limit_s)
        self._refuse_unknown_plugins(self.env)
        self._take_in(self._loader.providers.values())
        self._warn(self.env.warnings)
        self._check_names()

    def adopt_if_ready(self) -> None:
        """Take in plugins that finished loading since the start; forget what was retired."""
        self._leaving.forget(self.sources)
        if not self._loader.pending or self.is_renewing:
            return
        names = self._loader.adopt(self.env.settings.plugin_load_timeout_s)
        self._take_in([self._loader.providers[name] for name in names])
        self._check_names()

    async def wait_loaded(self, timeout_s: float) -> list[str]:
        """Wait until every plugin has loaded or is listed as broken.

        Args:
            timeout_s: how long to wait at most.

        Returns:
            The names of the plugins that are still loading.
        """
        # Threads load in real time, whatever clock the gateway has.
        end = time.monotonic() + timeout_s
        self.adopt_if_ready()
        while self._loader.pending and (left_s := end - time.monotonic()) > 0:
            await asyncio.sleep(min(_LOOK_S, left_s))
            self.adopt_if_ready()
        return [one.name for one in self._loader.pending]

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

    def reload(self, *, asked: bool = False) -> dict[str, Any]:
        """Read `.env` and the environment again; what changed, by provider.

        Args:
            asked: whether it was asked of this process, and not passed on by another.

        Raises:
            InvalidSetting: a value cannot be used, or nothing of the file can be read; everything
                stays as it was.
        """
        environ = os.environ if self.environ is None else self.environ
        env = EnvConfig(self.env.env_file, environ)
        if env.is_unreadable:
            raise InvalidSetting(f"the settings stay as they are: {env.warnings[0]}")
        self._refuse_unknown_plugins(env)
        providers = list(self._loader.providers.values())
        self._keep_secret(providers, env)
        built = {provider.info.name: self._source_of(provider, env) for provider in providers}
        before = {name: source.feature.enabled for name, source in self.sources.items()}
        needs_restart = env.needing_restart(self._started_with)
        self.env = env
        self._use(built, built.values())
        self._warn(env.warnings)
        self._check_names()
        after = {name: source.feature.enabled for name, source in built.items()}
        changes: dict[str, Any] = {
            "enabled": sorted(name for name, on in after.items() if on and not before.get(name)),
            "disabled": sorted(name for name, on in after.items() if before.get(name) and not on),
            "warnings": [*self.warnings, *needs_restart],
        }
        self._events.publish("config", RELOADED, asked=asked, **changes)
        return changes

    def extend_environ(self, further: Mapping[str, str]) -> None:
        """Read the configuration with further variables set, for plugins that come.

        Raises:
            InvalidSetting: a value cannot be used; everything stays as it was.
        """
        environ = {**(os.environ if self.environ is None else self.environ), **further}
        self.env, self.environ = EnvConfig(self.env.env_file, environ), environ

    def replace_plugins(self, made: PluginLoader) -> bool:
        """Have the plugins of `made` from now on; whether any provider has changed.

        Calls in flight end on the plugin they began with.
        """
        before = self._loader.providers
        self._loader.become(made)
        after = self._loader.providers
        changed = [one for name, one in after.items() if before.get(name) is not one]
        gone = [name for name in before if name not in after]
        self._keep_secret(changed, self.env)
        new = {one.info.name: self._source_of(one, self.env) for one in changed}
        if new or gone:
            left = {name: one for name, one in self.sources.items() if name in after}
            for name in (*gone, *new):
                self._leaving.retire(name, new.get(name))
            self._use({**left, **new}, new.values())
        self._tell_plugins()
        self._check_names()
        return bool(new or gone)

    def _refuse_unknown_plugins(self, env: EnvConfig) -> None:
        """Refuse `PROVIDERS_ONLY` and its like where they name what is not there."""
        loader, settings = self._loader, env.settings
        known = {one.key for one in loader.found}
        newcomers = [
            one
            for one in loader.discover(settings.plugins_allow, settings.plugins_block)
            if self.looks and one.key not in known
        ]
        plugins = {*loader.installed(), *(one.name.lower() for one in loader.pending)}
        providers = {*plugins, *loader.providers, *(one.name.lower() for one in loader.broken)}
        if any(not one.built_in for one in (*loader.pending, *newcomers)):
            # A stranger's plugin may have providers of other names than its own.
            providers |= set(settings.providers_only)
        env.refuse_unknown_plugins(sorted(providers), sorted(plugins))

    def _check_names(self) -> None:
        """Warn of variables that nothing reads, once every plugin has said what it reads."""
        loader = self._loader
        if loader.pending:
            return
        absent = {*loader.installed(), *(one.name for one in loader.broken)} - {*loader.providers}
        infos = [provider.info for provider in loader.providers.values()]
        others = loader.extensions.variables()
        self._name_warnings = tuple(self.env.name_warnings(infos, sorted(absent), others))
        self._warn(self._name_warnings)

    def _warn(self, warnings: Iterable[str]) -> None:
        """Publish each warning once."""
        for warning in warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                self._events.publish("config", warning, level="warning")

    def _take_in(self, providers: Iterable[Provider]) -> None:
        """Add providers; what is known of the others stays as it is."""
        providers = list(providers)
        self._keep_secret(providers, self.env)
        new = {provider.info.name: self._source_of(provider, self.env) for provider in providers}
        if new:
            self._use({**self.sources, **new}, new.values())
        self._tell_plugins()

    def _tell_plugins(self) -> None:
        """Report what is wrong with plugins, each once for as long as it is so."""
        loader = self._loader
        loader.broken[:] = [
            replace(one, error=self._redactor.clean(one.error)) for one in loader.broken
        ]
        for broken in loader.broken:
            if broken not in self._told:
                self._tell_broken(broken)
        for doubt in loader.doubts:
            if doubt not in self._told:
                self._events.publish(
                    "plugin",
                    f"{doubt.name} ({doubt.origin}): {doubt.message}",
                    level="warning",
                    source=doubt.name,
                )
        self._told = {*loader.broken, *loader.doubts}

    def _use(self, sources: dict[str, Source], changed: Iterable[Source]) -> None:
        for source in changed:
            self._register(source)
        self.sources = sources
        self._on_change(sources)
        self._warn_of_missing()

    def _keep_secret(self, providers: Iterable[Provider], env: EnvConfig) -> None:
        for secret in env.secrets([provider.info for provider in providers]):
            self._redactor.add(secret)
        for variable in self._loader.extensions.variables():
            if variable.secret and (value := env.value_of(variable)) is not None:
                self._redactor.add(value.reveal())

    def _source_of(self, provider: Provider, env: EnvConfig) -> Source:
        """The provider under `env`; its coin choices and used limits stay."""
        name = provider.info.name
        known = self.sources.get(name)
        assets = (
            known.assets if known is not None else AssetDirectory(name, self._assets, self._clock)
        )
        return Source(provider, env, self._clock, assets, known)

    def _register(self, source: Source) -> None:
        refusal = source.disabled()
        reason = None if refusal is None else refusal.code
        known = self._health.sources()
        for name, capabilities in names_of(source).items():
            if name not in known:
                self._health.register(name, capabilities, disabled_reason=reason)
                continue
            if new := set(capabilities).difference(had := self._health.capabilities(name)):
                # What it no longer offers stays for calls in flight.
                self._health.register(name, [*had, *sorted(new)])
            if reason is None:
                self._health.enable(name)
            else:
                self._health.disable(name, reason)

    def _warn_of_missing(self) -> None:
        for source in self.sources.values():
            trouble = f"{source.name}: {source.feature.detail}"
            if source.feature.reason == "broken" and trouble not in self._warned:
                self._warned.add(trouble)
                self._events.publish(
                    "config", f"{trouble}; it is off", level="error", source=source.name
                )
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

    def _tell_broken(self, broken: Broken) -> None:
        self._events.publish(
            "plugin",
            f"{broken.name} ({broken.origin}) is broken: {broken.error}",
            level="error",
            source=broken.name,
        )
