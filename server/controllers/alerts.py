"""What people are told of incidents: the channels, and what was or would have been sent.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.alerts.report import AlertReport
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc


class AlertController(Controller):
    """Alerts of this process."""

    path = "/api/alerts"
    tags = ("monitor",)

    @get("/", operation_id="getAlerts", opt={DOC: RouteDoc(AlertReport)})
    async def alerts(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """The channels, the newest messages, and what is held back and why.

        Without any channel it says what would have been sent.
        """
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.alerts.report(), cache_control=NO_STORE)
