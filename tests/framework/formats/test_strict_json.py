"""Strict JSON agrees with the standard library on sound documents and refuses the rest."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import Empty, Malformed, ProviderError
from coinmux.framework.formats.strict_json import DEPTH, loads, parse, parse_mended, require_content

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**39), max_value=10**39)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=30,
)
STYLES = st.sampled_from(
    [
        {"separators": (",", ":")},
        {"separators": (", ", ": ")},
        {"indent": 1},
        {"separators": (" , ", " : ")},
        {"separators": ("\n,", "\t:")},
        {"ensure_ascii": False},
    ]
)


#: Long documents are looked at in another way than short ones.
PADS = st.sampled_from(["", "x" * 3_000])


@given(VALUES, STYLES, PADS)
def test_agrees_with_the_standard_library(value, style, pad):
    """A sound document reads as the standard library reads it, whatever its spacing."""
    try:
        body = json.dumps([value, pad], **style).encode()
    except UnicodeEncodeError:
        return
    try:
        got = parse(body)
    except Malformed:
        assert any(0xD800 <= ord(c) < 0xE000 for c in repr(value)) or "\\ud" in body.decode()
        return
    assert got == json.loads(body)


def duplicated(value, style, pad, key, first, second):
    """A document that holds `key` twice somewhere inside."""
    marker = "\x00here\x00"
    body = json.dumps({"a": value, "p": pad, "z": marker}, **style)
    colon = style.get("separators", (", ", ": "))[1]
    twice = (
        "{" + ",".join(f"{json.dumps(key)}{colon}{json.dumps(v)}" for v in (first, second)) + "}"
    )
    return body.replace(json.dumps(marker), twice).encode()


@given(VALUES, STYLES, PADS, st.text(max_size=6), SCALARS, SCALARS)
def test_duplicate_keys(value, style, pad, key, first, second):
    """A key twice with different values is refused wherever it stands."""
    try:
        body = duplicated(value, style, pad, key, first, second)
    except UnicodeEncodeError:
        return
    if json.dumps(first) == json.dumps(second):
        return
    with pytest.raises(Malformed):
        parse(body)


@given(st.binary(max_size=200))
def test_arbitrary_bytes(body):
    """Bytes of any kind end in a value or in an error of ours."""
    with contextlib.suppress(ProviderError):
        loads(body)


@settings(max_examples=200)
@given(st.text(alphabet='{}[]",:\\ 01aeu\n', max_size=60))
def test_arbitrary_punctuation(text):
    """Near-JSON ends in the standard library's value or in an error of ours."""
    try:
        got = parse(text.encode())
    except ProviderError:
        return
    assert got == json.loads(text)


@pytest.mark.parametrize("pad", ["", " " * 3_000], ids=["short", "long"])
@pytest.mark.parametrize("depth", [DEPTH - 1, DEPTH, DEPTH + 1, 300])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("[", "]"),
        ('{"a":', "}"),
        ("[[],[1],", "]"),
        ("[ [ ],\n", "]"),
        ('[{},{"],[":"}, {"},', "]"),
    ],
)
def test_depth(depth, opening, closing, pad):
    """Sixty-four levels are read, one more is not."""
    extra = 1 if "[" in opening[1:] else 0
    inner = "[]" if extra else "1"
    body = pad + opening * (depth - extra) + inner + closing * (depth - extra)
    if depth <= DEPTH:
        assert parse(body.encode()) is not None
    else:
        with pytest.raises(Malformed):
            parse(body.encode())


def test_brackets_in_strings_are_no_depth():
    """Brackets inside strings do not count."""
    body = json.dumps(["[" * 200 + '"' + "{" * 200, "\\", "]" * 3]).encode()
    assert parse(body) == json.loads(body)
    deep = ('["],[",' * 70 + "1" + "]" * 70).encode()
    with pytest.raises(Malformed):
        parse(deep)


def test_long_strings():
    """A string of more than 1 MiB is refused, in values and keys."""
    assert parse(json.dumps(["a" * 1_048_576]).encode())
    for value in (["a" * 1_048_577], {"a" * 1_048_577: 1}, [[{"a": "b" * 1_100_000}]]):
        with pytest.raises(Malformed):
            parse(json.dumps(value).encode())


def test_byte_order_mark():
    """One byte order mark is stripped; a document of nothing else is empty."""
    assert parse(b"\xef\xbb\xbf[1]") == [1]
    with pytest.raises(Malformed):
        parse(b"\xef\xbb\xbf\xef\xbb\xbf[1]")


@pytest.mark.parametrize("body", [b"", b"  ", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n"])
def test_blank(body):
    """Nothing at all is empty, not malformed."""
    with pytest.raises(Empty):
        parse(body)


@pytest.mark.parametrize("value", [None, True, False, 0, 0.0, -0.0, ""])
def test_bare_nothing(value):
    """A scalar that says nothing is no answer."""
    with pytest.raises(Empty):
        require_content(value, empty_ok=True)


@pytest.mark.parametrize("value", [1, -1.5, "x", [None], {"a": None}])
def test_content(value):
    """Anything else is left to the plugin."""
    require_content(value)


def test_long_integers_in_a_document_that_is_looked_at_twice():
    """The exact path keeps what the quick one took."""
    digits = "7" * 40
    got = parse(b'{"a" : %s, "b" : -0.0}' % digits.encode())
    assert got["a"] == int(digits)
    assert math.copysign(1, got["b"]) == -1


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"title": "Miners \& friends"}', {"title": "Miners & friends"}),
        (rb'["a\_b", "c\\d", "e\"f", "\u00e4"]', ["a_b", "c\\d", 'e"f', "ä"]),
        (rb'["\\\&"]', ["\\&"]),
        (rb'["\u12"]', ["u12"]),
        (rb'["\x41"]', ["x41"]),
        (rb'["A \ud83d B", "\ude80"]', ["A \ufffd B", "\ufffd"]),
        (rb'["\ud83d\ud83d\ude80", "\\ud83d"]', ["\ufffd\U0001f680", "\\ud83d"]),
        (b'["a\tb\nc\x01"]', ["a b c "]),
        (b'{"k":\n\t["v"]}', {"k": ["v"]}),
        (rb'{"a": "\d{2}", "b": [1, 2]}', {"a": "d{2}", "b": [1, 2]}),
    ],
)
def test_what_is_mended(body, value):
    """A backslash that begins no escape goes, a control character in a string becomes a space."""
    assert parse_mended(body) == value


@pytest.mark.parametrize(
    "body",
    [
        rb'["\&"]', rb'{"a": "\x"}', b'["a\nb"]', b'["\x01"]', rb'["\u12"]',
    ],
)  # fmt: skip
def test_nothing_is_mended_unless_declared(body):
    """Strictness stays the rule."""
    with pytest.raises(Malformed):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}', b"[NaN]", b"[1e999]", b"[1,]", b"{'a': 1}", b'["a', b"[1] [2]",
        rb'["a\"]', b'["\xff"]', b"[" * 80 + b"]" * 80, b"<html>", b"\x01[1]",
    ],
)  # fmt: skip
def test_what_is_not_mended(body):
    """All else is as strict as ever."""
    with pytest.raises(Malformed):
        parse_mended(body)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_good_json_is_not_mended(value):
    """A document that can be read is read as it stands."""
    body = json.dumps(value).encode()
    assert parse_mended(body) == value
