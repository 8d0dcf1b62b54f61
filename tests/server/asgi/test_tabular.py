"""Answers as CSV and Arrow: by the ending of the path or by `Accept`, with their provenance."""

import csv
import io

import msgspec
import pyarrow
import pytest

from coinmux.framework.models.data_frames import META
from coinmux.server.asgi.tabular import csv_of

CANDLES = "/api/market/candles{}?symbol=BTC/USDT&interval=1h&limit=3"
ARROW = "application/vnd.apache.arrow.stream"


def rows_of(reply):
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(reply.text)))


async def test_the_same_answer_as_a_table(app_of):
    """Oldest first, as in JSON; each row says where it is from."""
    async with app_of(a=[1.5]) as world:
        whole = (await world.client.get(CANDLES.format(""))).json()
        reply = await world.client.get(CANDLES.format(".csv"))
        rows = rows_of(reply)
        columns = whole["data"]["columns"]
        assert [float(row["close"]) for row in rows] == [
            one[columns.index("close")] for one in whole["data"]["rows"]
        ]
        assert rows[0]["timestamp"] < rows[-1]["timestamp"]
        assert {row["symbol"] for row in rows} == {"BTC/USDT"}
        assert {row["source"] for row in rows} == {"a"}
        assert rows[0]["fetched_at"].endswith("+00:00")
        assert reply.headers["x-provider"] == "a"
        assert "max-age" in reply.headers["cache-control"]
        assert reply.headers["content-disposition"] == 'attachment; filename="candles.csv"'
        assert reply.headers["x-request-id"]


async def test_json_stays_json_before_and_after(app_of):
    """The parsed target is the same for all forms."""
    async with app_of(a=[1.5]) as world:
        for _ in range(3):
            assert (await world.client.get(CANDLES.format(""))).json()["data"]["rows"]
            assert rows_of(await world.client.get(CANDLES.format(".csv")))
        only = {"Accept": "text/csv"}
        assert rows_of(await world.client.get(CANDLES.format(""), headers=only))
        both = {"Accept": "text/csv;q=0.5, application/json"}
        assert (await world.client.get(CANDLES.format(""), headers=both)).json()


async def test_arrow_has_its_types_and_its_provenance(app_of):
    async with app_of(a=[1.5]) as world:
        by_ending = await world.client.get(CANDLES.format(".arrow"))
        by_accept = await world.client.get(CANDLES.format(""), headers={"Accept": ARROW})
        for reply in (by_ending, by_accept):
            assert reply.headers["content-type"] == ARROW
            frame = pyarrow.ipc.open_stream(reply.content).read_all()
            assert frame.num_rows == 3
            assert frame.schema.field("timestamp").type == pyarrow.timestamp("ms", "UTC")
            meta = msgspec.json.decode(frame.schema.metadata[META])
            assert meta["provider"] == "a"


async def test_an_answer_without_rows_is_one_and_paths_have_parameters(app_of):
    async with app_of(a=[1.5]) as world:
        (row,) = rows_of(await world.client.get("/api/market/ticker.csv?symbol=BTC/USDT"))
        assert (row["symbol"], row["last"], row["bid"]) == ("BTC/USDT", "1.5", "")
        (row,) = rows_of(await world.client.get("/api/chain/ethereum/gas.csv"))
        assert row["unit"] == "gwei"
        address = "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"
        rows = rows_of(await world.client.get(f"/api/chain/ethereum/transactions/{address}.csv"))
        assert rows[0]["hash"] == "0x1"
        rows = rows_of(await world.client.get("/api/data/candles.csv?symbol=BTC/USDT&limit=2"))
        assert len(rows) == 2


async def test_an_indicator_is_a_table_too(indicator_app):
    async with indicator_app(a=[1.5]) as world:
        target = "/api/indicators/rsi.csv?symbol=BTC/USDT&limit=5"
        rows = rows_of(await world.client.get(target))
        assert len(rows) == 5
        assert float(rows[-1]["rsi"]) > 0
        assert rows[0]["source"] == "a"
        several = await world.client.get(f"{target}&interval=1h,4h")
        assert several.status_code == 400
        assert several.json()["errors"][0]["name"] == "interval"


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/api/status.csv", {}, 406),
        ("/api/market/tickers.csv?symbols=BTC/USDT", {}, 406),
        ("/api/status", {"Accept": "text/csv"}, 406),
        ("/api/market/ticker?symbol=BTC/USDT", {"Accept": "image/png"}, 406),
        ("/api/market/nothing.csv", {}, 404),
        ("/api/market/candles.csv?symbol=B/B", {}, 400),
        ("/api/market/candles.xls?symbol=BTC/USDT", {}, 404),
    ],
)
async def test_what_is_no_table_is_a_problem_document(app_of, target, headers, status):
    async with app_of(a=[1.5]) as world:
        reply = await world.client.get(target, headers=headers)
        assert reply.status_code == status
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["detail"]


async def test_no_text_of_a_stranger_is_a_formula():
    rows = [{"title": '=HYPERLINK("http://x")', "n": -1.5}, {"title": "plain, text", "n": None}]
    text = csv_of(rows).decode()
    assert text == 'title,n\r\n"\'=HYPERLINK(""http://x"")",-1.5\r\n"plain, text",\r\n'
