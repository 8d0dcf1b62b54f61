"""When an incident is told to a channel: once when it lasts, once when it is over."""

from datetime import UTC, time

import pytest

from coinmux.framework.alerts.damper import Damper, Rules
from coinmux.framework.config.alert_settings import QuietHours, Route
from coinmux.framework.incidents.book import IncidentBook

#: 2026-01-01 12:00 UTC.
NOON = 1_767_268_800_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
NIGHT = QuietHours(time(22), time(7), UTC, "22:00-07:00 UTC")


class Story:
    """A book, a damper and a time that passes."""

    def __init__(self, spared=lambda record, at: False, **rules):
        self.book = IncidentBook()
        self.now = NOON
        self.told = []
        self.damper = Damper("mail", Rules(**{"pause_ms": 0, **rules}), spared)

    def begin(self, name="a", kind="source", severity="minor", code="upstream_status"):
        return self.book.begin(
            self.now, kind, name, title=name.upper(), severity=severity, code=code,
            message="HTTP 520",
        )  # fmt: skip

    def end(self, name="a", kind="source"):
        self.book.end(self.now, kind, name, "it answers again")

    def look(self):
        found = self.damper.look(self.book.every(), self.now)
        self.damper.mark(found, self.now)
        if found.news:
            self.told.append([(one.what, one.record.name) for one in found.news])
        return found

    def wait(self, ms, step=SECOND):
        """Let time pass, and look as often as the alerter does, more or less."""
        for _ in range(ms // step):
            self.now += step
            self.look()


def test_one_message_when_it_lasts_and_one_when_it_is_over():
    story = Story()
    story.begin()
    story.wait(29 * SECOND)
    assert story.told == []
    story.wait(10 * MINUTE)
    assert story.told == [[("began", "a")]]
    story.end()
    story.wait(2 * HOUR, 10 * SECOND)
    assert story.told == [[("began", "a")], [("over", "a")]]


def test_what_is_over_before_it_is_told_is_not_told():
    story = Story()
    story.begin()
    story.wait(20 * SECOND)
    story.end()
    story.wait(HOUR, 10 * SECOND)
    assert story.told == []
    assert story.look().watched == frozenset()


def test_what_is_critical_is_told_at_once_with_what_happened_beside_it():
    """The sources that are its reason come in the same message, though they would have waited."""
    story = Story()
    for name in "abc":
        story.begin(name, severity="major")
    story.now += 2 * SECOND
    story.begin("ticker", "capability", "critical")
    story.look()
    (message,) = story.told
    assert sorted(message) == [
        ("began", "a"), ("began", "b"), ("began", "c"), ("began", "ticker"),
    ]  # fmt: skip


def test_what_begins_together_is_one_message():
    story = Story()
    for name in "abcd":
        story.begin(name)
        story.now += 3 * SECOND
    story.wait(5 * MINUTE)
    assert [len(message) for message in story.told] == [4]


def test_between_two_messages_there_is_a_pause():
    """What happens in it goes into the next message; what is critical does not wait."""
    story = Story(pause_ms=10 * MINUTE)
    story.begin("a")
    story.wait(MINUTE)
    story.begin("b")
    story.wait(2 * MINUTE)
    story.begin("c")
    story.wait(2 * MINUTE)
    assert story.told == [[("began", "a")]]
    assert {why for _, why in story.look().waiting} == {"a message was sent a moment ago"}
    story.begin("ticker", "capability", "critical")
    story.look()
    assert len(story.told) == 2
    assert {name for _, name in story.told[1]} == {"b", "c", "ticker"}


def test_what_comes_and_goes_is_told_once():
    """Then nothing until it has been well for ten minutes."""
    story = Story()
    story.begin()
    story.wait(MINUTE)
    for _ in range(30):
        story.end()
        story.wait(2 * MINUTE, 5 * SECOND)
        story.begin()
        story.wait(2 * MINUTE, 5 * SECOND)
    assert story.told == [[("began", "a")], [("over", "a")], [("flapping", "a")]]
    story.end()
    story.wait(9 * MINUTE)
    assert len(story.told) == 3
    story.wait(2 * MINUTE)
    assert story.told[3:] == [[("settled", "a")]]


def test_what_flaps_too_fast_to_be_told_is_told_as_flapping():
    story = Story()
    for _ in range(20):
        story.begin()
        story.wait(10 * SECOND)
        story.end()
        story.wait(10 * SECOND)
    story.wait(HOUR, 10 * SECOND)
    assert story.told == [[("flapping", "a")], [("settled", "a")]]


def test_what_lasts_is_told_again_so_often_and_no_more():
    story = Story(remind_ms=HOUR, reminders=2)
    story.begin()
    story.wait(24 * HOUR, MINUTE)
    assert story.told == [[("began", "a")], [("reminder", "a")], [("reminder", "a")]]


def test_in_quiet_hours_only_what_is_critical_is_sent():
    """The rest is told in the morning, in one message; what came and went too, as that."""
    story = Story(quiet=NIGHT, remind_ms=0)
    story.now += 11 * HOUR
    story.begin("a")
    story.wait(10 * MINUTE, 10 * SECOND)
    assert {why for _, why in story.look().waiting} == {"quiet hours"}
    story.begin("b")
    story.wait(10 * MINUTE, 10 * SECOND)
    story.end("b")
    story.wait(6 * HOUR, MINUTE)
    assert story.told == []
    story.wait(2 * HOUR, MINUTE)
    assert [sorted(message) for message in story.told] == [[("began", "a"), ("passed", "b")]]
    story.now += 16 * HOUR
    story.begin("ticker", "capability", "critical")
    story.look()
    assert ("began", "ticker") in story.told[1]


def test_a_channel_is_told_what_its_route_says():
    """One that becomes worse later is told then."""
    major = Story(route=Route("major"))
    record = major.begin()
    major.wait(5 * MINUTE)
    assert major.told == []
    record.severity = "major"
    major.wait(MINUTE)
    assert major.told == [[("began", "a")]]
    quota = Story(route=Route("minor", frozenset({"quota"})))
    quota.begin()
    quota.begin("quota:a", "warning")
    quota.wait(MINUTE)
    assert quota.told == [[("began", "quota:a")]]


def test_what_is_in_maintenance_is_told_to_nobody_until_that_is_over():
    ends = NOON + HOUR
    story = Story(lambda record, at: record.name == "a" and at < ends)
    story.begin("a")
    story.begin("b")
    story.wait(50 * MINUTE, 10 * SECOND)
    assert story.told == [[("began", "b")]]
    assert [(one.record.name, why) for one, why in story.look().waiting] == [
        ("a", "in maintenance")
    ]
    story.wait(11 * MINUTE, 10 * SECOND)
    assert story.told[1:] == [[("began", "a")]]


def test_after_a_restart_nothing_is_told_twice():
    """The marks came with the incident; it goes on, and ends once."""
    story = Story()
    story.begin()
    story.wait(MINUTE)
    stored = story.book.every()
    after = Story()
    after.now = story.now + MINUTE
    after.book.take_up(stored, after.now, story.now)
    after.wait(MINUTE)
    assert after.told == []
    after.begin()
    after.wait(5 * MINUTE)
    assert after.told == []
    after.end()
    after.wait(HOUR, 10 * SECOND)
    assert after.told == [[("over", "a")]]


def test_what_a_restart_lost_is_over_once_it_had_time_to_come_back():
    story = Story()
    story.begin()
    story.wait(MINUTE)
    after = Story()
    after.now = story.now + HOUR
    after.book.take_up(story.book.every(), after.now, story.now)
    after.wait(4 * MINUTE)
    assert after.told == []
    after.wait(2 * MINUTE)
    assert after.told == [[("over", "a")]]


@pytest.mark.parametrize("code", ["stopped", "killed"])
def test_a_process_that_was_killed_is_told_and_one_that_was_stopped_is_not(code):
    story = Story()
    story.begin("process", "service", "major", code)
    story.now += HOUR
    story.end("process", "service")
    story.wait(MINUTE)
    assert story.told == ([] if code == "stopped" else [[("passed", "process")]])
