"""A question loads the plugins that may have a part in its answer, and no others."""

import os

import pytest

from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.server.cli.plugins_needed import needed


def names(found):
    return [one.name for one in found]


def test_the_plugin_of_the_provider_is_enough():
    """Its name is read as everywhere, in any case."""
    assert names(needed(os.devnull, "Binance", "ticker")) == ["binance"]


def test_every_provider_and_no_indicator_of_ours_where_one_is_chosen():
    """TA-Lib is not imported for a ticker."""
    every = {one.name: one for one in PluginLoader().discover()}
    chosen = names(needed(os.devnull))
    assert {"binance", "kraken", "etherscan"} <= set(chosen)
    left_out = set(every) - set(chosen)
    assert {"atr", "rsi", "talib_functions"} <= left_out
    for name in left_out:
        every[name].run()
        assert every[name].info is None
        assert every[name].indicators is not None


@pytest.mark.parametrize(
    ("provider", "capability"),
    [(None, "ticker"), ("nonesuch", "ticker"), ("atr", "ticker"), ("binance", "gas")],
    ids=["none is named", "unknown", "an indicator", "it does not offer that"],
)
def test_all_are_loaded_where_one_is_chosen_or_the_error_lists_those_there_are(
    provider, capability
):
    assert len(needed(os.devnull, provider, capability)) > 40


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
    assert len(needed(os.devnull, "binance", "ticker")) > 40
