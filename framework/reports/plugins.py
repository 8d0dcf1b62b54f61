"""Plugins as they are reported: what each one holds, whether it is on, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from coinmux.framework.errors import NotFound
from coinmux.framework.reports.base import FrozenReport, UnixMs
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from coinmux.framework.adoption.renewal import Renewal
    from coinmux.framework.plugins.discovery import Found, PluginLoader
    from coinmux.framework.plugins.extensions.faults import HookFaults
    from coinmux.framework.sources.registry import SourceRegistry

PluginState = Literal["on", "off", "broken", "loading"]


class HookFaultReport(FrozenReport):
    """What one hook of a plugin did wrong; nothing else suffered from it."""

    hook: str
    count: Annotated[int, Meta(description="Since the start")]
    last: Annotated[str, Meta(description="What the latest was")]
    last_at: UnixMs


class PluginReport(FrozenReport):
    """One installed plugin."""

    name: Annotated[str, Meta(description="Of its entry point")]
    state: PluginState
    detail: Annotated[
        str | None, Meta(description="Why it is off or broken, or waits for a restart")
    ]
    origin: Annotated[str, Meta(description="The package it comes from")]
    version: Annotated[str, Meta(description="That runs; of a plugin that is off, what is there")]
    module: Annotated[str | None, Meta(description="What is imported")]
    built_in: Annotated[bool, Meta(description="Whether it comes with coinmux")]
    api_version: Annotated[
        int | None,
        Meta(description="Of the plugin API, as its `COINMUX_API` says; null where it does not"),
    ]
    providers: tuple[str, ...]
    indicators: tuple[str, ...]
    capabilities: Annotated[
        tuple[str, ...], Meta(description="Kinds of question that it adds of its own")
    ]
    hooks: tuple[str, ...]
    faults: Annotated[tuple[HookFaultReport, ...], Meta(description="Of its hooks beyond fetching")]
    hints: Annotated[
        tuple[str, ...], Meta(description="What would have more of it work: keys and settings")
    ]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is, in words."""
        held = (
            ("provider", self.providers),
            ("indicator", self.indicators),
            ("capability", self.capabilities),
        )
        found = tuple(kind for kind, names in held if names)
        return found or (("extension",) if self.state == "on" else ())


class PluginList(FrozenReport):
    """Every installed plugin."""

    plugins: tuple[PluginReport, ...]


class PluginReports:
    """Makes the reports on plugins."""

    def __init__(
        self,
        registry: SourceRegistry,
        loader: PluginLoader,
        renewal: Renewal,
        faults: HookFaults,
    ) -> None:
        self._registry = registry
        self._loader = loader
        self._renewal = renewal
        self._faults = faults

    def every(self) -> PluginList:
        """Every plugin that is loaded, was loaded or could be, by name."""
        loader = self._loader
        had = [*loader.found, *loader.pending]
        loaded = {one.key for one in had}
        others = []
        if self._registry.looks:
            others = [one for one in loader.discover() if one.key not in loaded]
        lines = [*(self._loaded(one) for one in had), *(self._off(one) for one in others)]
        return PluginList(plugins=tuple(sorted(lines, key=lambda one: (one.name, one.origin))))

    def of(self, name: str) -> list[PluginReport]:
        """The plugins of that name, in any case; mostly one.

        Raises:
            NotFound: with near names, and the plugin that holds what is so named.
        """
        every = self.every().plugins
        wanted = name.lower()
        found = [one for one in every if one.name.lower() == wanted]
        if found:
            return found
        holding = [one.name for one in every if wanted in (*one.providers, *one.indicators)]
        known = [one.name for one in every]
        meant = holding or near(name, known)
        raise NotFound(f"no plugin {name[:60]!r} is installed", did_you_mean=meant)

    def _loaded(self, one: Found) -> PluginReport:
        loader, settings = self._loader, self._registry.env.settings
        plugin = one.loaded
        broken = {(had.name, had.origin): had.error for had in loader.broken}.get(one.key)
        runs = plugin is not None and loader.manager.is_registered(plugin)
        state: PluginState = "loading" if one.pending else "on" if runs else "broken"
        detail = broken if broken is not None else self._renewal.waiting.get(one.key)
        rows = [str(getattr(row, "name", "")) for row in one.capabilities] if runs else []
        callers = (loader.manager.get_hookcallers(plugin) or []) if runs else []
        providers = [name for name, had in loader.providers.items() if had.plugin is plugin]
        return PluginReport(
            name=one.name,
            state=state,
            detail=detail if state != "loading" else f"for {settings.plugin_load_timeout_s:g} s",
            origin=one.origin,
            version=one.version,
            module=one.value,
            built_in=one.built_in,
            api_version=getattr(plugin, "COINMUX_API", None) if runs else None,
            providers=tuple(sorted(providers)) if runs else (),
            indicators=self._indicators_of(one) if runs else (),
            capabilities=tuple(rows),
            hooks=tuple(sorted(caller.name for caller in callers if caller.has_spec())),
            faults=tuple(
                HookFaultReport(
                    hook=fault.hook, count=fault.count, last=fault.last, last_at=fault.last_ms
                )
                for fault in self._faults.of(one.name)
            ),
            hints=tuple(hint for name in sorted(providers) for hint in self._hints(name)),
        )

    def _indicators_of(self, one: Found) -> tuple[str, ...]:
        declared = one.indicators if isinstance(one.indicators, (list, tuple)) else [one.indicators]
        infos = {id(info) for info in declared}
        known = self._loader.indicators.items()
        return tuple(sorted(name for name, had in known if id(had.info) in infos))

    def _off(self, one: Found) -> PluginReport:
        settings = self._registry.env.settings
        is_blocked = one.name.lower() in {name.lower() for name in settings.plugins_block}
        allowed = {name.lower() for name in settings.plugins_allow}
        if is_blocked:
            why = "PLUGINS_BLOCK names it"
        elif allowed and one.name.lower() not in allowed:
            why = "PLUGINS_ALLOW does not name it"
        else:
            why = "a start or a reload takes it in"
        return PluginReport(
            name=one.name, state="off", detail=why, origin=one.origin, version=one.version,
            module=one.value, built_in=one.built_in, api_version=None, providers=(),
            indicators=(), capabilities=(), hooks=(), faults=(), hints=(),
        )  # fmt: skip

    def _hints(self, provider: str) -> list[str]:
        """What would have a provider work, or work with fewer limits."""
        source = self._registry.sources[provider]
        feature = source.feature
        if source.info.retired is not None:
            return [f"{provider} is retired: {source.info.retired}"]
        if feature.reason == "switched_off":
            return [f"{provider} is switched off: {provider.upper()}_ENABLED or PROVIDERS_ONLY"]
        found = []
        for variable in source.info.env:
            if variable.name in feature.present or not variable.secret:
                continue
            verb = f"{provider} needs" if variable.required else f"{provider} takes"
            where = f" ({variable.signup_url})" if variable.signup_url else ""
            found.append(f"{verb} {variable.name}{where}")
        return found
