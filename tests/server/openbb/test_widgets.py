"""What a workspace finds: a widget for each capability, which fills when it is asked as it says."""

from urllib.parse import quote

import pytest

WORKSPACE = "https://pro.openbb.co"


async def get(world, path, **options):
    reply = await world.client.get(path, **options)
    return reply.status_code, reply.json()


def address(widget):
    """What a workspace asks: each field with what is filled in at first."""
    values = [(one["paramName"], one["value"]) for one in widget.get("params", ())]
    filled = "&".join(
        f"{name}={quote(str(value), safe='/,')}" for name, value in values if value is not None
    )
    return f"/{widget['endpoint']}?{filled}"


async def test_every_capability_is_a_widget_and_lies_in_the_app(app_of):
    async with app_of(a=[1.5]) as world:
        status, widgets = await get(world, "/widgets.json")
        assert status == 200
        assert {f"coinmux_{name}" for name in world.gateway.capabilities} < set(widgets)
        for widget in widgets.values():
            assert widget["name"]
            assert widget["description"]
            assert not widget["endpoint"].startswith("/")
            assert widget["gridData"]["w"] <= 40
            for one in widget.get("params", ()):
                assert one["type"] in {"text", "number", "boolean", "date"}
                assert one["description"]
        _, (app,) = await get(world, "/apps.json")
        laid = [one for tab in app["tabs"].values() for one in tab["layout"]]
        assert sorted(one["i"] for one in laid) == sorted(widgets)
        assert all(one["x"] + one["w"] <= 40 for one in laid)
        places = [
            (tab, one["x"], one["y"]) for tab, it in app["tabs"].items() for one in it["layout"]
        ]
        assert len(set(places)) == len(places)


async def test_a_widget_fills_as_it_stands(app_of):
    """With what its fields show at first, empty ones included."""
    async with app_of(a=[1.5]) as world:
        _, widgets = await get(world, "/widgets.json")
        for name in ("ticker", "candles", "news", "gas", "prices"):
            status, rows = await get(world, address(widgets[f"coinmux_{name}"]))
            assert status == 200, (name, rows)
            assert isinstance(rows, list)
            assert rows, name
            assert all(isinstance(row, dict) for row in rows)
            assert all(row["source"] for row in rows)


async def test_rows_are_flat_newest_first_and_say_where_they_are_from(app_of):
    async with app_of(a=[1.5]) as world:
        _, rows = await get(world, "/openbb/data/candles?symbol=BTC/USDT&interval=1h&limit=3&end=")
        assert len(rows) == 3
        times = [row["timestamp"] for row in rows]
        assert times == sorted(times, reverse=True)
        assert all(row["timestamp"].endswith("+00:00") for row in rows)
        first = rows[0]
        assert {"open", "high", "low", "close", "volume", "symbol", "interval"} <= set(first)
        assert first["source"] == "a"
        assert first["fetched_at"].endswith("+00:00")
        assert all(not isinstance(cell, dict | list) for row in rows for cell in row.values())


async def test_an_answer_without_rows_is_one(app_of):
    async with app_of(a=[1.5]) as world:
        _, rows = await get(world, "/openbb/data/ticker?symbol=BTC/USDT")
        assert len(rows) == 1
        assert (rows[0]["symbol"], rows[0]["last"], rows[0]["source"]) == ("BTC/USDT", 1.5, "a")


async def test_prices_have_a_row_for_each_market_also_where_one_fails(app_of):
    async with app_of(a=[1.5]) as world:
        status, rows = await get(world, "/openbb/market?symbol=BTC/USDT,B/B")
        assert status == 200
        good, wrong = rows
        assert (good["symbol"], good["price"], good["source"]) == ("BTC/USDT", 1.5, "a")
        assert wrong["symbol"] == "B/B"
        assert wrong["price"] is None
        assert wrong["note"].startswith("invalid_symbol: ")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/openbb/data/nothing", 404, "no capability"),
        ("/openbb/data/candles?symbol=BTC/USDT&interval=7h", 400, "7h"),
        ("/openbb/data/candles", 400, "symbol"),
        ("/openbb/indicators?symbol=BTC/USDT", 400, "indicator is missing"),
        ("/openbb/indicators?indicator=rsii&symbol=BTC/USDT", 404, "rsii"),
        ("/openbb/market", 400, "symbol takes"),
    ],
)
async def test_an_error_has_a_detail_for_the_person(app_of, path, status, words):
    async with app_of(a=[1.5]) as world:
        answered, body = await get(world, path)
        assert answered == status
        assert words in body["detail"] + str(body.get("errors", ""))


async def test_a_workspace_may_read_it_once_its_origin_is_allowed(app_of):
    headers = {"Origin": WORKSPACE, "Sec-Fetch-Site": "cross-site"}
    async with app_of(a=[1.5]) as world:
        status, _ = await get(world, "/openbb/data/ticker?symbol=BTC/USDT", headers=headers)
        assert status == 403
    async with app_of(_settings={"CORS_ORIGINS": WORKSPACE}, a=[1.5]) as world:
        reply = await world.client.get("/openbb/data/ticker?symbol=BTC/USDT", headers=headers)
        assert reply.status_code == 200
        assert reply.headers["access-control-allow-origin"] == WORKSPACE


async def test_an_indicator_is_chosen_by_its_name(indicator_app):
    async with indicator_app(a=[1.5]) as world:
        _, widgets = await get(world, "/widgets.json")
        widget = widgets["coinmux_indicator"]
        choice = widget["params"][0]
        assert choice["value"] == "rsi"
        assert {"label": "macd", "value": "macd"} in choice["options"]
        status, rows = await get(world, address(widget))
        assert status == 200, rows
        assert rows[0]["source"] == "a"
        assert {"timestamp", "rsi"} <= set(rows[0])
        assert rows[0]["timestamp"] > rows[-1]["timestamp"]
