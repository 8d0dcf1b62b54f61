"""What a reply means by itself, where the plugin said nothing."""

import pytest

from coinmux import (
    AuthRefused,
    BadStatus,
    Banned,
    Empty,
    GeoBlocked,
    QuotaExhausted,
    RateLimited,
    Redirected,
)
from coinmux.framework.sources.response_errors import from_body, from_status


@pytest.mark.parametrize(
    ("status", "is_json", "has_key", "kind"),
    [
        (200, True, True, None),
        (201, True, False, BadStatus),
        (204, False, False, Empty),
        (301, False, False, Redirected),
        (304, False, False, Empty),
        (400, True, True, BadStatus),
        (401, False, False, AuthRefused),
        (402, True, True, QuotaExhausted),
        (403, True, True, AuthRefused),
        (403, True, False, BadStatus),
        (403, False, True, BadStatus),
        (418, True, False, Banned),
        (429, False, False, RateLimited),
        (451, False, False, GeoBlocked),
        (503, False, False, BadStatus),
    ],
)
def test_B_statuses(status, is_json, has_key, kind):
    """Rows B1 to B16: the class decides what follows."""
    error = from_status(status, is_json=is_json, has_key=has_key, said="")
    assert type(error) is (type(None) if kind is None else kind)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no such thing"},
        {"error": {"code": -32000, "message": "no"}, "id": 1, "jsonrpc": "2.0"},
        {"error": True, "message": "no"},
        {"error": ["EGeneral:Internal error"]},
        {"error": ["EGeneral:Internal error"], "result": {}},
        {"status": "0", "message": "NOTOK", "result": "Max rate limit reached"},
        {"code": -1121, "msg": "Invalid symbol."},
    ],
)
def test_D9_an_error_inside_a_200(body):
    """What no plugin recognised is still no answer."""
    assert isinstance(from_body(body), BadStatus)


@pytest.mark.parametrize(
    "body",
    [
        {"error": None, "result": 1},
        {"error": [], "result": {"a": 1}},
        {"error": ["WGeneral:Slow"], "result": {"a": 1}},
        {"error": False, "price": 1},
        {"status": "0", "message": "No transactions found", "result": []},
        {"code": 0, "msg": "ok"},
        {"code": -1, "price": 2},
        [1],
        7,
    ],
)
def test_D9_words_that_are_no_error(body):
    """A warning beside a result, an empty error, a code that says all is well."""
    assert from_body(body) is None
