"""The same problem is written once with a count."""

import io
import json
import logging

import pytest

from coinmux import Gateway
from coinmux.server.process import event_log
from coinmux.server.process.log_repeats import Repeats


class Log:
    """The lines written so far, under a clock that is set by hand."""

    def __init__(self):
        self.now = 0.0
        self.stream = io.StringIO()
        self.gateway = Gateway.from_env(None, environ={}, found=[])
        self.undo = event_log.configure(self.gateway, self.stream, Repeats(lambda: self.now))

    def state(self, source, after="DEGRADED", reason="upstream_unreachable"):
        self.gateway.events.publish(
            "state",
            f"{source} went from UNKNOWN to {after}",
            level="info" if after == "HEALTHY" else "warning",
            source=source,
            after=after,
            reason=reason,
        )

    def pass_on(self, seconds):
        """Time passes; counts are written as the server does each second."""
        for _ in range(seconds):
            self.now += 1
            logging.getLogger().handlers[0].write_counts()

    def lines(self):
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def messages(self):
        return [line["message"] for line in self.lines()]


@pytest.fixture
def log():
    log = Log()
    yield log
    log.undo()


def test_a_start_without_network_is_two_lines_not_forty(log):
    """The first source has its line, the others are counted and named five seconds later."""
    for number in range(40):
        log.state(f"s{number}")
    assert log.messages() == ["s0 went from UNKNOWN to DEGRADED"]
    log.pass_on(10)
    line = log.lines()[1]
    assert line["message"] == (
        "DEGRADED: upstream_unreachable … (39 more in the last 5 s: s1, s2, s3, s4, s5 and 34 more)"
    )
    assert (line["level"], line["repeats"], len(line["sources"])) == ("warning", 39, 39)
    assert len(log.lines()) == 2


def test_a_problem_that_lasts_is_counted_each_minute(log):
    """One line a minute, however often it comes back."""
    for _ in range(125):
        logging.getLogger("coinmux.x").warning("the disk is full")
        log.pass_on(1)
    assert log.messages() == [
        "the disk is full",
        "the disk is full … (4 more in the last 5 s)",
        "the disk is full … (60 more in the last minute)",
        "the disk is full … (60 more in the last minute)",
    ]


def test_a_problem_that_is_over_is_written_again_when_it_comes_back(log):
    """A minute of quiet forgets it, and an empty count is never written."""
    log.state("a")
    log.pass_on(70)
    log.state("b")
    assert log.messages() == ["a went from UNKNOWN to DEGRADED", "b went from UNKNOWN to DEGRADED"]


def test_other_problems_have_lines_of_their_own(log):
    """Another state, another reason, another library, another place in the code."""
    log.state("a")
    log.state("b", after="OFFLINE")
    log.state("c", reason="upstream_timeout")
    log.state("d", after="HEALTHY", reason="success")
    log.gateway.events.publish("error", "one thing", level="error")
    log.gateway.events.publish("error", "another thing", level="error")
    for value in ("1", None):
        try:
            int(value) / 0
        except (TypeError, ZeroDivisionError):
            logging.getLogger("coinmux.x").exception("failed")
    assert len(log.lines()) == 8


def test_ordinary_lines_are_never_counted(log):
    """Two equal lines at info are two lines."""
    for _ in range(2):
        logging.getLogger("coinmux.x").info("listening")
    assert log.messages() == ["listening", "listening"]


def test_what_was_counted_is_written_when_the_log_ends(log):
    """No count is lost with the process."""
    for name in "ab":
        log.state(name)
    log.undo()
    assert log.messages()[1].startswith("DEGRADED: upstream_unreachable … (1 more in the last 1 s")


def test_problems_without_end_do_not_fill_the_memory():
    """Beyond 500 problems at a time records are written as they are."""
    repeats = Repeats(lambda: 0.0)
    for number in range(2_000):
        record = logging.LogRecord("x", logging.WARNING, "", 0, f"problem {number}", (), None)
        assert not repeats.counted(record)
    assert len(repeats._problems) == 500
