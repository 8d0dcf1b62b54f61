"""What plans allow in a day or a month is declared, and weighed as the plans weigh it."""

import pytest

from coinmux.plugins.providers import dune
from tests.plugins.sample_replay import provider

DAY_S, MONTH_S = 86_400, 2_592_000


def windows(name):
    return {limit.per_s: limit.requests for limit in provider(name).provider_info().rate_limits}


@pytest.mark.parametrize(
    ("name", "per_s", "requests"),
    [
        ("alchemy", MONTH_S, 600_000),
        ("moralis", DAY_S, 40_000),
        ("covalent", MONTH_S, 25_000),
        ("tronscan", DAY_S, 100_000),
        ("trongrid", DAY_S, 100_000),
        ("blockchair", DAY_S, 1_440),
        ("arkham", MONTH_S, 10_000),
    ],
)
def test_the_long_window_of_a_plan(name, per_s, requests):
    """Without it a month's quota would be gone in days."""
    assert windows(name)[per_s] == requests


@pytest.mark.parametrize(("per_s", "allowed"), [(1, 3), (DAY_S, 100_000)])
def test_one_account_of_the_explorer_is_not_used_twice(per_s, allowed):
    """Its limits hold over all keys, and two of our sources take the same key."""
    assert windows("etherscan")[per_s] + windows("bscscan")[per_s] == allowed


def test_executions_of_dune_are_rarer_than_reads():
    """Both of its limits hold in one window."""
    reads = windows("dune")[60]
    assert reads == 40
    assert reads // (dune.READS / dune.EXECUTIONS) == 15
