"""Tools that are no capability: indicators, looking names up, why a source, and how all are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from coinmux.framework.models.tables import Table, table_of
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.server.asgi.capability_reader import as_texts, reader_of
from coinmux.server.asgi.indicator_params import read_market_ask
from coinmux.server.asgi.query_params import refused
from coinmux.server.mcp.budget import clipped
from coinmux.server.mcp.cursors import CURSOR, is_ours, not_given_out, read_cursor
from coinmux.server.mcp.lookup import KINDS, looked_up
from coinmux.server.mcp.texts import Told, provenance_of, text_of
from coinmux.server.mcp.tools import ASK, Arguments, Tool, check_names
from coinmux.server.monitoring.event_json import plain

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.server.mcp.cursors import Reading
    from coinmux.server.mcp.visits import Visit

#: Values of an indicator where it is not said how many: its line tells the newest.
_VALUES = 50


def own_tools(gateway: Gateway) -> list[Tool]:
    """The four tools."""

    async def indicator(arguments: Arguments, visit: Visit) -> str:
        return await _indicator(gateway, arguments, visit)

    async def find(arguments: Arguments, visit: Visit) -> str:
        return _told(arguments, looked_up(gateway, arguments))

    async def explain(arguments: Arguments, visit: Visit) -> str:
        return _told(arguments, await _explained(gateway, arguments, visit))

    async def status(arguments: Arguments, visit: Visit) -> str:
        return _told(arguments, _status(gateway))

    return [
        Tool(
            name="indicator",
            title="Indicator",
            description=f"One of {len(gateway.indicators.catalogue)} functions of candles (rsi, "
            "macd, bollinger-bands…), warmed up, with a reading in words. `find` has names and "
            "parameters.",
            properties={
                "name": {"type": "string"},
                "symbol": {"type": "string", "examples": ["BTC/USDT"]},
                "interval": {"enum": list(INTERVALS), "default": "1h"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": _VALUES},
                "parameters": {"type": "object", "examples": [{"period": 21}]},
                "closed_only": {
                    "type": "boolean",
                    "default": False,
                    "description": "Leave out the candle that is still open",
                },
                "start": {"type": "integer", "description": "Unix ms"},
                "end": {"type": "integer", "description": "Unix ms"},
                **ASK,
                CURSOR: {"type": "string"},
            },
            required=("name", "symbol"),
            area="indicators",
            run=indicator,
        ),
        Tool(
            name="find",
            title="Look names up",
            description="Names that other tools take: indicators with their parameters, pairs "
            "that are traded, on-chain metrics, providers and their state.",
            properties={
                "kind": {"enum": list(KINDS)},
                "query": {"type": "string", "description": "Words; nothing lists all"},
                CURSOR: {"type": "string"},
            },
            required=("kind",),
            area="",
            run=find,
        ),
        Tool(
            name="explain",
            title="Why that source",
            description="Which source would answer a question, and why not the others; or, with "
            "a request_id, why the answer of that id came from where it did. Asks no source.",
            properties={
                "request_id": {"type": "string"},
                "tool": {"type": "string", "examples": ["ticker"]},
                "arguments": {"type": "object", "examples": [{"symbol": "BTC/USDT"}]},
                CURSOR: {"type": "string"},
            },
            required=(),
            area="",
            run=explain,
        ),
        Tool(
            name="status",
            title="Status",
            description="What can be asked now, and how many sources each kind of question has.",
            properties={CURSOR: {"type": "string"}},
            required=(),
            area="",
            run=status,
        ),
    ]


def _reading(arguments: Arguments) -> Reading | None:
    cursor = arguments.get(CURSOR)
    if cursor in (None, ""):
        return None
    if not is_ours(cursor):
        raise not_given_out()
    return read_cursor(str(cursor), arguments)


def _told(arguments: Arguments, told: Told) -> str:
    return text_of(told, arguments, _reading(arguments))


async def _indicator(gateway: Gateway, arguments: Arguments, visit: Visit) -> str:
    reading = _reading(arguments)
    given = dict(arguments)
    given.pop(CURSOR, None)
    parameters = given.pop("parameters", None) or {}
    if not isinstance(parameters, Mapping):
        raise refused([{"name": "parameters", "message": 'takes an object, {"period": 21}'}])
    texts = as_texts(given)
    name = texts.pop("name", None)
    if name is None:
        raise refused([{"name": "name", "message": "is missing: the name of an indicator"}])
    texts.setdefault("limit", str(_VALUES))
    catalogue = gateway.indicators.catalogue
    found = catalogue.find(name)
    asked = read_market_ask(urlencode(texts).encode(), gateway.parse_symbol)
    if len(asked.intervals) > 1:
        raise refused([{"name": "interval", "message": "takes one interval here"}])
    plan = catalogue.plan(found, {**asked.parameters, **parameters})
    result = await gateway.indicators.one(
        plan,
        asked.symbol,
        asked.intervals[0],
        asked.limit,
        closed_only=asked.closed_only,
        ask=asked.ask,
        request_id=visit.request_id,
        trail=visit.trail,
        start=asked.start,
        end=asked.end,
    )
    data: dict[str, Any] = msgspec.json.decode(result.encode(result.head(), result.shown))
    times, values = data.pop("timestamps"), data.pop("values")
    rows = [list(row) for row in zip(times, *values.values(), strict=True)]
    provenance, source = provenance_of(
        result.history.answer, result.meta, gateway.clock.monotonic(), visit.request_id
    )
    told = Told(
        subject=f"{result.label} {asked.symbol} {asked.intervals[0]}",
        table=Table(data, ("timestamp", *values), rows, newest_last=True),
        provenance=provenance,
        source=source,
    )
    return text_of(told, arguments, reading)


async def _explained(gateway: Gateway, arguments: Arguments, visit: Visit) -> Told:
    check_names(arguments, ("request_id", "tool", "arguments", CURSOR))
    request_id, tool = arguments.get("request_id"), arguments.get("tool")
    if request_id:
        found = await visit.decision(str(request_id))
        return Told(f"decision for {clipped(str(request_id), 80)}", table_of(found), {})
    if not tool:
        message = "is missing: what would be asked; or send the request_id of an answer"
        raise refused([{"name": "tool", "message": message}])
    asked = arguments.get("arguments") or {}
    if not isinstance(asked, Mapping):
        raise refused([{"name": "arguments", "message": "takes an object"}])
    reader = reader_of(gateway, str(tool))
    texts = as_texts(asked)
    check_names(texts, reader.parameters)
    question = reader.build(texts, gateway.parse_symbol)
    found = plain(
        gateway.explain(question.capability, question.query, question.ask), gateway.redactor
    )
    return Told(f"dry run of {question.capability}", table_of(found), {})


def _status(gateway: Gateway) -> Told:
    whole = gateway.status()
    counted = msgspec.to_builtins(whole.sources)
    fields = {
        "status": whole.status,
        "reason": whole.reason,
        "simulated": whole.simulated,
        "version": whole.version,
        "uptime_s": whole.uptime_s,
        "sources": ", ".join(f"{count} {name}" for name, count in counted.items()),
        "indicators": len(gateway.indicators.catalogue),
        "troubles": [
            f"{one.name}: {one.detail}" for one in whole.services if one.status == "DEGRADED"
        ],
    }
    columns = ("capability", "status", "sources_usable", "sources_enabled")
    rows = [[one.name, one.status, one.usable, one.enabled] for one in whole.capabilities]
    newest = f"{whole.status}, {whole.reason}; {fields['sources']}"
    return Told("coinmux", Table(fields, columns, rows), {}, newest=newest)
