"""What a look at the installed plugins leads to."""

import threading

import pytest

from coinmux.framework.adoption.plan import plan
from coinmux.framework.plugins.discovery import Found


def found(name, version="1", origin="x", *, stamp="s", value="m"):
    built_in = origin == "coinmux"
    return Found(name, origin, version, built_in, lambda: None, value, stamp=stamp)


def planned(running, installed, *, wanted=None, broken=()):
    wanted = [one.name for one in installed] if wanted is None else wanted
    made = plan(
        running,
        installed,
        {one.key for one in installed if one.name in wanted},
        {one.key for one in running if one.name in broken},
    )
    return (
        [one.name for one in made.load],
        [one.name for one in made.retire],
        {key[0]: why for key, why in made.wait.items()},
    )


OURS = found("kraken", "1.0", "coinmux")


@pytest.mark.parametrize(
    ("running", "installed", "options", "expected"),
    [
        ([], [], {}, ([], [], {})),
        ([OURS], [OURS], {}, ([], [], {})),
        ([OURS], [OURS, found("a")], {}, (["a"], [], {})),
        ([OURS, found("a")], [OURS], {}, ([], ["a"], {})),
        ([found("a")], [found("a")], {"wanted": []}, ([], ["a"], {})),
        ([], [found("a")], {"wanted": []}, ([], [], {})),
        ([found("a")], [found("a")], {"broken": ["a"]}, (["a"], [], {})),
        ([found("a")], [found("a")], {"broken": ["a"], "wanted": []}, ([], ["a"], {})),
        ([OURS], [OURS], {"broken": ["kraken"]}, ([], [], {})),
        ([OURS], [OURS], {"wanted": []}, ([], ["kraken"], {})),
        ([], [OURS], {}, (["kraken"], [], {})),
        (
            [found("a", "1.1")], [found("a", "1.2")], {},
            ([], [], {"a": "restart to use version 1.2 (1.1 is running)"}),
        ),
        (
            [found("a")], [found("a", stamp="t")], {},
            ([], [], {"a": "restart to use version 1 as it was installed anew"}),
        ),
        (
            [found("a")], [found("a", value="n")], {},
            ([], [], {"a": "restart to use version 1 as it was installed anew"}),
        ),
        ([found("a", "1")], [found("a", "2")], {"broken": ["a"]}, (["a"], [], {})),
    ],
    ids=[
        "nothing", "the same", "new", "gone", "switched off", "never switched on",
        "broken is tried again", "broken is switched off", "ours is not tried again",
        "ours is switched off", "ours is switched on", "another version",
        "the same version again", "another module", "broken is upgraded",
    ],
)  # fmt: skip
def test_what_is_done(running, installed, options, expected):
    assert planned(running, installed, **options) == expected


def test_another_version_of_coinmux_waits_as_a_whole():
    """Its new plugins are written for its new framework, and its old ones are still in use."""
    running = [OURS, found("htx", "1.0", "coinmux"), found("a")]
    new = [found("kraken", "1.1", "coinmux"), found("upbit", "1.1", "coinmux"), found("a")]
    load, retire, wait = planned(running, new)
    assert (load, retire) == ([], [])
    assert wait == {"coinmux": "restart to use version 1.1 (1.0 is running)"}


def test_one_whose_loading_hangs_is_not_begun_again():
    """It holds the lock of its module, so a second thread would hang as well."""
    one = found("a")
    one.thread, one.error = threading.current_thread(), "did not finish"
    assert planned([one], [found("a")], broken=["a"]) == ([], [], {})
    one.finished.set()
    assert planned([one], [found("a")], broken=["a"]) == (["a"], [], {})
