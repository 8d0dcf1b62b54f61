"""The Model Context Protocol over HTTP; served where the setting MCP is on.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import Any

from litestar import Controller, post
from litestar.di import NamedDependency

from coinmux.server.asgi.admin_guard import check_json_body
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.context import ModelDoor, ServerContext
from coinmux.server.mcp import check_installed
from coinmux.server.openapi.document import DOC, RouteDoc

PATH = "/mcp"
_MESSAGE = {
    "type": "object",
    "required": ["jsonrpc"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "integer", "null"]},
        "result": {"type": "object"},
        "error": {"type": "object"},
    },
}


class McpController(Controller):
    """One route: a JSON-RPC message in, one out."""

    path = PATH
    tags = ("mcp",)

    @post(
        "/",
        operation_id="callMcp",
        status_code=200,
        opt={DOC: RouteDoc(schema=_MESSAGE, asks="mcp", is_mixed=True, errors=(413, 415))},
    )
    async def call(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> ModelDoor:
        """Tools and resources for language models, by the Model Context Protocol.

        A client of the protocol speaks to it; what each tool takes is in `tools/list`.
        """
        scope: Any = request.scope
        check_json_body(scope)
        assert desk.mcp is not None
        return desk.mcp


def model_door(desk: ServerContext) -> ModelDoor:
    """What answers language models; who may ask for what is read from the routes there are.

    Raises:
        InvalidSetting: the SDK is not installed.
    """
    check_installed("MCP")
    # Imported here: the SDK is an extra, and takes a second.
    from coinmux.server.mcp.http import HttpDoor

    return HttpDoor(desk.gateway, desk.decisions, desk.areas)
