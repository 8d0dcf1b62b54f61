"""What is switched on, what is missing, and reading it again.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.reports.configuration import (
    FeatureList,
    FeatureReport,
    MissingReport,
    ReloadReport,
    SettingList,
)
from coinmux.server.asgi.admin_guard import admin_only
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc


class ConfigController(Controller):
    """Features, the variables behind them, whose values never leave the process, and settings."""

    path = "/api/config"
    tags = ("config",)

    @get("/features", operation_id="getFeatures", opt={DOC: RouteDoc(FeatureList)})
    async def features(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every feature: on, or off and why."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.features())

    @get(
        "/features/{name:str}",
        operation_id="getFeature",
        opt={DOC: RouteDoc(FeatureReport, errors=(404,))},
    )
    async def feature(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], name: FromPath[str]
    ) -> Bytes:
        """One feature, its name in any case."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.feature(name))

    @get("/missing", operation_id="getMissing", opt={DOC: RouteDoc(MissingReport)})
    async def missing(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every variable that is not set, and what it would switch on."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.missing())

    @get("/settings", operation_id="getSettings", opt={DOC: RouteDoc(SettingList)})
    async def settings(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """coinmux's own settings: what is in force and where it comes from; secrets not."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.setting_list())

    @post(
        "/reload",
        operation_id="reloadConfig",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(ReloadReport, is_admin=True)},
    )
    async def reload(self, desk: NamedDependency[ServerContext]) -> Bytes:
        """Read `.env` and the environment again, and look for plugins; what changed."""
        return as_json(await desk.gateway.reload(), cache_control=NO_STORE)
