"""Testing a source by hand, and failure drills, over a socket."""

import asyncio
import os
import sys

import pytest

from coinmux import Channel, Empty, EnvVar, hookimpl
from coinmux.framework.errors import InvalidRequest, Outcome, RateLimited, UpstreamTimeout
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.server.cli.serve import serve as serve_command
from coinmux.server.process.simulated_gateway import SimulatorDrill, world_for

pytestmark = pytest.mark.realtime
TICKER = "/api/market/ticker?symbol=BTC/USDT"


class TestTestNow:
    """`POST /api/source-health/test/{name}`."""

    async def test_one_real_call_and_the_health_after_it(self, live):
        """It succeeded, and counts."""
        async with live(a=[1.5], b=[2.0]) as world:
            answer = await world.client.post("/api/source-health/test/A")
            assert answer.status_code == 200
            body = answer.json()
            assert (body["name"], body["state"], body["successes"]) == ("a", "HEALTHY", 1)
            assert body["test"]["outcome"] == "ok"
            assert body["test"]["capability"] == "ticker"
            assert (world.plugins["a"].calls, world.plugins["b"].calls) == (1, 0)

    async def test_a_failure_is_told(self, live):
        """200 all the same: the test was made."""
        async with live(a=[UpstreamTimeout("slow")]) as world:
            answer = await world.client.post("/api/source-health/test/a")
            assert answer.status_code == 200
            assert answer.json()["test"]["code"] == "upstream_timeout"
            assert answer.json()["failures"] == 1

    async def test_once_in_ten_seconds(self, live, app_of):
        """429 and when to come again; another source may be tested meanwhile."""
        async with live(a=[1.5], b=[1.5]) as world:
            assert (await world.client.post("/api/source-health/test/a")).status_code == 200
            again = await world.client.post("/api/source-health/test/a")
            assert (again.status_code, again.json()["code"]) == (429, "rate_limited")
            assert 1 <= int(again.headers["retry-after"]) <= 10
            assert world.plugins["a"].calls == 1
            assert (await world.client.post("/api/source-health/test/b")).status_code == 200
        async with app_of(c=[1.5]) as world:
            assert (await world.client.post("/api/source-health/test/c")).status_code == 200
            world.clock.advance(9.9)
            assert (await world.client.post("/api/source-health/test/c")).status_code == 429
            world.clock.advance(0.2)
            assert (await world.client.post("/api/source-health/test/c")).status_code == 200

    async def test_a_source_of_channels_is_asked_though_all_of_them_rest(self, live):
        """Their probes are due at once, so that the test reaches one of them."""
        channels = tuple(Channel(name, f"https://{name}.example") for name in ("x", "y"))
        async with live(_info={"a": {"channels": channels}}, a=[1.5]) as world:
            tracker = world.gateway.health
            for name in ("a:x", "a:y"):
                for _ in range(3):
                    lease = tracker.begin(name, "channel", 5.0)
                    tracker.record(
                        lease, Outcome.FAILURE, elapsed_s=0.1, code="x", message="refused"
                    )
                assert not tracker.standing(name, "channel").probe
            answer = await world.client.post("/api/source-health/test/a")
            assert (answer.status_code, answer.json()["test"]["outcome"]) == (200, "ok")
            assert world.plugins["a"].calls == 1
            assert all(tracker.standing(name, "channel").probe for name in ("a:x", "a:y"))

    async def test_what_is_offline_is_asked_before_its_rest_is_over(self, live):
        """And is back if it answers."""
        errors = [UpstreamTimeout("slow")] * 3
        async with live(a=[*errors, 1.5]) as world:
            for _ in range(3):
                await world.client.get(TICKER)
            health = (await world.client.get("/api/source-health/status/a")).json()
            assert health["state"] == "OFFLINE"
            assert (await world.client.get(TICKER)).status_code == 503
            answer = await world.client.post("/api/source-health/test/a")
            assert answer.json()["test"]["outcome"] == "ok"
            assert answer.json()["recoveries"] == 1
            assert answer.json()["state"] != "OFFLINE"
            assert (await world.client.get(TICKER)).status_code == 200

    async def test_a_failed_test_begins_the_rest_anew(self, live):
        """It does not open the door for everyone."""
        async with live(a=[UpstreamTimeout("slow")]) as world:
            for _ in range(3):
                await world.client.get(TICKER)
            await world.client.post("/api/source-health/test/a")
            calls = world.plugins["a"].calls
            assert (await world.client.get(TICKER)).status_code == 503
            assert world.plugins["a"].calls == calls

    async def test_who_told_us_to_wait_is_not_asked(self, live):
        """429 with the time that is left."""
        async with live(a=[RateLimited("slow down", retry_after_s=60)]) as world:
            await world.client.get(TICKER)
            answer = await world.client.post("/api/source-health/test/a")
            assert answer.status_code == 429
            assert 50 <= int(answer.headers["retry-after"]) <= 60
            assert world.plugins["a"].calls == 1

    async def test_two_at_a_time_are_one(self, live):
        """The second is refused while the first still waits."""
        async with live(a=[(0.2, 1.5)]) as world:
            path = "/api/source-health/test/a"
            answers = await asyncio.gather(*(world.client.post(path) for _ in range(2)))
            assert sorted(one.status_code for one in answers) == [200, 429]
            assert world.plugins["a"].calls == 1

    async def test_what_cannot_be_tested(self, live):
        """Unknown: 404. Off: 409 with the reason."""
        off = {"a": {"env": [EnvVar("A_KEY", required=True, send_as="header:X-Key")]}}
        async with live(_info=off, a=[1.0], b=[1.0]) as world:
            unknown = await world.client.post("/api/source-health/test/nobody")
            assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_provider")
            disabled = await world.client.post("/api/source-health/test/a")
            assert (disabled.status_code, disabled.json()["missing"]) == (409, ["A_KEY"])
            assert world.plugins["a"].calls == 0

    async def test_without_a_question_there_is_no_test(self, live):
        """A source whose only questions need an address is not asked for one made up."""
        from coinmux import Balance, ProviderInfo

        class Balances:
            @hookimpl
            def provider_info(self):
                return ProviderInfo(
                    name="only", title="Only", category="blockchain", base_url="https://o.example"
                )

            @hookimpl
            async def fetch_balance(self, query, http) -> Balance:
                raise Empty("never asked")

        async with live(_found=[in_process("only", Balances())]) as world:
            answer = await world.client.post("/api/source-health/test/only")
            assert answer.status_code == 400
            assert "no question that is safe" in answer.json()["detail"]

    async def test_it_needs_the_admins_right(self, live):
        """As every route that changes something; GET is no way to do it."""
        token = "a-token-of-enough-characters"
        async with live(_settings={"ADMIN_TOKEN": token}, a=[1.0]) as world:
            path = "/api/source-health/test/a"
            assert (await world.client.post(path)).status_code == 401
            assert (await world.client.get(path)).status_code == 405
            assert world.plugins["a"].calls == 0
            allowed = {"Authorization": f"Bearer {token}"}
            assert (await world.client.post(path, headers=allowed)).status_code == 200
            foreign = {**allowed, "Content-Type": "text/plain"}
            assert (await world.client.post(path, headers=foreign)).status_code == 415

    async def test_it_shows_in_the_log(self, live):
        """As a happening of the kind `config`, for it is no request for data."""
        async with live(a=[1.0]) as world:
            await world.client.post("/api/source-health/test/a")
            items = (await world.client.get("/api/monitor")).json()["events"]["items"]
            assert [one["kind"] for one in items] == ["state_change", "config"]
            assert items[-1]["message"] == "a was tested by hand: ok"


@pytest.fixture
async def drilled(live):
    """Two real exchange plugins on a simulator, and what breaks it."""
    found = list(PluginLoader().discover(allow=("okx", "binance", "lexicon")))
    loader = PluginLoader()
    loader.load(found, wait_s=10, limit_s=10)
    plugins = [one.plugin for one in loader.providers.values() if one.info.name != "lexicon"]
    async with (
        Simulator(simulated_providers(plugins)) as simulator,
        live(
            _settings=simulator.overrides(), _found=found, _drill=SimulatorDrill(simulator)
        ) as world,
    ):
        yield world


class TestDrills:
    """`/api/drill`."""

    async def test_there_are_none_with_real_sources(self, live):
        """404, to look and to order."""
        async with live(a=[1.0]) as world:
            assert (await world.client.get("/api/drill")).status_code == 404
            ordered = await world.client.post("/api/drill/a", json={"fault": None})
            assert ordered.status_code == 404

    async def test_breaking_and_mending(self, drilled):
        """The broken source fails over to the other; mended and tested it is back."""
        client = drilled.client
        target = "/api/market/ticker?symbol=BTC/USDT&max_age_s=0"
        for _ in range(3):
            first = (await client.get(target)).json()["meta"]["provider"]
        other = {"okx": "binance", "binance": "okx"}[first]
        broken = await client.post(f"/api/drill/{first}", json={"fault": "status"})
        assert broken.json()["broken"] == {first: "status"}
        answer = await client.get(target)
        assert answer.status_code == 200, answer.text
        assert answer.json()["meta"]["provider"] == other
        for _ in range(3):
            pinned = await client.get(f"{target}&provider={first}")
            assert pinned.status_code in (502, 503)
        picture = (await client.get("/api/monitor")).json()
        states = {one["name"]: one["state"] for one in picture["providers"]}
        assert (states[first], states[other]) == ("OFFLINE", "HEALTHY")
        kinds = [one["kind"] for one in picture["events"]["items"]]
        assert (kinds.count("failover"), kinds.count("error")) == (1, 3)
        assert any("drill" in one["message"] for one in picture["events"]["items"])
        await client.post(f"/api/drill/{first}", json={"fault": None})
        assert (await client.get("/api/drill")).json()["broken"] == {}
        tested = await client.post(f"/api/source-health/test/{first}")
        assert tested.json()["state"] != "OFFLINE"

    async def test_every_fault_on_offer_can_be_ordered(self, drilled):
        """And each takes the place of the one before."""
        client = drilled.client
        report = (await client.get("/api/drill")).json()
        assert report["available"] is True
        assert set(report["descriptions"]) == set(report["faults"])
        assert sorted(report["followed"]) == ["binance", "okx"]
        assert any(fault.startswith("feed_") for fault in report["faults"])
        for fault in report["faults"]:
            answer = await client.post("/api/drill/okx", json={"fault": fault})
            assert (answer.status_code, answer.json()["broken"]) == (200, {"okx": fault})

    @pytest.mark.parametrize(
        "body", [{}, {"fault": "meteor"}, {"fault": 1}, {"fault": None, "x": 1}, [], "hang"]
    )
    async def test_odd_orders_are_refused(self, drilled, body):
        """With the faults there are."""
        answer = await drilled.client.post("/api/drill/okx", json=body)
        assert answer.status_code == 400
        assert "hang" in answer.json()["errors"][0]["known"]

    async def test_who_is_not_played_cannot_be_broken(self, drilled):
        """Unknown: 404. Known and not simulated: 400."""
        order = {"fault": "hang"}
        nobody = await drilled.client.post("/api/drill/nobody", json=order)
        assert nobody.status_code == 404
        lexicon = await drilled.client.post("/api/drill/lexicon", json=order)
        assert (lexicon.status_code, "not simulated" in lexicon.json()["detail"]) == (400, True)

    async def test_who_has_no_live_feed_cannot_have_a_broken_one(self):
        """400, and what was broken before stays."""
        loader = PluginLoader()
        loader.load(list(loader.discover(allow=("coingecko",))), wait_s=10, limit_s=10)
        plugins = [one.plugin for one in loader.providers.values()]
        async with Simulator(simulated_providers(plugins)) as simulator:
            drill = SimulatorDrill(simulator)
            drill.break_("coingecko", "hang")
            with pytest.raises(InvalidRequest, match="no live feeds"):
                drill.break_("coingecko", "feed_drop")
            assert drill.broken() == {"coingecko": "hang"}

    async def test_it_needs_the_admins_right(self, drilled):
        """A page of another site cannot break anything."""
        answer = await drilled.client.post(
            "/api/drill/okx", json={"fault": "hang"}, headers={"Origin": "https://e.example"}
        )
        assert answer.status_code == 403
        assert (await drilled.client.get("/api/drill")).json()["broken"] == {}

    async def test_the_command_has_them(self, tmp_path, monkeypatch):
        """`serve --simulate` hands its simulator to the server; plain `serve` has none."""
        handed = []

        async def run_server(gateway, drill, listener):
            listener.close()
            handed.append((gateway.simulated, drill is not None and bool(drill.faults)))
            return 0

        monkeypatch.setattr("coinmux.server.process.uvicorn_server.serve", run_server)
        # Signals belong to the main thread, and this process goes on after the command.
        module = sys.modules[serve_command.callback.__module__]
        monkeypatch.setattr(module, "ignore_signals", lambda: None)
        monkeypatch.setattr(module, "end_soon", lambda *_: None)
        monkeypatch.setenv("PLUGINS_ALLOW", "okx")
        monkeypatch.setenv("CHECKER", "off")
        monkeypatch.setenv("PORT", "0")
        for options in ([], ["--simulate"]):
            arguments = [*options, "--env-file", os.devnull]
            with pytest.raises(SystemExit) as stop:
                await asyncio.to_thread(serve_command.main, arguments, standalone_mode=False)
            assert stop.value.code == 0
        assert handed == [(False, False), (True, True)]

    async def test_what_is_broken_for_all_is_told_for_each(self, tmp_path, monkeypatch):
        """A fault ordered for `*` at the simulator itself."""
        monkeypatch.setenv("PLUGINS_ALLOW", "okx,binance")
        monkeypatch.setenv("CHECKER", "off")
        async with world_for(str(tmp_path / "none"), simulate=True) as (_, drill):
            assert drill is not None
            drill._simulator.order("*", "hang")
            assert drill.broken() == {"okx": "hang", "binance": "hang"}
