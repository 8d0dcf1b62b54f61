"""The model of many workers: the same for the same seed, and what must hold holds."""

from dataclasses import asdict, replace

import pytest

from bench.scale.model import Model, Plan
from bench.scale.parts import Upstream

SMALL = Plan(
    workers=24, seconds=120, outage=(20, 60), away=(75, 85), refusals=(95, 105), restart=45,
    rest_s=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def told():
    return Model(SMALL).run()


def test_no_window_of_any_source_holds_more_than_its_limit(told):
    assert told.upstream_calls > 500
    assert 0.2 < told.fullest <= 1


def test_one_probe_at_a_time_and_no_more_than_are_due(told):
    assert told.probes_at_once == 1
    assert 0 < told.probes <= told.probes_due + SMALL.sources


def test_a_mended_source_is_not_stampeded(told):
    assert told.recovery <= 1.5


def test_workers_begun_again_know_what_is_offline(told):
    assert told.after_restart == 0


def test_nearly_all_are_answered(told):
    assert told.outcomes["failed"] + told.outcomes["deadline"] <= 0.01 * told.requests


def test_the_same_seed_is_the_same_run_and_another_is_not(told):
    assert asdict(Model(SMALL).run()) == asdict(told)
    assert asdict(Model(replace(SMALL, seed=2)).run()) != asdict(told)


def test_workers_that_knew_nothing_of_each_other_would_break_the_limits():
    """The yardstick sees it: without the store each takes the whole of every limit."""
    model = Model(replace(SMALL, rate=20, seconds=15, away=(1000, 1001)))
    model._store.online = False
    assert model.run().fullest > 1


def test_the_fullest_window_is_found_wherever_it_lies():
    upstream = Upstream("a", "c", 0, 4, 10.0, 0.1, calls=[0.0, 1.0, 9.9, 10.5, 10.6, 30.0])
    assert upstream.fullest() == 1.0
