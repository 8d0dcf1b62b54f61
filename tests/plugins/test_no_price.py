"""Tickers of aggregators without a price or without their side figures."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from coinmux import UnknownSymbol
from tests.plugins.sample_replay import ROOT, ask

#: Provider, where the figures stand in the body of its ticker, and the member of the price.
TICKERS = [
    ("coingecko", (0,), "current_price"),
    ("coinpaprika", ("quotes", "USD"), "price"),
    ("coinmarketcap", ("data", 0, "quote", 0), "price"),
    ("cryptocompare", ("Data", "BTC-USD"), "VALUE"),
    ("coincap", ("data",), "priceUsd"),
    ("lunarcrush", ("data",), "price"),
]
IDS = [one[0] for one in TICKERS]


async def ticker(name: str, path: tuple[Any, ...], **members: Any) -> Any:
    """The ticker of the sample, with members of its figures replaced."""
    text = (ROOT / "plugins" / "providers" / name / "samples" / "ticker.json").read_text()
    case = copy.deepcopy(json.loads(text))
    figures = case["exchanges"][-1]["response"]["body"]
    for step in path:
        figures = figures[step]
    known = [member for member in members if member in figures]
    figures.update({member: members[member] for member in known})
    # Without what samples say of units and times, which they check against the body.
    exchanges = [
        {"request": one["request"], "response": one["response"]} for one in case["exchanges"]
    ]
    result, _ = await ask(name, "ticker", case["query"], exchanges)
    return result


@pytest.mark.parametrize("none", [None, "", 0, "0", "0.00"], ids=repr)
@pytest.mark.parametrize(("name", "path", "price"), TICKERS, ids=IDS)
async def test_a_coin_without_a_price_is_unknown_here(name, path, price, none):
    """Another source is asked, and this one is not marked down."""
    with pytest.raises(UnknownSymbol):
        await ticker(name, path, **{price: none})


#: Members that are ours to have or to lack.
SIDE_FIGURES = (
    "high_24h", "low_24h", "price_change_percentage_24h", "last_updated", "percent_change_24h",
    "MOVING_24_HOUR_OPEN", "MOVING_24_HOUR_CHANGE_PERCENTAGE",
    "MOVING_24_HOUR_HIGH", "MOVING_24_HOUR_VOLUME_DIRECT",
    "VALUE_LAST_UPDATE_TS", "changePercent24Hr",
)  # fmt: skip


@pytest.mark.parametrize("value", [None, "", "n/a", []], ids=repr)
@pytest.mark.parametrize(("name", "path", "price"), TICKERS, ids=IDS)
async def test_side_figures_that_make_no_sense_are_null(name, path, price, value):
    """The price stays what it was."""
    whole = await ticker(name, path)
    damaged = await ticker(name, path, **dict.fromkeys(SIDE_FIGURES, value))
    assert damaged.last == whole.last
    assert damaged.change_percent is None
