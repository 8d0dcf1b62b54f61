"""Markets as exchanges send them on a bad day: each slip costs itself, and is said."""

from typing import Any

import pytest

from tests.field.harness import Case, Reply, Times, run


def asked(what: str, provider: str, symbol: str = "ABC/USDT", more: str = "") -> str:
    return f"/api/market/{what}?symbol={symbol}&provider={provider}&max_age_s=0{more}"


def one_note(words: str):
    """A check that one note says `words`."""
    return lambda notes: sum(words in note for note in notes) == 1


def kline(t: Times, hours_ago: int, *cells: str) -> list[Any]:
    opened = t.ms(-3600 * hours_ago, "hour")
    return [opened, *cells, opened + 3_599_999, "1", 1, "1", "1", "0"]


def binance_ticker(t: Times, **changed: Any) -> dict[str, Any]:
    return {
        "symbol": "ABCUSDT", "priceChangePercent": "1", "lastPrice": "10", "bidPrice": "9",
        "askPrice": "11", "openPrice": "9.5", "highPrice": "12", "lowPrice": "8", "volume": "5",
        "quoteVolume": "50", "closeTime": t.ms(), **changed,
    }  # fmt: skip


def taken(id_: Any, time: Any, price: str = "1", **more: Any) -> dict[str, Any]:
    return {"id": id_, "price": price, "qty": "1", "time": time, "isBuyerMaker": True, **more}


BOOK = [["101", "1"], ["102", "2"]]
BOOKS = [
    Case(
        "side of price 0",
        "a bid at 0 stands for nobody; the asks are as good as ever",
        "binance",
        asked("order-book", "binance"),
        lambda t: [Reply("depth", {"bids": [["0.00000000", "5"]], "asks": BOOK})],
        data={"bids.#": 0, "asks.#": 2, "asks.0": [101, 1]},
        meta={"rows_left_out": 1, "notes": one_note("an order of 5 at 0")},
    ),
    Case(
        "side of objects",
        "an empty list is written as an object by some languages",
        "bybit",
        asked("order-book", "bybit"),
        lambda t: [
            Reply(
                "orderbook",
                {"retCode": 0, "result": {"s": "ABCUSDT", "b": BOOK, "a": {}, "ts": t.ms()}},
            )
        ],
        data={"bids.#": 2, "asks.#": 0},
    ),
    Case(
        "levels twice and out of order",
        "a level that is there twice is one, and the best stands first",
        "mexc",
        asked("order-book", "mexc"),
        lambda t: [
            Reply(
                "depth",
                {"bids": [["98", "1"], ["99", "1"], ["98", "1"]], "asks": BOOK[::-1]},
            )
        ],
        data={"bids": [[99, 1], [98, 1]], "asks.0": [101, 1]},
        meta={"notes": one_note("duplicate levels")},
    ),
    Case(
        "level of words",
        "of tiny prices in powers of ten, one is a dash",
        "kraken",
        asked("order-book", "kraken"),
        lambda t: [
            Reply(
                "Depth",
                {
                    "error": ["WGeneral:Deprecated"],
                    "result": {
                        "ABCUSDT": {
                            "bids": [["1e-8", "1E3", 1], ["-", "1", 1], ["9e-9", "1", 1]],
                            "asks": [["1.1e-8", "5", 1]],
                        }
                    },
                },
            )
        ],
        data={"bids": [[1e-8, 1000], [9e-9, 1]], "asks.#": 1},
        meta={"rows_left_out": 1},
    ),
    Case(
        "time of fractions",
        "a book's time in milliseconds has a fraction",
        "gateio",
        asked("order-book", "gateio"),
        lambda t: [
            Reply("order_book", {"current": t.ms() + 0.5, "update": 1, "bids": [], "asks": BOOK})
        ],
        data={"timestamp": lambda v: isinstance(v, int), "bids.#": 0},
        meta={"notes": []},
    ),
    Case(
        "gemini levels of other kinds",
        "null and a negative amount among objects",
        "gemini",
        asked("order-book", "gemini", "ABC/USD"),
        lambda t: [
            Reply(
                "book",
                {
                    "bids": [{"price": "1", "amount": "2", "timestamp": "1"}, None],
                    "asks": [{"price": "1.1", "amount": "1"}, {"price": "1.2", "amount": "-1"}],
                },
            )
        ],
        data={"bids": [[1, 2]], "asks": [[1.1, 1]]},
        meta={"rows_left_out": 2},
    ),
    Case(
        "book of a suspended pair",
        "an empty list where one book is meant: the pair is not traded there",
        "okx",
        asked("order-book", "okx"),
        lambda t: [Reply("books", {"code": "0", "msg": "", "data": []})],
        status=(404,),
        code="unknown_symbol",
    ),
    Case(
        "maintenance",
        "a message in place of a book is no empty book",
        "bitstamp",
        asked("order-book", "bitstamp", "BTC/USD"),
        lambda t: [Reply("order_book", {"message": "We are under maintenance"})],
        status=(502,),
    ),
]
TRADES = [
    Case(
        "trade of tomorrow",
        "one trade with a time of the future does not cost the others",
        "binance",
        asked("trades", "binance", more="&limit=2"),
        lambda t: [
            Reply("trades", [taken(1, t.ms(-5)), taken(2, t.ms(-4)), taken(3, t.ms(86_400))])
        ],
        data={"trades.#": 2, "trades.1.id": "2"},
        meta={"rows_left_out": 1, "notes": one_note("future")},
    ),
    Case(
        "trade in microseconds",
        "one time of another unit is left out, never read as one of ours",
        "mexc",
        asked("trades", "mexc"),
        lambda t: [Reply("trades", [taken(None, t.ms(-1) * 1000), taken(None, t.ms(-2))])],
        data={"trades.#": 1, "trades.0.id": None},
        meta={"rows_left_out": 1},
    ),
    Case(
        "trade twice",
        "one id, one trade; two of one id that differ are two",
        "binance",
        asked("trades", "binance"),
        lambda t: [
            Reply("trades", [taken(1, t.ms(-5)), taken(1, t.ms(-5)), taken(1, t.ms(-5), "2")])
        ],
        data={"trades.#": 2},
        meta={"notes": one_note("1 duplicate trades")},
    ),
    Case(
        "bybit null list",
        "an empty list is written as null",
        "bybit",
        asked("trades", "bybit"),
        lambda t: [Reply("recent", {"retCode": 0, "result": {"category": "spot", "list": None}})],
        data={"trades.#": 0},
        meta={"notes": one_note("null")},
    ),
    Case(
        "htx times of fractions",
        "a group of trades with a fraction of a millisecond, and a group of none",
        "htx",
        asked("trades", "htx"),
        lambda t: [
            Reply(
                "trade",
                {
                    "ch": "market.abcusdt.trade.detail",
                    "status": "ok",
                    "ts": t.ms(),
                    "data": [
                        {
                            "id": 1,
                            "ts": t.ms(),
                            "data": [
                                {
                                    "trade-id": 5,
                                    "ts": t.ms(-1) + 0.25,
                                    "direction": "neither",
                                    "price": 1,
                                    "amount": 2,
                                }
                            ],
                        },
                        {"id": 2, "data": None},
                    ],
                },
            )
        ],
        data={"trades.#": 1, "trades.0.side": None, "trades.0.id": "5"},
        meta={"rows_left_out": 1, "notes": one_note("side is null")},
    ),
    Case(
        "bitstamp fraction of a second",
        "seconds may have a fraction",
        "bitstamp",
        asked("trades", "bitstamp"),
        lambda t: [
            Reply(
                "transactions",
                [{"date": f"{t.s(-3)}.125", "tid": "", "price": "1", "amount": "1", "type": 0}],
            )
        ],
        data={
            "trades.#": 1,
            "trades.0.id": None,
            "trades.0.side": "buy",
            "trades.0.timestamp": lambda v: v % 1000 == 125,
        },
    ),
    Case(
        "gate text of a float",
        "milliseconds as a text with zeros behind the point",
        "gateio",
        asked("trades", "gateio"),
        lambda t: [
            Reply(
                "/trades",
                [
                    {
                        "id": 0,
                        "create_time_ms": f"{t.ms(-1)}.000",
                        "currency_pair": "ABC_USDT",
                        "side": "BUY",
                        "price": "1e-7",
                        "amount": "1",
                    }
                ],
            )
        ],
        data={"trades.0.id": "0", "trades.0.price": 1e-7, "trades.0.side": None},
        meta={"notes": one_note("side is null")},
    ),
]
TICKERS = [
    Case(
        "words for figures",
        "what is no figure is null, each with its remark",
        "binance",
        asked("ticker", "binance"),
        lambda t: [
            Reply(
                "24hr",
                binance_ticker(
                    t, highPrice="N/A", lowPrice="-", volume="1,234.5", closeTime=f"{t.ms()}.0"
                ),
            )
        ],
        data={
            "last": 10,
            "high": None,
            "low": None,
            "volume_base": None,
            "timestamp": lambda v: isinstance(v, int),
        },
        meta={"notes": lambda notes: len(notes) == 3},
    ),
    Case(
        "opened at 0",
        "a pair listed today has no price of yesterday",
        "mexc",
        asked("ticker", "mexc"),
        lambda t: [
            Reply("24hr", binance_ticker(t, openPrice="0", priceChangePercent=None, bidPrice="0.0"))
        ],
        data={"last": 10, "open": None, "change_percent": None, "bid": None, "ask": 11},
        meta={"notes": []},
    ),
    Case(
        "short bitfinex ticker",
        "places that are not there have names in the notes",
        "bitfinex",
        asked("ticker", "bitfinex", "ABC/USD"),
        lambda t: [Reply("/ticker/", [1.0, 5, 1.1, 5, 0.1, 0.1, 1.05])],
        data={"last": 1.05, "high": None, "volume_base": None},
        meta={"notes": one_note("high is null: it is missing")},
    ),
    Case(
        "negative volume at kraken",
        "no volume in quote is made of one in base that cannot be",
        "kraken",
        asked("ticker", "kraken"),
        lambda t: [
            Reply(
                "Ticker",
                {
                    "error": [],
                    "result": {
                        "ABCUSDT": {
                            "a": ["11", "1"],
                            "b": [],
                            "c": ["10", "1"],
                            "v": ["1", "-2"],
                            "p": ["0", "3"],
                            "l": ["9", "9"],
                            "h": ["12", "12"],
                        }
                    },
                },
            )
        ],
        data={"last": 10, "bid": None, "volume_base": None, "volume_quote": None, "high": 12},
        meta={"notes": one_note("volume_quote")},
    ),
    Case(
        "suspended at okx",
        "an empty list is no failure of the source",
        "okx",
        asked("ticker", "okx"),
        lambda t: [Reply("ticker", {"code": "0", "msg": "", "data": []})],
        status=(404,),
        code="unknown_symbol",
    ),
    Case(
        "no price at defillama",
        "a price of 0 is none",
        "defillama",
        asked("ticker", "defillama", "BTC/USD"),
        lambda t: [
            Reply("prices", {"coins": {"coingecko:bitcoin": {"price": 0, "timestamp": t.s()}}})
        ],
        status=(404,),
        code="unknown_symbol",
    ),
]
CANDLES = [
    Case(
        "rounded prices",
        "a close above the high by the last digit of a float",
        "gemini",
        asked("candles", "gemini", "ABC/USD", "&interval=1h&limit=3"),
        lambda t: [
            Reply(
                "candles",
                [
                    [t.ms(-3600 * ago, "hour"), 0.3, 0.3, 0.29, 0.30000000000000004, 5]
                    for ago in range(3)
                ],
            )
        ],
        data={"rows.#": 3, "rows.0.2": 0.30000000000000004},
        meta={"notes": one_note("rounding")},
    ),
    Case(
        "candle of the next hour",
        "it is not there yet",
        "binance",
        asked("candles", "binance", more="&interval=1h&limit=5"),
        lambda t: [
            Reply("klines", [kline(t, ago, "1", "2", "0.5", "1.5", "1") for ago in (1, 0, -1)])
        ],
        data={"rows.#": 2, "last_closed": False},
        meta={"rows_left_out": 1, "notes": one_note("opens in the future")},
    ),
    Case(
        "times as texts of floats",
        "whole seconds with a point",
        "kraken",
        asked("candles", "kraken", more="&interval=1h&limit=5"),
        lambda t: [
            Reply(
                "OHLC",
                {
                    "error": [],
                    "result": {
                        "ABCUSDT": [
                            [f"{t.s(-3600 * ago, 'hour')}.0", "1", "1", "1", "1", "1", "", 1, "new"]
                            for ago in (1, 0)
                        ],
                        "last": 1,
                    },
                },
            )
        ],
        data={"rows.#": 2, "rows.0.5": None},
    ),
    Case(
        "gate rows of two lengths",
        "old rows have no volume in base",
        "gateio",
        asked("candles", "gateio", more="&interval=1h&limit=5"),
        lambda t: [
            Reply(
                "candlesticks",
                [
                    [str(t.s(-3600, "hour")), "10", "1", "2", "0.5", "1"],
                    [str(t.s(0, "hour")), "10", "1", "2", "0.5", "1", "7", "false"],
                ],
            )
        ],
        data={"rows.#": 2, "rows.0.5": None, "rows.1.5": 7},
        meta={"notes": one_note("volume is null")},
    ),
    Case(
        "lunarcrush buckets without prices",
        "social figures alone are no candle, and that is said",
        "lunarcrush",
        asked("candles", "lunarcrush", "BTC/USD", "&interval=1h&limit=4"),
        lambda t: [
            Reply("list", {"data": [{"id": 1, "symbol": "BTC", "name": "Bitcoin",
                                     "market_cap_rank": 1}]}),
            Reply(
                "time-series",
                {
                    "config": {"id": "coins:1"},
                    "data": [
                        {"time": t.s(-7200, "hour"), "interactions": 5},
                        {"time": t.s(-3600, "hour"), "open": None, "high": None, "low": None,
                         "close": None},
                        {"time": t.s(0, "hour"), "open": 1, "high": 2, "low": 1, "close": 2},
                    ],
                },
            ),
        ],
        data={"rows.#": 1, "rows.0.4": 2},
        meta={"rows_left_out": 2},
    ),
]  # fmt: skip


def coin(rank: Any, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"coin-{rank}", "symbol": f"c{rank}", "name": "", "current_price": "1e-9",
        "market_cap": 100, "market_cap_rank": rank, "total_volume": 5,
        "price_change_percentage_24h": 1.0, "circulating_supply": 100, **changed,
    }  # fmt: skip


LISTS = [
    Case(
        "damaged page of coins",
        "one twice and one without a ticker; the page after it is still there",
        "coingecko",
        "/api/market/coins?per_page=4&provider=coingecko&max_age_s=0",
        lambda t: [
            Reply(
                "markets",
                [coin(1), coin(1), coin(2, symbol=None), coin(3, current_price=-1, total_volume="")],
            )
        ],
        data={"coins.#": 2, "coins.0.price": 1e-9, "coins.1.price": None, "cursor": bool},
        meta={"rows_left_out": 1, "notes": one_note("1 duplicate coins")},
    ),
    Case(
        "coins without figures",
        "a coin that is not traded keeps its row",
        "coinmarketcap",
        "/api/market/coins?per_page=3&provider=coinmarketcap&max_age_s=0",
        lambda t: [
            Reply(
                "listings",
                {
                    "status": {"error_code": "0"},
                    "data": [
                        {"id": 1, "name": "A", "symbol": "A", "cmc_rank": 0, "quote": None},
                        {
                            "id": 2, "name": "B", "symbol": "B", "cmc_rank": "2",
                            "quote": [None, {"id": 2781, "symbol": "USD", "price": "2"}],
                        },
                    ],
                },
            )
        ],
        data={"coins.#": 2, "coins.0.price": None, "coins.0.rank": None, "coins.1.price": 2},
    ),
    Case(
        "global figures",
        "of the whole market, some in words",
        "coinpaprika",
        "/api/market/global?provider=coinpaprika&max_age_s=0",
        lambda t: [
            Reply(
                "global",
                {
                    "market_cap_usd": 1e12, "volume_24h_usd": -5, "cryptocurrencies_number": True,
                    "bitcoin_dominance_percentage": "58,1", "last_updated": t.s() + 0.5,
                },
            )
        ],
        data={
            "market_cap_usd": 1e12, "volume_24h_usd": None, "active_coins": None,
            "btc_dominance_percent": None,
        },
        meta={"notes": one_note("active_coins is null")},
    ),
    Case(
        "no global figure",
        "a market that is worth nothing is no answer",
        "coingecko",
        "/api/market/global?provider=coingecko&max_age_s=0",
        lambda t: [Reply("global", {"data": {"total_market_cap": {"usd": 0}}})],
        status=(502,),
    ),
    Case(
        "markets of a bad day",
        "doubled, of an unknown state, without one, and null",
        "kraken",
        "/api/data/markets?provider=kraken&max_age_s=0",
        lambda t: [
            Reply(
                "AssetPairs",
                {
                    "error": [],
                    "result": {
                        "A": {"altname": "ABCUSD", "wsname": "ABC/USD", "status": "online"},
                        "B": {"altname": "ABCUSD", "wsname": "ABC/USD", "status": "online"},
                        "C": None,
                        "D": {"altname": "YUSD", "wsname": "Y/USD", "status": "reduce_only"},
                        "E": {"altname": "ZUSD", "wsname": "ZUSD", "status": "online"},
                    },
                },
            )
        ],
        data={"markets.#": 2, "markets.0.active": True, "markets.1.active": False},
        meta={"rows_left_out": 2, "notes": one_note("1 entries that are there twice")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [*BOOKS, *TRADES, *TICKERS, *CANDLES, *LISTS],
    ids=lambda case: case.name.replace(" ", "_"),
)
async def test_markets(case):
    """The right value comes with its remarks, or the honest error."""
    await run(case)
