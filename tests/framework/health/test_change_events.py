"""A change of state is one event, whose level and sentence say what happened."""

import pytest

from coinmux.framework.events import EventBus
from coinmux.framework.health.change_events import ChangeEvents
from coinmux.framework.health.tracker import HealthTracker, State, StateChange
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.clock import FakeClock


@pytest.fixture
def events():
    return EventBus(FakeClock())


@pytest.mark.parametrize(
    ("capability", "after", "level", "sentence"),
    [
        (None, State.OFFLINE, "warning", "a went from HEALTHY to OFFLINE"),
        (None, State.DEGRADED, "warning", "a went from HEALTHY to DEGRADED"),
        (None, State.UNKNOWN, "info", "a went from HEALTHY to UNKNOWN"),
        ("ticker", State.OFFLINE, "debug", "a ticker went from HEALTHY to OFFLINE"),
    ],
)
def test_the_level_says_how_serious_it_is(events, capability, after, level, sentence):
    """Worse states warn; a capability's own change is a detail."""
    changes = ChangeEvents(events, Redactor())
    changes.on_change(StateChange("a", capability, State.HEALTHY, after, "timeout", 1.0))
    (event,) = events.recent()
    assert (event.kind, event.level, event.message) == ("state", level, sentence)
    assert event.detail["reason"] == "timeout"


def test_every_listener_receives_each_change():
    """In the order they subscribed, those who come late included, for sources known before."""
    received = []
    tracker = HealthTracker(
        FakeClock(), on_change=lambda change: received.append(("first", change))
    )
    tracker.register("a", ["ticker"])
    tracker.subscribe(lambda change: received.append(("second", change)))
    tracker.disable("a", "switched_off")
    assert [who for who, _ in received] == ["first", "second"]
    assert received[0][1] is received[1][1]
