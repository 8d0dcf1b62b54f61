"""Sources at run time: a loaded provider joined with its configuration, limits and memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.limits.limiter import Limiter
from coinmux.framework.limits.quota import long_windows, saving, spent
from coinmux.framework.reference.symbols import QUOTES, Symbol
from coinmux.framework.secrets import Secret
from coinmux.framework.sources.binding import BoundSource
from coinmux.framework.sources.metrics import lacks_asset, lacks_metric
from coinmux.framework.sources.proven import ProvenQuestions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.config.env_file import EnvConfig
    from coinmux.framework.config.provider_config import Feature
    from coinmux.framework.models.base import Query
    from coinmux.framework.plugins.adapters import Fetch, Provider
    from coinmux.framework.plugins.rate_limit import RateLimit
    from coinmux.framework.reference.assets import AssetDirectory
    from coinmux.framework.sources.market_list import MarketList

#: How long a source is remembered not to list a pair (`faults.md` B6).
UNLISTED_S = 60.0
_UNLISTED_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a source is passed over.

    Attributes:
        code: one word of `docs/architecture.md`'s list (`circuit_open`, `missing_key`…).
        for_good: it can never serve this question, whatever its health.
        retry_at: monotonic seconds from which it may be asked again, where that is known.
    """

    code: str
    detail: str
    for_good: bool = False
    retry_at: float | None = None


class Source:
    """One provider as the router sees it.

    Args:
        known: the same source under the previous configuration.

    Attributes:
        feature: whether configuration has it on.
        priority, timeout_s: after overrides.
        bound: how its requests are made.
        assets: how tickers became its coin ids.
        limits: rate limits after overrides.
        socket_urls: addresses of sockets that the operator named.
        is_metered: whether it has a quota.
        listed: its pairs; None until its list has come.
        proven: what it answered.
        unanswered: by capability, how many questions in a row it failed that may be at fault
            themselves; the health checker finds out whether the source is.
        wants_list: whether a question waits for that list.
    """

    __slots__ = (
        "_clock", "_unlisted", "assets", "bound", "feature", "fetch", "gate", "info", "is_metered",
        "limits", "listed", "name", "priority", "proven", "provider", "socket_urls", "timeout_s",
        "unanswered", "wants_list",
    )  # fmt: skip

    def __init__(
        self,
        provider: Provider,
        env: EnvConfig,
        clock: Clock,
        assets: AssetDirectory,
        known: Source | None = None,
    ) -> None:
        info = provider.info
        overrides = env.overrides(info)
        self.provider = provider
        self.info = info
        self.name = info.name
        self.fetch: Mapping[str, Fetch] = provider.fetch
        self.feature: Feature = env.feature(info)
        self.priority = overrides.priority if overrides.priority is not None else info.priority
        self.timeout_s = overrides.timeout_s if overrides.timeout_s is not None else info.timeout_s
        self.limits: tuple[RateLimit, ...] = (
            overrides.rate_limits if overrides.rate_limits is not None else info.rate_limits
        )
        self.socket_urls: Mapping[str, str] = overrides.socket_urls
        concurrent = env.settings.concurrent_per_source
        gate = Limiter(clock, self.limits, concurrent=concurrent, usage=info.usage)
        if known is not None and (known.limits, known.gate.concurrent) == (self.limits, concurrent):
            # A reload of the settings does not reset what was used of a window.
            gate = known.gate
        self.gate: Limiter = gate
        self.is_metered = bool(long_windows(gate.windows))
        self.assets = assets
        self._clock = clock
        self._unlisted: dict[Hashable, float] = {}
        self.proven: ProvenQuestions = ProvenQuestions() if known is None else known.proven
        self.unanswered: dict[str, int] = {}
        self.listed: MarketList | None = None if known is None else known.listed
        self.wants_list = False
        try:
            values = {v.name: value for v in info.env if (value := env.value_of(v)) is not None}
            self.bound = self._bind(overrides.base_urls, values)
        except (ValueError, CoinmuxError) as error:
            # A key or an address that cannot be used switches off this source and no other.
            self.bound = self._bind({}, {})
            self.feature = replace(self.feature, enabled=False, reason="broken", detail=str(error))

    def _bind(
        self, base_urls: Mapping[str, str], values: Mapping[str, Secret | str]
    ) -> BoundSource:
        return BoundSource.of(
            self.info,
            base_url_override=base_urls,
            values=values,
            gate=self.gate,
            map_error=self.provider.map_error,
            assets=self.assets,
            clock=self._clock,
        )

    def setting(self, name: str) -> str | None:
        """Value of a declared variable; None where it is not set."""
        value = self.bound.settings.get(name)
        return value.reveal() if isinstance(value, Secret) else value

    def busy(self) -> str | None:
        """Why no permit is free right now, None where one is."""
        return self.gate.busy_reason()

    def saving(self) -> str | None:
        """Why its remaining quota is saved; None where enough is left."""
        return saving(self.gate.windows, self._clock.monotonic()) if self.is_metered else None

    def spent(self) -> float:
        """Share of its scarcest quota that is used, 0 to 1; minus one where it has none."""
        return spent(self.gate.windows, self._clock.monotonic()) if self.is_metered else -1.0

    def calls(self, query: Query) -> int:
        """How many requests it takes to give the whole answer to `query`."""
        return query.calls_needed(self.info.intervals, self.info.max_candles)

    def refusal(self, capability: str, query: Query) -> Refusal | None:
        """Why this source cannot serve `query` whatever its health, None where it can."""
        info = self.info
        if capability not in self.fetch:
            return Refusal("no_capability", f"does not offer {capability}", for_good=True)
        symbol = query.__dict__.get("symbol")
        if type(symbol) is Symbol and (unlisted := self._unlisted_pair(symbol)) is not None:
            return unlisted
        quote = query.needed_quote() if info.quotes is not None else None
        if quote is not None and info.quotes is not None and quote not in info.quotes:
            return Refusal("unsupported_quote", f"has no prices in {quote}", for_good=True)
        interval = query.missing_interval(info.intervals) if info.intervals is not None else None
        if interval is not None:
            return Refusal("unsupported_interval", f"has no {interval} candles", for_good=True)
        chain = query.needed_chain() if info.chains is not None else None
        if chain is not None and info.chains is not None and chain not in info.chains:
            return Refusal("unsupported_chain", f"does not cover {chain}", for_good=True)
        model = query.needed_model()
        if model is not None and model not in info.models:
            return Refusal("unsupported_model", f"does not offer {model[:60]}", for_good=True)
        metric = query.needed_metric()
        if metric is not None:
            if lacks_metric(self, metric):
                return Refusal("unsupported_metric", f"has no metric {metric}", for_good=True)
            asset = query.__dict__.get("asset")
            if lacks_asset(self, metric, asset):
                return Refusal("unsupported_symbol", f"has no {metric} of {asset}", for_good=True)
        subject = (capability, query.subject()) if self._unlisted else None
        if subject is not None and (until := self._unlisted.get(subject)) is not None:
            if until > self._clock.monotonic():
                return Refusal(
                    "unsupported_symbol", "said within the last minute that it does not list it"
                )
            del self._unlisted[subject]
        return None

    def _unlisted_pair(self, symbol: Symbol) -> Refusal | None:
        """Why it is not asked about the pair, by its list of markets or its spelling."""
        listed = self.listed
        if listed is not None:
            if symbol in listed.pairs:
                return None
            if listed.is_whole:
                return Refusal("unsupported_symbol", "its list of markets lacks the pair")
        style = self.info.symbols
        if style is None or not style.collides(symbol, self.assets.known):
            return None
        if listed is not None or symbol.quote not in QUOTES or "markets" not in self.fetch:
            return Refusal("unsupported_symbol", "it spells another pair in the same letters")
        self.wants_list = True
        return Refusal(
            "list_awaited",
            "it spells another pair in the same letters; its list of markets is being read",
            retry_at=self._clock.monotonic() + 1,
        )

    def lists(self, capability: str, query: Query) -> bool | None:
        """Whether it lists the subject of `query`; None where that is not known."""
        symbol = query.__dict__.get("symbol")
        if symbol is not None and self.listed is not None:
            if symbol in self.listed.pairs:
                return True
            if self.listed.is_whole:
                return False
        until = self._unlisted.get((capability, query.subject())) if self._unlisted else None
        return False if until is not None and until > self._clock.monotonic() else None

    def should_answer(self, capability: str, query: Query) -> bool:
        """Whether it is sure to know the answer, so that to fail is its own fault."""
        return self.proven.should_answer(self.info, self.listed, capability, query)

    def remember_unlisted(self, capability: str, query: Query) -> None:
        """Remember for a minute that this source does not list the subject of `query`."""
        if len(self._unlisted) >= _UNLISTED_MOST:
            del self._unlisted[next(iter(self._unlisted))]
        self._unlisted[(capability, query.subject())] = self._clock.monotonic() + UNLISTED_S

    def disabled(self) -> Refusal | None:
        """Why configuration has it off, None where it is on."""
        feature = self.feature
        if feature.enabled:
            return None
        detail = feature.detail or {
            "missing_key": f"{' and '.join(feature.missing)} not set",
            "switched_off": "switched off by configuration",
            "retired": self.info.retired or "retired",
        }.get(feature.reason or "", feature.reason or "")
        return Refusal(feature.reason or "disabled", detail)
