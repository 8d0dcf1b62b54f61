"""Errors as a model reads them: what is wrong, what would do, what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.server.asgi.problems import problem
from coinmux.server.mcp.budget import clipped

if TYPE_CHECKING:
    from coinmux.framework.secrets import Redactor

_encode = msgspec.json.Encoder().encode
_LINE_CHARS = 1_500
_WHOLE_BYTES = 4_000
#: Attempts that the first line names.
_NAMED = 6
#: What answers speak of and this door has under another name.
_HERE: Mapping[str, str] = {
    "GET /api/indicators lists them": "find with kind=indicators lists them",
    "GET /api/onchain": "find with kind=metrics",
    "GET /api/capabilities": "tools/list",
    "GET /api/providers": "find with kind=providers",
    "/api/models/status": "coinmux://catalogue",
}
#: Where what is not known is looked up, by the code of the error.
_LOOK_UP: Mapping[str, str] = {
    "unknown_symbol": "pairs",
    "invalid_symbol": "pairs",
    "unknown_provider": "providers",
    "unknown_metric": "metrics",
}
#: Members that the first line says already, or that mean something to HTTP alone.
_SAID = ("type", "title", "status", "code", "detail")


def here(text: str) -> str:
    """`text` with routes of the REST API named as what stands for them here."""
    for route, name in _HERE.items():
        text = text.replace(route, name)
    return text


def text_of_error(error: BaseException, request_id: str, redactor: Redactor) -> str:
    """The error in a line that says what to do, and its members as JSON; bounded, no secrets."""
    document = problem(error, request_id, redactor)
    line = "; ".join([f"{document['code']}: {here(document['detail'])}", *_hints(document)])
    rest = {name: one for name, one in document.items() if name not in _SAID}
    if attempts := _tried(document):
        rest["attempts"] = attempts
    whole = _encode(rest).decode()
    if len(whole.encode()) > _WHOLE_BYTES:
        # What was tried and known may be long lists; the line has said what to do.
        whole = _encode({"request_id": request_id}).decode()
    return f"{clipped(line, _LINE_CHARS)}\n{whole}"


def _tried(document: Mapping[str, Any]) -> list[str]:
    """Each attempt in two words: whom, and how it ended."""
    return [
        f"{one['provider']} {one.get('code') or one.get('outcome')}"
        for one in document.get("attempts") or ()
    ]


def _hints(document: Mapping[str, Any]) -> Iterator[str]:
    meant = list(document.get("did_you_mean") or ())
    for one in document.get("errors") or ():
        meant += [name for name in one.get("did_you_mean") or () if name not in meant]
    if meant:
        yield f"did you mean {' or '.join(map(str, meant))}?"
    known = document.get("known") or next(
        (one["known"] for one in document.get("errors") or () if one.get("known")), None
    )
    if known and not meant:
        yield f"known: {', '.join(map(str, known))}"
    if document["code"] != "unknown_symbol" and (attempts := _tried(document)):
        yield f"tried: {', '.join(attempts[:_NAMED])}"
    if (kind := _LOOK_UP.get(document["code"])) is not None:
        yield f"find with kind={kind} looks them up"
    if missing := document.get("missing"):
        yield f"set {', '.join(missing)} to enable it"
    if wait_s := document.get("retry_after_s"):
        yield f"try again in {wait_s:.0f} s"
