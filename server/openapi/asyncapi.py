"""The AsyncAPI 3.0 document: the WebSocket and the streams of events, and what comes by them.

Made of the same types that are sent, as the OpenAPI document is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from pydantic.json_schema import models_json_schema

from coinmux.framework.reports.base import installed_version
from coinmux.framework.streams.events import KINDS, LiveMeta
from coinmux.server.asgi.live_params import FOLLOWED, INDICATOR, MOST_SYMBOLS
from coinmux.server.asgi.live_socket import PATH
from coinmux.server.asgi.sse import HEARTBEAT_S
from coinmux.server.openapi.live_routes import RESULTS
from coinmux.server.openapi.schemas import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_REF = "#/components/schemas/{}"
_ID = {"type": ["integer", "string"], "description": "The caller's own, by which events are known"}
_OF_PATH = {"indicator": {"description": "Its name, as the catalogue has it"}}


def asyncapi() -> dict[str, Any]:
    """The document."""
    messages = {**_sent(), **_received()}
    channels = {"socket": _socket(messages)}
    operations = {
        "say": _operation("receive", "socket", _sent(), "What a caller sends."),
        "hear": _operation("send", "socket", _received(), "What a caller receives."),
    }
    for capability in RESULTS:
        channels[capability] = _stream(capability)
        operations[f"stream_{capability}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{capability}"},
            "summary": f"Server-sent events of {capability.replace('_', ' ')}.",
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "coinmux live feeds",
            "version": installed_version(),
            "description": "One feed for every reader, checked, repaired and failed over.",
        },
        "servers": {
            "here": {"host": "127.0.0.1:7860", "protocol": "ws", "description": "As installed"},
            "events": {"host": "127.0.0.1:7860", "protocol": "http"},
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": _schemas()},
    }


def _socket(messages: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "address": PATH,
        "servers": [{"$ref": "#/servers/here"}],
        "description": f"One connection for up to {MOST_SYMBOLS} markets. A heartbeat comes after "
        f"{HEARTBEAT_S:g} s without anything else.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _stream(capability: str) -> dict[str, Any]:
    path = f"market/{capability.replace('_', '-')}"
    if capability == INDICATOR:
        path = "indicators/{indicator}"
    return {
        "address": f"/api/{path}/stream",
        **({"parameters": _OF_PATH} if capability == INDICATOR else {}),
        "servers": [{"$ref": "#/servers/events"}],
        "description": "`event` is the kind, `id` what `Last-Event-ID` resumes from.",
        "messages": {
            kind: {
                "name": kind,
                "contentType": "application/json",
                "summary": text,
                "payload": _event(capability),
            }
            for kind, text in KINDS.items()
        },
    }


def _operation(
    action: str, channel: str, messages: Mapping[str, Any], summary: str
) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def _event(capability: str | None = None) -> dict[str, Any]:
    """What an event says; of any capability when None."""
    models = [RESULTS[capability]] if capability is not None else list(RESULTS.values())
    data = [*({"$ref": _REF.format(one.__name__)} for one in models), {"type": "null"}]
    return {
        "type": "object",
        "required": ["subject", "data", "meta"],
        "properties": {
            "subject": {
                "type": "string",
                "description": "The pair; of candles with the interval, after an indicator's name",
                "examples": ["BTC/USDT"],
            },
            "data": {"anyOf": data},
            "meta": {"$ref": _REF.format(LiveMeta.__name__)},
        },
    }


def _sent() -> dict[str, Any]:
    """What a caller sends."""
    fields = {
        "capability": {"enum": [*FOLLOWED, INDICATOR]},
        "symbol": {"type": "string", "examples": ["BTC/USDT"]},
        "interval": {"type": "string", "description": "Of candles", "examples": ["1m"]},
        "indicator": {"type": "string", "description": "Its name", "examples": ["rsi"]},
        "parameters": {
            "type": "object",
            "description": "Of an indicator, by name",
            "additionalProperties": {"type": ["string", "number"]},
        },
        "closed_only": {
            "type": "boolean",
            "description": "Of an indicator: leave out the open candle",
        },
        "depth": {"type": "integer", "description": "Of order books", "minimum": 1, "maximum": 500},
        "provider": {"type": "string", "description": "Follow this one alone; no failover"},
        "strategy": {"type": "string", "description": "`consensus`: the median of several feeds"},
        "since": {"type": "string", "description": "Id of the last event received"},
    }
    made = (
        _message(
            "subscribe", "Follow a market", {"id": _ID, **fields}, ["id", "capability", "symbol"]
        ),
        _message("unsubscribe", "Follow it no longer", {"id": _ID}, ["id"]),
        _message("ping", "Ask whether the server is there", {}, []),
    )
    return {message["name"]: message for message in made}


def _message(
    name: str, summary: str, fields: dict[str, Any], required: list[str]
) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": "application/json",
        "summary": summary,
        "payload": {
            "type": "object",
            "required": ["op", *required],
            "properties": {"op": {"const": name}, **fields},
        },
    }


def _received() -> dict[str, Any]:
    """What a caller receives."""
    event = _event()
    about: dict[str, Any] = {"subscription": _ID}
    at = {"at": {"type": "integer", "description": "Unix ms"}}
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "subscribed": ("It is followed; its snapshot comes next", about),
        "unsubscribed": ("It is followed no longer", about),
        "pong": ("The answer to ping", at),
        "heartbeat": ("Nothing else was sent for a while", at),
        "error": (
            "A message was refused, or something can be followed no longer",
            {**about, "problem": {"$ref": _REF.format(Problem.__name__)}},
        ),
        **{
            kind: (text, {**about, "id": {"type": "string"}, **event["properties"]})
            for kind, text in KINDS.items()
        },
    }
    return {
        name: {
            "name": name,
            "contentType": "application/json",
            "summary": text,
            "payload": {
                "type": "object",
                "required": ["event", *fields],
                "properties": {"event": {"const": name}, **fields},
            },
        }
        for name, (text, fields) in found.items()
    }


def _schemas() -> dict[str, Any]:
    models = [(model, "serialization") for model in (*RESULTS.values(), Problem)]
    _, described = models_json_schema(models, ref_template=_REF.replace("{}", "{model}"))  # type: ignore[arg-type]
    _, meta = msgspec.json.schema_components([LiveMeta], ref_template=_REF.replace("{}", "{name}"))
    return {**described["$defs"], **meta}
