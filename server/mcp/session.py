"""The door in the words of the protocol: the official SDK's server, its handlers ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.reports.base import installed_version
from coinmux.server.mcp.door import INSTRUCTIONS
from coinmux.server.mcp.resources import RESOURCES, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.server.context import ServerRequestContext

    from coinmux.server.mcp.door import Door
    from coinmux.server.mcp.resources import Described

_JSON = "application/json"
_READS_ONLY = types.ToolAnnotations(read_only_hint=True, open_world_hint=True)
#: Lists stay as they are until the process ends, but for plugins that load slowly.
_LISTS_MS = 60_000


def session_server(ready: Callable[[], Awaitable[Door]]) -> Server[None]:
    """The server of the SDK over a door; one serves all connections.

    Args:
        ready: gives the door once it is open. Hosts are greeted before: they wait for seconds only.
    """

    async def list_tools(
        _: ServerRequestContext[None], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        door = await ready()
        # What is listed now is what a host knows until it connects again.
        await door.loaded()
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=one.name,
                    title=one.title,
                    description=one.description,
                    input_schema=one.schema(),
                    annotations=_READS_ONLY,
                )
                for one in door.tools().values()
            ],
            ttl_ms=_LISTS_MS,
            cache_scope="private",
        )

    async def call_tool(
        context: ServerRequestContext[None], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        door = await ready()
        try:
            tool = door.tool(params.name)
        except CoinmuxError as error:
            raise MCPError(types.INVALID_PARAMS, error.detail) from None
        outcome = await door.call(tool, params.arguments or {}, context.request)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=outcome.text)],
            is_error=outcome.is_error,
        )

    async def list_resources(
        _: ServerRequestContext[None], __: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=one.uri, name=one.name, description=one.description, mime_type=_JSON
                )
                for one in RESOURCES
            ]
        )

    async def list_templates(
        _: ServerRequestContext[None], __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[_template(one) for one in TEMPLATES]
        )

    async def read_resource(
        context: ServerRequestContext[None], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        door = await ready()
        uri = str(params.uri)
        try:
            text = await door.read(uri, context.request)
        except CoinmuxError as error:
            raise MCPError(types.INVALID_PARAMS, door.said(error), {"uri": uri[:200]}) from None
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type=_JSON, text=text)]
        )

    server: Server[None] = Server(
        "coinmux",
        version=installed_version(),
        title="coinmux",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )
    # Traces are our own (`framework/tracing`); the SDK's would go to whatever is installed.
    server.middleware.clear()
    return server


def _template(one: Described) -> types.ResourceTemplate:
    return types.ResourceTemplate(
        uri_template=one.uri, name=one.name, description=one.description, mime_type=_JSON
    )
