"""What the measuring does itself is not the page's."""

from bench.page_run import Run, _own


def test_a_task_in_which_garbage_was_collected_for_the_measure_is_left_out():
    """One that only touches that time is, too; those before and after it count."""
    tasks = [(0, 60), (95, 70), (110, 55), (300, 80)]
    assert _own(tasks, [(2.0, 100.0, 200.0)]) == [60, 80]


def test_a_page_that_stood_still_is_told_without_figures_of_frames():
    """Nothing moved and nothing was long: that is no error."""
    told = Run([], [], [], [], [2.0, 2.1, 2.3]).said()
    assert "0 frames" in told
    assert "0 tasks over 50 ms, longest 0 ms" in told
    assert "memory 2.0 MB at first, 2.3 MB at the end" in told
