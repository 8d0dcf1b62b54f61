"""On-chain metrics: what providers declare, common names, and names a setting gives."""

import re

import pytest

from coinmux import METRICS, EnvVar, MetricForm, MetricInfo, OnchainMetricQuery, ProviderInfo
from coinmux.framework.reference.metrics import common_metrics, named_metrics
from tests.plugins.sample_replay import ROOT, provider

PROVIDERS = sorted(
    path.parent.name
    for path in (ROOT / "plugins" / "providers").glob("*/__init__.py")
    if "def fetch_onchain_metric" in path.read_text()
)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_source_of_metrics_declares_them(name):
    """Names and forms can be asked, and common names mean and count the same everywhere."""
    info = provider(name).provider_info()
    assert info.metrics or info.metric_forms
    for metric, declared in info.metrics.items():
        OnchainMetricQuery(metric=metric)
        assert declared.description
        common = METRICS.get(metric)
        if common is not None:
            assert (declared.description, declared.unit) == (common.description, common.unit)
    for form in info.metric_forms:
        assert not any(form.fits(metric) for metric in METRICS)
        assert not any(form.fits(metric) for metric in info.metrics)
    if info.metrics_from:
        assert info.metrics_from in {variable.name for variable in info.env}


@pytest.mark.parametrize(
    ("metric", "served_by"),
    [
        ("query/4321", ["dune"]),
        ("market/mvrv", ["glassnode"]),
        ("indicators/sopr_adjusted", ["glassnode"]),
        ("santiment/mean_age", ["santiment"]),
        ("mempool_size_bytes", ["blockchain_info"]),
        ("mvrv", ["glassnode", "santiment"]),
        ("hashrate", []),
        ("query/", []),
        ("query/x", []),
        ("santiment/a/b", []),
        ("nowhere/mvrv", []),
    ],
)
def test_one_name_goes_to_the_sources_that_have_it(metric, served_by):
    """Forms of one source do not take names of another."""
    infos = {name: provider(name).provider_info() for name in PROVIDERS}
    found = [
        name
        for name, info in infos.items()
        if metric in info.metrics or any(form.fits(metric) for form in info.metric_forms)
    ]
    assert found == served_by


def test_common_metrics_of_some_coins():
    """A source may have a metric for some coins alone."""
    declared = common_metrics(["hash_rate"], assets={"BTC"})
    assert declared == {
        "hash_rate": MetricInfo("estimated mining power", "TH/s", frozenset({"BTC"}))
    }
    with pytest.raises(KeyError):
        common_metrics(["hashrate"])


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        (None, {}),
        ("", {}),
        ("mvrv=789", {"mvrv": "789"}),
        (" mvrv = 789 , active_addresses=3456,", {"mvrv": "789", "active_addresses": "3456"}),
        ("mvrv,x=,y=abc,z=5", {"z": "5"}),
    ],
)
def test_names_of_a_setting(setting, named):
    """A part that is no name=number is left out."""
    assert named_metrics(setting) == named


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"metrics_from": "ACME_QUERIES"}, "no variable of env"),
        ({"metric_forms": (MetricForm("(", "(", "broken"),)}, "metric form"),
    ],
)
def test_a_wrong_declaration_is_refused(wrong, says):
    """A variable that is not declared, and a pattern that is none."""
    env = (EnvVar("ACME_KEY"),)
    with pytest.raises(ValueError, match=re.escape(says)):
        ProviderInfo(
            name="acme", title="Acme", category="onchain", base_url="https://a.example", env=env,
            **wrong,
        )  # fmt: skip
