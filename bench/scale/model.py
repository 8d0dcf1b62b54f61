"""One run of the model: what happens to whom and when, and the figures of it."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

from bench.scale.parts import Store, Upstream, Worker
from bench.scale.simulation import Process, Simulation, VirtualClock
from coinmux.framework.errors import Outcome
from coinmux.framework.health.status import RemoteResult

#: Failures in a row after which a source counts as offline; with fewer nobody knows yet.
FOUND_OUT = 3


#: The first moments, when nothing is kept yet, are no yardstick.
_WARM_S = 10.0


@dataclass(frozen=True)
class Plan:
    """What is modelled; moments in seconds.

    Attributes:
        rate: requests a second of each worker.
        outage: when a third of the sources, the preferred ones, are down.
        away: when the store is.
        refusals: when a sixth of the sources tells everybody to wait.
        restart: when every other worker is begun again.
    """

    workers: int = 200
    sources: int = 60
    capabilities: int = 6
    symbols: int = 100
    rate: float = 2.0
    fresh_s: float = 5.0
    rest_s: float = 20.0
    seconds: float = 300.0
    outage: tuple[float, float] = (60.0, 130.0)
    away: tuple[float, float] = (170.0, 200.0)
    refusals: tuple[float, float] = (230.0, 250.0)
    restart: float = 100.0
    seed: int = 1


@dataclass
class Figures:
    """What came of it.

    Attributes:
        fullest: of each source's limit, the most any of its windows held.
        probes_at_once: the most probes of one source at a time.
        probes: made of sources that were down, and how many there had to be at least.
        wasted: calls of sources that were down, probes not counted, of all workers together.
        after_restart: those of them made after half the workers had been begun again.
        recovery: calls of the mended sources in the busiest second after the outage, to the busiest
            before it.
        refused: calls answered "wait", by source at most.
    """

    outcomes: Counter[str]
    fullest: float
    probes_at_once: int
    probes: int
    probes_due: int
    wasted: int
    wasted_most: int
    after_restart: int
    recovery: float
    refused: int
    upstream_calls: int
    store_calls: int

    @property
    def requests(self) -> int:
        return sum(self.outcomes.values())


class Model:
    """Workers, sources and a store, under a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._rng = random.Random(plan.seed)
        self._clock = VirtualClock()
        self._simulation = Simulation(self._clock)
        self.upstreams = [self._upstream(at) for at in range(plan.sources)]
        self._store = Store(self._clock, self.upstreams)
        self.workers = [self._worker(at) for at in range(plan.workers)]
        self._done: Counter[str] = Counter()

    def _upstream(self, at: int) -> Upstream:
        plan, rng = self.plan, self._rng
        priority = at // plan.capabilities
        per_s = rng.choice((1.0, 10.0, 60.0))
        upstream = Upstream(
            f"s{at:02}", f"c{at % plan.capabilities}", priority,
            max(5, round(rng.choice((2, 5, 20)) * per_s)), per_s, rng.uniform(0.03, 0.4),
        )  # fmt: skip
        preferred = plan.sources // plan.capabilities
        if priority < preferred / 3:
            upstream.down.append(plan.outage)
        if priority < preferred / 6:
            upstream.refuses.append(plan.refusals)
        return upstream

    def _worker(self, at: int) -> Worker:
        return Worker(
            at, self.upstreams, self._store, self._simulation,
            random.Random(f"{self.plan.seed} {at} {self._clock.now}"), self.plan.rest_s, self._tell,
        )  # fmt: skip

    def _tell(self, teller: Worker, heard: RemoteResult) -> None:
        if not self._store.online:
            return
        key, rest_s = (heard.source, heard.capability), heard.capability_rest_s
        if rest_s is not None:
            self._store.open[key] = self._clock.now + rest_s
        elif heard.outcome == Outcome.SUCCESS:
            self._store.open.pop(key, None)
        for worker in self.workers:
            if worker is not teller:
                worker.hear_later(heard)

    def run(self) -> Figures:
        plan, simulation = self.plan, self._simulation
        for at in range(plan.workers):
            simulation.begin(self._callers(at), self._rng.random())
        simulation.begin(self._store_away(), plan.away[0])
        for at in range(0, plan.workers, 2):
            simulation.begin(self._restart(at), plan.restart + 10 * at / plan.workers)
        simulation.run(plan.seconds)
        return self._figures()

    def _callers(self, at: int) -> Process:
        rng = random.Random(f"{self.plan.seed} callers {at}")
        while True:
            capability = f"c{rng.randrange(self.plan.capabilities)}"
            symbol = min(int(rng.paretovariate(0.8)) - 1, self.plan.symbols - 1)
            self._simulation.begin(self.workers[at].ask(capability, symbol, self.plan.fresh_s))
            yield rng.expovariate(self.plan.rate)

    def _store_away(self) -> Process:
        self._store.online = False
        for worker in self.workers:
            worker.part(len(self.workers))
        yield self.plan.away[1] - self.plan.away[0]
        # What each took alone it adds before the store is used again.
        for upstream in self.upstreams:
            taken = len(upstream.calls) - bisect_left(upstream.calls, self.plan.away[0])
            self._store.windows[upstream.name].take(taken, self._clock.now)
        self._store.online = True
        for worker in self.workers:
            worker.rejoin()

    def _restart(self, at: int) -> Process:
        self._done.update(self.workers[at].outcomes)
        self.workers[at] = self._worker(at)
        return
        yield 0.0

    def _figures(self) -> Figures:
        plan = self.plan
        outcomes = self._done.copy()
        for worker in self.workers:
            outcomes.update(worker.outcomes)
        begin, end = plan.outage
        down = [one for one in self.upstreams if one.down]
        wasted = [
            sum(begin <= at < end for at in one.calls)
            - sum(begin <= at < end for at, _ in one.probes)
            for one in down
        ]
        probes = sum(begin <= at < end for one in down for at, _ in one.probes)
        before = _busiest([at for one in down for at in one.calls if _WARM_S <= at < begin])
        after = _busiest([at for one in down for at in one.calls if end <= at < plan.away[0]])
        late = sum(
            plan.restart <= at < end and not any(begun == at for begun, _ in one.probes)
            for one in down
            if sum(begin <= at < plan.restart for at in one.calls) >= FOUND_OUT
            for at in one.calls
        )
        return Figures(
            outcomes=outcomes,
            fullest=max(one.fullest() for one in self.upstreams),
            probes_at_once=max((_overlap(one.probes) for one in self.upstreams), default=0),
            probes=probes,
            probes_due=len(down) * int((end - begin) / plan.rest_s),
            wasted=sum(wasted),
            wasted_most=max(wasted, default=0),
            after_restart=late,
            recovery=after / max(before, 1),
            refused=max((one.refused for one in self.upstreams), default=0),
            upstream_calls=sum(len(one.calls) for one in self.upstreams),
            store_calls=self._store.calls,
        )


def _busiest(moments: list[float]) -> int:
    return max(Counter(int(at) for at in moments).values(), default=0)


def _overlap(spans: list[tuple[float, float]]) -> int:
    """The most of them at one moment."""
    edges = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    now = most = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most
