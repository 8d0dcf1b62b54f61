"""`GET /api/monitor` over a socket: one event for each request, its hops, cursors and bounds."""

import asyncio
import json

import pytest

from coinmux import Empty, EnvVar, Gateway, ProviderInfo, hookimpl
from coinmux.framework.errors import UpstreamTimeout
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.asgi.scope import STATE, RequestState
from coinmux.server.monitoring.capability_traffic import CapabilityTraffic
from coinmux.server.monitoring.event_recorder import Recorder
from coinmux.server.monitoring.event_view import event_of

pytestmark = pytest.mark.realtime
TICKER = "/api/market/ticker?symbol=BTC/USDT"
OWN = [
    "/", "/static/site.css", "/docs", "/api/status/public", "/api/usage", "/api/monitor",
    "/healthz", "/readyz", "/api/status", "/api/providers", "/api/source-health/status",
    "/nothing/here",
]  # fmt: skip


async def look(world, cursor=None, **params):
    if cursor is not None:
        params["since"] = cursor
    answer = await world.client.get("/api/monitor", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hops(event):
    return [(one["from"], one["to"], one["outcome"]) for one in event["hops"]]


async def test_a_request_is_one_event_with_its_hops(live):
    """Asked of a source, then kept: a request with a hop to it, then a cache hit without."""
    async with live(a=[1.5]) as world:
        cursor = (await look(world))["events"]["cursor"]
        answers = [await world.client.get(TICKER) for _ in range(2)]
        events = (await look(world, cursor))["events"]
        assert (events["reset"], events["dropped"]) == (False, 0)
        made = [one for one in events["items"] if one["request_id"]]
        assert [one["request_id"] for one in made] == [
            answer.headers["x-request-id"] for answer in answers
        ]
        first, second = made
        assert (first["kind"], first["operation"], first["provider"]) == ("request", "ticker", "a")
        assert hops(first) == [("client", "server", "ok"), ("server", "a", "ok")]
        assert (second["kind"], second["provider"]) == ("cache_hit", "a")
        assert hops(second) == [("client", "server", "cache_hit")]
        assert "BTC/USDT" in first["message"]
        for one in made:
            assert one["latency_ms"] > 0
            times = [time for hop in one["hops"] for time in (hop["t_start"], hop["t_end"])]
            assert times[0] == min(times)
            assert max(times) - one["t"] <= 1
        kinds = [one["kind"] for one in events["items"] if not one["request_id"]]
        assert kinds == ["state_change"]
        assert (await look(world, events["cursor"]))["events"]["items"] == []


@pytest.mark.parametrize("headers", [{}, {"X-Request-ID": "mine"}], ids=["own id", "caller's id"])
async def test_a_failover_tells_who_failed(live, headers):
    """The failed source, then the one that answered; the times follow each other."""
    async with live(a=[UpstreamTimeout("slow")], b=[(0.02, 2.0)]) as world:
        cursor = (await look(world))["events"]["cursor"]
        await world.client.get(TICKER, headers=headers)
        (event,) = requests_of(await look(world, cursor))
        assert (event["kind"], event["provider"], event["outcome"]) == ("failover", "b", "ok")
        assert hops(event)[1:] == [("server", "a", "failover"), ("server", "b", "ok")]
        assert event["hops"][1]["code"] == "upstream_timeout"
        assert "a (upstream_timeout)" in event["message"]
        first, second = event["hops"][1:]
        assert first["t_end"] - 1 <= second["t_start"]
        assert second["t_end"] - second["t_start"] >= 19


async def until(condition):
    """Wait until it holds; a busy machine may take long."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def all_together(world, answers, count, **options):
    """Ask so many times at once, and let the source answer once all of them wait."""
    asking = [asyncio.ensure_future(world.client.get(TICKER, **options)) for _ in range(count)]
    async with asyncio.timeout(30):
        # The look is under way itself.
        while (await look(world))["server"]["in_flight"] < count + 1:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    answers.set()
    await asyncio.gather(*asking)


def requests_of(picture):
    return [one for one in picture["events"]["items"] if one["request_id"] is not None]


async def test_who_answers_without_a_failure_is_no_failover(live):
    """The first choice is off: the second answers, and nobody failed."""
    off = {"a": {"env": [EnvVar("A_KEY", required=True, send_as="header:X-Key")]}}
    async with live(_info=off, a=[1.0], b=[2.0]) as world:
        await world.client.get(TICKER)
        (event,) = requests_of(await look(world))
        assert (event["kind"], event["provider"]) == ("request", "b")


@pytest.mark.parametrize(
    ("target", "outcome", "status", "tried"),
    [
        (TICKER, "all_providers_failed", 502, ["a", "b"]),
        ("/api/market/ticker?symbol=", "invalid_request", 400, []),
        (TICKER + "&provider=nobody", "unknown_provider", 404, []),
        ("/api/chain/nowhere/gas", "unknown_chain", 404, []),
    ],
)
async def test_an_error_is_one_event(live, target, outcome, status, tried):
    """With the code of the problem, and whoever was tried."""
    async with live(a=[Empty("no")], b=[Empty("no")]) as world:
        assert (await world.client.get(target)).status_code == status
        (event,) = requests_of(await look(world))
        assert (event["kind"], event["outcome"], event["status"]) == ("error", outcome, status)
        assert [to for _, to, _ in hops(event)[1:]] == tried
        assert hops(event)[-1][2] == "failed"


async def test_a_rescue_is_a_failover_to_what_was_kept(app_of):
    """Every source failed and a kept answer went out."""
    async with app_of(a=[1.5, Empty("no")]) as world:
        await world.client.get(TICKER)
        world.clock.advance(40)
        cursor = (await look(world))["events"]["cursor"]
        await world.client.get(TICKER)
        (event,) = requests_of(await look(world, cursor))
        assert (event["kind"], event["outcome"]) == ("failover", "stale")
        assert hops(event)[1:] == [("server", "a", "failover")]


async def test_a_shared_call_is_drawn_once(live):
    """Five callers, one call: one of them has the hop to the source."""
    answers = asyncio.Event()
    async with live(a=[(answers, 1.5)]) as world:
        await all_together(world, answers, 5)
        assert world.plugins["a"].calls == 1
        made = requests_of(await look(world))
        assert [one["kind"] for one in made] == ["request"] * 5
        assert sorted(len(one["hops"]) for one in made) == [1, 1, 1, 1, 2]


async def test_a_shared_failure_is_told_to_each(live):
    """Three callers of one failing call: three errors, one of them with the hop."""
    answers = asyncio.Event()
    async with live(a=[(answers, Empty("no"))]) as world:
        await all_together(world, answers, 3, headers={"X-Request-ID": "twice-at-a-time"})
        made = requests_of(await look(world))
        assert [one["kind"] for one in made] == ["error"] * 3
        assert [one["outcome"] for one in made] == ["all_providers_failed"] * 3
        assert sorted(len(one["hops"]) for one in made) == [1, 1, 2]


async def test_a_caller_who_leaves_is_one_event(live):
    """Status 499, and the code says so."""
    async with live(a=["hang"]) as world:
        asking = asyncio.ensure_future(world.client.get(TICKER))
        await until(lambda: world.plugins["a"].calls)
        asking.cancel()
        await until(lambda: world.desk.recorder.last)
        (event,) = requests_of(await look(world))
        assert (event["kind"], event["outcome"], event["status"]) == ("error", "caller_left", 499)


async def test_who_is_turned_away_is_one_event(live):
    """Refused for load before anything was routed."""
    answers = asyncio.Event()
    async with live(_settings={"MAX_IN_FLIGHT": "1"}, a=[(answers, 1.5)]) as world:
        first = asyncio.ensure_future(world.client.get(TICKER))
        await until(lambda: world.plugins["a"].calls)
        assert (await world.client.get(TICKER)).status_code == 503
        answers.set()
        await first
        refused, answered = requests_of(await look(world))
        assert (refused["kind"], refused["outcome"]) == ("error", "overloaded")
        assert answered["kind"] == "request"


async def test_a_batch_is_one_event(live):
    """Two pairs of one batch: the hops of both."""
    async with live(a=[1.5]) as world:
        await world.client.get("/api/market/tickers?symbols=BTC,ETH")
        (event,) = requests_of(await look(world))
        assert (event["kind"], event["operation"]) == ("request", "tickers")
        assert hops(event)[1:] == [("server", "a", "ok")] * 2
        many = ",".join(f"C{n}" for n in range(40))
        cursor = (await look(world))["events"]["cursor"]
        await world.client.get(f"/api/market/tickers?symbols={many}")
        (event,) = requests_of(await look(world, cursor))
        assert len(event["hops"]) == 17
        assert event["hops_left_out"] == 24


async def test_watching_leaves_no_events(live):
    """Pages, probes, files and the monitor's own questions are no work."""
    async with live(a=[1.5]) as world:
        for target in OWN:
            await world.client.get(target)
        picture = await look(world)
        assert picture["events"]["items"] == []
        assert picture["server"]["own_requests_per_min"] == 9
        assert picture["server"]["requests_per_min"] == 3


async def test_other_kinds(live):
    """A changed state and read settings have kinds of their own, and no hops."""
    async with live(a=[Empty("no")]) as world:
        for _ in range(4):
            await world.client.get(TICKER)
        await world.client.post("/api/config/reload")
        items = (await look(world))["events"]["items"]
        changes = [one for one in items if one["kind"] == "state_change"]
        assert changes[-1]["after"] == "OFFLINE"
        assert changes[-1]["provider"] == "a"
        assert any(one["kind"] == "config" for one in items)
        assert all(one["hops"] == [] for one in items if one["request_id"] is None)
        assert [one["id"] for one in items] == sorted(one["id"] for one in items)


async def test_a_burst_is_cut_and_counted(live):
    """Past 500 the newest 500 come, state changes first of all, and the rest is counted."""
    async with live(a=[1.5]) as world:
        cursor = (await look(world))["events"]["cursor"]
        for _ in range(620):
            await world.client.get(TICKER)
        answer = await world.client.get("/api/monitor", params={"since": cursor})
        assert answer.headers["content-encoding"] == "gzip"
        events = answer.json()["events"]
        assert len(events["items"]) == 500
        assert events["dropped"] == 121
        assert events["items"][0]["kind"] == "state_change"
        ids = [one["id"] for one in events["items"]]
        assert ids[-1] == 621
        assert ids[1:] == list(range(123, 622))


def provider(number):
    class Numbered:
        @hookimpl
        def provider_info(self):
            name = f"exchange_number_{number}"
            return ProviderInfo(
                name=name, title=name, category="market", base_url=f"https://{number}.example"
            )

        @hookimpl
        async def fetch_ticker(self, query, http):
            raise Empty("nothing is here " * 30)

    return in_process(f"exchange_number_{number}", Numbered())


async def test_an_answer_stays_small(live):
    """Sixty failing providers and a burst of failures: under 100 kB, packed or not."""
    found = [provider(number) for number in range(60)]
    async with live(_found=found) as world:
        cursor = (await look(world))["events"]["cursor"]
        for number in range(60):
            target = f"{TICKER}&provider=exchange_number_{number}"
            for _ in range(9):
                await world.client.get(target)
        params = {"since": cursor, "bars": "7d"}
        plain = await world.client.get(
            "/api/monitor", params=params, headers={"Accept-Encoding": "identity"}
        )
        assert len(plain.content) < 100_000
        picture = plain.json()
        assert len(picture["providers"]) == 60
        assert all(one["state"] == "OFFLINE" for one in picture["providers"])
        events = picture["events"]
        assert events["items"]
        assert len(events["items"]) + events["dropped"] == world.desk.recorder.last
        async with world.client.stream("GET", "/api/monitor", params=params) as packed:
            raw = b"".join([part async for part in packed.aiter_raw()])
        assert len(raw) < 40_000


async def test_what_a_provider_is_told_to_be(live):
    """State, history, figures and the last error; a bar that is not known is null."""
    async with live(a=[1.0], b=[UpstreamTimeout("slow as can be")]) as world:
        await world.client.get(TICKER)
        for _ in range(4):
            await world.client.get(TICKER + "&provider=b&max_age_s=0")
        picture = await look(world, bars="1h")
        first, second = picture["providers"]
        words = picture["bars"]["words"]
        assert len(first["history"]) == len(second["history"]) == 60
        assert first["history"][0] is None
        assert words[first["history"][-1]] == first["state"] == "HEALTHY"
        assert words[second["history"][-1]] == second["state"] == "OFFLINE"
        assert (first["uptime"], first["requests_per_min"], first["failures_per_min"]) == (
            1.0, 1, 0,
        )  # fmt: skip
        assert second["incidents"] == 1
        assert second["failures_per_min"] == second["requests_per_min"] >= 3
        assert second["last_error"]["code"] == "upstream_timeout"
        assert second["retry_at"] > picture["server_time"]
        assert second["last_success_at"] is None
        assert first["p50_ms"] is not None
        assert picture["summary"]["open_incidents"] == 1
        assert picture["status"] == "DEGRADED"  # one source of two is left
        assert picture["sources"] == {"total": 2, "by_kind": {"market": 2}}


async def test_endpoints_are_listed_asked_or_not(live):
    """Those nobody asked are unknown, not zero; those that fail are offline."""
    async with live(a=[Empty("no")]) as world:
        await world.client.get(TICKER)
        await world.client.get("/api/capabilities")
        lines = {(one["method"], one["route"]): one for one in (await look(world))["endpoints"]}
        assert lines["GET", "/api/market/ticker"]["state"] == "OFFLINE"
        assert lines["GET", "/api/market/ticker"]["error_rate"] == 1.0
        asked = lines["GET", "/api/capabilities"]
        assert (asked["state"], asked["requests_per_min"]) == ("HEALTHY", 1)
        assert asked["last_at"] > 0
        never = lines["POST", "/api/source-health/reset-all"]
        assert (never["state"], never["p95_ms"], never["error_rate"]) == ("UNKNOWN", None, None)


async def test_an_endpoint_nobody_asks_any_more_is_unknown(app_of):
    """After 15 quiet minutes only when it was asked last is left."""
    async with app_of(a=[1.5]) as world:
        await world.client.get(TICKER)
        asked_ms = world.clock.wall_ms()
        world.clock.advance(1_000)
        lines = {one["route"]: one for one in (await look(world))["endpoints"]}
        ticker = lines["/api/market/ticker"]
        assert (ticker["state"], ticker["error_rate"], ticker["p95_ms"]) == ("UNKNOWN", None, None)
        assert ticker["last_at"] == asked_ms


async def test_the_trend_is_measured(app_of):
    """60 pieces; null before the start; live, kept and failed answers apart, a minute."""
    async with app_of(a=[1.5]) as world:
        for _ in range(5):
            await world.client.get(TICKER)
        world.plugins["a"].outcomes = [Empty("no")]
        await world.client.get(TICKER + "&max_age_s=0")
        world.clock.advance(60)
        trend = (await look(world, bars="15m"))["server"]["trend"]
        assert trend["bucket_s"] == 15
        assert all(len(line) == 60 for name, line in trend.items() if isinstance(line, list))
        assert trend["live"][0] is trend["p50_ms"][0] is trend["load_percent"][0] is None
        sums = {
            name: sum(rate or 0 for rate in trend[name]) * trend["bucket_s"] / 60
            for name in ("live", "cached", "stale", "failed")
        }
        assert sums == pytest.approx({"live": 1, "cached": 4, "stale": 0, "failed": 1}, rel=0.5)
        assert any(trend["p95_ms"])


async def test_since_when(app_of):
    """A service keeps its time until its state changes."""
    async with app_of(a=[Empty("no")]) as world:
        before = await look(world)
        world.clock.advance(100)
        for _ in range(4):
            await world.client.get(TICKER)
        after = await look(world)
        assert (before["status"], after["status"]) == ("ONLINE", "OFFLINE")
        assert after["since"] == before["since"] + 100_000
        old = {one["name"]: one["since"] for one in before["services"]}
        assert {one["name"]: one["since"] for one in after["services"]} == old


async def test_it_is_not_kept_and_refuses_odd_windows(live):
    """`no-store`; a window that is none is a problem that lists those there are."""
    async with live(a=[1.5]) as world:
        answer = await world.client.get("/api/monitor")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["vary"] == "accept-encoding"
        bad = await world.client.get("/api/monitor?bars=2h")
        assert bad.status_code == 400
        assert bad.json()["errors"][0]["known"] == ["15m", "1h", "24h", "7d"]


def asked(method):
    return {"method": method, "path_template": "/t", STATE: RequestState()}


class TestCursors:
    """What a holder of a cursor gets."""

    @pytest.fixture
    def clock(self):
        return FakeClock()

    @pytest.fixture
    def recorder(self, clock):
        recorder = Recorder(clock, clock.wall_ms(), CapabilityTraffic(clock))
        recorder.operations = {("GET", "/t"): "ticker"}
        return recorder

    def happen(self, recorder, count):
        for _ in range(count):
            recorder.request(asked("GET"), 1, 200, 1.0, None)

    def test_they_increase(self, recorder, clock):
        """As text, whatever the numbers."""
        cursors = []
        for _ in range(3):
            self.happen(recorder, 9)
            clock.advance(5)
            cursors.append(recorder.since(None).cursor)
        assert cursors == sorted(set(cursors))

    def test_one_of_another_run_begins_anew(self, recorder, clock):
        """The newest, and told so."""
        self.happen(recorder, 3)
        other = Recorder(clock, clock.wall_ms() - 1, CapabilityTraffic(clock))
        cursor = other.cursor(2, clock.wall_ms())
        batch = recorder.since(cursor)
        assert (batch.reset, len(batch.records)) == (True, 3)

    @pytest.mark.parametrize("cursor", ["", "x", "1-2-3", "²-²-²", "-" * 30, "9" * 400])
    def test_nonsense_begins_anew(self, recorder, cursor):
        """A cursor is opaque: whatever is no cursor of ours is an old one."""
        self.happen(recorder, 1)
        assert recorder.since(cursor).reset

    def test_one_from_ahead_begins_anew(self, recorder, clock):
        """It cannot be ours."""
        assert recorder.since(recorder.cursor(7, clock.wall_ms())).reset

    def test_a_burst_is_no_absence(self, recorder, clock):
        """Five thousand within a minute are counted as dropped; after an hour it is a reset."""
        cursor = recorder.since(None).cursor
        self.happen(recorder, 5_000)
        clock.advance(5)
        batch = recorder.since(cursor)
        assert (batch.reset, len(batch.records), batch.dropped) == (False, 500, 4_500)
        clock.advance(3_600)
        batch = recorder.since(cursor)
        assert (batch.reset, len(batch.records), batch.dropped) == (True, 200, 0)

    def test_a_long_absence_without_loss_goes_on(self, recorder, clock):
        """Nothing was lost, so nothing is reset."""
        cursor = recorder.since(None).cursor
        self.happen(recorder, 3)
        clock.advance(36_000)
        batch = recorder.since(cursor)
        assert (batch.reset, len(batch.records)) == (False, 3)

    def test_other_routes_leave_nothing(self, recorder):
        """Only those that sources answer are known."""
        recorder.request(asked("POST"), 1, 200, 1.0, None)
        assert recorder.last == 0


async def test_a_key_shows_nowhere(live):
    """A planted key, told back by a source in its error, is in no answer of the monitor."""
    key = "planted-key-0123456789"
    info = {"a": {"env": [EnvVar("A_KEY", required=True, send_as="header:X-Key")]}}
    trouble = Empty(f"no data for key {key}")
    async with live(_settings={"A_KEY": key}, _info=info, a=[trouble]) as world:
        await world.client.get(TICKER)
        await world.client.get(f"/api/market/ticker?symbol={key}")
        await world.client.get(f"/api/defi/tvl?protocol={key}")
        text = json.dumps(await look(world))
        assert "upstream_empty" in text
        assert key not in text


async def test_events_without_a_gateway_request_are_shown_as_they_are(live):
    """Trouble of the server itself is an error without a request."""
    async with live(a=[1.0]) as world:
        world.gateway.events.publish("error", "the loop stood still", level="warning")
        (record,) = world.desk.recorder.since(None).records
        event = event_of(record, world.gateway.redactor)
        assert (event.kind, event.request_id, event.hops) == ("error", None, ())


def test_two_gateways_do_not_meet():
    """Each has a recorder of its own."""
    gateways = [Gateway.from_env(None, environ={}, found=[]) for _ in range(2)]
    recorders = [
        Recorder(one.clock, one.started_ms, CapabilityTraffic(one.clock)) for one in gateways
    ]
    recorders[0].operations = {("GET", "/t"): "ticker"}
    recorders[0].request(asked("GET"), 1, 200, 1.0, None)
    assert [one.last for one in recorders] == [1, 0]


async def test_a_batch_is_as_well_as_its_worst_part(live):
    """Three pairs that fail inside a 200 are an error, and count against the route."""
    async with live(a=[Empty("no")]) as world:
        answer = await world.client.get("/api/market/tickers?symbols=BTC/USDT,ETH/USDT,SOL/USDT")
        assert answer.status_code == 200
        picture = await look(world)
        (event,) = requests_of(picture)
        assert event["parts"] == {"asked": 3, "failed": 3}
        assert (event["kind"], event["own"]) == ("error", False)
        assert event["message"].startswith("tickers, 3 pairs")
        (route,) = [one for one in picture["endpoints"] if one["route"] == "/api/market/tickers"]
        assert (route["state"], route["error_rate"]) == ("OFFLINE", 1.0)


async def test_a_capability_tells_who_serves_it(live):
    """Its title and group, what was asked of it, and a bar only where there was a call."""
    async with live(a=[1.5], b=[2.0]) as world:
        for _ in range(3):
            await world.client.get(TICKER)
        picture = await look(world)
        (ticker,) = [one for one in picture["capabilities"] if one["name"] == "ticker"]
        assert (ticker["title"], ticker["group"], ticker["serving"]) == ("Prices", "market", ["a"])
        assert (ticker["requests_per_min"], ticker["failures_per_min"]) == (3, 0)
        assert len(ticker["asked"]) == len(ticker["history"]) == 60
        assert "1" in ticker["asked"]
        asked, never = picture["providers"]
        assert ("1" in asked["asked"], "1" in never["asked"]) == (True, False)
        assert (never["uptime"], never["observed_s"], never["checked_at"]) == (None, 0.0, None)
        assert "".join(one["text"] for one in picture["verdict"]) == picture["reason"]


async def test_one_window_for_rate_failures_and_latency(app_of):
    """What failed two minutes ago is no longer in the tile."""
    async with app_of(a=[Empty("no")]) as world:
        for _ in range(12):
            await world.client.get(TICKER)
        picture = await look(world)
        assert (picture["server"]["error_rate"], picture["status"]) == (1.0, "OFFLINE")
        world.clock.advance(61)
        server = (await look(world))["server"]
        assert (server["requests_per_min"], server["error_rate"], server["p95_ms"]) == (
            0, None, None,
        )  # fmt: skip
