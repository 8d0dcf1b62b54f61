"""A trace of Chromium is read task by task."""

import json

from bench.page_tasks import tasks_of

MAIN = {"pid": 7, "tid": 1}
OTHER = {"pid": 8, "tid": 1}


def thread(place):
    """The event that names a main thread."""
    return {**place, "name": "thread_name", "ph": "M", "args": {"name": "CrRendererMain"}}


def done(name, begins_ms, took_ms, place=MAIN, cpu_ms=None, **data):
    """A finished piece of work, as the trace writes it: in microseconds."""
    event = {**place, "name": name, "ph": "X", "ts": begins_ms * 1000, "dur": took_ms * 1000}
    if cpu_ms is not None:
        event["tdur"] = cpu_ms * 1000
    return {**event, "args": {"data": data}}


def read(*events):
    """The tasks of a trace with these events."""
    return tasks_of(json.dumps({"traceEvents": [thread(MAIN), thread(OTHER), *events]}).encode())


def test_a_task_has_its_own_time_and_what_it_was_spent_on():
    """CPU time stands beside the clock's, and a piece of work counts for its task alone."""
    long, short = read(
        done("RunTask", 0, 4, cpu_ms=3),
        done("Layout", 1, 2),
        done("RunTask", 10, 90, cpu_ms=30),
        done("FunctionCall", 11, 20, functionName="show", url="http://here/static/later.js"),
        done("Layout", 12, 5),
        done("UpdateLayoutTree", 40, 7),
        done("Layout", 50, 10),
    )
    assert (long.wall_ms, long.cpu_ms) == (90, 30)
    assert long.parts == {"script": 20, "layout": 15, "style": 7}
    assert long.calls == ("show in later.js",)
    assert (short.wall_ms, short.cpu_ms, short.parts) == (4, 3, {"layout": 2})


def test_a_task_that_is_named_twice_is_one():
    """Two categories of the trace write the same task down."""
    (one,) = read(
        done("ThreadControllerImpl::RunTask", 0, 60, cpu_ms=50),
        done("RunTask", 1, 58, cpu_ms=49),
        done("Layout", 5, 20),
    )
    assert (one.wall_ms, one.parts) == (60, {"layout": 20})


def test_the_page_is_the_renderer_that_worked_most():
    """One that waits beside it is left out; without CPU times the clock's are told."""
    (one,) = read(
        done("RunTask", 0, 500, OTHER), done("Layout", 0, 1, OTHER),
        done("RunTask", 0, 70), done("Layout", 0, 30),
    )  # fmt: skip
    assert (one.wall_ms, one.cpu_ms) == (70, 70)


def test_a_trace_without_a_page_has_no_tasks():
    """Nothing is made up."""
    assert read() == []
