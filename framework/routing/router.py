"""The order of sources for each question, cached, and what `explain` says of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import wall_at
from coinmux.framework.health.tracker import Availability, State
from coinmux.framework.plugins.extensions.advice import RankedSource
from coinmux.framework.reference.symbols import QUOTES, Symbol
from coinmux.framework.routing.advised import AdvisedOrder
from coinmux.framework.routing.candidates import Candidate, Upcoming
from coinmux.framework.routing.options import CONSENSUS, RequestOptions
from coinmux.framework.routing.order import Order
from coinmux.framework.routing.ranking import LATENCY_DIGITS, SourceScore, after_first
from coinmux.framework.sources.source import Refusal

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.health.tracker import HealthTracker, StateChange
    from coinmux.framework.limits.rate_window import RateWindow
    from coinmux.framework.models.base import Query
    from coinmux.framework.plugins.extensions.advice import Advisers
    from coinmux.framework.sources.source import Source

#: Latencies change with each answer; the order is computed again at most this often.
_REORDER_S = 1.0

_TIERS = {
    State.HEALTHY: 0,
    State.UNKNOWN: 0,
    State.DEGRADED: 1,
    State.OFFLINE: 2,
    State.DISABLED: 3,
}

#: The word for a source whose quota runs short, where the caller has had its share.
OVER_SHARE = "over_share"

#: A source with a quota is not asked about a pair that so many others do not list.
_STRANGE_TO = 5

#: Words of refusals by health.
_STANDING_CODES = {
    "offline": "circuit_open",
    "probe_running": "probe_running",
    "held": "told_to_wait",
}


class Router:
    """Candidates in order, each with its reason.

    Args:
        probes_first: whether requests probe what is offline and due, because no checker does.
        assets: tickers of known coins.

    Attributes:
        over_share: why the caller is passed over at a source whose quota runs short; None while no
            keys are set.
        advisers: plugins that advise about the order; None where there are none.
    """

    def __init__(
        self,
        health: HealthTracker,
        clock: Clock,
        *,
        probes_first: bool,
        assets: Container[str] = (),
    ) -> None:
        self._health = health
        self._assets = assets
        self._clock = clock
        self.probes_first = probes_first
        self._sources: Mapping[str, Source] = {}
        self.over_share: Callable[[str, tuple[RateWindow, ...]], str | None] | None = None
        self.advisers: Advisers | None = None
        self._orders: dict[tuple[str, str], Order] = {}

    def use(self, sources: Mapping[str, Source]) -> None:
        """Route among `sources` from now on."""
        self._sources = sources
        self._orders.clear()

    def on_change(self, change: StateChange) -> None:
        """A source changed state: its place in every order is found anew when next needed."""
        for kept in self._orders.values():
            kept.touched.add(change.source)
            kept.at = -math.inf

    def order(self, capability: str, strategy: str) -> list[tuple[SourceScore, Source]]:
        """Every source that offers the capability, in the order to try them."""
        now = self._clock.monotonic()
        kept = self._orders.get((capability, strategy))
        if kept is not None and now - kept.at < _REORDER_S:
            return kept.pairs
        if touched := self._health.take_touched():
            for one in self._orders.values():
                one.touched |= touched
        if kept is None or now >= kept.good_until:
            kept = self._ranked(capability, strategy, now, kept)
        elif kept.touched:
            kept.rescore([self._score(kept, one, capability, now) for one in kept.changed()])
        kept.at = now
        return kept.pairs

    def _ranked(self, capability: str, strategy: str, now: float, former: Order | None) -> Order:
        """Every source of the capability, ranked anew."""
        leader = former.leader if former is not None else None
        kept = self._orders[capability, strategy] = Order(strategy, leader)
        sources = [one for one in self._sources.values() if capability in one.fetch]
        kept.rank([(self._score(kept, one, capability, now), one) for one in sources])
        return kept

    def _score(self, order: Order, source: Source, capability: str, now: float) -> SourceScore:
        state, latency, is_late, until = self._health.ranked_by(source.name, capability, now)
        order.good_until = min(order.good_until, until)
        if latency is not None:
            latency = round(latency, LATENCY_DIGITS)
        tier = _TIERS[state]
        if state is State.OFFLINE and self.probes_first:
            tier = -1
        elif is_late and tier == 0:
            tier = 1
        return SourceScore(source.name, state, tier, source.priority, latency, is_late)

    def _judge(
        self, capability: str, query: Query, ask: RequestOptions, one: tuple[SourceScore, Source]
    ) -> Candidate:
        """Whether a source may be tried for `query` now, and if not why."""
        score, source = one
        if ask.provider is not None and ask.provider != source.name:
            return Candidate(
                score, Refusal("not_pinned", f"{ask.provider} is pinned", for_good=True)
            )
        if ask.waiting and source.name in ask.waiting:
            return Candidate(score, Refusal("asks_itself", "it waits for this answer itself"))
        refusal = None if source.feature.enabled else source.disabled()
        if refusal is None and source.info.asks and ask.strategy == CONSENSUS:
            refusal = Refusal("derived", "made of others' answers, it confirms none", for_good=True)
        if refusal is None:
            refusal = source.refusal(capability, query)
        if refusal is None and source.is_metered and ask.provider is None:
            refusal = self.thrift(capability, query)
        if refusal is None and source.is_metered and self.over_share is not None:
            over = self.over_share(source.name, source.gate.windows)
            refusal = None if over is None else Refusal(OVER_SHARE, over)
        if refusal is not None:
            return Candidate(score, refusal)
        standing = self._health.standing(source.name, capability)
        if not standing.eligible and not standing.probe:
            return Candidate(score, self.standing_refusal(standing))
        return Candidate(
            score,
            None,
            busy=None if source.gate.available() else source.busy(),
            saving=source.saving() if source.is_metered else None,
            probe=standing.probe,
        )

    def thrift(self, capability: str, query: Query) -> Refusal | None:
        """Why no quota is spent on `query`: several sources do not know the pair, and none does.

        A known coin in a known currency is asked about all the same: some of these sources convert.
        """
        symbol = query.__dict__.get("symbol")
        if type(symbol) is not Symbol or (symbol.quote in QUOTES and symbol.base in self._assets):
            return None
        strange = 0
        for source in self._sources.values():
            known = source.lists(capability, query)
            if known:
                return None
            strange += known is False
        if strange < _STRANGE_TO:
            return None
        return Refusal(
            "unsupported_symbol", f"{strange} others do not list the pair, so its quota is spared"
        )

    def standing_refusal(self, standing: Availability) -> Refusal:
        """Why a source of that standing may not be asked."""
        if standing.state is State.DISABLED:
            return Refusal(standing.detail or "disabled", standing.detail)
        times = [at for at in (standing.retry_at, standing.hold_until) if at is not None]
        return Refusal(
            _STANDING_CODES.get(standing.reason, standing.reason),
            standing.detail,
            retry_at=max(times) if times else None,
        )

    def steps(
        self,
        capability: str,
        query: Query,
        ask: RequestOptions,
        advised: AdvisedOrder | None = None,
    ) -> Iterator[Candidate]:
        """Each source of the capability in order, judged as it is reached."""
        ordered: Sequence[tuple[SourceScore, Source]]
        if advised is not None:
            ordered = advised.pairs
        else:
            ordered = self.order(capability, ask.strategy)
            if query.is_paged:
                ordered = _whole_first(ordered, query)
        return map(partial(self._judge, capability, query, ask), ordered)

    def _advised(
        self, advisers: Advisers, capability: str, query: Query, ask: RequestOptions
    ) -> AdvisedOrder | None:
        """The order as plugins advise it; None where none has anything to say."""
        if ask.provider is not None or ask.background:
            return None
        ranked = self.order(capability, ask.strategy)
        if query.is_paged:
            ranked = _whole_first(ranked, query)
        shown = tuple(
            RankedSource(
                score.name, score.state, score.tier, score.priority,
                None if score.latency_s is None else score.latency_s * 1000,
                max(0.0, 1 - source.spent()) if source.is_metered else None,
            )
            for score, source in ranked
        )  # fmt: skip
        given = advisers.ask(capability, query, shown)
        return AdvisedOrder.of(ranked, given) if given else None

    def route(
        self,
        capability: str,
        query: Query,
        ask: RequestOptions,
        passed: list[Candidate] | None = None,
    ) -> Upcoming:
        """Those that may be tried, in the order to try them; judged one at a time.

        Args:
            passed: receives those that are passed over.
        """
        advisers = self.advisers
        advised = None if advisers is None else self._advised(advisers, capability, query, ask)
        steps = self.steps(capability, query, ask, advised)
        going = Upcoming(steps, probes_first=self.probes_first, passed=passed, advised=advised)
        return self._thrifty(going) if ask.background else going

    def _thrifty(self, going: Upcoming) -> Upcoming:
        """Candidates with quota to spare, the cheapest first."""
        plenty = [s for s in going if s.busy is None and s.saving is None and not s.probe]
        cheapest = sorted(plenty, key=lambda step: self._sources[step.score.name].spent())
        return Upcoming(iter(cheapest), probes_first=self.probes_first)

    def refusals(
        self, capability: str, query: Query, ask: RequestOptions
    ) -> list[tuple[str, Refusal]]:
        """Every source that is passed over, and why."""
        return [
            (step.score.name, step.refusal)
            for step in self.steps(capability, query, ask)
            if step.refusal is not None
        ]

    def explain(
        self, capability: str, query: Query, ask: RequestOptions, *, together: int = 1
    ) -> list[dict[str, Any]]:
        """Every candidate in order with its verdict, reason and score parts; calls no source.

        Args:
            together: how many are asked at once.
        """
        advisers = self.advisers
        advised = None if advisers is None else self._advised(advisers, capability, query, ask)
        steps = list(self.steps(capability, query, ask, advised))
        going = list(Upcoming(iter(steps), probes_first=self.probes_first))
        first = going[0].score if going else None
        lines = []
        for place, step in enumerate(going, start=1):
            if place == 1:
                verdict, code, detail = "chosen", "first_choice", _why_first(step, advised)
            elif place <= together and not step.probe:
                verdict, code, detail = "chosen", "asked_together", "for what several agree on"
            elif step.busy is not None:
                verdict, code, detail = "skipped", "busy", step.busy
            elif step.saving is not None:
                verdict, code, detail = "skipped", "saving_quota", step.saving
            elif step.probe:
                verdict, code, detail = "skipped", "probe_due", "offline; its probe is due"
            else:
                verdict = "skipped"
                code, detail = self._after_first(
                    first or step.score, step.score, query, ask, advised
                )
            lines.append(self._line(step, place, verdict, code, detail))
        for step in steps:
            if step.refusal is not None:
                refusal = step.refusal
                lines.append(self._line(step, None, "skipped", refusal.code, refusal.detail))
                if refusal.retry_at is not None:
                    lines[-1]["retry_at"] = wall_at(self._clock, refusal.retry_at)
        if advised is not None:
            for line in lines:
                line["advice"] = advised.public(line["provider"])
        return lines

    def _after_first(
        self,
        first: SourceScore,
        other: SourceScore,
        query: Query,
        ask: RequestOptions,
        advised: AdvisedOrder | None,
    ) -> tuple[str, str]:
        if advised is not None and (why := advised.after_first(first, other)) is not None:
            return why
        if other.tier == first.tier and query.is_paged:
            most, least = (self._sources[one.name].calls(query) for one in (other, first))
            if most > 1 >= least:
                return "more_requests", f"takes {most} requests for it, {first.name} takes one"
        return after_first(first, other, ask.strategy)

    def _line(
        self, step: Candidate, place: int | None, verdict: str, code: str, detail: str
    ) -> dict[str, Any]:
        return {
            "provider": step.score.name,
            "rank": place,
            "verdict": verdict,
            "reason": code,
            "detail": detail,
            "retry_at": None,
            "score": {**step.score.public(), "permit": step.busy is None},
        }


def _whole_first(
    ordered: list[tuple[SourceScore, Source]], query: Query
) -> list[tuple[SourceScore, Source]]:
    """Health first: after that, those that can give the whole answer at once."""
    return sorted(ordered, key=lambda one: (one[0].tier, one[1].calls(query) > 1))


def _why_first(step: Candidate, advised: AdvisedOrder | None) -> str:
    if step.probe:
        return "offline; its probe is due"
    kept_back = step.busy or step.saving
    if kept_back is not None:
        return f"nobody else can, though {kept_back}"
    score = step.score
    why = f"best of those that can answer: {score.state.lower()}, priority {score.priority}"
    said = "" if advised is None else advised.said(score.name)
    return f"{why}; {said}" if said else why
