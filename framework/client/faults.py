"""What goes wrong between a client and its server, and problem documents as the errors they are."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from coinmux.framework import errors
from coinmux.framework.errors import CoinmuxError

#: Members of a problem document that are no `extra` of the error.
_OF_THE_FORM = frozenset({"type", "title", "code", "detail"})
#: What an error's own attribute is where the document does not say.
_UNSAID: Mapping[str, object] = {
    "errors": [], "did_you_mean": [], "missing": [], "attempts": [], "candidates": [],
    "reason": "", "symbol": "",
}  # fmt: skip
_SHOWN = 200


class ServerUnreachable(CoinmuxError):
    """The server did not answer: nobody listens there, or the connection ended.

    Attributes:
        was_sent: whether the request may have reached it.
    """

    code = "server_unreachable"

    def __init__(self, detail: str, *, was_sent: bool) -> None:
        super().__init__(detail)
        self.was_sent = was_sent


class BadAnswer(CoinmuxError):
    """What came is no answer of coinmux: another program listens there, or a proxy answered."""

    code = "server_bad_answer"


class Refused(CoinmuxError):
    """What only a server refuses: keys, scopes, its own limits of requests.

    Attributes:
        code: of the problem document, such as `api_key_refused` or `rate_limited`.
        status: of the answer.
        retry_after_s: seconds after which it may work; None where it did not say.
    """

    def __init__(
        self, code: str, detail: str, *, retry_after_s: float | None, **extra: Any
    ) -> None:
        super().__init__(detail, **extra)
        # One class for all that only servers say.
        self.code = code  # type: ignore[misc]
        self.retry_after_s = retry_after_s
        self.status = extra.get("status")


def _by_code() -> dict[str, type[CoinmuxError]]:
    """The errors of the tree by the code they are known by; the base of each comes first."""
    found: dict[str, type[CoinmuxError]] = {}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, CoinmuxError) and "code" in vars(kind):
            found.setdefault(kind.code, kind)
    return found


_KINDS = _by_code()


def error_of_answer(
    status: int, content_type: str, body: bytes, retry_after_s: float | None
) -> CoinmuxError:
    """The error that an answer other than 2xx stands for."""
    if content_type.partition(";")[0].strip() == "application/problem+json":
        try:
            return error_of(msgspec.json.decode(body, type=dict[str, Any]), retry_after_s)
        except msgspec.MsgspecError:
            status_text = f"HTTP {status} with a broken problem document"
            return BadAnswer(status_text, status=status)
    text = body[:_SHOWN].decode("utf-8", "replace")
    return BadAnswer(f"HTTP {status} without a problem document: {text!r}", status=status)


def error_of(document: Mapping[str, Any], retry_after_s: float | None = None) -> CoinmuxError:
    """A problem document as the error of its code; `extra` has its further members.

    Among them are `request_id` and `status`; attributes of the error that the document does not
    say, such as `attempts`, are empty.
    """
    code, detail = str(document.get("code", "")), str(document.get("detail", ""))
    extra = {name: one for name, one in document.items() if name not in _OF_THE_FORM}
    kind = _KINDS.get(code)
    if kind is None:
        return Refused(code, detail, retry_after_s=retry_after_s, **extra)
    error = kind.__new__(kind, detail)
    CoinmuxError.__init__(error, detail, **extra)
    for name in inspect.signature(kind.__init__).parameters:
        if name not in ("self", "detail", "extra"):
            setattr(error, name, extra.get(name, _UNSAID.get(name)))
    if hasattr(error, "retry_after_s"):
        error.retry_after_s = retry_after_s
    return error
