"""Who asked how much.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import Any

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.reports.usage import UsageReport
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.asgi.scope import state_of
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc


class UsageController(Controller):
    """Consumers, their limits, and what is left of them."""

    path = "/api/usage"
    tags = ("config",)

    @get("/", operation_id="getUsage", opt={DOC: RouteDoc(UsageReport, is_keyed=True)})
    async def usage(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Usage by consumer this month: its own with a key, everybody's for the operator."""
        single_values(request.scope["query_string"], ())
        scope: Any = request.scope
        door = state_of(scope).door
        you = None if door is None else door.identify(scope).name
        return as_json(desk.gateway.usage(you), cache_control=NO_STORE)
