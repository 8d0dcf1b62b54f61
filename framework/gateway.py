"""The in-process API: ask a question, get the answer of whichever source can give it now.

It composes the other rooms and runs the loop of attempts; what is decided is decided in them.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from framework.answer import Answer, Fetched
from framework.assets import AssetDirectory, AssetTable
from framework.attempt import AttemptRunner, ChannelDesk, StaleResult, describe, record_error
from framework.cache import AnswerCache, is_fresh, may_refresh, may_rescue
from framework.capabilities import Capability, freshness_of
from framework.checker import Checker
from framework.client import SafeHTTPClient
from framework.clock import Clock, Deadline, SystemClock
from framework.coalesce import SharedCalls
from framework.env import EnvConfig
from framework.errors import (
    AllProvidersFailed,
    DeadlineExceeded,
    FeatureDisabled,
    InvalidRequest,
    NoProviderAvailable,
    NotFound,
    Outcome,
    ProviderError,
    RoutingError,
    Stale,
    UnknownChain,
    UnknownInterval,
    UnknownProvider,
    UnknownSymbol,
)
from framework.events import EventBus
from framework.health import HealthSettings, HealthTracker, StateChange
from framework.history import HealthHistory
from framework.loader import Found, PluginLoader, Provider
from framework.models.market import CandlesQuery, TickerQuery
from framework.names import near
from framework.redact import Redactor
from framework.router import Router
from framework.routing import Ask, Decision, Refusal, Step
from framework.settings import DEFAULT_ENV_FILE
from framework.sources import Source
from framework.symbols import Interval, Symbol
from framework.views import GatewayViews

if TYPE_CHECKING:
    from framework.models.base import Query, Result
    from framework.settings import Settings

#: No attempt is begun with less time left (`faults.md`, defaults).
_LEAST_S = 0.25
#: A request that probes an offline source gives it no longer (`faults.md` section 1).
_PROBE_S = 1.5
_DECISIONS_KEPT = 2_000
#: How long the start waits for plugins; slower ones are taken in when they are done.
_LOAD_WAIT_S = 1.0
_DOLLARS = ("USD", "USDT", "USDC")
_ASK = Ask()


class Gateway(GatewayViews):
    """One door to every source. Use it as an async context manager.

    ```python
    async with Gateway.from_env() as gateway:
        answer = await gateway.ticker("BTC/USDT")
        print(answer.data.last, answer.provider)
    ```

    Args:
        env: the configuration in force.
        found: plugins; those installed when None.
        simulated: marks every answer as simulated.
    """

    def __init__(
        self,
        env: EnvConfig,
        *,
        found: Iterable[Found] | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        simulated: bool = False,
    ) -> None:
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.env = env
        self._environ = environ
        self.simulated = simulated
        self.redactor = Redactor()
        self.events = EventBus(self.clock)
        self.history = HealthHistory(self.clock)
        settings = env.settings
        self.health = HealthTracker(
            self.clock,
            HealthSettings(retry_s=settings.offline_retry_s, growth=settings.offline_growth),
            self._state_changed,
        )
        self.client = SafeHTTPClient(self.clock, self.redactor)
        self.assets = AssetTable.shipped()
        self.cache = AnswerCache(
            self.clock, entries=settings.cache_entries, size=settings.cache_mb * 1_048_576
        )
        self.router = Router(self.health, self.clock, probes_first=not settings.checker)
        self.loader = PluginLoader()
        self.sources: dict[str, Source] = {}
        self.started_ms = self.clock.wall_ms()
        self._shared: SharedCalls[Fetched] = SharedCalls()
        self._runner = AttemptRunner(self.health, self.client, self.clock)
        self._decisions: OrderedDict[str, Decision] = OrderedDict()
        self._checker = Checker(self)
        self._warned: set[str] = set()
        self._open = False
        if found is None:
            found = self.loader.discover(settings.plugins_allow, settings.plugins_block)
        self.loader.load(
            found,
            wait_s=min(_LOAD_WAIT_S, settings.plugin_load_timeout_s),
            limit_s=settings.plugin_load_timeout_s,
        )
        self._build_sources(env)
        self._announce_plugins()

    @classmethod
    def from_env(
        cls,
        env_file: str | Path | None = DEFAULT_ENV_FILE,
        *,
        environ: Mapping[str, str] | None = None,
        found: Iterable[Found] | None = None,
        clock: Clock | None = None,
        simulated: bool = False,
    ) -> Gateway:
        """A gateway configured by `.env` and the process environment, which wins.

        Args:
            env_file: path of the `.env` file, None for none.
            environ: in place of the process environment.

        Raises:
            InvalidSetting: a variable has a value that cannot be used.
        """
        path = None if env_file is None else Path(env_file)
        env = EnvConfig(path, os.environ if environ is None else environ)
        return cls(env, found=found, environ=environ, clock=clock, simulated=simulated)

    async def __aenter__(self) -> Self:
        self._open = True
        self._checker.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every call and background task; nothing is left running."""
        self._open = False
        await self._checker.stop()
        await self._shared.close()
        await self.client.close()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.env.settings

    @property
    def capabilities(self) -> Mapping[str, Capability]:
        """Every kind of question, plugin-made ones included."""
        return self.loader.capabilities

    # Asking

    async def ask(
        self,
        capability: str,
        query: Query,
        ask: Ask = _ASK,
        *,
        request_id: str | None = None,
    ) -> Answer:
        """The answer to `query`, from the cache or from whichever source can give it.

        Args:
            request_id: the decision is kept under it for `decision`.

        Raises:
            InvalidRequest: the question cannot be asked so; its subtypes say why.
            RoutingError: nobody answered.
        """
        row = self._capability(capability)
        if not ask.quote_fallback:
            return await self._ask(row, query, ask, request_id)
        last: Exception | None = None
        for alternative in _in_other_dollars(query):
            try:
                return await self._ask(row, alternative, ask, request_id)
            except (UnknownSymbol, RoutingError) as error:
                last = last or error
        raise last if last is not None else UnknownSymbol(getattr(query, "symbol", query))

    def peek(self, capability: str, query: Query, ask: Ask = _ASK) -> Answer | None:
        """A fresh cached answer, or None; asks nobody."""
        if ask.quote_fallback:
            return None
        fetched = self.cache.get((capability, query, ask.provider, ask.strategy))
        if fetched is not None and is_fresh(fetched, self.clock.monotonic(), ask.max_age_s):
            self.cache.hits += 1
            return fetched.view("hit")
        return None

    async def _ask(self, row: Capability, query: Query, ask: Ask, request_id: str | None) -> Answer:
        if not isinstance(query, row.query):
            raise InvalidRequest(f"{row.name} takes a {row.query.__name__}")
        key = (row.name, query, ask.provider, ask.strategy)
        clock = self.clock
        kept = self.cache.get(key)
        now = clock.monotonic()
        if kept is not None:
            if is_fresh(kept, now, ask.max_age_s):
                self.cache.hits += 1
                self._decide(request_id, row, query, ask, (), "answered", kept.provider, "hit", 0.0)
                return kept.view("hit")
            if may_refresh(kept, now, ask.max_age_s):
                self._shared.start(key, lambda: self._refresh(key, row, query, ask))
                self.cache.stale_served += 1
                self._decide(
                    request_id, row, query, ask, (), "answered", kept.provider, "stale", 0.0
                )
                return kept.view("stale")
        self.cache.misses += 1
        timeout_s = ask.timeout_s if ask.timeout_s is not None else self.settings.request_timeout_s
        deadline = Deadline(clock, now + timeout_s)
        try:
            fetched, joined = await self._join(key, row, query, ask, deadline, request_id)
        except (AllProvidersFailed, NoProviderAvailable, DeadlineExceeded) as error:
            if kept is None or not may_rescue(kept, clock.monotonic(), ask.max_age_s):
                raise
            self.cache.stale_served += 1
            self._publish_rescue(row, query, kept, error)
            return kept.view("stale")
        return fetched.view("coalesced" if joined else "miss")

    async def _join(
        self,
        key: Any,
        row: Capability,
        query: Query,
        ask: Ask,
        deadline: Deadline,
        request_id: str | None,
    ) -> tuple[Fetched, bool]:
        """The shared call's result; begun anew when it ended with its first asker's deadline."""
        attempts: list[dict[str, Any]] = []
        while True:
            left = deadline.remaining_s()
            try:
                # The shared call ends itself by its deadline; the margin lets it say how.
                return await self._shared.join(
                    key,
                    lambda: self._fetch(key, row, query, ask, deadline, attempts, request_id),
                    left + 0.05,
                )
            except TimeoutError:
                raise DeadlineExceeded(
                    f"no answer within {ask.timeout_s or self.settings.request_timeout_s:g} s",
                    attempts=attempts,
                ) from None
            except DeadlineExceeded:
                if deadline.remaining_s() < _LEAST_S:
                    raise

    async def _refresh(self, key: Any, row: Capability, query: Query, ask: Ask) -> Fetched:
        deadline = Deadline.after(self.clock, self.settings.request_timeout_s)
        return await self._fetch(key, row, query, ask, deadline, [], None)

    async def _fetch(
        self,
        key: Any,
        row: Capability,
        query: Query,
        ask: Ask,
        deadline: Deadline,
        attempts: list[dict[str, Any]],
        request_id: str | None,
    ) -> Fetched:
        """Try candidate after candidate until one answers; keep and return the answer."""
        clock = self.clock
        started = clock.monotonic()
        self._check_pin(row, ask)
        stale: tuple[StaleResult, Source] | None = None
        errors: list[ProviderError | UnknownSymbol] = []
        failures = 0
        passed: list[Step] = []
        route = self.router.route(row.name, query, ask, passed)
        step = next(route, None)
        while step is not None and failures < self.settings.max_attempts:
            source = self.sources[step.score.name]
            left = deadline.remaining_s()
            if left < _LEAST_S and failures:
                break
            limit_s = min(left, source.timeout_s)
            if step.probe and ask.provider is None:
                limit_s = min(limit_s, _PROBE_S)
            lease = self.health.begin(source.name, row.name, limit_s)
            if lease is None:
                step = next(route, None)
                continue
            begun = clock.monotonic()
            try:
                result = await self._runner.run(source, row, query, lease, limit_s)
            except StaleResult as error:
                if stale is None:
                    stale = (error, source)
                else:
                    self._record_stale(error, fresher=False)
                error_code, detail = Stale.code, str(error)
                failures += 1
            except (ProviderError, UnknownSymbol) as error:
                errors.append(error)
                error_code, detail = error.code, error.detail
                if isinstance(error, UnknownSymbol):
                    # It says nothing of the source, and a pair may be listed by the last one only.
                    source.remember_unlisted(query)
                else:
                    failures += 1
            else:
                elapsed_ms = round((clock.monotonic() - begun) * 1000, 3)
                attempts.append(
                    {"provider": source.name, "outcome": "ok", "elapsed_ms": elapsed_ms}
                )
                if stale is not None:
                    self._record_stale(stale[0], fresher=True)
                fetched = self._keep(key, row, query, source, result, started, attempts)
                self._publish_attempt(
                    row, query, source, "answer", request_id, elapsed_ms,
                    length=result.data_length(),
                )  # fmt: skip
                self._decide(
                    request_id, row, query, ask, attempts, "answered", source.name, "miss",
                    fetched.elapsed_ms, passed,
                )  # fmt: skip
                return fetched
            elapsed_ms = round((clock.monotonic() - begun) * 1000, 3)
            attempts.append(
                {
                    "provider": source.name,
                    "outcome": "failed",
                    "code": error_code,
                    "elapsed_ms": elapsed_ms,
                }
            )
            step = next(route, None)
            goes_on = step is not None and failures < self.settings.max_attempts
            self._publish_attempt(
                row, query, source, "fall_back" if goes_on else "fail", request_id, elapsed_ms,
                code=error_code, detail=detail,
            )  # fmt: skip
        if stale is not None:
            self._record_stale(stale[0], fresher=False)
            fetched = self._keep(
                key, row, query, stale[1], stale[0].result, started, attempts, stale=True
            )
            self._decide(
                request_id, row, query, ask, attempts, "answered", stale[1].name, "miss",
                fetched.elapsed_ms, passed,
            )  # fmt: skip
            return fetched
        elapsed_ms = round((clock.monotonic() - started) * 1000, 3)
        failure = self._failure(row, query, ask, deadline, attempts, errors)
        code = getattr(failure, "code", "internal_error")
        self._decide(request_id, row, query, ask, attempts, code, None, "miss", elapsed_ms, passed)
        raise failure

    def _keep(
        self,
        key: Any,
        row: Capability,
        query: Query,
        source: Source,
        result: Result,
        started: float,
        attempts: list[dict[str, Any]],
        *,
        stale: bool = False,
    ) -> Fetched:
        now, now_ms = self.clock.monotonic(), self.clock.wall_ms()
        freshness = freshness_of(row, query, now_ms)
        fetched = Fetched(
            capability=row.name,
            data=result,
            provider=source.name,
            fetched_ms=now_ms,
            fetched_at=now,
            freshness=freshness,
            fresh_s=self.cache.jittered(freshness.fresh_s),
            stale=stale,
            simulated=self.simulated,
            elapsed_ms=round((now - started) * 1000, 3),
            attempts=attempts,
        )
        self.cache.put(key, fetched)
        return fetched

    def _record_stale(self, error: StaleResult, *, fresher: bool) -> None:
        """Stale is a failure only when somebody else was fresher (`faults.md` E4)."""
        if fresher:
            record_error(self.health, error.lease, Stale(str(error)), error.elapsed_s)
        else:
            self.health.record(
                error.lease, Outcome.NEUTRAL, elapsed_s=error.elapsed_s, code=Stale.code
            )

    def _failure(
        self,
        row: Capability,
        query: Query,
        ask: Ask,
        deadline: Deadline,
        attempts: list[dict[str, Any]],
        errors: list[ProviderError | UnknownSymbol],
    ) -> Exception:
        """What to tell the caller when nobody answered."""
        refusals = self.router.refusals(row.name, query, ask)
        asked = [(name, refusal) for name, refusal in refusals if refusal.code != "not_pinned"]
        tried = {attempt["provider"] for attempt in attempts}
        others = [refusal for name, refusal in asked if name not in tried]
        unlisted = {"unsupported_symbol", "unsupported_quote", "no_capability"}
        subject = getattr(query, "symbol", None) or getattr(query, "asset", None)
        if all(isinstance(error, UnknownSymbol) for error in errors) and all(
            refusal.code in unlisted or refusal.code in _OFF for refusal in others
        ):
            said_so = errors or [r for r in others if r.code in unlisted]
            if said_so:
                return UnknownSymbol(
                    subject or describe(query),
                    f"{subject or 'that'} is not listed by any source that was asked",
                )
        if not attempts:
            serving = [refusal for refusal in others if not refusal.for_good]
            if not serving and others:
                return self._never_served(row, query, others)
            candidates = [
                {"provider": name, "reason": refusal.code, "detail": refusal.detail}
                for name, refusal in asked
            ]
            return NoProviderAvailable(
                f"no source can answer {row.name} now",
                candidates=candidates,
                retry_after_s=self.router.earliest_retry_s(asked),
            )
        if deadline.remaining_s() < _LEAST_S:
            return DeadlineExceeded("the request's deadline passed", attempts=attempts)
        wait = self.router.earliest_retry_s([r for r in asked if r[0] in tried])
        names = ", ".join(f"{one['provider']} ({one['code']})" for one in attempts)
        return AllProvidersFailed(
            f"every source that was tried failed: {names}", attempts=attempts, retry_after_s=wait
        )

    def _never_served(self, row: Capability, query: Query, others: list[Refusal]) -> Exception:
        """No installed source could ever serve this; say which part of the question it is."""
        codes = {refusal.code for refusal in others}
        if "unsupported_chain" in codes:
            chains = sorted(
                {
                    chain
                    for source in self.sources.values()
                    if row.name in source.fetch
                    for chain in source.info.chains or ()
                }
            )
            return UnknownChain(
                f"no source serves {row.name} on {getattr(query, 'chain', '?')}", known=chains
            )
        if "unsupported_interval" in codes and isinstance(query, CandlesQuery):
            return UnknownInterval(f"no source has {query.interval} candles")
        subject = getattr(query, "symbol", None) or getattr(query, "quote", None)
        return UnknownSymbol(subject or row.name, f"no source serves {row.name} for {subject}")

    def _check_pin(self, row: Capability, ask: Ask) -> None:
        """A pinned provider must exist, offer the capability and be on."""
        if ask.provider is None:
            return
        source = self._source(ask.provider)
        if row.name not in source.fetch:
            known = [s.name for s in self.sources.values() if row.name in s.fetch]
            raise InvalidRequest(
                f"{source.name} does not offer {row.name}",
                errors=[
                    {"name": "provider", "message": f"does not offer {row.name}", "known": known}
                ],
            )
        refusal = source.disabled()
        standing = self.health.standing(source.name, row.name)
        if refusal is None and standing.state == "DISABLED" and not standing.probe:
            refusal = Refusal(standing.detail or "key_refused", "its key was refused")
        if refusal is not None:
            raise FeatureDisabled(
                f"{source.name} is off: {refusal.detail}",
                reason=refusal.code,
                missing=source.feature.missing,
            )

    async def probe(self, source: Source, capability: str, query: Query) -> None:
        """Ask one source one question merely to learn whether it answers; the answer is dropped.

        Raises:
            ProviderError, UnknownSymbol: as it ended; its outcome is recorded already.
        """
        row = self._capability(capability)
        lease = self.health.begin(source.name, capability, source.timeout_s)
        if lease is None:
            return
        begun = self.clock.monotonic()
        code = detail = None
        try:
            await self._runner.run(source, row, query, lease, source.timeout_s)
        except StaleResult as error:
            self._record_stale(error, fresher=False)
        except (ProviderError, UnknownSymbol) as error:
            code, detail = error.code, error.detail
            raise
        finally:
            elapsed_ms = round((self.clock.monotonic() - begun) * 1000, 3)
            self._publish_attempt(
                row, query, source, "probe", None, elapsed_ms, code=code, detail=detail
            )

    # Convenience

    async def ticker(self, symbol: str, **options: Any) -> Answer:
        """The ticker of `symbol`; options are those of `Ask`."""
        return await self.ask(
            "ticker", TickerQuery(symbol=self.parse_symbol(symbol)), Ask(**options)
        )

    async def candles(
        self, symbol: str, interval: str = "1h", limit: int = 200, **options: Any
    ) -> Answer:
        """The latest `limit` candles of `symbol`; options are those of `Ask`."""
        query = CandlesQuery(
            symbol=self.parse_symbol(symbol), interval=Interval(interval), limit=limit
        )
        return await self.ask("candles", query, Ask(**options))

    async def get(self, capability: str, /, *, ask: Ask = _ASK, **parameters: Any) -> Answer:
        """Any capability by name, its query's fields as keywords: `get("gas", chain="bitcoin")`."""
        return await self.ask(capability, self.query(capability, parameters), ask)

    def query(self, capability: str, parameters: Mapping[str, Any]) -> Query:
        """A query from loose values, such as those of a query string.

        Raises:
            InvalidRequest: each value that will not do, by name.
        """
        row = self._capability(capability)
        values = dict(parameters)
        if isinstance(values.get("symbol"), str):
            values["symbol"] = self.parse_symbol(values["symbol"])
        try:
            return row.query.model_validate(values)
        except ValidationError as error:
            problems = [
                {
                    "name": ".".join(str(part) for part in one["loc"]) or capability,
                    "message": one["msg"],
                }
                for one in error.errors()
            ]
            detail = "; ".join(f"{one['name']}: {one['message']}" for one in problems)
            raise InvalidRequest(detail, errors=problems) from None

    def parse_symbol(self, text: str) -> Symbol:
        """A pair as a person writes it, with the default quote and the known assets."""
        return Symbol.parse(
            text, default_quote=self.settings.default_quote, assets=self.assets.symbols
        )

    # Explaining

    def explain(self, capability: str, query: Query, ask: Ask = _ASK) -> dict[str, Any]:
        """What the next such request would do, and why; calls nobody."""
        row = self._capability(capability)
        self._check_pin(row, ask)
        kept = self.cache.get((row.name, query, ask.provider, ask.strategy))
        now = self.clock.monotonic()
        cached = None
        if kept is not None:
            fresh = is_fresh(kept, now, ask.max_age_s)
            usable = fresh or may_refresh(kept, now, ask.max_age_s)
            cached = {
                "provider": kept.provider,
                "age_s": round(now - kept.fetched_at, 3),
                "fresh": fresh,
                "used": usable,
            }
        candidates = self.router.explain(row.name, query, ask)
        first = next((c["provider"] for c in candidates if c["verdict"] == "chosen"), None)
        return {
            "capability": row.name,
            "query": describe(query),
            "strategy": ask.strategy,
            "pinned": ask.provider,
            "served_from": "cache" if cached and cached["used"] else first,
            "cache": cached,
            "candidates": candidates,
        }

    def decision(self, request_id: str) -> dict[str, Any]:
        """What was decided for a request that was made.

        Raises:
            NotFound: none is kept under that id.
        """
        decision = self._decisions.get(request_id)
        if decision is None:
            raise NotFound(f"no decision is kept for request {request_id[:64]!r}")
        return decision.public()

    def _decide(
        self,
        request_id: str | None,
        row: Capability,
        query: Query,
        ask: Ask,
        attempts: Sequence[Mapping[str, Any]],
        outcome: str,
        provider: str | None,
        cache: str,
        elapsed_ms: float,
        passed: Sequence[Step] = (),
    ) -> None:
        """Keep what was decided; only for requests that may be asked about later."""
        if request_id is None:
            return
        self._decisions[request_id] = Decision(
            request_id=request_id,
            at_ms=self.clock.wall_ms(),
            capability=row.name,
            query=query,
            ask=ask,
            order=[score for score, _ in self.router.order(row.name, ask.strategy)],
            passed=passed,
            attempts=attempts,
            outcome=outcome,
            provider=provider,
            cache=cache,
            elapsed_ms=elapsed_ms,
        )
        while len(self._decisions) > _DECISIONS_KEPT:
            self._decisions.popitem(last=False)

    # Events

    def _publish_attempt(
        self,
        row: Capability,
        query: Query,
        source: Source,
        decision: str,
        request_id: str | None,
        elapsed_ms: float,
        *,
        code: str | None = None,
        detail: str | None = None,
        length: int | None = None,
    ) -> None:
        self.events.publish(
            "attempt",
            decision if code is None else f"{decision}: {code}",
            level="debug" if code is None else "warning",
            source=source.name,
            operation=row.name,
            parameters=query,
            decision=decision,
            code=code,
            detail=None if detail is None else self.redactor.clean(detail),
            data_length=length,
            response_ms=elapsed_ms,
            request_id=request_id,
        )

    def _publish_rescue(
        self, row: Capability, query: Query, kept: Fetched, error: RoutingError
    ) -> None:
        self.events.publish(
            "decision",
            f"served stale: {error.code}",
            level="warning",
            source=kept.provider,
            operation=row.name,
            parameters=query,
            decision="serve_stale",
            data_length=kept.data.data_length(),
        )

    def _state_changed(self, change: StateChange) -> None:
        self.router.changed()
        self.history.on_change(change)
        place = (
            change.source if change.capability is None else f"{change.source} {change.capability}"
        )
        worse = change.after in ("OFFLINE", "DISABLED", "DEGRADED")
        self.events.publish(
            "state",
            f"{place} went from {change.before} to {change.after}",
            level="warning" if worse else "info",
            source=change.source,
            capability=change.capability,
            before=str(change.before),
            after=str(change.after),
            reason=self.redactor.clean(change.reason),
        )

    # Configuration

    def _capability(self, name: str) -> Capability:
        row = self.loader.capabilities.get(name)
        if row is None:
            raise InvalidRequest(
                f"no capability {name[:60]!r}",
                errors=[
                    {
                        "name": "capability",
                        "message": "takes one of the known capabilities",
                        "known": list(self.loader.capabilities),
                    }
                ],
            )
        return row

    def _source(self, name: str) -> Source:
        source = self.sources.get(name.lower())
        if source is None:
            raise UnknownProvider(f"no provider {name[:60]!r}", **near(name, self.sources))
        return source

    def _build_sources(self, env: EnvConfig) -> None:
        """Sources from the loaded providers, under `env`; known limits and choices are kept."""
        providers = self.loader.providers.values()
        for secret in env.secrets(provider.info for provider in providers):
            self.redactor.add(secret)
        built = {provider.info.name: self._source_of(provider, env) for provider in providers}
        for source in built.values():
            self._register(source)
        self.sources = built
        self.router.use(built)
        self._warn_of_missing()

    def _source_of(self, provider: Provider, env: EnvConfig) -> Source:
        known = self.sources.get(provider.info.name)
        directory = (
            known.assets
            if known is not None
            else AssetDirectory(provider.info.name, self.assets, self.clock)
        )
        return Source(provider, env, self.clock, directory)

    def _register(self, source: Source) -> None:
        refusal = source.disabled()
        reason = None if refusal is None else refusal.code
        if source.name in self.health.sources():
            if reason is None:
                self.health.enable(source.name)
            else:
                self.health.disable(source.name, reason)
            return
        self.health.register(source.name, source.fetch, disabled_reason=reason)
        for channel in source.info.channels:
            name = f"{source.name}:{channel.name}"
            self.health.register(name, [ChannelDesk.CAPABILITY], disabled_reason=reason)

    def _warn_of_missing(self) -> None:
        for source in self.sources.values():
            for variable in source.feature.missing:
                if variable not in self._warned:
                    self._warned.add(variable)
                    self.events.publish(
                        "config",
                        f"{variable} is not set; {source.name} is off",
                        level="warning",
                        source=source.name,
                        variable=variable,
                    )

    def _announce_plugins(self) -> None:
        for warning in self.env.warnings:
            self.events.publish("config", warning, level="warning")
        for broken in self.loader.broken:
            self.events.publish(
                "plugin",
                f"{broken.name} ({broken.origin}) is broken: {broken.error}",
                level="error",
                source=broken.name,
            )

    def adopt_if_ready(self) -> None:
        """Take in plugins that finished loading since the start."""
        if not self.loader.pending:
            return
        broken = len(self.loader.broken)
        new = self.loader.adopt(self.settings.plugin_load_timeout_s)
        if new:
            self._build_sources(self.env)
        for late in self.loader.broken[broken:]:
            self.events.publish(
                "plugin", f"{late.name} is broken: {late.error}", level="error", source=late.name
            )

    def reload(self) -> dict[str, Any]:
        """Read `.env` and the environment again; what changed, by provider.

        Calls in flight end on the settings they began with.

        Raises:
            InvalidSetting: a value cannot be used; the settings stay as they were.
        """
        before = {name: source.feature for name, source in self.sources.items()}
        env = EnvConfig(self.env.env_file, os.environ if self._environ is None else self._environ)
        for provider in self.loader.providers.values():
            env.overrides(provider.info)
        self.env = env
        self._build_sources(env)
        self.cache.clear()
        after = {name: source.feature for name, source in self.sources.items()}
        changes = {
            "enabled": sorted(n for n, f in after.items() if f.enabled and not before[n].enabled),
            "disabled": sorted(n for n, f in after.items() if before[n].enabled and not f.enabled),
            "warnings": list(env.warnings),
        }
        self.events.publish("config", "configuration reloaded", **changes)
        return changes


#: Reasons of sources that are off anyway: they have no say in whether a pair exists.
_OFF = frozenset({"missing_key", "switched_off", "retired", "key_refused", "broken", "disabled"})


def _in_other_dollars(query: Query) -> list[Query]:
    """The query, then itself in the other dollars."""
    symbol = getattr(query, "symbol", None)
    if symbol is None or symbol.quote not in _DOLLARS:
        return [query]
    quotes = [symbol.quote, *(quote for quote in _DOLLARS if quote != symbol.quote)]
    return [
        query.model_copy(update={"symbol": Symbol.of(symbol.base, quote)})
        for quote in quotes
        if quote != symbol.base
    ]
