"""New work is refused before memory or latency goes, and taken again when they are back."""

import pytest

from coinmux.framework.events import EventBus
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.monitoring.process_metrics import ProcessMetrics


@pytest.fixture
def events():
    return EventBus(FakeClock())


def told(events):
    return [one.message for one in events.recent() if one.kind == "error"][::-1]


def test_memory_above_its_limit_is_strain_until_it_is_back(events):
    vitals = ProcessMetrics(events, memory_limit_mb=100)
    vitals._judge(99)
    assert vitals.strain is None
    vitals._judge(101)
    vitals._judge(130)
    assert vitals.strain == "130 MB of memory are in use, more than 100"
    vitals._judge(90)
    assert vitals.strain is None
    assert sorted(told(events)) == [
        "new work is shed: 101 MB of memory are in use, more than 100",
        "new work is taken again",
    ]


def test_a_loop_that_is_late_for_a_while_is_strain_and_one_pause_is_not(events):
    vitals = ProcessMetrics(events, memory_limit_mb=1_000_000)
    for lag_ms in (5000, 10, 1500, 1500, 1500):
        vitals._lags.append(lag_ms)
        vitals._judge(1)
        assert vitals.strain is None
    vitals._lags.append(1200)
    vitals._judge(1)
    assert vitals.strain == "the event loop has been 1200 ms late for a while"
    vitals._lags.append(3)
    vitals._judge(1)
    assert vitals.strain is None


def test_without_a_limit_it_is_nine_tenths_of_what_there_is(events, tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text(str(200 * 1_048_576))
    monkeypatch.setattr("coinmux.server.monitoring.process_metrics._CGROUP_LIMIT", limit)
    assert ProcessMetrics(events)._limit_mb == pytest.approx(180)
    limit.write_text("max")
    assert ProcessMetrics(events)._limit_mb > 180


async def test_a_strained_server_answers_503_to_all_but_who_asks_how_it_is(app_of):
    async with app_of(a=[1.0]) as world:
        world.desk.vitals.strain = "too much to do"
        answer = await world.client.get("/api/market/ticker?symbol=BTC")
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.json()["detail"] == "too much to do"
        assert answer.headers["retry-after"] == "2"
        assert (await world.client.get("/healthz")).status_code == 200
        world.desk.vitals.strain = None
        assert (await world.client.get("/api/market/ticker?symbol=BTC")).status_code == 200
