"""Nomics: listed as gone, with what to use in its place, and never asked."""

from __future__ import annotations

import pytest

from coinmux import CAPABILITIES, FeatureDisabled, RequestOptions
from coinmux.framework.gateway import Gateway
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.plugins.providers import nomics


def test_it_says_since_when_and_what_to_use():
    """The day it ended and sources that are still there."""
    retired = nomics.provider_info().retired
    assert "2023-03-31" in retired
    known = {one.name for one in PluginLoader().discover()}
    assert {"coinmarketcap", "coingecko", "coinpaprika"} <= known
    assert all(name in retired for name in ("coinmarketcap", "coingecko", "coinpaprika"))


def test_it_has_no_hook_that_could_ask_anybody():
    """Nothing of it can run but the telling of who it was."""
    assert not [row.hook for row in CAPABILITIES.values() if hasattr(nomics, row.hook)]
    assert not hasattr(nomics, "map_error")


@pytest.mark.parametrize("environ", [{}, {"NOMICS_API_KEY": "k1"}], ids=["no key", "a key"])
async def test_it_is_listed_and_off_whatever_is_set(environ):
    """With a key or without, it is listed, is off as retired, and pinning it says so."""
    found = [in_process("nomics", nomics)]
    settings = {"CHECKER": "off", **environ}
    async with Gateway.from_env(None, environ=settings, found=found) as gateway:
        (feature,) = gateway.features().features
        assert (feature.provider, feature.enabled) == ("nomics", False)
        assert feature.reason == "retired"
        assert [one.name for one in feature.variables] == ["NOMICS_API_KEY"]
        with pytest.raises(FeatureDisabled) as caught:
            await gateway.get("ticker", options=RequestOptions(provider="nomics"), symbol="BTC/USD")
        assert caught.value.extra["reason"] == "retired"
        assert "coingecko" in caught.value.detail


async def test_nobody_is_told_to_get_a_key_for_it():
    """Its variable is no missing one."""
    found = [in_process("nomics", nomics)]
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=found) as gateway:
        assert gateway.missing().missing == ()
