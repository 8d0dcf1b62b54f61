"""Any capability by its name: those of plugins have no route of their own.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.server.asgi.capability_reader import reader_of
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Answered
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import ASK, FALLBACK
from coinmux.server.openapi.schemas import CapabilityAnswer

_FIELDS = {
    "name": "fields",
    "in": "query",
    "required": False,
    "description": "Fields of the capability's query, as GET /api/capabilities describes them; "
    "a list is written with commas, or as JSON",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}


class DataController(Controller):
    """Questions by the name of their capability."""

    path = "/api/data"
    tags = ("data",)

    @get(
        "/{capability:str}",
        operation_id="getData",
        opt={
            DOC: RouteDoc(
                CapabilityAnswer,
                parameters=(_FIELDS, *ASK, FALLBACK),
                errors=(404, 409, 502, 504),
                asks="data",
                is_table=True,
            )
        },
    )
    async def data(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], capability: FromPath[str]
    ) -> Answered:
        """The answer to a question of any capability, those that plugins add included."""
        reader = reader_of(desk.gateway, capability)
        return await desk.answer(request, reader, path={})
