"""The workers of one server without a store: one health, one count of limits, one that leads."""

from contextlib import AsyncExitStack, asynccontextmanager

from coinmux.framework.errors import UpstreamTimeout
from coinmux.server.workers.folder import WorkersFolder
from coinmux.server.workers.neighbours import Neighbours

TICKER = "/api/market/ticker?symbol=BTC/USDT&max_age_s=0"


@asynccontextmanager
async def workers(app_of, count, **scripts):
    """`count` applications whose gateways know each other."""
    folder = WorkersFolder()
    try:
        async with AsyncExitStack() as stack:
            made = []
            for _ in range(count):
                world = await stack.enter_async_context(app_of(**scripts))
                gateway = world.desk.gateway
                gateway.others = Neighbours(gateway, folder.file_of_next())
                await gateway.others.open()
                made.append(world)
            yield made
    finally:
        folder.remove()


async def exchange(made):
    for world in (*made, *made):
        world.desk.gateway.others._news.exchange()


async def state_of(world, source):
    body = (await world.client.get(f"/api/source-health/status/{source}")).json()
    return body["state"]


async def test_a_source_that_one_finds_offline_is_offline_for_all(app_of):
    async with workers(app_of, 3, a=[UpstreamTimeout("no answer")] * 9) as made:
        for _ in range(3):
            await made[0].client.get(TICKER)
        await exchange(made)
        assert [await state_of(one, "a") for one in made] == ["OFFLINE"] * 3
        await made[2].client.post("/api/source-health/reset/a")
        await exchange(made)
        assert "OFFLINE" not in [await state_of(one, "a") for one in made]


async def test_one_leads_until_it_ends(app_of):
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = (one.desk.gateway.others for one in made)
        assert await first.leads("checker")
        assert await first.leads("checker")
        assert not await second.leads("checker")
        assert await second.leads("backfill"), "each work has one of its own"
        await first.close()
        assert await second.leads("checker")


async def test_one_probes_at_a_time(app_of):
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = (one.desk.gateway.others for one in made)
        clock = made[0].desk.gateway.clock
        assert await first.may_probe("a", "ticker", 4.0)
        assert await first.may_probe("a", "ticker", 4.0), "it is that one"
        assert not await second.may_probe("a", "ticker", 4.0)
        assert await second.may_probe("a", "candles", 4.0)
        made[1].desk.gateway.others._clock = clock
        clock.advance(5.1)
        assert await second.may_probe("a", "ticker", 4.0)


async def test_a_folder_that_is_gone_is_said_once_and_nothing_fails(app_of, tmp_path):
    async with workers(app_of, 1, a=[1.5, 1.6]) as made:
        others, events = made[0].desk.gateway.others, made[0].desk.gateway.events
        for _ in range(3):
            assert others._failed(OSError("full")) <= 60
        told = [one.message for one in events.recent(0, 100) if "other workers" in one.message]
        assert told == ["other workers cannot be told of sources: OSError"]
        assert (await made[0].client.get(TICKER)).status_code == 200
