"""What a model is made of: sources that answer or not, the store, and workers."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from bench.scale.simulation import Process, Simulation, VirtualClock
from coinmux.framework.errors import Outcome
from coinmux.framework.health.status import RemoteResult
from coinmux.framework.health.tracker import HealthSettings, HealthTracker
from coinmux.framework.limits.rate_window import RateWindow
from coinmux.framework.models.market import TickerQuery
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.routing.router import Router

#: One way to the store and back.
STORE_S = 0.0005
#: News takes so long to each worker, shortest and longest.
_NEWS_S = (0.001, 0.01)
LIMIT_S = 2.0
DEADLINE_S = 5.0
_ATTEMPTS = 4
#: An answer is served so long past its freshness where every source fails.
_RESCUE_S = 60.0
_QUEUE_S = 0.25
_POLL_S = 0.02
_ASK = RequestOptions()
_QUERY = TickerQuery(symbol=Symbol("BTC/USDT"))


@dataclass
class Upstream:
    """A source as it is out there.

    Attributes:
        limit, per_s: what it allows.
        down: when it does not answer, `(from, to)`.
        refuses: when it tells everybody to wait ten seconds.
        calls: when it was called.
    """

    name: str
    capability: str
    priority: int
    limit: int
    per_s: float
    latency_s: float
    down: list[tuple[float, float]] = field(default_factory=list)
    refuses: list[tuple[float, float]] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    probes: list[tuple[float, float]] = field(default_factory=list)
    refused: int = 0

    def is_down(self, at: float) -> bool:
        return any(begin <= at < end for begin, end in self.down)

    def tells_to_wait(self, at: float) -> bool:
        return any(begin <= at < end for begin, end in self.refuses)

    def fullest(self) -> float:
        """The most of its limit that any window of its length ever held."""
        recent: deque[float] = deque()
        most = 0
        for at in self.calls:
            recent.append(at)
            while recent[0] <= at - self.per_s:
                recent.popleft()
            most = max(most, len(recent))
        return most / self.limit


class Store:
    """The shared store: windows, leases, answers; away while it is told to be."""

    def __init__(self, clock: VirtualClock, upstreams: list[Upstream]) -> None:
        self._clock = clock
        self.windows = {one.name: RateWindow(one.limit, one.per_s) for one in upstreams}
        self._leases: dict[str, tuple[int, float]] = {}
        self.answers: dict[Any, float] = {}
        self.open: dict[tuple[str, str], float] = {}
        self.online = True
        self.calls = 0

    def take(self, source: str) -> tuple[float, float]:
        """Seconds to wait, 0 where it was taken; and the use of the window."""
        self.calls += 1
        now, window = self._clock.now, self.windows[source]
        wait_s = window.wait_s(1, now)
        if wait_s == 0:
            window.take(1, now)
        return wait_s, window.used(now)

    def lease(self, key: str, worker: int, for_s: float) -> bool:
        self.calls += 1
        holder, until = self._leases.get(key, (worker, 0.0))
        if holder != worker and until > self._clock.now:
            return False
        self._leases[key] = (worker, self._clock.now + for_s)
        return True

    def release(self, key: str, worker: int) -> None:
        if self._leases.get(key, (None, 0))[0] == worker:
            del self._leases[key]


class Known:
    """A source as one worker's router sees it."""

    def __init__(self, upstream: Upstream, clock: VirtualClock) -> None:
        self.upstream = upstream
        self.name = upstream.name
        self.priority = upstream.priority
        self.is_metered = False
        self.fetch = {upstream.capability: None}
        self.window = RateWindow(upstream.limit, upstream.per_s)
        self._clock = clock
        self.info = SimpleNamespace(asks=())
        self.feature = SimpleNamespace(enabled=True)
        self.gate = SimpleNamespace(available=self._available)

    def refusal(self, capability: str, query: Any) -> None:
        return None

    def _available(self) -> bool:
        return self.window.wait_s(1, self._clock.now) <= 0

    def busy(self) -> str | None:
        return None if self._available() else "used up"


class Worker:
    """One process: its own health, order and cache, and what it hears of others."""

    def __init__(
        self,
        name: int,
        upstreams: list[Upstream],
        store: Store,
        simulation: Simulation,
        rng: random.Random,
        rest_s: float,
        tell: Callable[[Worker, RemoteResult], None],
    ) -> None:
        self.name = name
        self._store = store
        self._simulation = simulation
        self._clock = simulation.clock
        self._rng = rng
        self.health = HealthTracker(
            self._clock,
            HealthSettings(retry_s=rest_s),
            lambda change: self.router.on_change(change),
            rng,
        )
        self.health.on_result = lambda heard: tell(self, heard)
        self.router = Router(self.health, self._clock, probes_first=True)
        self.known = {one.name: Known(one, self._clock) for one in upstreams}
        for one in upstreams:
            self.health.register(one.name, [one.capability])
        self.router.use(self.known)  # type: ignore[arg-type]
        self._cache: dict[Any, float] = {}
        self.outcomes: Counter[str] = Counter()
        if store.online:
            self.catch_up()

    def catch_up(self) -> None:
        """Read the open circuits the store keeps."""
        for (source, capability), due in self._store.open.items():
            rest_s = max(due - self._clock.now, 0.0)
            self.health.take_open(source, capability, rest_s, "kept", "")
            self.health.take_open(source, "", rest_s, "kept", "")

    def part(self, workers: int) -> None:
        for one in self.known.values():
            one.window.scale(1 / workers)

    def rejoin(self) -> None:
        for one in self.known.values():
            one.window.requests = one.window.limit
        self.catch_up()

    def hear_later(self, heard: RemoteResult) -> None:
        self._simulation.begin(self._hear(heard), self._rng.uniform(*_NEWS_S))

    def _hear(self, heard: RemoteResult) -> Process:
        self.health.hear(heard)
        return
        yield 0.0

    def ask(self, capability: str, symbol: int, fresh_s: float) -> Process:
        """One request, from its caller to its outcome."""
        key, clock, store = (capability, symbol), self._clock, self._store
        if self._cache.get(key, 0.0) > clock.now:
            self.outcomes["own cache"] += 1
            return
        end = clock.now + DEADLINE_S
        leased = False
        while store.online:
            yield STORE_S
            if store.answers.get(key, 0.0) > clock.now:
                self._cache[key] = store.answers[key]
                self.outcomes["shared"] += 1
                return
            if store.lease(f"fetch {key}", self.name, end - clock.now + 1):
                leased = True
                break
            if clock.now >= end:
                self.outcomes["deadline"] += 1
                return
            yield _POLL_S
        answered = yield from self._fetch(capability, end)
        if answered:
            self._cache[key] = clock.now + fresh_s
            if store.online:
                store.answers[key] = clock.now + fresh_s
        if leased:
            store.release(f"fetch {key}", self.name)
        if answered:
            self.outcomes["fetched"] += 1
        elif self._cache.get(key, -1e9) + _RESCUE_S > clock.now:
            self.outcomes["stale"] += 1
        else:
            self.outcomes["failed"] += 1

    def _fetch(self, capability: str, end: float) -> Any:
        failures = 0
        for step in self.router.route(capability, _QUERY, _ASK):
            if failures >= _ATTEMPTS or self._clock.now >= end:
                return False
            source = step.score.name
            lease = self.health.begin(source, capability, LIMIT_S)
            if lease is None:
                continue
            if lease.probe and self._store.online:
                yield STORE_S
                if not self._store.lease(f"probe {source} {capability}", self.name, LIMIT_S + 1):
                    self.health.release(lease)
                    continue
            passed = yield from self._permit(source)
            if not passed:
                self.health.record(lease, Outcome.NEUTRAL, elapsed_s=0.0, code="provider_busy")
                continue
            if (yield from self._call(source, lease)):
                return True
            failures += 1
        return False

    def _permit(self, source: str) -> Any:
        window = self.known[source].window
        until = self._clock.now + _QUEUE_S
        while self._store.online:
            yield STORE_S
            wait_s, used = self._store.take(source)
            window.follow(used, self._clock.now)
            if wait_s == 0:
                return True
            if self._clock.now + wait_s > until:
                return False
            yield wait_s
        if window.wait_s(1, self._clock.now) > 0:
            return False
        window.take(1, self._clock.now)
        return True

    def _call(self, source: str, lease: Any) -> Any:
        upstream, clock = self.known[source].upstream, self._clock
        begun = clock.now
        upstream.calls.append(begun)
        wait_s = upstream.latency_s * self._rng.lognormvariate(0, 0.4)
        down = upstream.is_down(begun)
        yield min(LIMIT_S, 1.0 if down else wait_s)
        took_s = clock.now - begun
        if lease.probe:
            upstream.probes.append((begun, clock.now))
        if down:
            self.health.record(lease, Outcome.FAILURE, elapsed_s=took_s, code="upstream_timeout")
            return False
        if upstream.tells_to_wait(begun):
            upstream.refused += 1
            self.health.record(
                lease, Outcome.HOLD, elapsed_s=took_s, code="upstream_rate_limited",
                retry_after_s=10.0,
            )  # fmt: skip
            return False
        self.health.record(lease, Outcome.SUCCESS, elapsed_s=took_s)
        return True
