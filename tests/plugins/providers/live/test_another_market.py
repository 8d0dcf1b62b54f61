"""Messages about another market: they are not told as the one that is followed."""

from contextlib import suppress
from dataclasses import replace

import pytest

from coinmux import Symbol
from coinmux.framework.errors import OtherSubject
from tests.plugins.live_checks import NOW_MS, PAIR, Walk, Wire, ticker_now, trades_now
from tests.plugins.sample_replay import provider

OTHER = Symbol("ETH/USDT")
#: Those whose messages name their pair, beside or in their channel. Bitfinex, Bitstamp and HTX tell
#: it by the channel alone, as do whole books of Binance and KuCoin, and books of OKX.
NAMING = (
    "binance", "bybit", "coinbase_exchange", "gateio", "gemini", "kraken", "kucoin", "mexc", "okx",
)  # fmt: skip
NAMED = [
    (name, capability)
    for name in NAMING
    for capability in ("ticker", "trades", "order_book")
    if capability != "order_book" or name not in ("binance", "kucoin", "okx")
]


@pytest.mark.parametrize(("name", "capability"), NAMED)
def test_a_message_about_another_market_is_not_told_as_this_one(name, capability):
    """It is of another channel, or refused by its name."""
    style = provider(name).provider_info().symbols
    wire = Wire(name, capability, {style.native(pair): pair for pair in (PAIR, OTHER)})
    wire.connect()
    rows = {"ticker": ticker_now(pair=OTHER), "trades": trades_now(),
            "order_book": replace(Walk().whole(), pair=OTHER)}  # fmt: skip
    frames = [
        frame
        for follow in wire.follows.values()
        if follow.kind in rows
        for frame in wire.server.tell(replace(follow, pair=OTHER), rows[follow.kind], NOW_MS)
    ]
    assert frames
    for frame in frames:
        with suppress(OtherSubject):
            assert wire.feed.read(frame) == []
