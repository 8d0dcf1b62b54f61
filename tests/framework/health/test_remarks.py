"""Remarks are counted by reason, and the reasons have an end."""

from coinmux.framework.health.remarks import OTHER_REASONS, Remarks
from coinmux.framework.health.tracker import HealthTracker


def test_reasons_without_end_are_counted_together():
    """A reason may quote the source."""
    remarks = Remarks()
    for at in range(500):
        remarks.add({("trades", f"a price of -{at}"): 2}, {}, float(at))
    assert len(remarks.rows) <= 21
    assert remarks.rows_left_out == 1000
    assert remarks.rows["", OTHER_REASONS] == 960
    assert (remarks.answers, remarks.last_at) == (500, 499.0)


def test_known_reasons_are_counted_further_when_there_are_many():
    remarks = Remarks()
    for at in range(50):
        remarks.add({}, {("high", str(at)): 1, ("low", "first"): 1}, 0.0)
    assert remarks.fields["low", "first"] == 50


def test_remarks_are_forgotten_with_their_source(clock):
    """Not by a reload, which registers it again."""
    tracker = HealthTracker(clock)
    tracker.register("a", ["ticker"])
    tracker.remarks("a").add({("trades", "why"): 1}, {}, 1.0)
    tracker.register("a", ["ticker", "trades"])
    assert tracker.remarks("a").rows_left_out == 1
    tracker.forget("a")
    assert tracker.remarks("a").rows_left_out == 0
