"""Indicators on the chart by the stream of its candles."""

import json

import httpx

from tests.static.test_chart_live import ASKED, READY, STREAM, follows

VALUE = '#chips [data-key^="{}"] .values span span:last-child'


async def test_values_move_by_the_stream_while_asking_is_cut(page_of, until):
    """One connection for candles and indicators, over the price and in panes of their own."""
    streams = []

    async def listening(page):
        page.on("request", lambda one: STREAM.search(one.url) and streams.append(one.url))

    path = "chart?interval=1m&ind=rsi:period=7,bbands"
    async with page_of(path, before=listening) as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        await page.route(f"**{ASKED}*", lambda route: route.abort())
        for name in ("rsi", "bbands"):
            seen = set()

            async def moves(name=name, seen=seen):
                seen.add(await page.locator(VALUE.format(name)).first.inner_text())
                return len(seen) >= 3

            assert await until(moves, 40), (name, seen)
        assert len([one for one in streams if "ind=rsi%3Aperiod%3D7%2Cbbands" in one]) == 1


async def test_nothing_is_asked_for_what_the_stream_tells(page_of, until):
    """What is asked now and then names no indicator that is followed."""
    async with page_of("chart?interval=1h&ind=rsi") as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        asked = []
        page.on("request", lambda one: ASKED in one.url and asked.append(one.url))

        async def tail():
            return [one for one in asked if "limit=3" in one and "ind=" not in one]

        assert await until(tail, 40), asked


async def test_what_is_told_is_what_a_request_computes(page_of, server, until):
    """To the last digit, of the candles that the values were told with."""
    told = []
    async with page_of("chart?interval=1m") as page:
        await page.wait_for_selector(READY)
        async with httpx.AsyncClient(base_url=server, timeout=30) as client:
            params = {"symbols": "BTC/USDT", "interval": "1m", "ind": "rsi:period=7,ema:period=9"}
            async with client.stream("GET", f"/{STREAM.pattern[1:]}", params=params) as answer:
                kind = None
                async for row in answer.aiter_lines():
                    kind = row[7:] if row.startswith("event: ") else kind
                    if row.startswith("data: ") and kind in ("snapshot", "update"):
                        said = json.loads(row[6:])
                        if "ind" in said:
                            told.append(said)
                    if {one["ind"] for one in told} == {"rsi:period=7", "ema:period=9"}:
                        break
            for one in told:
                name, _, period = one["ind"].partition(":period=")
                params = {"symbol": "BTC/USDT", "interval": "1m", "limit": 200, "period": period}
                found = (await client.get(f"/api/indicators/{name}", params=params)).json()["data"]
                # The open candle moved since; those that are closed never change.
                (column,) = one["data"]["values"].values()
                mine = dict(zip(one["data"]["timestamps"], column, strict=True))
                mine.pop(one["data"]["timestamps"][-1])
                (column,) = found["values"].values()
                theirs = dict(zip(found["timestamps"], column, strict=True))
                same = sorted(mine.keys() & theirs.keys())
                assert len(same) >= 190
                assert [mine[at] for at in same] == [theirs[at] for at in same]
