"""Secrets that do not print, and a filter that takes them out of text."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"
#: Shorter values would blank out ordinary words; they are removed as parameter values only.
SHORTEST = 6

_NAMES = r"(?:key|token|secret|signature|auth\w*|passphrase|password)"
#: A key of one of our consumers (`framework/config/api_keys.py`), which is known here by its form.
_CONSUMERS_KEY = re.compile(r"cmx_[\w-]{20,}", re.ASCII | re.IGNORECASE)
#: A text with none of these, in any case, names no secret.
_HINTS = ("key", "token", "secret", "signature", "auth", "passphrase", "password")
_HINT = re.compile("|".join(_HINTS), re.IGNORECASE)
_SCHEME = r"(?:(?:bearer|basic|token|apikey)\s+)?"
# `name=value` of a URL, a form or a log line.
_PARAMETER = re.compile(
    rf"([\w.-]*{_NAMES}=)(\"[^\"]*\"|'[^']*'|{_SCHEME}[^\s&;,\"'<>)\]}}]+)", re.IGNORECASE
)
# A header line or a JSON member; only names that never stand for public data.
_FIELD = re.compile(
    r"""((?:authorization|[\w-]*api[-_]?key|[\w-]*secret|signature|passphrase|password)["']?\s*:\s*)"""
    rf"""("[^"]*"|'[^']*'|{_SCHEME}[^\s,;"'}}\]]+)""",
    re.IGNORECASE,
)
# What follows such a name in a sentence that explains it: our own words, no value.
_EXPLAINED = re.compile(
    rf"""["']?{_SCHEME}(?:bearer|basic|token|apikey|<[^>]*>?|\{{\w*\}}?|\.\.\.|…
    |a|an|and|are|as|by|empty|expected|for|from|given|has|header|in|invalid|is|it|missing|must|needed
    |no|none|not|null|of|or|refused|required|see|set|takes|the|to|unknown|unset|value|was|what
    |whether|which|with|without|wrong|your)["'.:!?]?""",
    re.IGNORECASE | re.VERBOSE,
)


def _is_hinted(text: str, small: str) -> bool:
    """Whether a text names something like a secret; `small` is the same in small letters."""
    if text.isascii():
        return any(hint in small for hint in _HINTS)
    return _HINT.search(text) is not None  # letters beyond ASCII stand for others in any case


def _masked(match: re.Match[str]) -> str:
    """The name with its value masked; a word that only explains it stays."""
    return match[0] if _EXPLAINED.fullmatch(match[2]) else f"{match[1]}{MASK}"


class Secret:
    """A value that shows only when asked by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the wire, never for text."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a Secret is not pickled")


class Redactor:
    """Removes known secrets, in any case and encoding, and values of parameters named like secrets.

    One per Gateway. `clean` on a text without secrets costs a few substring searches.
    """

    __slots__ = ("_forms",)

    def __init__(self) -> None:
        #: In small letters, each with the pattern that finds it in any case.
        self._forms: tuple[tuple[str, re.Pattern[str]], ...] = ()

    def add(self, value: str | Secret) -> None:
        """Have `value` removed from now on; values of fewer than six characters are left out."""
        plain = (value.reveal() if isinstance(value, Secret) else value).strip()
        if len(plain) < SHORTEST:
            return
        forms = {form.lower() for form in _forms(plain)} | {form for form, _ in self._forms}
        # Longest first: a form that contains another must go as a whole.
        self._forms = tuple(
            (form, re.compile(re.escape(form), re.IGNORECASE))
            for form in sorted(forms, key=len, reverse=True)
        )

    def clean(self, text: str) -> str:
        """`text` without secrets."""
        small = text.lower()
        for form, pattern in self._forms:
            if form in small:
                text = pattern.sub(MASK, text)
                small = text.lower()
        if "cmx_" in small:
            text = _CONSUMERS_KEY.sub(MASK, text)
        if _is_hinted(text, small):
            text = _PARAMETER.sub(_masked, text)
            text = _FIELD.sub(_masked, text)
        return text


def echoes(value: str) -> tuple[bytes, ...]:
    """The ways a source may repeat a key in a body; none for a key too short to be recognised."""
    if len(value) < SHORTEST:
        return ()
    return tuple(sorted({value.encode(), quote(value, safe="").encode()}, key=len, reverse=True))


def without(body: bytes, known: Iterable[bytes]) -> bytes:
    """`body` with each of the `known` masked."""
    for form in known:
        if form in body:
            body = body.replace(form, MASK.encode())
    return body


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield quote(value)
    yield html.escape(value, quote=False)
    for apostrophe in ("&#x27;", "&#39;", "&apos;"):
        escaped = html.escape(value).replace("&#x27;", apostrophe)
        yield escaped
        yield escaped.replace("&quot;", "&#34;")
    yield json.dumps(value)[1:-1]
    raw = value.encode("utf-8", "surrogatepass")
    yield raw.hex()
    # Inside a longer base64 text the value starts at one of three offsets; only the characters
    # that depend on nothing but the value are looked for.
    for shift, skip in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * shift + raw).decode("ascii")
        bare = encoded.rstrip("=")
        core = bare[skip : len(bare) - (1 if len(bare) < len(encoded) else 0)]
        if len(core) >= SHORTEST:
            yield core
            yield core.replace("+", "-").replace("/", "_")
