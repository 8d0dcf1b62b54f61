"""Tools made of the table of capabilities: a plugin's own capability is one without a word here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic.errors import PydanticInvalidForJsonSchema

from coinmux.framework.models.tables import table_of
from coinmux.framework.routing.options import CONSENSUS, STRATEGIES
from coinmux.framework.suggest import near
from coinmux.server.asgi.capability_reader import as_texts
from coinmux.server.asgi.query_params import QUOTE_FALLBACK, QueryReader, refused
from coinmux.server.mcp.cursors import CURSOR, is_ours, not_given_out, read_cursor
from coinmux.server.mcp.refusals import here
from coinmux.server.mcp.texts import Told, provenance_of, text_of
from coinmux.server.openapi.parameters import own_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.gateway import Gateway
    from coinmux.framework.models.capability import Capability
    from coinmux.server.mcp.visits import Visit

#: Where the scope of a capability is found that has no route of its own.
GENERAL = "data"
#: Bounds of times that a model knows without being told, and of texts that are checked anyway.
_UNSAID = ("maxLength", "minLength", "pattern")
#: No bound of a whole number in a schema is as large, but for those of times.
_OF_TIMES = 1_000_000_000_000

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        properties: JSON Schemas of its arguments.
        required: those that must be given.
        area: the scope a key must have for it; empty for none.
        run: makes the text of its result.
    """

    name: str
    title: str
    description: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    area: str
    run: Callable[[Arguments, Visit], Awaitable[str]]

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        schema: dict[str, Any] = {"type": "object", "properties": dict(self.properties)}
        if self.required:
            schema["required"] = list(self.required)
        return {**schema, "additionalProperties": False}


#: How every question may be answered; what each means is said once, in the instructions.
ASK: Mapping[str, Mapping[str, Any]] = {
    "provider": {"type": "string"},
    "max_age_s": {"type": "number"},
    "timeout_s": {"type": "number"},
}


def capability_tools(
    gateway: Gateway, areas: Mapping[str, str], taken: Iterable[str]
) -> list[Tool]:
    """A tool for each capability.

    Args:
        areas: scopes by capability, of those that have a route of their own.
        taken: names that a capability cannot have here; one of them is called `name_data`.
    """
    names = frozenset(taken)
    return [
        _tool_of(
            gateway,
            row,
            f"{row.name}_data" if row.name in names else row.name,
            areas.get(row.name, GENERAL),
        )
        for row in gateway.capabilities.values()
    ]


def _tool_of(gateway: Gateway, row: Capability, name: str, area: str) -> Tool:
    reader = QueryReader(row.name, row.query)
    try:
        own = list(own_parameters(reader))
    except PydanticInvalidForJsonSchema:
        # A stranger's query may hold a type that JSON has no word for; the other tools stay whole.
        own = [
            {"name": name, "schema": {}, "description": "", "required": info.is_required()}
            for name, info in row.query.model_fields.items()
        ]

    async def run(arguments: Arguments, visit: Visit) -> str:
        return await ask(gateway, reader, arguments, visit)

    strategies = [one for one in STRATEGIES if one != CONSENSUS or row.consensus is not None]
    return Tool(
        name=name,
        title=row.label,
        description=here(row.description or row.label),
        properties={
            **{one["name"]: schema_of(one["schema"], one["description"]) for one in own},
            **ASK,
            "strategy": {"enum": strategies},
            **({QUOTE_FALLBACK: {"type": "boolean"}} if reader.has_pair else {}),
            CURSOR: {"type": "string"},
        },
        required=tuple(one["name"] for one in own if one["required"]),
        area=area,
        run=run,
    )


def schema_of(schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    """The schema of an argument, in as few words as say what it takes."""
    made = {
        name: one
        for name, one in schema.items()
        # What a reference leads to is not sent.
        if name not in _UNSAID and b'"$ref"' not in msgspec.json.encode({name: one})
    }
    if made.get("type") == "integer" and made.get("maximum", 0) > _OF_TIMES:
        made.pop("maximum")
        made.pop("minimum", None)
        description = description or "Unix ms"
    if "enum" in made:
        made.pop("type", None)
    if isinstance(items := made.get("items"), Mapping):
        made["items"] = schema_of(items, "")
    return {**made, "description": here(description)} if description else made


async def ask(gateway: Gateway, reader: QueryReader, arguments: Arguments, visit: Visit) -> str:
    """The text of the answer to a question of a capability.

    Raises:
        InvalidRequest: an argument will not do; `errors` names each.
        RoutingError: no source answered.
    """
    values = dict(arguments)
    cursor = values.get(CURSOR)
    reading = read_cursor(str(cursor), arguments) if is_ours(cursor) else None
    if reading is not None:
        values[CURSOR] = reading.of_source
    texts = as_texts(values)
    if CURSOR in texts and CURSOR not in reader.fields:
        raise not_given_out()
    check_names(texts, reader.parameters)
    question = reader.build(texts, gateway.parse_symbol)
    answer = await gateway.fetch(
        question.capability,
        question.query,
        question.ask,
        request_id=visit.request_id,
        trail=visit.trail,
    )
    provenance, source = provenance_of(
        answer, answer.meta, gateway.clock.monotonic(), visit.request_id
    )
    told = Told(
        subject=_subject(question.capability, question.query.__dict__),
        table=table_of(msgspec.json.decode(answer.data.encode()), type(answer.data).cells),
        provenance=provenance,
        source=source,
        of_source=texts.get(CURSOR),
    )
    return text_of(told, arguments, reading)


def check_names(given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse arguments that a tool does not take.

    Raises:
        InvalidRequest: `errors` names each, with what was meant, else with those known.
    """
    names = tuple(known)
    errors = []
    for name in given:
        if name not in names:
            meant = near(name, names)
            hint = {"did_you_mean": meant} if meant else {"known": list(names)}
            errors.append({"name": name[:60], "message": "is no argument of this tool", **hint})
    if errors:
        raise refused(errors)


def _subject(capability: str, values: Mapping[str, object]) -> str:
    """The question in a few words: `candles BTC/USDT 1h`."""
    told = [
        str(values[name])
        for name in ("symbol", "asset", "metric", "protocol", "chain", "address", "interval")
        if values.get(name) is not None
    ]
    return " ".join([capability.replace("_", " "), *told])
