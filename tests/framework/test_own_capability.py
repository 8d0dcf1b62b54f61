"""A plugin's own capability gets every check that a built-in one has, by its own row and models."""

from contextlib import asynccontextmanager

import pytest

from coinmux import (
    AllProvidersFailed,
    Capability,
    Consensus,
    Freshness,
    Gateway,
    Head,
    Implausible,
    JumpRule,
    ProviderInfo,
    Query,
    RequestOptions,
    Result,
    UnknownSymbol,
    hookimpl,
    hookspec,
)
from coinmux.framework.plugins.discovery import in_process

NEW = RequestOptions(max_age_s=0)
TOGETHER = RequestOptions(strategy="consensus", max_age_s=0)


class Funding(Result):
    """What holders of a perpetual contract pay each other."""

    contract: str
    rate: float
    height: int | None = None
    broken: str = ""
    timestamp: int | None = None

    def check(self, query, now_ms):
        if self.broken == "check":
            raise RuntimeError("a defect")
        super().check(query, now_ms)
        if self.contract != query.contract:
            raise Implausible(f"asked for {query.contract}, the answer is about {self.contract}")
        return self

    def figure(self, query):
        if self.broken == "figure":
            raise RuntimeError("a defect")
        return self.rate

    def head(self):
        return None if self.height is None else Head("funding", self.height, None, 30.0)


class FundingQuery(Query[Funding]):
    """The funding of one contract, with so many settlements before it."""

    contract: str
    past: int = 0

    def subject(self):
        return self.contract

    def about(self):
        return self.contract


RULE = Consensus("rate", relative=0.1, merged=("rate",))
ROW = Capability(
    "funding", FundingQuery, Funding, Freshness(10, 0, 0), max_age_s=60,
    consensus=RULE, jumps=JumpRule(RULE, ((60.0, 5.0),)),
    freshness_for=lambda query, now_ms: Freshness(100, 0, 0) if query.past else ROW.freshness,
)  # fmt: skip


class FundingPlugin:
    @hookspec
    def fetch_funding(self, query, http):
        """The funding rate."""

    @hookimpl
    def coinmux_capabilities(self):
        return [ROW]


class FundingSource:
    """Answers from a list of rates, fields or errors; the last one repeats."""

    def __init__(self, name, outcomes, clock, priority):
        self.name, self.outcomes, self.clock = name, list(outcomes), clock
        self.priority = priority
        self.calls = 0

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market",
            base_url=f"https://{self.name}.example", priority=self.priority,
        )  # fmt: skip

    @hookimpl
    async def fetch_funding(self, query, http):
        self.calls += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        fields = outcome if isinstance(outcome, dict) else {"rate": outcome}
        now_ms = self.clock.wall_ms()
        return Funding(**{"contract": query.contract, "timestamp": now_ms, **fields})


@pytest.fixture
def world(clock):
    @asynccontextmanager
    async def make(**scripts):
        sources = {
            name: FundingSource(name, outcomes, clock, at * 10)
            for at, (name, outcomes) in enumerate(scripts.items())
        }
        found = [in_process("funding", FundingPlugin())]
        found += [in_process(name, source) for name, source in sources.items()]
        gateway = Gateway.from_env(
            None, environ={"CHECKER": "off", "CONSENSUS_SOURCES": "3"}, found=found, clock=clock
        )
        async with gateway:
            yield gateway, sources

    return make


async def test_a_subject_that_a_source_does_not_know_is_remembered(world):
    """The next query about it, with other parameters, does not ask that source."""
    async with world(a=[UnknownSymbol("X"), 1.0], b=[1.0]) as (gateway, sources):
        assert (await gateway.fetch(FundingQuery(contract="X"), NEW)).provider == "b"
        assert (await gateway.fetch(FundingQuery(contract="X", past=3), NEW)).provider == "b"
        assert sources["a"].calls == 1
        assert (await gateway.fetch(FundingQuery(contract="Y"), NEW)).provider == "a"


async def test_the_error_names_the_subject(world):
    """Where no source knows it, the message says what."""
    async with world(a=[UnknownSymbol("X")]) as (gateway, _):
        with pytest.raises(UnknownSymbol, match="X is not listed"):
            await gateway.fetch(FundingQuery(contract="X"))


async def test_an_answer_that_is_too_old_gives_way_to_a_fresher_one(world, clock):
    """The row's greatest age is compared with the answer's own time."""
    old = {"rate": 1.0, "timestamp": clock.wall_ms() - 61_000}
    async with world(a=[old], b=[1.0]) as (gateway, _):
        answer = await gateway.fetch(FundingQuery(contract="X"))
        assert answer.provider == "b"
        assert answer.meta["attempts"][0]["code"] == "upstream_stale"


@pytest.mark.parametrize("wrong", [{"contract": "Y"}, {"timestamp": 4_000_000_000_000}])
async def test_an_answer_that_cannot_be_true_is_refused(world, wrong):
    """By the model's own check, and by the one that all results have."""
    async with world(a=[{"rate": 1.0, **wrong}], b=[1.0]) as (gateway, _):
        answer = await gateway.fetch(FundingQuery(contract="X"))
        assert answer.provider == "b"
        assert answer.meta["attempts"][0]["code"] == "upstream_implausible"


@pytest.mark.parametrize("part", ["check", "figure"])
async def test_a_defect_in_a_model_is_the_plugins(world, part):
    """What its method raises is recorded against the source, and the next source is asked."""
    async with world(a=[{"rate": 1.0, "broken": part}], b=[1.0]) as (gateway, _):
        answer = await gateway.fetch(FundingQuery(contract="X"))
        assert answer.provider == "b"
        assert answer.meta["attempts"][0]["code"] == "plugin_error"


async def test_several_sources_agree(world):
    """Consensus compares the row's field."""
    async with world(a=[1.0], b=[1.04], c=[9.0]) as (gateway, _):
        answer = await gateway.fetch(FundingQuery(contract="X"), TOGETHER)
        assert answer.data.rate == pytest.approx(1.02)
        assert [one["provider"] for one in answer.meta["consensus"]["outliers"]] == ["c"]


async def test_sources_that_disagree_give_no_answer(world):
    """No majority is an error that lists the figures."""
    async with world(a=[1.0], b=[4.0]) as (gateway, _):
        with pytest.raises(AllProvidersFailed, match="disagree about rate"):
            await gateway.fetch(FundingQuery(contract="X"), TOGETHER)


async def test_a_jump_is_doubted_until_a_second_source_confirms_it(world):
    """Figures of one subject are compared, figures of two are not."""
    async with world(a=[1.0, 9.0], b=[1.1]) as (gateway, _):
        await gateway.fetch(FundingQuery(contract="X"), NEW)
        answer = await gateway.fetch(FundingQuery(contract="X", past=1), NEW)
        assert answer.provider == "b"
        assert answer.meta["attempts"][0]["code"] == "upstream_implausible"
        assert (await gateway.fetch(FundingQuery(contract="Y"), NEW)).data.rate == 9.0


async def test_a_head_behind_the_highest_is_stale(world):
    """Heights of one subject are compared between sources."""
    script = [{"rate": 1.0, "height": 100}, {"rate": 1.0, "height": 70}]
    async with world(a=script, b=[{"rate": 1.0, "height": 101}]) as (gateway, _):
        await gateway.fetch(FundingQuery(contract="X"), NEW)
        answer = await gateway.fetch(FundingQuery(contract="X"), NEW)
        assert answer.data.height == 101
        assert answer.meta["attempts"][0]["code"] == "upstream_stale"


async def test_freshness_may_depend_on_the_query(world, clock):
    """What is over stays in the cache for longer than what is now."""
    async with world(a=[1.0]) as (gateway, sources):
        for past in (0, 3):
            await gateway.fetch(FundingQuery(contract="X", past=past))
        clock.advance(30)
        assert (await gateway.fetch(FundingQuery(contract="X", past=3))).cache == "hit"
        assert (await gateway.fetch(FundingQuery(contract="X"))).cache == "miss"
        assert sources["a"].calls == 3
