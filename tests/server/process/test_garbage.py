"""A server searches its own objects rarely, and a process that served does so as before."""

import gc

from coinmux.server.process.garbage import leave_out_what_stays, search_hardly, search_less


def test_what_exists_is_left_out_until_the_server_is_over():
    """Both the pace and what is searched are as they were afterwards."""
    before = gc.get_threshold()
    undo = search_less()
    try:
        assert gc.get_threshold()[0] > before[0]
        leave_out_what_stays()
        assert gc.get_freeze_count() > 10_000
    finally:
        undo()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_a_start_searches_less_than_a_server():
    """Collection goes on, only rarely."""
    before = gc.get_threshold()
    undo = search_less()
    serving = gc.get_threshold()
    try:
        search_hardly()
        assert all(most > usual for most, usual in zip(gc.get_threshold(), serving, strict=True))
        assert gc.isenabled()
    finally:
        undo()
    assert gc.get_threshold() == before
