"""Routes that plugins declare: what is refused where it is made, and what does not load."""

import pytest

from coinmux import Route, hookimpl
from coinmux.framework.plugins.discovery import PluginLoader, in_process


class Plugin:
    def __init__(self, told):
        self.told = told

    @hookimpl
    def register_routes(self):
        if isinstance(self.told, BaseException):
            raise self.told
        return self.told


@pytest.mark.parametrize(
    "path",
    ["", "/", "rate", "/rate/", "//rate", "/a b", "/rate?x=1", "/%2e", "/..", "/a/../b", "/é", 7],
)
def test_a_path_that_could_mean_another_place_is_refused(path):
    with pytest.raises(ValueError, match="Route takes a path"):
        Route(path, print, "A rate.")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"handler": None}, "a function as its handler"),
        ({"summary": " "}, "a summary"),
        ({"method": "DELETE"}, "GET or POST"),
        ({"media_type": "text/html\r\nset-cookie: a=b"}, "a media type"),
        ({"media_type": "html"}, "a media type"),
        ({"page": ""}, "a name for a page"),
        ({"page": "Rates", "method": "POST"}, "a name for a page"),
    ],
)
def test_what_cannot_be_served_is_refused(given, error):
    with pytest.raises((TypeError, ValueError), match=error):
        Route(**{"path": "/rate", "handler": print, "summary": "A rate.", **given})


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (None, "register_routes returns a list of Route"),
        (["/rate"], "register_routes returns a list of Route"),
        ([Route("/rate", print, "A rate.")] * 2, "register_routes returns a path twice"),
        (RuntimeError("no routes today"), "RuntimeError while loading: no routes today"),
        (SystemExit(3), "SystemExit while loading: 3"),
    ],
)
def test_what_declares_no_routes_does_not_load_and_stops_nobody(told, why):
    """Two plugins may have one path: each has its own place."""
    good = [Route("/rate", print, "A rate.")]
    plugins = {"bad": told, "good": good, "other": good}
    loader = PluginLoader()
    loader.load([in_process(n, Plugin(t)) for n, t in plugins.items()], wait_s=10, limit_s=10)
    (broken,) = loader.broken
    assert broken.name == "bad"
    assert why in broken.error
    assert [one.plugin for one in loader.extensions if one.routes] == ["good", "other"]


def test_one_path_may_have_two_methods():
    routes = [Route("/rate", print, "A rate.", method=method) for method in ("GET", "POST")]
    loader = PluginLoader()
    loader.load([in_process("acme", Plugin(routes))], wait_s=10, limit_s=10)
    assert loader.broken == []
