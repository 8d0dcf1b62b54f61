"""Several workers over one folder: what one was asked, any of them shows."""

from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from coinmux.framework.errors import UpstreamTimeout
from coinmux.server.workers import shared_lines
from coinmux.server.workers.folder import WorkersFolder, began_ms
from coinmux.server.workers.group import Group

TICKER = "/api/market/ticker?symbol=BTC/USDT&max_age_s=0"
OPEN = {"Accept": "application/openmetrics-text"}


@asynccontextmanager
async def workers(app_of, count, **scripts):
    """`count` applications as the workers of one server, over one folder."""
    folder = WorkersFolder()
    try:
        async with AsyncExitStack() as stack:
            made = []
            for _ in range(count):
                world = await stack.enter_async_context(app_of(**scripts))
                world.file = folder.file_of_next()
                world.desk.picture = Group(world.desk, world.file)
                made.append(world)
            yield SimpleNamespace(folder=folder, worlds=made)
    finally:
        folder.remove()


async def tell(made):
    """As each does once a second."""
    for world in made.worlds:
        await world.desk.picture._publish()
        await world.desk.picture._exchange()


async def samples_of(world):
    """Every sample of a scrape of that worker: name and labels, and the sample."""
    text = (await world.client.get("/metrics", headers=OPEN)).text
    return {
        (sample.name, *sorted(sample.labels.items())): sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(samples, name, **labels):
    return samples[(name, *sorted(labels.items()))]


ASKED = {"method": "GET", "route": "/api/market/ticker"}


async def count_of(world):
    found = await samples_of(world)
    return of(found, "coinmux_http_requests_total", status="2xx", **ASKED).value


async def test_any_worker_shows_what_all_were_asked(app_of):
    """Counters and histograms add up, and what is each worker's own has its place."""
    async with workers(app_of, 3, a=[1.5]) as made:
        for times, world in enumerate(made.worlds, start=1):
            for _ in range(times):
                await world.client.get(TICKER)
        await tell(made)
        for world in made.worlds:
            found = await samples_of(world)
            assert of(found, "coinmux_http_requests_total", status="2xx", **ASKED).value == 6
            took = "coinmux_http_request_duration_seconds"
            assert of(found, f"{took}_count", **ASKED).value == 6
            assert of(found, f"{took}_bucket", le="+Inf", **ASKED).value == 6
            assert of(found, "coinmux_source_calls_total", source="a", outcome="ok").value == 6
            assert of(found, "coinmux_workers").value == 3
            memory = "coinmux_process_resident_memory_bytes"
            assert all(of(found, memory, worker=str(one)).value > 0 for one in (1, 2, 3))


async def test_a_counter_never_goes_backwards(app_of):
    """Whoever is asked, and whatever becomes of the worker that counted."""
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = made.worlds
        seen = []
        for _ in range(3):
            await first.client.get(TICKER)
            # The one that counted shows it at once; from then on the other does too.
            seen += [await count_of(first), await count_of(second)]
        made.folder.end(first.file)
        for _ in range(3):
            await second.client.get(TICKER)
            seen.append(await count_of(second))
        assert seen == sorted(seen)
        assert seen[-1] == 6


async def test_what_ended_workers_left_is_added_together(app_of):
    """However many were replaced, a few files stay, and nothing of what they counted is lost."""
    async with workers(
        app_of, 6, a=[UpstreamTimeout("slow"), 1.5, UpstreamTimeout("slow")]
    ) as made:
        for world in made.worlds:
            await world.client.get(TICKER)
        await tell(made)
        before = await samples_of(made.worlds[0])
        for world in made.worlds[1:]:
            made.folder.end(world.file)
        for _ in range(2):
            made.worlds[0].desk.picture._figures.sum_up()
            after = await samples_of(made.worlds[0])
            grown = [name for name in before if name[0].endswith(("_total", "_count", "_bucket"))]
            assert all(after[name].value >= before[name].value for name in grown)
        assert of(after, "coinmux_http_requests_total", status="5xx", **ASKED).value == 6
        assert of(after, "coinmux_workers").value == 1
        assert len(list(made.folder.path.glob("*.ended"))) == 1


async def test_a_sum_that_was_interrupted_counts_nothing_twice(app_of, monkeypatch):
    """The files it holds may still be there when the worker that summed them up is killed."""
    async with workers(app_of, 4, a=[1.5]) as made:
        for world in made.worlds:
            await world.client.get(TICKER)
        await tell(made)
        for world in made.worlds[1:]:
            made.folder.end(world.file)
        kept = {file: file.read_bytes() for file in made.folder.path.glob("*.ended")}
        board = made.worlds[0].desk.picture._figures
        board.sum_up()
        for file, content in kept.items():
            file.write_bytes(content)
        assert await count_of(made.worlds[0]) == 4
        board.sum_up()
        assert await count_of(made.worlds[0]) == 4
        assert len(list(made.folder.path.glob("*.ended"))) == 1


async def test_exemplars_name_requests_of_any_worker(app_of):
    """A bucket names one request that fell into it, by the id its decision is found by."""
    async with workers(app_of, 2, a=[UpstreamTimeout("slow"), 1.5], b=[1.5]) as made:
        first, second = made.worlds
        await first.client.get(TICKER, headers={"X-Request-ID": "of-the-first"})
        await tell(made)
        found = await samples_of(second)
        ids = {
            name[0]: sample.exemplar.labels["request_id"]
            for name, sample in found.items()
            if sample.exemplar is not None
        }
        assert ids == {
            "coinmux_http_request_duration_seconds_bucket": "of-the-first",
            "coinmux_source_call_duration_seconds_bucket": "of-the-first",
            "coinmux_source_failures_total": "of-the-first",
        }
        for name, sample in found.items():
            if sample.exemplar is not None and name[0].endswith("_bucket"):
                assert sample.exemplar.value <= float(sample.labels["le"])


async def test_the_monitor_shows_all_of_them(app_of):
    """Rates, latencies, routes, sources, capabilities and the trend are of all workers."""
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = made.worlds
        for world in made.worlds:
            for _ in range(3):
                await world.client.get(TICKER)
        first.clock.advance(1)
        second.clock.advance(1)
        await tell(made)
        for world in made.worlds:
            shown = (await world.client.get("/api/monitor?bars=15m")).json()
            server = shown["server"]
            assert (server["workers"], server["requests_per_min"], server["requests_total"]) == (
                2, 6, 6,
            )  # fmt: skip
            (source,) = shown["providers"]
            assert source["requests_per_min"] == 6
            (route,) = [one for one in shown["endpoints"] if one["route"] == ASKED["route"]]
            assert (route["requests_per_min"], route["state"]) == (6, "HEALTHY")
            (prices,) = [one for one in shown["capabilities"] if one["name"] == "ticker"]
            assert (prices["requests_per_min"], prices["serving"]) == (6, ["a"])
            figures = (await world.client.get("/api/monitoring/metrics")).json()
            assert figures["server"]["requests_total"] == 6
            (line,) = [one for one in figures["endpoints"] if one["route"] == ASKED["route"]]
            assert line["requests_per_min"] == 6
            assert line["p95_ms"] is not None


async def test_events_have_one_order_and_a_cursor_holds_with_any_worker(app_of):
    """A page that goes on with another worker misses nothing and sees nothing twice."""
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = made.worlds
        await first.client.get(TICKER, headers={"X-Request-ID": "one"})
        shown = (await first.client.get("/api/monitor")).json()["events"]
        assert shown["reset"]
        assert [one["request_id"] for one in shown["items"] if one["request_id"]] == ["one"]
        ids = [one["id"] for one in shown["items"]]
        seen = []
        for number, world in enumerate((second, first, second, second, first)):
            await world.client.get(TICKER, headers={"X-Request-ID": f"next-{number}"})
            other = first if world is second else second
            await world.desk.picture._exchange()
            shown = (await other.client.get(f"/api/monitor?since={shown['cursor']}")).json()[
                "events"
            ]
            assert not shown["reset"]
            seen += [one["request_id"] for one in shown["items"] if one["request_id"]]
            ids += [one["id"] for one in shown["items"]]
        assert seen == [f"next-{number}" for number in range(5)]
        assert ids == sorted(set(ids))


async def test_the_activity_log_shows_all_of_them(app_of):
    """Newest first; `after` goes on from an id that any worker gave."""
    async with workers(app_of, 2, a=[UpstreamTimeout("slow")]) as made:
        first, second = made.worlds
        for number, world in enumerate(made.worlds):
            await world.client.get(TICKER, headers={"X-Request-ID": f"id-{number}"})
            await world.desk.picture._exchange()
        log = (await first.client.get("/api/monitoring/activity?limit=500")).json()
        asked = [
            one["detail"].get("request_id") for one in log["events"] if one["kind"] == "attempt"
        ]
        assert asked == ["id-1", "id-0"]
        assert log["last_id"] == max(one["id"] for one in log["events"])
        await second.client.get(TICKER, headers={"X-Request-ID": "id-2"})
        await second.desk.picture._exchange()
        path = f"/api/monitoring/activity?after={log['last_id']}"
        later = (await first.client.get(path)).json()["events"]
        assert {one["detail"].get("request_id") for one in later} <= {"id-2", None}
        assert any(one["kind"] == "attempt" for one in later)


async def test_a_burst_is_cut_and_what_was_left_out_is_counted(app_of):
    """Events of requests cost more than cached answers: a hundred are told at a time."""
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = made.worlds
        cursor = (await second.client.get("/api/monitor")).json()["events"]["cursor"]
        for _ in range(130):
            await first.client.get("/api/market/ticker?symbol=BTC/USDT")
        await first.desk.picture._exchange()
        shown = (await second.client.get(f"/api/monitor?since={cursor}")).json()["events"]
        requests = [one for one in shown["items"] if one["request_id"]]
        assert len(requests) + shown["dropped"] >= 130
        assert 0 < len(requests) <= 100


async def test_a_full_file_is_begun_anew(app_of, monkeypatch):
    """Ids go on growing, and no event is missed on the way."""
    monkeypatch.setattr(shared_lines, "_FULL_BYTES", 2_000)
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = made.worlds
        cursor = (await second.client.get("/api/monitor")).json()["events"]["cursor"]
        seen = []
        for number in range(40):
            await first.client.get(TICKER, headers={"X-Request-ID": f"id-{number}"})
            await first.desk.picture._exchange()
            answer = await second.client.get(f"/api/monitor?since={cursor}")
            shown = answer.json()["events"]
            cursor = shown["cursor"]
            seen += [one["request_id"] for one in shown["items"] if one["request_id"]]
        assert seen == [f"id-{number}" for number in range(40)]
        assert len(list(made.folder.path.glob("events-*"))) <= 2


async def test_places_are_given_again(tmp_path):
    """So that labels stay few, however many workers come and go."""
    folder = WorkersFolder()
    try:
        files = [folder.file_of_next() for _ in range(3)]
        folder.end(files[1])
        files.append(folder.file_of_next())
        places = [file.rpartition("/")[2].partition("-")[0] for file in files]
        assert places == ["1", "2", "3", "2"]
        assert len(set(files)) == 4
        assert began_ms(folder.path) > 1_700_000_000_000
        assert folder.path.stat().st_mode & 0o077 == 0
    finally:
        folder.remove()
    assert not folder.path.exists()


async def test_a_worker_that_cannot_tell_still_shows_what_is_there(app_of):
    """A full folder is said once, in the log, and fails no look."""
    async with workers(app_of, 2, a=[1.5]) as made:
        first, second = made.worlds
        await first.client.get(TICKER)
        await tell(made)
        for name in (f"{second.file.rpartition('/')[2]}.live.new", "events.lock"):
            path = made.folder.path / name
            path.unlink(missing_ok=True)
            path.mkdir()
        for path in ("/metrics", "/api/monitor", "/api/monitoring/activity", "/metrics"):
            assert (await second.client.get(path)).status_code == 200
        assert await count_of(second) == 1
        said = [
            one.message for one in second.gateway.events.recent() if "other workers" in one.message
        ]
        assert len(said) == 1


async def test_a_change_that_each_worker_tells_of_is_shown_once(app_of):
    """A change back is another; a capability's own is apart from its source's."""
    async with workers(app_of, 3, a=[1.5]) as made:
        for capability, after in ((None, "OFFLINE"), ("ticker", "OFFLINE"), (None, "HEALTHY")):
            for world in made.worlds:
                world.desk.gateway.events.publish(
                    "state",
                    f"a {capability} is {after}",
                    source="a",
                    capability=capability,
                    before="DEGRADED",
                    after=after,
                    reason="upstream_timeout",
                )
            await tell(made)
        for world in made.worlds:
            log = (await world.client.get("/api/monitoring/activity?limit=100")).json()["events"]
            told = [one["message"] for one in log if one["kind"] == "state"]
            assert told[:3] == ["a None is HEALTHY", "a ticker is OFFLINE", "a None is OFFLINE"]
            shown = (await world.client.get("/api/monitor")).json()["events"]["items"]
            changes = [one["after"] for one in shown if one["kind"] == "state_change"]
            assert changes[-2:] == ["OFFLINE", "HEALTHY"]
