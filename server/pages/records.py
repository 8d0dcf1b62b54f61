"""What pages ask of the server's own records: decisions, and all about one provider.

Each answer says whether it was found, with the problem in its place where it was not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError, InvalidRequest
from coinmux.framework.suggest import near
from coinmux.server.asgi.problems import problem
from coinmux.server.asgi.query_params import QueryReader, pairs_of, refused
from coinmux.server.asgi.requests import request_id
from coinmux.server.asgi.scope import client_of
from coinmux.server.monitoring.event_json import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.server.asgi.requests import AnyRequest
    from coinmux.server.context import ServerContext
    from coinmux.server.monitoring.monitor_report import MonitorEvent

_DAY_S = 86_400
#: Decisions listed of one provider.
_DECISIONS = 20


async def decision(
    desk: ServerContext, request: AnyRequest, readers: Mapping[str, QueryReader]
) -> dict[str, Any]:
    """What was decided for `request`, or would be for `capability` and its parameters.

    Args:
        readers: of the capabilities that have a route of their own.
    """
    query_string: bytes = request.scope["query_string"]
    try:
        past = [value.strip() for name, value in pairs_of(query_string) if name == "request"]
        found = (
            await desk.decisions.find(client_of(request.scope), past[0])
            if past
            else dry_run(desk, query_string, readers)
        )
    except CoinmuxError as error:
        return {"found": False, "decision": None, "problem": _problem(desk, request, error)}
    return {"found": True, "decision": found, "problem": None}


def dry_run(
    desk: ServerContext, query_string: bytes, readers: Mapping[str, QueryReader]
) -> dict[str, Any]:
    """What the next such request would do, and why; calls no source.

    Args:
        query_string: the capability, its query's parameters, and how it is to be answered.
        readers: of the capabilities that have a route of their own.

    Raises:
        InvalidRequest: the capability is missing or unknown, or a parameter will not do.
    """
    capabilities = desk.gateway.capabilities
    named = [value for name, value in pairs_of(query_string) if name == "capability"]
    if len(named) != 1 or named[0] not in capabilities:
        message = "takes one of the known capabilities" if named else "is missing"
        meant = near(named[0], capabilities) if named else []
        raise refused(
            [
                {"name": "capability", "message": message, "known": list(capabilities)}
                | ({"did_you_mean": meant} if meant else {})
            ]
        )
    row = capabilities[named[0]]
    reader = readers.get(row.name) or QueryReader(row.name, row.query)
    values = reader.values(query_string, "capability", *reader.path)
    question = reader.build(values, desk.gateway.parse_symbol)
    found = desk.gateway.explain(question.capability, question.query, question.ask)
    shown: dict[str, Any] = plain(found, desk.gateway.redactor)
    return shown


async def provider(desk: ServerContext, request: AnyRequest, name: str | None) -> dict[str, Any]:
    """One provider: what it is, how it is and was, and the newest requests it had a part in."""
    gateway = desk.gateway
    try:
        if name is None:
            raise InvalidRequest(
                "name is missing", errors=[{"name": "name", "message": "is missing"}]
            )
        return {
            "found": True,
            "provider": gateway.provider(name),
            "health": gateway.source_health_of(name),
            "history": gateway.source_history(name, _DAY_S),
            "decisions": await _newest(desk, name),
            "problem": None,
        }
    except CoinmuxError as error:
        return {
            "found": False,
            "provider": None,
            "health": None,
            "history": None,
            "decisions": [],
            "problem": _problem(desk, request, error),
        }


async def _newest(desk: ServerContext, name: str) -> list[MonitorEvent]:
    """The newest requests that the provider answered or was asked for, newest first."""
    found: list[MonitorEvent] = []
    for event in reversed((await desk.picture.events(None)).items):
        if event.operation is None:
            continue
        if event.provider == name or any(hop.to == name for hop in event.hops):
            found.append(event)
        if len(found) == _DECISIONS:
            break
    return found


def _problem(desk: ServerContext, request: AnyRequest, error: CoinmuxError) -> dict[str, Any]:
    return problem(error, request_id(request), desk.gateway.redactor)
