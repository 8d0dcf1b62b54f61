"""The error a reply is by its provider's `ErrorTable`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import (
    AuthRefused,
    BadStatus,
    CoinmuxError,
    GeoBlocked,
    NotOffered,
    PlanRestricted,
    PluginError,
    QuotaExhausted,
    RateLimited,
    UnknownSymbol,
)
from coinmux.framework.plugins.error_table import value_at

if TYPE_CHECKING:
    from coinmux.framework.plugins.error_table import ErrorTable, Meaning, When
    from coinmux.framework.plugins.provider_info import ProviderInfo, Reply

#: Statuses more particular than any code: a ban, and a refusal by law.
FINAL = frozenset({418, 451})
#: Statuses more particular than a code that no row knows.
PARTICULAR = FINAL | {401, 402, 403, 429}
_SUBJECTS = ("symbol", "asset", "address")


def is_silent(table: ErrorTable, body: object) -> bool:
    """Whether a body with the status 200 reports nothing by the table: no code, mark or message."""
    if table.marked is not None:
        return not _is_marked(table, body)
    if table.code_in(body):
        return False
    return type(body) not in (dict, str) or not table.message_in(body)


def from_rows(info: ProviderInfo, reply: Reply, query: object) -> CoinmuxError | None:
    """The error by a row of the table; None where no row matches, as for every answer."""
    table = info.errors
    if table is None:
        return None
    body = reply.body
    code = table.code_in(body)
    if not code and reply.status == 200:
        if table.marked is not None or type(body) not in (dict, str):
            return None
        if not table.message_in(body):
            return None
    said = _said(table, code, reply)
    text = f"{code} {table.message_in(body)}".lower()
    for meaning, when in table.rows:
        if not when.matches(code, text, reply.status, reply.is_json, query):
            continue
        if meaning == "unknown_symbol":
            subject = _subject(when, query)
            if subject is None:
                continue
            return UnknownSymbol(subject, f"{info.title}: {said or f'HTTP {reply.status}'}")
        if reply.status in FINAL:
            return None
        return _error(info, meaning, when, said or f"HTTP {reply.status}", reply)
    return None


def unlisted(info: ProviderInfo, reply: Reply) -> CoinmuxError | None:
    """The failure that a code in no row is, or what is marked as an error without a code."""
    table = info.errors
    if table is None or reply.status in PARTICULAR:
        return None
    code = table.code_in(reply.body)
    if not code and (table.marked is None or not _is_marked(table, reply.body)):
        return None
    said = _said(table, code, reply)
    return BadStatus(said or f"HTTP {reply.status}", status=reply.status)


def _is_marked(table: ErrorTable, body: object) -> bool:
    assert table.marked is not None
    return value_at(body, table.marked[0]) == table.marked[1]


def _said(table: ErrorTable, code: str, reply: Reply) -> str:
    message = table.message_in(reply.body)[:300]
    if message.lstrip()[:1] == "<":
        message = ""
    return " ".join(dict.fromkeys(part for part in (code, message) if part))


def _subject(when: When, query: object) -> object | None:
    for name in (when.about,) if when.about else _SUBJECTS:
        subject: object = getattr(query, name, None)
        if subject is not None:
            return subject
    return None


def _error(
    info: ProviderInfo, meaning: Meaning, when: When, said: str, reply: Reply
) -> CoinmuxError:
    wait_s = when.retry_after_s
    if meaning == "rate_limited":
        table = info.errors
        if wait_s is None and table is not None and table.retry_after is not None:
            try:
                wait_s = table.retry_after(reply)
            except Exception as error:  # noqa: BLE001 - the border around a plugin's function
                failure = PluginError(f"{info.name}: retry_after raised {type(error).__name__}")
                failure.__cause__ = error
                return failure
        return RateLimited(said, retry_after_s=wait_s)
    if meaning == "quota":
        return QuotaExhausted(said, retry_after_s=wait_s)
    if meaning == "plan":
        return PlanRestricted(said, retry_after_s=wait_s)
    if meaning == "plan_variant":
        return PlanRestricted(said, variant=True, retry_after_s=wait_s)
    if meaning == "geo_blocked":
        return GeoBlocked(said, retry_after_s=wait_s)
    if meaning == "auth":
        return AuthRefused(said)
    return NotOffered(said)
