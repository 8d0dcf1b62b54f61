"""The dashboard's routes as the OpenAPI document tells them."""

from __future__ import annotations

from coinmux.server.monitoring.snapshot import WINDOWS
from coinmux.server.openapi.document import RouteDoc
from coinmux.server.openapi.monitor_reports import MonitorReport, PublicStatus
from coinmux.server.openapi.parameters import parameter

MONITOR = RouteDoc(
    MonitorReport,
    parameters=(
        parameter("since", "string", "`events.cursor` of the last answer; without it the newest."),
        parameter(
            "bars", "string", "Window of the history bars.", enum=list(WINDOWS), default="1h"
        ),
    ),
)
STREAM = RouteDoc(media_type="text/event-stream")
PUBLIC = RouteDoc(PublicStatus)
