"""The event stream: bounded, ordered, and safe from its listeners."""

from coinmux.framework.events import EventBus
from coinmux.framework.testing.clock import FakeClock


def test_the_oldest_go_first():
    bus = EventBus(FakeClock(), most=3)
    for at in range(5):
        bus.publish("config", str(at))
    assert [event.message for event in bus.recent()] == ["4", "3", "2"]


def test_events_after_an_id_are_newest_first_and_bounded():
    bus = EventBus(FakeClock())
    for at in range(5):
        bus.publish("config", str(at))
    assert [event.id for event in bus.recent(after=2)] == [5, 4, 3]
    assert [event.id for event in bus.recent(after=0, limit=2)] == [5, 4]
    assert bus.recent(after=5) == []


def test_a_listener_that_raises_is_dropped_and_told_of():
    bus, seen = EventBus(FakeClock()), []

    def bad(event):
        raise RuntimeError

    bus.subscribe(bad)
    bus.subscribe(lambda event: seen.append(event.kind))
    bus.publish("config", "one")
    bus.publish("config", "two")
    assert seen == ["error", "config", "config"]


def test_an_unsubscribed_listener_hears_no_more():
    bus, seen = EventBus(FakeClock()), []
    stop = bus.subscribe(seen.append)
    bus.publish("config", "one")
    stop()
    bus.publish("config", "two")
    assert len(seen) == 1


def test_what_comes_in_masses_is_told_and_not_kept():
    """Requests reach listeners and push no other event out."""
    bus = EventBus(FakeClock(), most=3)
    told = []
    bus.subscribe(told.append)
    bus.publish("state", "kept")
    for _ in range(5):
        bus.publish("request", "GET", keep=False)
    assert [event.message for event in bus.recent()] == ["kept"]
    assert len(told) == 6
    assert bus.last_id == 1
