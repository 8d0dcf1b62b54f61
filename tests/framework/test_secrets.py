"""Secrets do not print, and no text that leaves keeps one."""

from __future__ import annotations

import ast
import base64
import html
import json
import pickle
from pathlib import Path
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


@pytest.mark.parametrize(
    "form",
    [
        KEY.upper(), KEY.lower(), KEY.swapcase(), KEY.encode().hex(), KEY.encode().hex().upper(),
        quote(KEY, safe="").lower(), "s3cr3t/Key+Value==".title(),
    ],
)  # fmt: skip
def test_known_value_in_any_case_and_in_hex(redactor, form):
    """Nor does it pass in capitals, small letters or hex."""
    assert redactor.clean(f"got {form}, end") == "got ***, end"


@pytest.mark.parametrize(
    "key", ["a<b>c&d\"e'f", "key&amp;more", '"quoted"', "x'y'z'1", "tab\there"]
)
def test_known_value_escaped_as_html_and_json(key):
    """Sources and pages write values as their formats demand."""
    redactor = Redactor()
    redactor.add(key)
    escaped = html.escape(key)
    forms = [escaped, escaped.replace("&#x27;", "&#39;"), html.escape(key, quote=False)]
    for form in (*forms, json.dumps(key)[1:-1]):
        assert redactor.clean(f"<p>{form}</p>") == "<p>***</p>"


def test_no_sentence_of_ours_is_masked(redactor):
    """What explains a 401 must arrive: every text of the product stays as it is."""
    root = Path(__file__).resolve().parents[2]
    masked = []
    for folder in ("framework", "server", "plugins"):
        for file in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and redactor.clean(text) != text:
                    masked.append((file.name, text[:80]))
    assert masked == []


@pytest.mark.parametrize(
    "text",
    [
        "takes Authorization: Bearer with the value of ADMIN_TOKEN",
        "takes Authorization: Bearer <token>",
        "send X-API-Key: your key",
        "password: wrong",
        "Authorization: missing",
        "signature: required",
    ],
)
def test_words_that_explain_stay(redactor, text):
    """A sentence about a header is no header."""
    assert redactor.clean(text) == text


@pytest.mark.parametrize("text", ["Authorization=Bearer QQ1", "Authorization: Apikey QQ1"])
def test_the_value_after_a_scheme_goes(redactor, text):
    """Not the scheme alone."""
    assert "QQ1" not in redactor.clean(text)


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


@pytest.mark.parametrize("word", ["key", "token", "secret", "signature", "auth", "passphrase"])
@pytest.mark.parametrize("around", ["", "№ ", "x" * 3_000 + " "])
def test_a_name_like_a_secrets_is_seen_in_any_case(redactor, word, around):
    """Capitals, letters beyond ASCII beside it or in it, and a long text hide no parameter."""
    names = {word, word.upper(), word.replace("s", "ſ"), word.replace("k", "\u212a")}  # noqa: RUF001
    for name in names:
        assert redactor.clean(f"{around}api_{name}=hidden1") == f"{around}api_{name}=***"
