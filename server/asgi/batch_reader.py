"""Many questions of one body, each of any kind: what is wrong with one is said in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from coinmux.framework.errors import InvalidRequest
from coinmux.server.asgi.capability_reader import as_texts
from coinmux.server.asgi.indicator_params import read_members
from coinmux.server.asgi.query_params import (
    ASK_PARAMETERS,
    QUOTE_FALLBACK,
    read_ask,
    refused,
    single_values,
)

if TYPE_CHECKING:
    from coinmux.framework.routing.options import RequestOptions

Kind = Literal["capability", "indicator", "explain"]
#: What is asked, each by a member that names it.
KINDS: tuple[Kind, ...] = ("capability", "indicator", "explain")
OPTIONS = (*ASK_PARAMETERS, QUOTE_FALLBACK)
_MEMBERS = ("id", *KINDS, "params", "options")
_LONGEST_ID = 64
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class BatchQuery:
    """One question.

    Attributes:
        id: that its answer carries.
        kind: what it asks; `capability` where that cannot be told.
        name: of the capability or indicator.
        values: its parameters and options as texts, by name.
        error: why it cannot be read; None where it can.
    """

    id: str | int
    kind: Kind
    name: str
    values: Mapping[str, str]
    error: InvalidRequest | None = None

    @property
    def key(self) -> bytes:
        """The same for the same question."""
        return msgspec.json.encode([self.kind, self.name, sorted(self.values.items())])


@dataclass(frozen=True, slots=True)
class Batch:
    """The questions in the order given, and how the whole is answered."""

    queries: Sequence[BatchQuery]
    ask: RequestOptions


def read_batch(query_string: bytes, body: object, most: int) -> Batch:
    """The questions of a body; in the query string how those are answered that say nothing of it.

    Args:
        most: questions at most.

    Raises:
        InvalidRequest: the body is no list of so many questions, or two have the same id.
    """
    errors: list[dict[str, Any]] = []
    given = single_values(query_string, ASK_PARAMETERS)
    ask = read_ask(given, errors)
    if errors:
        raise refused(errors)
    listed = read_members(body, ("queries",)).get("queries")
    if not isinstance(listed, list) or not 1 <= len(listed) <= most:
        raise refused([{"name": "queries", "message": f"takes a list of 1 to {most} queries"}])
    queries: list[BatchQuery] = []
    taken: set[str] = set()
    for at, one in enumerate(listed):
        name = f"queries[{at}]"
        if not isinstance(one, dict):
            errors.append({"name": name, "message": "takes a JSON object"})
            continue
        called = one.get("id", at)
        if not _is_id(called):
            message = f"takes a whole number, or a text of 1 to {_LONGEST_ID} letters"
            errors.append({"name": f"{name}.id", "message": message})
        elif str(called) in taken:
            errors.append({"name": f"{name}.id", "message": "is that of another query"})
        else:
            taken.add(str(called))
            queries.append(_query(called, one, given))
    if errors:
        raise refused(errors)
    return Batch(queries, ask)


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return 1 <= len(value) <= _LONGEST_ID
    return isinstance(value, int) and not isinstance(value, bool)


def _query(called: str | int, members: Mapping[str, Any], given: Mapping[str, str]) -> BatchQuery:
    """One question, or what is wrong with it."""
    kinds = [kind for kind in KINDS if kind in members]
    kind = kinds[0] if kinds else "capability"
    name = members.get(kind)
    shown = name if isinstance(name, str) else ""
    try:
        errors = [
            {"name": str(one)[:_SHOWN], "message": "is no member of a query", "known": [*_MEMBERS]}
            for one in members
            if one not in _MEMBERS
        ]
        if len(kinds) != 1:
            message = "takes the name of what is asked, in one of these members"
            errors.append({"name": kind, "message": message, "known": [*KINDS]})
        elif not shown:
            errors.append({"name": kind, "message": "takes a name"})
        params = _members(members, "params", errors)
        options = _members(members, "options", errors)
        errors += [
            {"name": one, "message": "is one of the options, not of the params"}
            for one in params
            if one in OPTIONS
        ]
        errors += [
            {"name": one[:_SHOWN], "message": "is no option", "known": [*OPTIONS]}
            for one in options
            if one not in OPTIONS
        ]
        both = {**params, **options}
        errors += [
            {"name": one[:_SHOWN], "message": "is empty"} for one, got in both.items() if got == ""
        ]
        if errors:
            raise refused(errors)
        return BatchQuery(called, kind, shown, {**given, **as_texts(both)})
    except InvalidRequest as error:
        return BatchQuery(called, kind, shown, {}, error)


def _members(
    members: Mapping[str, Any], name: str, errors: list[dict[str, Any]]
) -> Mapping[str, Any]:
    found = members.get(name, {})
    if isinstance(found, dict):
        return found
    errors.append({"name": name, "message": "takes a JSON object"})
    return {}
