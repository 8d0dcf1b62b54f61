"""What a source's error codes and messages mean, declared as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from coinmux.framework.plugins.declared_types import check_types

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import Reply

Meaning = Literal[
    "unknown_symbol",
    "quota",
    "rate_limited",
    "plan",
    "plan_variant",
    "auth",
    "geo_blocked",
    "not_offered",
]
#: In this order where two rows say equally much.
MEANINGS: tuple[Meaning, ...] = (
    "unknown_symbol",
    "quota",
    "rate_limited",
    "plan",
    "plan_variant",
    "auth",
    "geo_blocked",
    "not_offered",
)


@dataclass(frozen=True, slots=True)
class When:
    """A condition on an error reply; all that is given must hold.

    Attributes:
        codes: one of these codes; a text that ends in `*` matches codes that begin like it.
        says: one of these texts is part of the code and message, in any case; a page of HTML is
            searched where `is_json` is False.
        status: one of these HTTP statuses.
        is_json: whether the body is JSON.
        about: the query has this field (`address`).
        retry_after_s: how long to wait, where the source does not say.
    """

    codes: tuple[int | str, ...] = ()
    says: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    is_json: bool | None = None
    about: str = ""
    retry_after_s: float | None = None

    def __post_init__(self) -> None:
        check_types(self)

    @property
    def weight(self) -> int:
        """The more particular a condition, the earlier it is tried."""
        return 4 * bool(self.codes) + 2 * bool(self.says) + bool(self.status)

    def matches(self, code: str, text: str, status: int, is_json: bool, query: object) -> bool:
        """Whether a reply is meant.

        Args:
            code: "" where the reply has none.
            text: code and message, lower case.
            status: HTTP status.
            is_json: whether the body is JSON.
            query: what was asked.
        """
        return (
            (not self.codes or (code != "" and is_code(code, self.codes)))
            and (not self.says or self._is_said_in(text))
            and (not self.status or status in self.status)
            and (self.is_json is None or self.is_json is is_json)
            and (not self.about or getattr(query, self.about, None) is not None)
        )

    def _is_said_in(self, text: str) -> bool:
        is_page = text.lstrip().startswith("<")
        return (not is_page or self.is_json is False) and any(
            part.lower() in text for part in self.says
        )


Row = int | str | When


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTable:
    """How a source reports errors, and what each of them means.

    Paths are keys and list positions joined by dots: `status.error_code`, `error.0`; of several
    the first that leads to a value counts. A row is a code, or a `When`. The most particular row
    that matches decides: by code before by message before by status. A code in no row is a failure
    of the source, unless the HTTP status is more particular; the statuses 418 and 451 always are.

    Attributes:
        code: path of the code. Where it leads to a list, the code is the first of it that is not
            in `ok`.
        message: path of the message; the whole body where that is text.
        ok: codes that mean success.
        marked: path and value that mark an error: without them a code is none.
        unknown_symbol, quota, rate_limited, plan, auth, geo_blocked, not_offered: rows.
        plan_variant: rows for what the plan refuses of this variant of the question alone.
        retry_after: seconds to wait by a reply, for rate limits whose row gives no number.
    """

    code: str | tuple[str, ...] = ()
    message: str | tuple[str, ...] = ()
    ok: tuple[int | str, ...] = ()
    marked: tuple[str, object] | None = None
    unknown_symbol: tuple[Row, ...] = ()
    quota: tuple[Row, ...] = ()
    rate_limited: tuple[Row, ...] = ()
    plan: tuple[Row, ...] = ()
    plan_variant: tuple[Row, ...] = ()
    auth: tuple[Row, ...] = ()
    geo_blocked: tuple[Row, ...] = ()
    not_offered: tuple[Row, ...] = ()
    retry_after: Callable[[Reply], float | None] | None = None
    rows: tuple[tuple[Meaning, When], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", ())
        check_types(self)
        made = tuple(self._made())
        ordered = sorted(made, key=lambda row: -row[1].weight)
        object.__setattr__(self, "rows", tuple(ordered))

    def _made(self) -> Iterator[tuple[Meaning, When]]:
        for meaning in MEANINGS:
            rows: tuple[Row, ...] = getattr(self, meaning)
            plain = tuple(row for row in rows if not isinstance(row, When))
            if plain:
                yield meaning, When(codes=plain)
            for row in rows:
                if isinstance(row, When):
                    if not (row.weight or row.is_json is not None):
                        raise ValueError(f"an error row for {meaning} has no condition")
                    yield meaning, row

    def code_in(self, body: object) -> str:
        """The code of a reply that is no success, "" where there is none."""
        if self.marked is not None and value_at(body, self.marked[0]) != self.marked[1]:
            return ""
        for path in _paths(self.code):
            found = value_at(body, path)
            for value in found if isinstance(found, list) else (found,):
                if type(value) in (int, str) and value != "":
                    if not is_code(str(value), self.ok):
                        return str(value)[:200]
                    if not isinstance(found, list):
                        return ""
        return ""

    def message_in(self, body: object) -> str:
        """What the source says of the error."""
        if isinstance(body, str):
            return body
        for path in _paths(self.message):
            found = value_at(body, path)
            if isinstance(found, list):
                found = "; ".join(str(part) for part in found[:5])
            if type(found) in (int, str) and found != "":
                return str(found)
        return ""


def is_code(code: str, rows: tuple[int | str, ...]) -> bool:
    """Whether a code is one of these; `EQuery:*` is each that begins so."""
    return any(
        code.startswith(text[:-1]) if text.endswith("*") else code == text
        for text in map(str, rows)
    )


def value_at(body: object, path: str) -> object:
    """What a dotted path leads to in parsed JSON; None where it leads nowhere."""
    if type(body) is dict and "." not in path:
        return body.get(path)
    for key in path.split("."):
        if isinstance(body, dict):
            body = body.get(key)
        elif isinstance(body, list) and key.isdigit() and int(key) < len(body):
            body = body[int(key)]
        else:
            return None
    return body


def _paths(paths: str | tuple[str, ...]) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths
