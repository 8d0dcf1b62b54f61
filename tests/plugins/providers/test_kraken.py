"""Kraken: samples, ccxt's reading of them, real answers, and under which keys it answers."""

from __future__ import annotations

import json

import pytest

from coinmux import (
    BadStatus,
    CandlesQuery,
    Implausible,
    NotOffered,
    RateLimited,
    Symbol,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import kraken
from tests.plugins.exchange_checks import (
    agrees_with_ccxt,
    comparable,
    recordings,
    replay_recording,
)
from tests.plugins.sample_replay import RECORDINGS, mapped, play, samples

NOT_24_HOURS = "ccxt's is today's opening price, not that of 24 hours ago"
EXCEPTIONS = {
    "ticker.open": NOT_24_HOURS,
    "ticker.change_percent": "ccxt's is the change since midnight UTC",
}
LEFT_OUT = {"symbols_public_assets": "assets, not pairs: an endpoint the provider does not ask"}
RECORDED = {
    "candles_public_ohlc_2": {"symbol": "BTC/USD", "interval": "1m"},
    "orderbook_public_depth": {"symbol": "BCH/EUR"},
    "orderbook_public_depth_2": {"symbol": "BTC/USD"},
    "ticker_public_ticker": {"symbol": "BTC/USDT"},
    "ticker_public_ticker_3": {"symbol": "1INCH/EUR"},
    "ticker_public_ticker_5": {"symbol": "AAVE/BTC"},
    "ticker_public_ticker_7": {"symbol": "BTC/EUR"},
    "trades_public_trades": {"symbol": "BTC/USDT"},
    "trades_public_trades_3": {"symbol": "BTC/USD"},
}
#: Where a key is not the spelling that is asked.
NATIVE = {"BTC/USD": "XXBTZUSD", "USDT/USD": "USDTZUSD", "BTC/EUR": "BTC/EUR"}


@pytest.mark.parametrize("sample", samples("kraken"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("kraken", sample)


@pytest.mark.parametrize("sample", comparable("kraken"))
async def test_ccxt_reads_the_same(sample):
    """ccxt makes the same figures of the same bytes, but for what midnight has to do with."""
    await agrees_with_ccxt(
        "kraken",
        sample,
        exchange="kraken",
        native=NATIVE.get(sample["query"]["symbol"]),
        exceptions=EXCEPTIONS,
    )


@pytest.mark.parametrize("case", recordings("kraken", LEFT_OUT))
async def test_recordings(case):
    """Real answers are read, and to the result published with them."""
    exceptions = {"open": NOT_24_HOURS, "change_percent": NOT_24_HOURS}
    await replay_recording(
        "kraken",
        "kraken",
        case,
        RECORDED[case],
        exceptions=exceptions if case == "ticker_public_ticker" else None,
    )


@pytest.mark.parametrize("case", ["ticker_public_ticker_3", "ticker_public_ticker_5"])
def test_every_pair_of_a_recording_of_all(case):
    """Each of the recorded pairs is read; those of another venue are taken for none of them."""
    path = RECORDINGS / "kraken" / f"{case}.json"
    if not path.exists():
        pytest.skip("the recordings are not beside this tree")
    body = json.loads(path.read_text())["response"]["body"]
    for name, row in body["result"].items():
        if ":" not in name:
            ticker = kraken.parse_ticker(body, TickerQuery(symbol=name))
            assert ticker.last == float(row["c"][0])
            assert ticker.low <= ticker.last <= ticker.high
    assert any(":" in name for name in body["result"])


@pytest.mark.parametrize(
    ("symbol", "key"),
    [
        ("BTC/USD", "XXBTZUSD"),
        ("BTC/USD", "XBTUSD"),
        ("BTC/USD", "BTCUSD"),
        ("BTC/USD", "BTC/USD"),
        ("BTC/USDT", "XBTUSDT"),
        ("ETH/BTC", "XETHXXBT"),
        ("ETH/EUR", "XETHZEUR"),
        ("DOGE/BTC", "XXDGXXBT"),
        ("DOGE/USD", "XDGUSD"),
        ("USDT/USD", "USDTZUSD"),
        ("SOL/USD", "SOLUSD"),
    ],
)
def test_keys_that_mean_the_pair(symbol, key):
    """Each of the pair's spellings is taken, old and new, wherever it stands in the answer."""
    body = {"error": [], "result": {"last": 1, "XLTCZUSD": "another", key: "found"}}
    assert kraken.of_pair(body, Symbol(symbol)) == "found"


@pytest.mark.parametrize(
    ("symbol", "key"),
    [
        ("BTC/USD", "XETHZUSD"),
        ("BTC/USD", "XXBTZEUR"),
        ("BTC/USD", "XBTUSDT"),
        ("BTC/USD", "BTC/USD:BTNL"),
        ("SOL/USD", "XSOLZUSD"),
        ("BTC/USD", "last"),
    ],
)
def test_keys_that_do_not(symbol, key):
    """The only entry is not taken for the pair because it is the only one."""
    with pytest.raises(Implausible):
        kraken.of_pair({"error": [], "result": {key: "something"}}, Symbol(symbol))


HOUR_S = 3600
FIRST_S = 1_700_000_000 // HOUR_S * HOUR_S


def ohlc(count):
    """So many hourly candles."""
    row = ["2.0", "3.0", "1.0", "2.0", "2.0", "1.0", 1]
    rows = [[FIRST_S + at * HOUR_S, *row] for at in range(count)]
    return {"error": [], "result": {"XXBTZUSD": rows, "last": 0}}


def hours(count, **more):
    return CandlesQuery(symbol="BTC/USD", interval="1h", limit=count, **more)


@pytest.mark.parametrize("rows", [720, 721])
@pytest.mark.parametrize(
    "asked",
    [
        {"start": (FIRST_S - HOUR_S) * 1000},
        {"start": (FIRST_S - 900 * HOUR_S) * 1000, "end": (FIRST_S + HOUR_S) * 1000},
        {"end": FIRST_S * 1000 - 1},
    ],
    ids=["one-hour-before", "long-before", "ends-before"],
)
def test_what_it_does_not_keep_is_not_offered(rows, asked):
    """A range before the oldest candle it keeps is never answered with another one."""
    with pytest.raises(NotOffered, match="720"):
        kraken.parse_candles(ohlc(rows), hours(10, **asked))


def test_the_oldest_candle_it_keeps():
    """A range that begins within the hour before the oldest candle is whole."""
    candles = kraken.parse_candles(ohlc(720), hours(5, start=(FIRST_S - HOUR_S) * 1000 + 1))
    assert candles.timestamp.tolist() == [(FIRST_S + at * HOUR_S) * 1000 for at in range(5)]


def test_a_young_pair_has_what_it_has():
    """Fewer candles than it keeps are all there ever were."""
    assert len(kraken.parse_candles(ohlc(30), hours(100, start=(FIRST_S - 10**6) * 1000))) == 30


def test_a_time_just_short_of_a_millisecond():
    """Seconds with a fraction lose none in floating point."""
    row = ["1.0", "1.0", 1688671969.993, "b", "m", "", 7]
    sample = {"error": [], "result": {"XXBTZUSD": [row], "last": "0"}}
    (trade,) = kraken.parse_trades(sample, TradesQuery(symbol="BTC/USD", limit=1)).trades
    assert trade.timestamp == 1_688_671_969_993
    assert trade.side == "buy"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([], type(None)),
        (["WGeneral:Deprecated"], type(None)),
        (["WGeneral:Deprecated", "EService:Busy"], BadStatus),
        (["EQuery:Unknown asset pair"], UnknownSymbol),
        (["EQuery:Invalid asset pair"], UnknownSymbol),
        (["EGeneral:Too many requests"], RateLimited),
        (["EAPI:Rate limit exceeded"], RateLimited),
        (["EService:Unavailable"], BadStatus),
        (["EGeneral:Internal error:8"], BadStatus),
        (["ENobody:Has seen this one"], BadStatus),
    ],
)
def test_errors(said, error):
    """Everything is in a 200; what is not known is the source's trouble."""
    query = TickerQuery(symbol="BTC/USD")
    assert type(mapped("kraken", 200, {"error": said, "result": {"XXBTZUSD": {}}}, query)) is error


@pytest.mark.parametrize(
    ("symbol", "native", "other"),
    [
        ("LUNA/USD", "LUNA2USD", "LUNAUSD"),
        ("LUNC/USD", "LUNAUSD", "LUNA2USD"),
        ("USTC/USD", "USTUSD", "USTXUSD"),
        ("REP/EUR", "REPV2EUR", "REPEUR"),
    ],
)
def test_E2_old_coins_of_the_same_name(symbol, native, other):
    """Its LUNA is Terra Classic's: an answer about it is none about the new coin."""
    pair = Symbol(symbol)
    assert kraken.STYLE.native(pair) == native
    assert kraken.of_pair({"result": {native: 7}}, pair) == 7
    with pytest.raises(Implausible):
        kraken.of_pair({"result": {other: 7}}, pair)


def test_zeros_are_no_prices():
    """A pair nobody quotes has no bid; one nobody traded is not listed for us."""
    row = {"a": ["0.0"], "b": ["0.0"], "c": ["86.96"], "v": ["0", "0"], "p": ["0", "0"],
           "l": ["0", "0"], "h": ["0", "0"]}  # fmt: skip
    query = TickerQuery(symbol="NEW/EUR")
    ticker = kraken.parse_ticker({"result": {"NEWEUR": row}}, query)
    assert (ticker.last, ticker.bid, ticker.ask, ticker.high) == (86.96, None, None, None)
    with pytest.raises(UnknownSymbol):
        kraken.parse_ticker({"result": {"NEWEUR": row | {"c": ["0.0"]}}}, query)
