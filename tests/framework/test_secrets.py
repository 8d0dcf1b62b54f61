"""Secrets do not print, and no text that leaves keeps one."""

from __future__ import annotations

import base64
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.secrets import Redactor, Secret

KEY = "s3cr3t/Key+Value=="


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.add(KEY)
    made.add(Secret("abc"))
    return made


def test_secret_is_masked():
    """Neither str, repr, format nor pickle shows the value."""
    secret = Secret(KEY)
    for text in (str(secret), repr(secret), f"{secret}", f"{[secret]}"):
        assert KEY not in text
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == KEY
    assert secret == Secret(KEY)
    assert secret != Secret("other")
    assert len({secret, Secret(KEY)}) == 1
    assert secret
    assert not Secret("")


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY, safe=""),
        quote(KEY),
        base64.b64encode(KEY.encode()).decode().rstrip("="),
        base64.b64encode(f"user:{KEY}".encode()).decode(),
        base64.b64encode(f"me:{KEY}:x".encode()).decode(),
        base64.urlsafe_b64encode(f"ab:{KEY}".encode()).decode(),
    ],
)
def test_known_value_in_any_form(redactor, form):
    """A known value goes, raw, URL-encoded or in base64, wherever it stands."""
    cleaned = redactor.clean(f"GET /x/{form}/y failed")
    assert cleaned.startswith("GET /x/")
    assert cleaned.endswith("/y failed")
    assert "***" in cleaned
    core = KEY[3:9]
    assert core not in cleaned
    assert base64.b64encode(KEY.encode()).decode()[4:16] not in cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://x/y?apikey=QQ&a=1", "https://x/y?apikey=***&a=1"),
        ("https://x/y?a=1&x_cg_demo_api_key=QQ", "https://x/y?a=1&x_cg_demo_api_key=***"),
        ("?auth_token=QQ&signature=ZZ", "?auth_token=***&signature=***"),
        ("?access_token='Q Q' end", "?access_token=*** end"),
        ("Authorization: Bearer QQ.RR, next", "Authorization: ***, next"),
        ("{'X-API-KEY': 'QQ', 'a': 1}", "{'X-API-KEY': ***, 'a': 1}"),
        ('{"secret":"QQ"}', '{"secret":***}'),
        ("AUTH=QQ", "AUTH=***"),
        ("abc=abc&token=abc", "abc=abc&token=***"),
    ],
)
def test_telling_parameters(redactor, text, expected):
    """The value of a parameter named like a secret goes, known or not."""
    assert redactor.clean(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "binance: HTTP 500: try later",
        "the token list: BTC, ETH",
        "monkey business, keyboards and authors",
        "token: 0xdac17f958d2ee523a2206206994597c13d831ec7",
        "a=1&b=2",
        "abc def",
        "",
    ],
)
def test_other_text_stays(redactor, text):
    """What is no secret is left alone."""
    assert redactor.clean(text) == text


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=80),
    st.text(max_size=30),
    st.text(max_size=30),
)
def test_any_value(value, before, after):
    """No text keeps a known value."""
    redactor = Redactor()
    redactor.add(value)
    if value in "***":
        return
    cleaned = redactor.clean(f"{before}{value}{after}{quote(value, safe='')}")
    assert value not in cleaned.replace("***", "\0")
