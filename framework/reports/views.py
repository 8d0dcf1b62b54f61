"""What a gateway shows of itself: providers, features, health and status as plain values.

The words are those of the REST contract; nothing here changes anything but the two resets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from coinmux.framework.config.provider_config import find_feature
from coinmux.framework.errors import UnknownProvider
from coinmux.framework.health.tracker import State
from coinmux.framework.limits.quota import quota_lines
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.background.health_checker import HealthChecker
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.cluster import Cluster
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.history import HealthHistory
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.discovery import PluginLoader
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source


def installed_version() -> str:
    """coinmux's own version; "0" where it runs from a tree that was never installed."""
    try:
        return version("coinmux")
    except PackageNotFoundError:
        return "0"


class GatewayViews:
    """The reading half of `Gateway`."""

    clock: Clock
    events: EventBus
    health: HealthTracker
    history: HealthHistory
    loader: PluginLoader
    registry: SourceRegistry
    started_ms: int
    simulated: bool
    checker: HealthChecker
    archive: Archive | None
    state: Cluster | None
    is_open: bool

    # Health of sources

    def source_health(self) -> dict[str, Any]:
        """Every source, channels included, with a count of each state."""
        lines = [self.source_health_of(name) for name in sorted(self.health.sources())]
        return {"summary": _summary(lines), "sources": lines}

    def source_health_of(self, name: str) -> dict[str, Any]:
        """One source (`binance`) or channel (`rss_news:coindesk`).

        Raises:
            UnknownProvider: with near names.
        """
        known = self._health_name(name)
        provider = known.partition(":")[0]
        source = self.registry.sources[provider]
        snapshot = self.health.snapshot(known).to_public(self.clock)
        enabled = snapshot["state"] != State.DISABLED
        return {**snapshot, "category": source.info.category, "enabled": enabled}

    def source_history(self, name: str, window_s: float) -> dict[str, Any]:
        """State intervals, incidents and uptime of one source over the last `window_s` seconds."""
        return self.history.of(self._health_name(name), window_s)

    def reset(self, name: str) -> dict[str, Any]:
        """Forget one source's failures and holds; its state after it."""
        known = self._health_name(name)
        self.health.reset(known)
        if self.state is not None:
            self.state.news.reset(known)
        self.events.publish("config", f"health of {known} was reset", source=known)
        return self.source_health_of(known)

    def reset_all(self) -> dict[str, Any]:
        """Forget every source's failures and holds; the states after it."""
        self.health.reset_all()
        if self.state is not None:
            self.state.news.reset(None)
        self.events.publish("config", "health of every source was reset")
        return self.source_health()

    def _health_name(self, name: str) -> str:
        known = self.health.sources()
        if name.lower() not in known:
            raise UnknownProvider(f"no source {name[:60]!r}", did_you_mean=near(name, known))
        return name.lower()

    # Configuration

    def features(self) -> dict[str, Any]:
        """Every feature, and how many are on."""
        lines = [self._feature_line(source) for source in self._by_name()]
        on = sum(line["enabled"] for line in lines)
        summary = {"total": len(lines), "enabled": on, "disabled": len(lines) - on}
        return {"summary": summary, "features": lines}

    def feature(self, name: str) -> dict[str, Any]:
        """One feature, its name in any case.

        Raises:
            UnknownFeature: with near names.
        """
        features = {source.name: source.feature for source in self.registry.sources.values()}
        return self._feature_line(self.registry.sources[find_feature(features, name).info.name])

    def setting_list(self) -> dict[str, Any]:
        """coinmux's own settings: what is in force, and where it comes from."""
        return {"settings": self.registry.env.setting_lines()}

    def missing(self) -> dict[str, Any]:
        """Every variable that is not set, and what it would switch on."""
        lines = [
            {
                "variable": variable.name,
                "feature": source.name,
                "category": source.info.category,
                "required": variable.required,
                "description": variable.description,
                "signup_url": variable.signup_url or None,
            }
            for source in self._by_name()
            for variable in source.info.env
            if source.info.retired is None and variable.name not in source.feature.present
        ]
        return {"missing": lines}

    def _feature_line(self, source: Source) -> dict[str, Any]:
        return source.feature.public(self._live_reason(source))

    def _live_reason(self, source: Source) -> str | None:
        """Why a source that configuration has on is off all the same (a refused key)."""
        if not source.feature.enabled:
            return None
        snapshot = self.health.snapshot(source.name)
        return snapshot.disabled_reason if snapshot.state is State.DISABLED else None

    # Providers and capabilities

    def provider_list(self) -> dict[str, Any]:
        """Every provider, and the plugins that did not load."""
        broken = [
            {"name": one.name, "origin": one.origin, "error": one.error}
            for one in self.loader.broken
        ]
        return {"providers": [self._provider_line(s) for s in self._by_name()], "broken": broken}

    def provider(self, name: str) -> dict[str, Any]:
        """One provider, with its channels, coin choices and limits.

        Raises:
            UnknownProvider: with near names.
        """
        source = self.registry.source(name)
        info = source.info
        return {
            **self._provider_line(source),
            "channels": [
                self.source_health_of(f"{info.name}:{channel.name}") for channel in info.channels
            ],
            "intervals": None if info.intervals is None else list(info.intervals),
            "quotes": None if info.quotes is None else sorted(info.quotes),
            "chains": None if info.chains is None else list(info.chains),
            "assets": source.assets.choices(),
            "terms_url": info.terms_url or None,
            "docs_url": info.docs_url or None,
            "notes": info.notes or None,
        }

    def _provider_line(self, source: Source) -> dict[str, Any]:
        info = source.info
        live = self._live_reason(source)
        return {
            "name": info.name,
            "title": info.title,
            "category": info.category,
            "capabilities": sorted(source.fetch),
            "state": str(self.health.snapshot(info.name).state),
            "enabled": source.feature.enabled and live is None,
            "reason": source.feature.reason or live,
            "priority": source.priority,
            "limits": source.gate.snapshot(),
            "quota": quota_lines(source.gate.windows, self.clock.monotonic()) or None,
            "grade": source.provider.grade,
            "homepage": info.homepage or None,
            "origin": source.provider.origin,
            "version": source.provider.version,
        }

    def capability_list(self) -> list[dict[str, Any]]:
        """Every capability with its query's JSON Schema and who serves it."""
        return [self._capability_line(row) for row in self.loader.capabilities.values()]

    def _capability_line(self, row: Capability) -> dict[str, Any]:
        serving = [s for s in self._by_name() if row.name in s.fetch]
        return {
            "name": row.name,
            "description": row.description,
            "query": row.query.model_json_schema(),
            "freshness": {
                "fresh_s": row.freshness.fresh_s,
                "refresh_s": row.freshness.refresh_s,
                "failed_s": row.freshness.failed_s,
            },
            "providers": [source.name for source in serving],
            "enabled_providers": [source.name for source in serving if source.feature.enabled],
        }

    # Status

    def status(self) -> dict[str, Any]:
        """The whole in a few words; the server adds what it alone knows."""
        lines = [self.source_health_of(name) for name in sorted(self.registry.sources)]
        summary = _summary(lines)
        usable = summary["healthy"] + summary["degraded"] + summary["unknown"]
        if not usable:
            overall = "OFFLINE"
        elif summary["offline"] or summary["degraded"] or self.loader.broken:
            overall = "DEGRADED"
        else:
            overall = "ONLINE"
        return {
            "status": overall,
            "version": installed_version(),
            "uptime_s": round((self.clock.wall_ms() - self.started_ms) / 1000, 3),
            "simulated": self.simulated,
            "services": [
                self._database_line(),
                self._state_line(),
                self._monitor_line(),
            ],
            "sources": summary,
            "models": self.model_status()["summary"],
        }

    def _database_line(self) -> dict[str, Any]:
        if self.archive is None:
            detail = "nothing is kept over a restart: no archive is configured"
            return {"name": "database", "status": "DISABLED", "detail": detail}
        status, detail = self.archive.status()
        return {"name": "database", "status": status, "detail": detail}

    def _state_line(self) -> dict[str, Any]:
        if self.state is None:
            detail = "nothing is shared with other processes: no STATE_URL is set"
            return {"name": "shared_state", "status": "DISABLED", "detail": detail}
        status, detail = self.state.status()
        return {"name": "shared_state", "status": status, "detail": detail}

    def _monitor_line(self) -> dict[str, Any]:
        checker = self.checker
        if not self.registry.env.settings.checker:
            return {
                "name": "health_monitor",
                "status": "DISABLED",
                "detail": "CHECKER=off; requests probe what is offline",
            }
        if not checker.running:
            return {"name": "health_monitor", "status": "OFFLINE", "detail": "not running"}
        if checker.failures:
            detail = f"its last {checker.failures} rounds failed; it goes on"
            return {"name": "health_monitor", "status": "DEGRADED", "detail": detail}
        return {"name": "health_monitor", "status": "ONLINE", "detail": "probing in the background"}

    def model_status(self) -> dict[str, Any]:
        """Text models, each with the health of its channel where it has one of its own."""
        models = [
            self._model_line(source, model, channel)
            for source in self._by_name()
            if "text_sentiment" in source.fetch
            for model, channel in (source.info.models or {source.name: ""}).items()
        ]
        active = sum(bool(model["active"]) for model in models)
        return {"summary": {"total": len(models), "active": active}, "models": models}

    def _model_line(self, source: Source, model: str, channel: str) -> dict[str, Any]:
        state = self.health.snapshot(f"{source.name}:{channel}" if channel else source.name).state
        reason = source.feature.reason or self._live_reason(source)
        return {
            "id": model,
            "provider": source.name,
            "task": "text_sentiment",
            "active": reason is None and state not in (State.OFFLINE, State.DISABLED),
            "reason": reason or ("offline" if state is State.OFFLINE else None),
            "health": str(state),
        }

    def ready(self) -> tuple[bool, str]:
        """Whether questions can be answered, and why not."""
        if not self.is_open:
            return False, "stopping"
        if not any(source.feature.enabled for source in self.registry.sources.values()):
            return False, "no source is on"
        return True, "ready"

    def _by_name(self) -> list[Source]:
        return [self.registry.sources[name] for name in sorted(self.registry.sources)]


def _summary(lines: list[dict[str, Any]]) -> dict[str, int]:
    states: Mapping[str, int] = Counter(str(line["state"]).lower() for line in lines)
    counted = {str(state).lower(): states.get(str(state).lower(), 0) for state in State}
    return {"total": len(lines), **counted}
