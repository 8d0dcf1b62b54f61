"""The indicator routes: what they answer, and what they say to what cannot be answered."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest

from coinmux import Unreachable
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.testing.random_candles import random_candles

SYMBOL = "symbol=BTC/USDT"
ROWS = [
    [int(time), *prices, volume]
    for time, *prices, volume in zip(
        *(
            getattr(random_candles(120), name).tolist()
            for name in ("timestamp", "open", "high", "low", "close", "volume")
        ),
        strict=True,
    )
]


@pytest.fixture
async def client(indicator_app):
    async with indicator_app(a=[1.0]) as world:
        yield world.client


async def test_the_catalogue_may_be_kept_as_long_as_it_says_the_same(client):
    """Asked for by the version that a chart names; by another, or by none, it is looked at anew."""
    version = (await client.get("/api/pages/chart")).json()["catalogue"]
    kept = await client.get(f"/api/indicators?v={version}")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    for query in ("", "?v=000000000000"):
        answer = await client.get(f"/api/indicators{query}")
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.json() == kept.json()


async def test_the_catalogue_tells_what_there_is_and_how_to_ask(indicator_app):
    async with indicator_app(_found=PluginLoader().discover(allow=["talib_functions"])) as world:
        body = (await world.client.get("/api/indicators")).json()
    assert body["total"] == len(body["indicators"])
    lines = {one["name"]: one for one in body["indicators"]}
    assert {"sma", "ema", "rsi", "macd", "atr", "stoch-rsi", "bollinger-bands"} <= set(lines)
    rsi = lines["rsi"]
    assert rsi["minimum_candles"] == 15
    assert rsi["levels"] == [30, 70]
    assert rsi["pane"] == "own"
    assert rsi["outputs"] == [{"name": "rsi", "draw": "line"}]
    assert rsi["parameters"][0] == {
        "name": "period", "type": "integer", "default": 14, "minimum": 2, "maximum": 1000,
        "description": "Candles it looks back", "aliases": ["timeperiod", "length", "window"],
    }  # fmt: skip
    assert lines["obv"]["settled_after"] is None


async def test_one_over_routed_candles(client):
    """As many values as asked, none of them null: the warm-up was asked for as well."""
    answer = await client.get(f"/api/indicators/rsi?{SYMBOL}&interval=1h&limit=50&period=9")
    body = answer.json()
    data = body["data"]
    assert (data["indicator"], data["symbol"], data["interval"]) == ("rsi", "BTC/USDT", "1h")
    assert data["parameters"] == {"period": 9, "source": "close"}
    assert len(data["timestamps"]) == len(data["values"]["rsi"]) == 50
    assert None not in data["values"]["rsi"]
    assert data["latest"] == {"rsi": data["values"]["rsi"][-1]}
    assert data["last_closed"] is False
    assert data["settled_from"] < data["timestamps"][0]
    assert body["meta"]["provider"] == answer.headers["x-provider"] == "a"
    assert body["meta"]["capability"] == "candles"
    assert answer.headers["cache-status"].startswith("coinmux; ")
    assert "max-age=" in answer.headers["cache-control"]
    again = await client.get(f"/api/indicators/RSI?{SYMBOL}&limit=50&length=9")
    assert again.json()["meta"]["cache"] == "hit"


async def test_values_of_a_range_have_their_warm_up_and_say_what_follows(client):
    """From a start on, up to an end, and the same as in a longer history."""
    whole = (await client.get(f"/api/indicators/sma?{SYMBOL}&limit=100")).json()["data"]
    times, values = whole["timestamps"], whole["values"]["sma"]
    asked = f"/api/indicators/sma?{SYMBOL}&start={times[40]}"
    since = (await client.get(f"{asked}&limit=10")).json()
    assert since["data"]["timestamps"] == times[40:50]
    assert since["data"]["values"]["sma"] == pytest.approx(values[40:50])
    assert "next_start" not in since["meta"]
    cut = (await client.get(f"{asked}&limit=10&end={times[80]}")).json()
    assert cut["data"]["timestamps"] == times[40:50]
    assert (cut["meta"]["complete"], cut["meta"]["next_start"]) == (False, times[50])
    ended = (await client.get(f"{asked}&end={times[60]}")).json()
    assert ended["data"]["timestamps"] == times[40:61]
    assert ended["meta"]["complete"] is True
    until = (await client.get(f"/api/indicators/sma?{SYMBOL}&limit=5&end={times[60]}")).json()
    assert until["data"]["timestamps"] == times[56:61]


@pytest.mark.parametrize(
    ("range_", "wrong"),
    [
        ("start=4000000000000", "start"),
        ("start=1764000000000&end=1763000000000", "start"),
        ("start=yesterday", "start"),
        ("end=1764000000", "end"),
    ],
)
async def test_a_range_that_cannot_be_is_refused(client, range_, wrong):
    answer = await client.get(f"/api/indicators/sma?{SYMBOL}&{range_}")
    assert answer.status_code == 400
    assert [one["name"] for one in answer.json()["errors"]] == [wrong]


async def test_closed_only_drops_the_open_candle(client):
    with_open = (await client.get(f"/api/indicators/sma?{SYMBOL}&limit=2")).json()["data"]
    closed = (await client.get(f"/api/indicators/sma?{SYMBOL}&limit=2&closed_only=true")).json()
    assert closed["data"]["last_closed"] is True
    assert closed["data"]["timestamps"][-1] == with_open["timestamps"][0]


async def test_several_intervals_in_one_call(client):
    """Each its own answer, or its own error."""
    body = (await client.get(f"/api/indicators/ema?{SYMBOL}&interval=15m,1h,4h&limit=1")).json()
    assert list(body["intervals"]) == ["15m", "1h", "4h"]
    for interval, answer in body["intervals"].items():
        assert answer["data"]["interval"] == interval
        assert answer["meta"]["provider"] == "a"


async def test_the_seven_together(client):
    body = (await client.get(f"/api/indicators/comprehensive?{SYMBOL}")).json()
    assert list(body["data"]["indicators"]) == [
        "sma", "ema", "rsi", "macd", "atr", "stoch-rsi", "bollinger-bands",
    ]  # fmt: skip
    for line in body["data"]["indicators"].values():
        assert line["status"] == "ok"
        assert None not in line["latest"].values()
        assert isinstance(line["reading"], str)
    assert body["meta"]["provider"] == "a"


async def test_of_the_seven_each_has_its_own_error(indicator_app):
    """Twenty candles are enough for some."""
    async with indicator_app(a=[1.0]) as world:
        world.plugins["a"].life = 30
        body = (await world.client.get(f"/api/indicators/comprehensive?{SYMBOL}")).json()
        status = {name: one["status"] for name, one in body["data"]["indicators"].items()}
        assert status == {
            "sma": "ok", "ema": "ok", "rsi": "ok", "macd": "error", "atr": "ok",
            "stoch-rsi": "error", "bollinger-bands": "ok",
        }  # fmt: skip
        error = body["data"]["indicators"]["macd"]["error"]
        assert (error["code"], error["required"], error["available"]) == (
            "insufficient_data", 35, 30,
        )  # fmt: skip
        assert error["detail"] == "MACD(12,26,9) needs at least 35 candles, got 30"
        notes = body["data"]["indicators"]["rsi"]["notes"]
        assert notes == ["the first 1 values are undefined or not settled: the history is short"]
        one = await world.client.get(f"/api/indicators/macd?{SYMBOL}")
        assert one.status_code == 400
        assert one.json()["required"] == 35


async def post(client, path, body):
    return await client.post(path, json=body)


async def test_over_the_callers_candles(client):
    answer = await post(
        client, "/api/indicators/macd", {"rows": ROWS, "parameters": {"fast": 5, "slow": 10}}
    )
    data = answer.json()["data"]
    assert answer.status_code == 200
    assert len(data["timestamps"]) == 120
    assert data["values"]["signal"][:17] == [None] * 17
    assert None not in data["values"]["signal"][17:]
    assert data["symbol"] is None
    assert answer.json()["meta"]["provider"] is None
    assert answer.headers["cache-control"] == "no-cache"


async def test_too_few_of_them_say_how_many_it_takes(client):
    answer = await post(client, "/api/indicators/rsi", {"rows": ROWS[:10]})
    problem = answer.json()
    assert answer.status_code == 400
    assert problem["code"] == "insufficient_data"
    assert problem["detail"] == "RSI(14) needs at least 15 candles, got 10"
    assert (problem["required"], problem["available"]) == (15, 10)


@pytest.mark.parametrize("name", ["rsi", "macd", "atr", "stoch-rsi", "ema"])
async def test_candles_of_an_answer_can_be_posted_back_as_they_came(client, name):
    """With the same values, and what was known of their market."""
    asked = f"/api/market/candles?{SYMBOL}&interval=1h&limit=300"
    data = (await client.get(asked)).json()["data"]
    answer = (await post(client, f"/api/indicators/{name}", data)).json()["data"]
    plain = (await post(client, f"/api/indicators/{name}", {"rows": data["rows"]})).json()["data"]
    assert answer["values"] == plain["values"]
    assert [answer[one] for one in ("symbol", "interval", "last_closed")] == [
        data[one] for one in ("symbol", "interval", "last_closed")
    ]


COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
RECORDS = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]


def iso(time, zone="Z"):
    return datetime.fromtimestamp(time / 1000, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.000{zone}")


FORMS = {
    "float-times": {"rows": [[float(time), *rest] for time, *rest in ROWS]},
    "columns": {"rows": [[row[4], row[0]] for row in ROWS], "columns": ["close", "timestamp"]},
    "closes": {"closes": [row[4] for row in ROWS]},
    "closes as text": {"closes": [str(row[4]) for row in ROWS]},
    "numbers": {"rows": [row[4] for row in ROWS]},
    "numbers alone": [row[4] for row in ROWS],
    "nulls": {"rows": ROWS, "closes": None, "columns": None, "symbol": None, "last_closed": None},
    "a whole answer": {"data": {"columns": COLUMNS, "rows": ROWS}, "meta": {"notes": []}},
    "ccxt": ROWS,
    "binance klines": [
        [row[0], *map(str, row[1:]), row[0] + 3_599_999, "1.5", 7, "0.5", "0.6", "0"]
        for row in ROWS
    ],
    "okx, newest first": {"rows": [[*map(str, row), "1", "2", "1"] for row in ROWS[::-1]]},
    "coinbase": {
        "columns": ["time", "low", "high", "open", "close", "volume"],
        "rows": [[t // 1000, low, high, o, c, v] for t, o, high, low, c, v in ROWS[::-1]],
    },
    "microseconds": {"rows": [[time * 1000, *rest] for time, *rest in ROWS]},
    "seconds as text": {"rows": [[str(time // 1000), *rest] for time, *rest in ROWS]},
    "dates": {"rows": [[iso(time), *rest] for time, *rest in ROWS]},
    "records": RECORDS,
    "yfinance": [
        {"Date": iso(row[0], "+00:00"), "Open": row[1], "High": row[2], "Low": row[3],
         "Close": row[4], "Adj Close": row[4], "Volume": row[5]} for row in ROWS
    ],
    "pandas split": {
        "columns": COLUMNS[1:], "index": [row[0] for row in ROWS], "data": [r[1:] for r in ROWS],
    },
    "pandas columns": {
        name: {str(n): row[name] for n, row in enumerate(RECORDS)} for name in COLUMNS
    },
    "pandas columns by time": {
        name: {str(row["timestamp"]): row[name] for row in RECORDS} for name in COLUMNS[1:]
    },
    "pandas index": {str(row[0]): dict(zip(COLUMNS[1:], row[1:], strict=True)) for row in ROWS},
    "pandas table": {"schema": {}, "data": [{"index": n, **r} for n, r in enumerate(RECORDS)]},
    "lists": {short: [row[n] for row in ROWS] for n, short in enumerate("tohlcv")},
    "unsorted": [*ROWS[60:], *ROWS[:60]],
    "twice": [*ROWS, *ROWS[-3:]],
}  # fmt: skip


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
async def test_candles_are_read_in_the_forms_people_have_them(client, body):
    answer = await post(client, "/api/indicators/rsi", body)
    plain = await post(client, "/api/indicators/rsi", {"rows": ROWS})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["latest"] == plain.json()["data"]["latest"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("seconds as text", "times were read as Unix seconds"),
        ("okx, newest first", "candles were sent in another order and were sorted by time"),
        ("twice", "3 candles that were sent twice were dropped"),
        ("binance klines", "columns that are no candle's were not read: 6 more after volume"),
    ],
)
async def test_what_was_done_to_read_them_is_said(client, form, said):
    body = (await post(client, "/api/indicators/rsi", FORMS[form])).json()
    assert said in body["meta"]["notes"]


async def test_a_number_that_json_lacks_is_named(client):
    answer = await client.post(
        "/api/indicators/rsi",
        content='{"closes": [1.0, NaN]}',
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 400
    assert "send null in their place" in answer.json()["detail"]


@pytest.mark.parametrize("at", [0, 50, 119])
@pytest.mark.parametrize("price", [None, 0, -1.5])
async def test_a_close_that_is_none_is_left_out_with_a_remark(client, at, price):
    closes = [row[4] for row in ROWS]
    closes[at] = price
    body = (await post(client, "/api/indicators/rsi", {"closes": closes})).json()
    assert body["data"]["values"]["rsi"][at] is None
    known = [row[4] for place, row in enumerate(ROWS) if place != at]
    plain = (await post(client, "/api/indicators/rsi", {"closes": known})).json()["data"]
    values = [v for place, v in enumerate(body["data"]["values"]["rsi"]) if place != at]
    assert values == plain["values"]["rsi"]
    notes = " ".join(body["meta"]["notes"])
    assert "1 candles lack a cell" in notes
    if price is not None:
        assert f"1 rows have a price of 0 or below, which is none; first rows[{at}]" in notes


async def test_what_was_wrong_is_said_where_too_few_candles_are_left(client):
    rows = [[*row[:4], None, row[5]] for row in ROWS]
    problem = (await post(client, "/api/indicators/rsi", {"rows": rows})).json()
    assert problem["code"] == "insufficient_data"
    assert problem["detail"] == "RSI(14) needs at least 15 candles, got 0: 120 more have no close"


@pytest.mark.parametrize(
    ("name", "body", "wrong"),
    [
        ("atr", {"closes": [1.0] * 60}, "rows"),
        ("atr", {"rows": [[row[0], row[4]] for row in ROWS], "columns": ["timestamp", "close"]},
         "rows"),
        ("rsi", {"rows": ROWS, "closes": [1.0]}, "closes"),
        ("rsi", {"closes": ["1", "a"]}, "closes[1]"),
        ("rsi", {"closes": []}, "closes"),
        ("rsi", {"closes": [10**400]}, "closes[0]"),
        ("rsi", {"rows": ROWS, "columns": ["timestamp", "open"]}, "columns"),
        ("rsi", {"rows": ROWS, "columns": ["timestamp", "close", "close"]}, "columns"),
        ("rsi", {"rows": ROWS, "columns": [["timestamp"]]}, "columns"),
        ("rsi", {"rows": ROWS, "interval": "7h"}, "interval"),
        ("rsi", {"rows": ROWS, "interval": ["1h"]}, "interval"),
        ("rsi", {"rows": ROWS, "symbol": 7}, "symbol"),
        ("rsi", {"rows": ROWS, "last_closed": "yes"}, "last_closed"),
        ("rsi", {"rows": [[1764000000000.5, 1, 1, 1, 1, "b"]]}, "rows[0]"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_of_them_is_named(client, name, body, wrong):
    answer = await client.post(
        f"/api/indicators/{name}",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    problem = answer.json()
    assert answer.status_code == 400
    assert [one["name"] for one in problem["errors"]] == [wrong]


async def test_a_flat_market_is_not_oversold(client):
    rows = [[1764000000000 + at * 3_600_000, 1.0, 1.0, 1.0, 1.0, 0.0] for at in range(60)]
    body = (await post(client, "/api/indicators/rsi", {"rows": rows})).json()
    assert body["data"]["reading"] == "flat: close did not move over 15 candles"


async def test_a_batch_takes_an_indicator_by_either_name(client):
    body = {"symbols": ["BTC/USDT"], "indicators": [{"indicator": "rsi"}, {"name": "rsi"}]}
    (line,) = (await post(client, "/api/indicators/batch", body)).json()["results"]
    assert [one["indicator"] for one in line["indicators"]] == ["rsi", "rsi"]
    both = {**body, "indicators": [{"indicator": "rsi", "name": "rsi"}]}
    problem = (await post(client, "/api/indicators/batch", both)).json()
    assert problem["errors"][0]["name"] == "indicators[0].name"


async def test_a_batch_asks_for_each_markets_candles_once(indicator_app):
    async with indicator_app(a=[1.0]) as world:
        answer = await post(
            world.client,
            "/api/indicators/batch",
            {
                "symbols": ["BTC/USDT", "eth", "BTC-USDT"],
                "indicators": ["rsi", {"name": "sma", "parameters": {"period": 50}}, "macd"],
                "limit": 3,
            },
        )
        body = answer.json()
        assert body["summary"] == {"total": 6, "ok": 6, "failed": 0}
        assert [line["symbol"] for line in body["results"]] == ["BTC/USDT", "ETH/USDT"]
        first = body["results"][0]["indicators"]
        assert [one["indicator"] for one in first] == ["rsi", "sma", "macd"]
        assert first[1]["parameters"]["period"] == 50
        assert len(first[0]["values"]["rsi"]) == 3
        assert world.plugins["a"].candle_calls == 2


async def test_what_fails_in_a_batch_stands_in_its_place(indicator_app):
    async with indicator_app(a=[1.0]) as world:
        world.plugins["a"].unlisted = {"NOPE/USDT"}
        world.plugins["a"].life = 30
        answer = await post(
            world.client,
            "/api/indicators/batch",
            {"symbols": ["NOPE/USDT", "BTC/USDT"], "indicators": ["rsi", "macd"]},
        )
        body = answer.json()
        assert answer.status_code == 200
        assert body["summary"] == {"total": 4, "ok": 1, "failed": 3}
        assert body["results"][0]["error"]["code"] == "unknown_symbol"
        assert [one["status"] for one in body["results"][1]["indicators"]] == ["ok", "error"]


async def test_an_event_tells_how_many_indicators_of_a_request_failed(indicator_app):
    """Of a batch, of the seven together and of several intervals, although all answer 200."""
    async with indicator_app(a=[1.0]) as world:
        world.plugins["a"].unlisted = {"NOPE/USDT"}
        world.plugins["a"].life = 30
        batch = {"symbols": ["NOPE/USDT", "BTC/USDT"], "indicators": ["rsi", "macd"]}
        seven = "/api/indicators/comprehensive?symbol=BTC/USDT"
        answers = [
            await post(world.client, "/api/indicators/batch", batch),
            await world.client.get(seven),
            await world.client.get(f"{seven}&interval=1h,4h"),
            await world.client.get("/api/indicators/rsi?symbol=NOPE/USDT&interval=1h,4h"),
        ]
        assert [answer.status_code for answer in answers] == [200] * 4
        lines = answers[1].json()["data"]["indicators"].values()
        failed = sum(line["status"] == "error" for line in lines)
        assert 0 < failed < 7
        picture = (await world.client.get("/api/monitor")).json()
        events = {one["request_id"]: one for one in picture["events"]["items"]}
        asked = [events[answer.headers["x-request-id"]] for answer in answers]
        assert [one["parts"] for one in asked] == [
            {"asked": 4, "failed": 3},
            {"asked": 7, "failed": failed},
            {"asked": 2, "failed": 0},
            {"asked": 2, "failed": 2},
        ]
        assert [one["kind"] == "error" for one in asked] == [True, True, False, True]
        assert asked[3]["outcome"] == "unknown_symbol"
        assert "4 indicators" in asked[0]["message"]
        assert "2 intervals" in asked[3]["message"]


async def test_a_name_that_will_not_do_in_a_batch_spoils_no_other(indicator_app):
    """What is no pair, no indicator or out of bounds has its error, in its place."""
    async with indicator_app(a=[1.0]) as world:
        answer = await post(
            world.client,
            "/api/indicators/batch",
            {
                "symbols": ["b@d", "BTC/USDT", "btc-usdt"],
                "indicators": ["nope", "rsi", {"name": "sma", "parameters": {"period": 0}}],
            },
        )
        body = answer.json()
        assert answer.status_code == 200
        assert body["summary"] == {"total": 6, "ok": 1, "failed": 5}
        bad, good = body["results"]
        assert (bad["symbol"], bad["error"]["code"]) == ("b@d", "invalid_symbol")
        assert [one["indicator"] for one in good["indicators"]] == ["nope", "rsi", "sma"]
        assert [one["status"] for one in good["indicators"]] == ["error", "ok", "error"]
        assert good["indicators"][0]["error"]["code"] == "unknown_indicator"
        alone = await post(
            world.client, "/api/indicators/batch", {"symbols": ["BTC"], "indicators": ["nope"]}
        )
        assert alone.status_code == 404


async def test_a_batch_ends_with_its_deadline(indicator_app):
    """Markets it leaves no time for have that error; those that were answered stay."""
    async with indicator_app(a=[1.0]) as world:
        plugin = world.plugins["a"]
        plugin.after_each = lambda: world.clock.advance(0.05)
        answer = await post(
            world.client,
            "/api/indicators/batch?timeout_s=1",
            {"symbols": [f"C{at}/USDT" for at in range(30)], "indicators": ["sma"]},
        )
        body = answer.json()
        codes = [line["error"]["code"] for line in body["results"] if "error" in line]
        assert set(codes) == {"deadline_exceeded"}
        assert 0 < body["summary"]["ok"] < 30
        assert body["summary"]["failed"] == len(codes)


QUESTIONS = [
    ("/api/indicators/rsy?symbol=BTC", 404, "unknown_indicator", None),
    ("/api/indicators/rsi", 400, "invalid_request", "symbol"),
    ("/api/indicators/rsi?symbol=%20", 400, "invalid_symbol", "symbol"),
    ("/api/indicators/rsi?symbol=BTC&interval=9m", 400, "unknown_interval", "interval"),
    ("/api/indicators/rsi?symbol=BTC&interval=1h,", 400, "unknown_interval", "interval"),
    ("/api/indicators/rsi?symbol=BTC&interval=1m,3m,5m,15m,30m,1h", 400, "invalid_request",
     "interval"),
    ("/api/indicators/rsi?symbol=BTC&limit=0", 400, "invalid_request", "limit"),
    ("/api/indicators/rsi?symbol=BTC&limit=1001", 400, "invalid_request", "limit"),
    ("/api/indicators/rsi?symbol=BTC&period=1", 400, "invalid_request", "period"),
    ("/api/indicators/rsi?symbol=BTC&period=x", 400, "invalid_request", "period"),
    ("/api/indicators/rsi?symbol=BTC&period=", 400, "invalid_request", "period"),
    ("/api/indicators/rsi?symbol=BTC&period=3&period=4", 400, "invalid_request", "period"),
    ("/api/indicators/rsi?symbol=BTC&perod=3", 400, "unknown_indicator_parameter", "perod"),
    ("/api/indicators/rsi?symbol=BTC&closed_only=perhaps", 400, "invalid_request", "closed_only"),
    ("/api/indicators/rsi?symbol=BTC&strategy=best", 400, "invalid_request", "strategy"),
    ("/api/indicators/rsi?symbol=BTC&provider=nobody", 404, "unknown_provider", None),
    ("/api/indicators/comprehensive?symbol=BTC&period=3", 400, "invalid_request", "period"),
    ("/api/indicators/rsi/stream?symbol=BTC&interval=1m,1h", 400, "invalid_request", "interval"),
    ("/api/indicators/rsi/stream?symbol=BTC&limit=3", 400, "unknown_indicator_parameter", "limit"),
    ("/api/indicators?group=x", 400, "invalid_request", "group"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "status", "code", "name"), QUESTIONS)
async def test_questions_that_cannot_be_answered(path, status, code, name, client):
    answer = await client.get(path)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    if name is not None:
        assert problem["errors"][0]["name"] == name


BODIES = [
    ("rsi", [], "rows"),
    ("rsi", "candles", "body"),
    ("rsi", {}, "rows"),
    ("rsi", {"rows": ROWS, "period": 3}, "period"),
    ("rsi", {"rows": ROWS, "parameters": []}, "parameters"),
    ("rsi", {"rows": ROWS, "parameters": {"period": "a"}}, "period"),
    ("rsi", {"rows": [[1, 2]]}, "rows[0]"),
    ("batch", {"symbols": [], "indicators": ["rsi"]}, "symbols"),
    ("batch", {"symbols": "BTC", "indicators": ["rsi"]}, "symbols"),
    ("batch", {"symbols": ["B"] * 501, "indicators": ["rsi"]}, "symbols"),
    ("batch", {"symbols": [" ", "b@d"], "indicators": ["rsi"]}, "symbols[0]"),
    ("batch", {"symbols": ["BTC"], "indicators": []}, "indicators"),
    ("batch", {"symbols": ["BTC"], "indicators": [3]}, "body"),
    ("batch", {"symbols": ["BTC"], "indicators": [{"name": 3}]}, "indicators[0].name"),
    ("batch", {"symbols": ["BTC"], "indicators": [{"name": "rsi", "parameters": 1}]},
     "indicators[0].parameters"),
    ("batch", {"symbols": ["BTC"], "indicators": [{"name": "rsi", "parameters": {"period": 1}}]},
     "period"),
    ("batch", {"symbols": ["BTC"], "indicators": ["rsi"], "limit": True}, "limit"),
    ("batch", {"symbols": ["BTC"], "indicators": ["rsi"], "limit": 101}, "limit"),
    ("batch", {"symbols": ["BTC"], "indicators": ["rsi"], "interval": 5}, "interval"),
    ("batch", {"symbols": ["BTC"], "indicators": ["rsi"], "interval": "5x"}, "interval"),
    ("batch", {"symbols": ["BTC"], "indicators": ["rsi"], "closed_only": 1}, "closed_only"),
    ("batch", {"symbols": ["BTC"], "indicators": ["rsi"], "more": 1}, "more"),
    ("batch", {"symbols": [f"C{n}" for n in range(400)], "indicators": ["rsi"] * 20}, "indicators"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "body", "name"), BODIES)
async def test_bodies_that_will_not_do_name_what_is_wrong(where, body, name, client):
    answer = await post(client, f"/api/indicators/{where}", body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["name"] == name


async def test_no_candles_is_the_error_of_the_candles(indicator_app):
    async with indicator_app(a=[1.0]) as world:
        world.plugins["a"].candle_error = Unreachable("gone")
        answer = await world.client.get(f"/api/indicators/rsi?{SYMBOL}")
        assert answer.status_code == 502
        assert answer.json()["code"] == "all_providers_failed"


async def test_too_few_kept_candles_are_no_fault_of_the_caller(indicator_app):
    """A market that has four candles is one; one of which four were kept is another."""
    async with indicator_app(a=[1.0]) as world:
        source = world.plugins["a"]
        source.life = 4
        short = await world.client.get(f"/api/indicators/rsi?{SYMBOL}")
        assert (short.status_code, short.json()["code"]) == (400, "insufficient_data")
        source.candle_error = Unreachable("gone")
        world.clock.advance(600)
        asked = f"/api/indicators/rsi?{SYMBOL}"
        kept = await world.client.get(asked)
        assert (kept.status_code, kept.json()["code"]) == (502, "all_providers_failed")
        assert "got 4: they were kept from before, as no source answered now" in kept.text
        assert kept.json()["attempts"]
        several = await world.client.get(f"/api/indicators/comprehensive?{SYMBOL}")
        assert "they were kept from before" in several.text


async def test_an_indicator_that_hangs_holds_up_nobody(indicator_app, monkeypatch):
    """A stranger's runs apart, under a deadline; it counts as a broken plugin's answer."""
    import time

    from coinmux import IndicatorInfo, Output, hookimpl
    from coinmux.framework.indicators.apart import foreign

    class Slow:
        @hookimpl
        def indicator_info(self):
            return IndicatorInfo(
                name="slow", title="Slow", group="Tests", inputs=("close",),
                outputs=(Output("slow"),), minimum=lambda _: 1,
            )  # fmt: skip

        @hookimpl
        def compute(self, inputs):
            time.sleep(0.5)
            return inputs["close"].copy()

    monkeypatch.setattr(foreign, "PATIENCE_S", 0.05)
    async with indicator_app(_found=[in_process("slow", Slow())], a=[1.0]) as world:
        slow = asyncio.ensure_future(world.client.get(f"/api/indicators/slow?{SYMBOL}"))
        await asyncio.sleep(0)
        quick = await asyncio.wait_for(world.client.get("/healthz"), 0.4)
        assert quick.status_code == 200
        answer = await slow
        assert (answer.status_code, answer.json()["code"]) == (502, "plugin_timeout")
        assert answer.json()["title"] == "The plugin failed"


async def test_a_stream_tells_values_over_a_real_socket(serve):
    """The first at once; it ends when the server drains, and the server with it."""
    server = serve([1.0])
    url = f"http://127.0.0.1:{server.port}/api/indicators/sma/stream"
    async with httpx.AsyncClient(timeout=10) as client:
        async with client.stream("GET", url, params={"symbol": "BTC/USDT", "interval": "1m"}) as it:
            assert it.status_code == 200
            assert it.headers["content-type"] == "text/event-stream"
            assert it.headers["cache-control"] == "no-store"
            lines = it.aiter_lines()
            head = [await anext(lines) for _ in range(3)]
            assert head[0].startswith("id: ")
            assert head[1] == "event: snapshot"
            data = json.loads(head[2].removeprefix("data: "))
            assert 1 < data["data"]["latest"]["sma"] < 2
            assert (data["meta"]["provider"], data["meta"]["live"]) == ("a", False)
            server.signal()
            rest = [line async for line in lines]
            assert all(not line or line.startswith((":", "id", "event", "data")) for line in rest)
        code, _ = await server.ended()
        assert code == 0


async def test_a_stream_of_what_cannot_be_answered_is_a_problem(client):
    answer = await client.get("/api/indicators/rsi/stream?symbol=BTC&period=1")
    assert answer.status_code == 400
    answer = await client.head(f"/api/indicators/sma/stream?{SYMBOL}")
    assert answer.status_code == 200
    assert answer.content == b""


async def test_streams_are_as_many_as_may_be(indicator_app):
    async with indicator_app(a=[1.0]) as world:
        desk = world.desk
        desk.live.open = desk.gateway.settings.live_streams
        answer = await world.client.get(f"/api/indicators/sma/stream?{SYMBOL}")
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"] == "30"
