"""A question that names its provider loads that plugin alone, where no other has a part in it."""

import os

import pytest

from coinmux.server.cli.pinned import alone


def test_the_plugin_of_the_provider_is_enough():
    """Its name is read as everywhere, in any case."""
    found = alone(os.devnull, "Binance", "ticker")
    assert [one.name for one in found] == ["binance"]


@pytest.mark.parametrize(
    ("provider", "capability"),
    [(None, "ticker"), ("nonesuch", "ticker"), ("atr", "ticker"), ("binance", "gas")],
    ids=["none is named", "unknown", "an indicator", "it does not offer that"],
)
def test_all_are_loaded_where_one_is_chosen_or_the_error_lists_those_there_are(
    provider, capability
):
    assert alone(os.devnull, provider, capability) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARCHIVE", "on"),
        ("DATABASE_URL", "postgresql://db.example/coinmux"),
        ("HOLDS_FILE", "holds.json"),
        ("STATE_URL", "redis://127.0.0.1:1"),
        ("PROVIDERS_ONLY", "binance,binanec"),
        ("PLUGINS_BLOCK", "binance"),
    ],
)
def test_all_are_loaded_where_something_is_kept_for_all_of_them(monkeypatch, name, value):
    """A gateway of one provider would store the cooldowns and quotas of that one."""
    monkeypatch.setenv(name, value)
    assert alone(os.devnull, "binance", "ticker") is None
