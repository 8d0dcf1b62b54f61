"""The garbage collector rests while a process starts, and leaves what the start has made alone."""

import subprocess
import sys

_CODE = """
import gc
from coinmux.server.process import collector

usual = gc.get_threshold()
collector.settle()
assert gc.get_freeze_count() == 0  # nobody asked for it: another program's collector is its own
collector.hold()
assert gc.get_threshold()[0] > usual[0]
made = [[] for _ in range(1000)]
collector.settle()
assert gc.get_freeze_count() > 1000
assert gc.get_threshold() == usual
assert gc.isenabled()
"""


def test_it_is_held_and_settles():
    """In a process of its own: what is frozen stays so."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
