"""What the operator says: windows in which nobody is alerted, and notes, over restarts."""

import pytest

from coinmux import InvalidRequest, Unreachable
from coinmux.framework.errors import NotFound
from coinmux.framework.incidents.report import IncidentFilter
from tests.framework.incidents.test_recorder import fail, rounds

FAILS = Unreachable("no route to host")
HOUR_MS = 3_600_000


def archived(tmp_path):
    return {"DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}", "ALERT_PAUSE_S": "0"}


async def test_a_source_in_maintenance_alerts_nobody_and_says_so(gateway_of):
    """Its incident is there; when the window is over and it still lasts, it is told."""
    async with gateway_of(
        {"ALERT_WAIT_S": "0", "ALERT_PAUSE_S": "0"}, a=[FAILS], b=[2.0], c=[3.0]
    ) as world:
        gateway, now = world.gateway, world.clock.wall_ms
        window = gateway.incidents.operator.begin("a", now() + HOUR_MS, "moving house")
        assert (window.title, window.active, window.note) == ("A", True, "moving house")
        await fail(world, "a")
        await rounds(world, 3)
        gateway.alerts.round()
        page = await gateway.incidents.page(IncidentFilter(source="a"))
        (found,) = page.incidents
        assert found.maintenance
        assert found.notes == ("It is in maintenance: nobody is alerted of it.",)
        told = [one.incidents for one in gateway.alerts.report().messages]
        assert all(found.id not in ids for ids in told)
        assert "in maintenance" in {
            one.why for one in gateway.alerts.report().held if one.incident == found.id
        }
        gateway.incidents.operator.end(window.id)
        await rounds(world, 2)
        gateway.alerts.round()
        assert found.id in gateway.alerts.report().messages[0].incidents


async def test_windows_and_notes_outlive_a_restart(gateway_of, tmp_path):
    async with gateway_of(archived(tmp_path), a=[FAILS], b=[2.0]) as world:
        operator = world.gateway.incidents.operator
        ends = world.clock.wall_ms() + HOUR_MS
        operator.begin("a", ends, "planned")
        gone = operator.begin(None, ends, "a mistake")
        operator.end(gone.id)
        await fail(world, "a")
        await rounds(world, 2)
        (incident,) = (await world.gateway.incidents.page(IncidentFilter(source="a"))).incidents
        detail = await world.gateway.incidents.note(incident.id, "called them; they know")
        assert [one.text for one in detail.operator_notes] == ["called them; they know"]
    async with gateway_of(archived(tmp_path), a=[1.0], b=[2.0]) as world:
        found = world.gateway.incidents.operator.windows()
        assert [(one.source, one.note, one.active) for one in found.windows] == [
            (None, "a mistake", False), ("a", "planned", True),
        ]  # fmt: skip
        assert found.kept
        again = await world.gateway.incidents.of(incident.id)
        assert [one.text for one in again.operator_notes] == ["called them; they know"]


async def test_another_worker_sees_a_window_within_ten_seconds(gateway_of, tmp_path):
    async with (
        gateway_of(archived(tmp_path), a=[1.0]) as one,
        gateway_of(archived(tmp_path), a=[1.0]) as other,
    ):
        one.gateway.incidents.operator.begin("a", one.clock.wall_ms() + HOUR_MS, "both know")
        assert await one.gateway.archive.flush()
        other.clock.advance(10)
        await other.gateway._incidents.round()
        (window,) = other.gateway.incidents.operator.windows().windows
        assert window.note == "both know"


async def test_a_window_that_cannot_be_is_refused(gateway_of):
    async with gateway_of(a=[1.0]) as world:
        operator, now = world.gateway.incidents.operator, world.clock.wall_ms()
        for to_at, from_at, said in (
            (now - 1, None, "ends before"),
            (now - 1, now - HOUR_MS, "is over"),
            (now + 91 * 24 * HOUR_MS, None, "longer than 90 days"),
        ):
            with pytest.raises(InvalidRequest, match=said):
                operator.begin("a", to_at, "", from_at=from_at)
        with pytest.raises(NotFound):
            operator.end("nosuch")
        with pytest.raises(NotFound):
            await world.gateway.incidents.note("nosuch", "text")
        assert operator.windows().windows == ()
