"""The synchronous twin answers as the gateway does, also inside a running event loop."""

import ast

import pytest

from coinmux import SyncGateway, Ticker, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.provider_info import ProviderInfo
from tools.sync_stub import SYNC, stub


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


def test_the_stub_is_that_of_the_gateway_as_it_is():
    """`framework/sync.pyi` is what `python -m tools.sync_stub` writes."""
    assert SYNC.path.read_text() == stub(SYNC)


def test_the_stub_shows_every_public_member():
    """What works at run time is known to a type checker, and nothing else is."""
    (twin,) = (n for n in ast.parse(SYNC.path.read_text()).body if isinstance(n, ast.ClassDef))
    shown = {
        getattr(n, "name", None) or n.target.id for n in twin.body if not isinstance(n, ast.Expr)
    }
    with gateway() as sync:
        there = set(dir(sync))
    assert {name for name in shown if name[0] != "_"} == {n for n in there if n[0] != "_"}


def test_the_old_name_of_fetch_blocks_as_well():
    """The deprecated `ask` answers, as `fetch` does."""
    with gateway() as sync, pytest.warns(DeprecationWarning, match="fetch"):
        assert sync.ask("ticker", sync.query("ticker", {"symbol": "BTC"})).data.last == 7.0
