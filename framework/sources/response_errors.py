"""What a reply means: by the plugin's table and hook first, else by its status, kind and body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import (
    AuthRefused,
    BadStatus,
    Banned,
    Challenge,
    CoinmuxError,
    Empty,
    GeoBlocked,
    NotJSON,
    PluginError,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Redirected,
    ToldToWait,
)
from coinmux.framework.health.classify import quoted
from coinmux.framework.plugins.raised import sound
from coinmux.framework.reference.values import clean_text
from coinmux.framework.sources import retry_after, table_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coinmux.framework.models.base import Query
    from coinmux.framework.plugins.provider_info import ProviderInfo, Reply
    from coinmux.framework.secrets import Redactor

#: What bot walls, captchas and maintenance pages have in common, in lower case.
_CHALLENGE_MARKS = (
    b"cf-chl",
    b"cf_chl",
    b"challenge-platform",
    b"just a moment",
    b"attention required",
    b"captcha",
    b"ddos-guard",
    b"incapsula",
    b"_incap_",
    b"perimeterx",
    b"px-captcha",
    b"datadome",
    b"access denied",
    b"verify you are human",
    b"enable javascript",
)
_HTML_HEAD = 16_384
#: How a text begins that is no damaged JSON: `Invalid address`.
_WORDS = re.compile(rb"(?!(?:true|false|null|NaN|Infinity)\b)[A-Za-z][^{\[\x00-\x08\x7f-\xff]*")
#: Header of a simulated source's reply to a request it has no sample of.
NO_SAMPLE = "x-simulator-no-sample"
CHALLENGE = "a bot wall or block page in place of data"


def from_status(status: int, *, is_json: bool, has_key: bool, said: str) -> ProviderError | None:
    """The error an HTTP status is by itself; None for 200.

    Args:
        status: of the reply.
        is_json: whether its body is JSON.
        has_key: whether a key went along.
        said: a few words of the body, cleaned.
    """
    if status == 200:
        return None
    detail = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if status == 429:
        return RateLimited(detail)
    if status == 401 or (status == 403 and is_json and has_key):
        return AuthRefused(detail)
    if status == 402:
        return QuotaExhausted(detail)
    if status == 418:
        return Banned(detail)
    if status == 451:
        return GeoBlocked(detail)
    if status in (204, 304):
        return Empty(detail)
    if 300 <= status < 400:
        return Redirected(f"HTTP {status}; redirects are not followed")
    return BadStatus(detail, status=status)


def from_body(body: Any) -> ProviderError | None:
    """The error hidden in a 200 that the plugin did not recognise: row D9."""
    if type(body) is not dict:
        return None
    error = body.get("error")
    # A list beside a result is of warnings (Kraken's), where the plugin saw no error in it.
    if error and not (isinstance(error, list) and body.get("result")):
        return BadStatus(f"the answer is an error: {_words(error)}", status=200)
    if body.get("status") == "0" and body.get("message") == "NOTOK":
        return BadStatus(f"the answer is an error: {_words(body.get('result'))}", status=200)
    code = body.get("code")
    if type(code) is int and code < 0 and ("msg" in body or "message" in body):
        said = _words(body.get("msg", body.get("message")))
        return BadStatus(f"the answer is an error: {code} {said}", status=200)
    return None


def not_json(body: bytes, content_type: str) -> ProviderError | None:
    """The error for a document of another kind; None where it may be damaged JSON."""
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if _WORDS.fullmatch(start):
        return NotJSON(f"a text in place of JSON: {start.decode('ascii')!r}")
    if start[:1] != b"<" and "html" not in content_type and "xml" not in content_type:
        return None
    if is_challenge(body):
        return Challenge(CHALLENGE)
    return NotJSON(f"a document of type {content_type[:60] or 'unknown'!r} in place of JSON")


def is_challenge(body: bytes) -> bool:
    """Whether a page carries the marks of a bot wall, captcha or block page."""
    lower = body[:_HTML_HEAD].lower()
    return any(mark in lower for mark in _CHALLENGE_MARKS)


def read(
    info: ProviderInfo,
    hook: Callable[[Reply, Query], Exception | None] | None,
    reply: Reply,
    query: Query,
) -> CoinmuxError | None:
    """What the plugin knows of a reply: a row of its table, its `map_error`, an unlisted code."""
    error = table_errors.from_rows(info, reply, query)
    if error is None and hook is not None:
        error = from_plugin(info.name, hook, reply, query)
    elif error is not None:
        # The wait may be a function of the plugin's.
        error = sound(error)
    return error or table_errors.unlisted(info, reply)


def from_plugin(
    provider: str, hook: Callable[[Reply, Query], Exception | None], reply: Reply, query: Query
) -> CoinmuxError | None:
    """What the plugin's `map_error` says, whether it returns or raises it.

    Anything but an error of ours is the plugin's own failure.
    """
    try:
        error = hook(reply, query)
    except CoinmuxError as exc:
        return sound(exc)
    except BaseException as exc:  # noqa: BLE001 - the border around a plugin call
        failure = PluginError(f"{provider}.map_error raised {quoted(exc)}")
        failure.__cause__ = exc
        return failure
    if error is None or isinstance(error, CoinmuxError):
        return None if error is None else sound(error)
    return PluginError(f"{provider}.map_error returned {type(error).__name__}")


def few_words(text: str, redactor: Redactor) -> str:
    """The start of a body, fit for an error: one line, no markup, no secrets."""
    if text.lstrip()[:1] == "<":
        return ""
    # Secrets go before the text is cut: half a key is not recognised.
    return clean_text(redactor.clean(text))[:160]


def without_secrets(error: CoinmuxError, redactor: Redactor) -> CoinmuxError:
    """The error, with keys that the source echoed removed from its text."""
    error.detail = clean_text(redactor.clean(error.detail))
    error.args = (error.detail,)
    return error


def with_wait(
    error: CoinmuxError, status: int, headers: Mapping[str, str], now_ms: int
) -> CoinmuxError:
    """The error with `Retry-After` filled in, where it takes one and has none yet."""
    if isinstance(error, ToldToWait) or (isinstance(error, BadStatus) and status == 503):
        if error.retry_after_s is not None or "retry-after" not in headers:
            return error
        is_ban = isinstance(error, Banned)
        error.retry_after_s = retry_after.parse(
            headers["retry-after"],
            date=headers.get("date"),
            now_ms=now_ms,
            shortest_s=retry_after.SHORTEST_BAN_S if is_ban else retry_after.SHORTEST_S,
            longest_s=retry_after.LONGEST_BAN_S if is_ban else retry_after.LONGEST_S,
        )
    return error


def _words(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("message") or value.get("msg") or value
    return str(value)[:2_000]
