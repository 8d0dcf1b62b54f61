"""The synchronous twin answers as the gateway does, also inside a running event loop."""

import pytest

from coinmux import SyncGateway, Ticker, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.provider_info import ProviderInfo


class Plain:
    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="plain", title="Plain", category="market", base_url="https://plain.example"
        )

    @hookimpl
    def fetch_ticker(self, query):
        return Ticker(symbol=query.symbol, last=7)


def gateway():
    return SyncGateway.from_env(
        None, environ={"CHECKER": "off"}, found=[in_process("plain", Plain())]
    )


def test_calls_block_until_they_are_done():
    with gateway() as sync:
        answer = sync.ticker("BTC")
        assert (answer.data.last, answer.provider) == (7.0, "plain")
        assert sync.explain("ticker", sync.query("ticker", {"symbol": "BTC"}))["cache"]["fresh"]
        assert "ticker" in dir(sync)


async def test_it_works_inside_a_running_loop_as_in_a_notebook():
    with gateway() as sync:
        assert sync.ticker("ETH/USDT").data.symbol == "ETH/USDT"


def test_outside_its_block_it_says_how_to_use_it():
    sync = gateway()
    with pytest.raises(RuntimeError, match="context manager"):
        sync.ticker("BTC")
    with pytest.raises(AttributeError):
        sync._private  # noqa: B018 - reading it is the test
    sync._loop.close()
