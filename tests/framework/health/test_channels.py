"""A source of channels (feeds, nodes): its state is what its channels show."""

import pytest

from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import HealthTracker, State
from coinmux.framework.testing.clock import FakeClock

ENDS = {"S": Outcome.SUCCESS, "F": Outcome.FAILURE}
#: How the attempts of each channel end, in turn, and the state of the whole.
CASES = [
    pytest.param({}, "UNKNOWN", id="nothing was asked"),
    pytest.param({"a": "S"}, "HEALTHY", id="one answered"),
    pytest.param({"a": "F"}, "DEGRADED", id="one failed and nothing ever answered"),
    pytest.param({"a": "F", "b": "F"}, "DEGRADED", id="each failed once"),
    pytest.param({"a": "S", "b": "F"}, "HEALTHY", id="one failed once beside one that answers"),
    pytest.param({"a": "S", "b": "FFF"}, "DEGRADED", id="one is down"),
    pytest.param({"a": "FFF"}, "DEGRADED", id="one is down and the others were never asked"),
    pytest.param({"a": "FFF", "b": "FFF"}, "OFFLINE", id="all that were asked are down"),
    pytest.param({"a": "FFF", "b": "F"}, "DEGRADED", id="one is down and one has failed"),
]


@pytest.mark.parametrize(("ends", "state"), CASES)
def test_a_source_of_channels_is_what_they_show(ends, state):
    """It is healthy only where one of them is."""
    clock, changes = FakeClock(), []
    tracker = HealthTracker(clock, on_change=changes.append)
    for name in ("feeds", "feeds:a", "feeds:b", "feeds:c"):
        tracker.register(name, ["news"])
    for channel, letters in ends.items():
        for letter in letters:
            lease = tracker.begin(f"feeds:{channel}", "news", 4.0)
            tracker.record(lease, ENDS[letter], elapsed_s=0.1, code="upstream_timeout")
    assert tracker.snapshot("feeds").state == state
    told = [one.after for one in changes if (one.source, one.capability) == ("feeds", None)]
    assert (told[-1:] or [State.UNKNOWN]) == [state]
    if not any("S" in letters for letters in ends.values()):
        assert State.HEALTHY not in told
