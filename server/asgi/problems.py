"""Every error as a problem document (RFC 9457): one table, type of error to status and title."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec
from litestar.exceptions import HTTPException

from coinmux.framework.errors import (
    AllProvidersFailed,
    BudgetSpent,
    CoinmuxError,
    DeadlineExceeded,
    FeatureDisabled,
    InsufficientData,
    InvalidRequest,
    InvalidSymbol,
    NoProviderAvailable,
    NotFound,
    Overloaded,
    PluginError,
    ProviderError,
    UnknownChain,
    UnknownFeature,
    UnknownIndicator,
    UnknownIndicatorParameter,
    UnknownInterval,
    UnknownMetric,
    UnknownProvider,
    UnknownSymbol,
)

if TYPE_CHECKING:
    from coinmux.framework.secrets import Redactor
    from coinmux.server.asgi.scope import RawHeaders

_LOG = logging.getLogger("coinmux.server")
_ENCODER = msgspec.json.Encoder()
#: Longest string of a problem document; what a source or caller sent may be any length.
_TEXT_LIMIT = 1_000


class AdminRequired(CoinmuxError):
    """The route changes something and the admin token is missing or wrong."""

    code = "admin_required"


class ForbiddenOrigin(CoinmuxError):
    """The route changes something and the request may not come from where it does."""

    code = "forbidden_origin"


class KeyRequired(CoinmuxError):
    """The route asks sources, keys are set, and the request carries none."""

    code = "api_key_required"


class KeyRefused(CoinmuxError):
    """The key is nobody's, or more than one was sent."""

    code = "api_key_refused"


class ScopeMissing(CoinmuxError):
    """The owner of the key may not ask for this part of the API."""

    code = "scope_missing"


class MethodNotAllowed(CoinmuxError):
    """The route has no such method."""

    code = "method_not_allowed"


class NotAcceptable(CoinmuxError):
    """The caller takes none of the forms the answer has."""

    code = "not_acceptable"


class BodyTooLarge(CoinmuxError):
    """More bytes of body than are taken."""

    code = "too_large"


class UnsupportedMediaType(CoinmuxError):
    """A body that is not plain JSON."""

    code = "unsupported_media_type"


class TooManyRequests(CoinmuxError):
    """One client asks more than its share.

    Attributes:
        retry_after_s: seconds until one more is taken.
    """

    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


#: What each error is answered with; the nearest base counts.
TABLE: Mapping[type[CoinmuxError], tuple[int, str]] = {
    InvalidRequest: (400, "Invalid request"),
    InsufficientData: (400, "Insufficient data"),
    InvalidSymbol: (400, "Invalid symbol"),
    UnknownInterval: (400, "Unknown interval"),
    UnknownIndicatorParameter: (400, "Unknown indicator parameter"),
    AdminRequired: (401, "Admin right required"),
    KeyRequired: (401, "API key required"),
    KeyRefused: (401, "API key refused"),
    ForbiddenOrigin: (403, "Forbidden origin"),
    ScopeMissing: (403, "Scope missing"),
    NotFound: (404, "Not found"),
    UnknownChain: (404, "Unknown chain"),
    UnknownFeature: (404, "Unknown feature"),
    UnknownIndicator: (404, "Unknown indicator"),
    UnknownMetric: (404, "Unknown metric"),
    UnknownProvider: (404, "Unknown provider"),
    UnknownSymbol: (404, "Unknown symbol"),
    MethodNotAllowed: (405, "Method not allowed"),
    NotAcceptable: (406, "Not acceptable"),
    FeatureDisabled: (409, "Feature disabled"),
    BodyTooLarge: (413, "Body too large"),
    UnsupportedMediaType: (415, "Unsupported media type"),
    TooManyRequests: (429, "Too many requests"),
    BudgetSpent: (429, "Budget spent"),
    CoinmuxError: (500, "Internal error"),
    AllProvidersFailed: (502, "Every source failed"),
    ProviderError: (502, "The source failed"),
    PluginError: (502, "The plugin failed"),
    NoProviderAvailable: (503, "No source available"),
    Overloaded: (503, "Overloaded"),
    DeadlineExceeded: (504, "Deadline exceeded"),
}

#: Codes of the errors Litestar raises, by status.
_BY_STATUS: Mapping[int, type[CoinmuxError]] = {
    400: InvalidRequest,
    401: AdminRequired,
    403: ForbiddenOrigin,
    404: NotFound,
    405: MethodNotAllowed,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
    503: Overloaded,
}


def status_and_title(error: type[CoinmuxError]) -> tuple[int, str]:
    """The row of the nearest base of `error`."""
    return next(TABLE[kind] for kind in error.__mro__ if kind in TABLE)


def nothing_at(path: str, served: Iterable[str]) -> NotFound:
    """The error for a path at which nothing is served: where the API is described, and near paths.

    Args:
        served: the templates of all paths.
    """
    words = path.strip("/").lower().split("/")
    found = []
    for template in served:
        parts = template.strip("/").split("/")
        if len(parts) == len(words):
            # What stands in a parameter's place is taken as it was asked for.
            pairs = zip(parts, words, strict=True)
            found.append("/" + "/".join(w if p.startswith("{") else p for p, w in pairs))
        elif "{" not in template:
            found.append(template)
    meant = get_close_matches("/" + "/".join(words)[:200], sorted(set(found)), n=3, cutoff=0.7)
    detail = "nothing is served at this path; /docs describes the API"
    return NotFound(detail, did_you_mean=meant)


def problem(error: BaseException, request_id: str, redactor: Redactor) -> dict[str, Any]:
    """The problem document of `error`. A defect of ours shows nothing of itself."""
    known = _known(error)
    status, title = status_and_title(type(known))
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": known.code,
        "detail": known.detail or title,
        "request_id": request_id,
        **known.extra,
    }
    return {name: _safe(value, redactor) for name, value in document.items()}


def render(
    error: BaseException, request_id: str, redactor: Redactor
) -> tuple[int, RawHeaders, bytes]:
    """Status, headers and body that answer `error`; defects of ours are logged here, once."""
    document = problem(error, request_id, redactor)
    status: int = document["status"]
    if status == 500:
        _LOG.error("request %s failed: a defect", request_id, exc_info=error)
    body = _ENCODER.encode(document)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *_further_headers(error, status),
    ]
    return status, headers, body


def _known(error: BaseException) -> CoinmuxError:
    if isinstance(error, CoinmuxError):
        return error
    if isinstance(error, HTTPException) and error.status_code < 500:
        kind = _BY_STATUS.get(error.status_code, InvalidRequest)
        return kind(*_detail(error), **_errors(error, kind))
    return CoinmuxError("a defect of coinmux; the log has it under the request id")


def _detail(error: HTTPException) -> Iterator[str]:
    if error.status_code == 404:
        yield "nothing is served at this path"
    elif error.status_code == 405:
        yield "this path does not take this method"
    else:
        yield error.detail


def _errors(error: HTTPException, kind: type[CoinmuxError]) -> dict[str, Any]:
    """Litestar's list of validation errors in our words."""
    if kind is not InvalidRequest:
        return {}
    listed = error.extra if isinstance(error.extra, list) else []
    errors = [
        {"name": str(one.get("key", "body")), "message": str(one.get("message", "is invalid"))}
        for one in listed
        if isinstance(one, Mapping)
    ]
    return {"errors": errors or [{"name": "body", "message": error.detail}]}


def _further_headers(error: BaseException, status: int) -> Iterator[tuple[bytes, bytes]]:
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None and math.isfinite(retry_after_s):
        yield b"retry-after", b"%d" % max(1, math.ceil(retry_after_s))
    if status == 401:
        yield b"www-authenticate", b"Bearer"
    if status == 405 and isinstance(error, HTTPException) and error.headers:
        allow = {name.lower(): value for name, value in error.headers.items()}.get("allow", "")
        yield b"allow", allowed(allow).encode("ascii")


def allowed(methods: str) -> str:
    """An `Allow` header in one order; what may be got may be asked for its head too."""
    names = {name.strip() for name in methods.split(",") if name.strip()}
    if "GET" in names:
        names.add("HEAD")
    return ", ".join(sorted(names))


def _safe(value: Any, redactor: Redactor) -> Any:
    """`value` with every string freed of secrets and cut."""
    if isinstance(value, str):
        return redactor.clean(value)[:_TEXT_LIMIT]
    if isinstance(value, Mapping):
        return {str(name): _safe(one, redactor) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_safe(one, redactor) for one in value]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _safe(str(value), redactor)
