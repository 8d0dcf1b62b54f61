"""What can be asked, of whom, and why one source goes before another.

Litestar reads annotations at run time, so this module imports what it names.
"""

from collections.abc import Iterable
from typing import Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.reports.plugins import PluginList
from coinmux.framework.reports.providers import CapabilityList, ProviderDetail, ProviderList
from coinmux.server.asgi.query_params import QueryReader, single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Bytes, as_json
from coinmux.server.asgi.scope import client_of
from coinmux.server.context import ServerContext
from coinmux.server.controllers import chain, market, news, onchain
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import ASK, FALLBACK, own_parameters, parameter
from coinmux.server.openapi.schemas import Explanation, RoutingDecision, RoutingDecisions
from coinmux.server.pages.records import dry_run

#: What is explained is asked in the words of its own route.
READERS = {
    reader.capability: reader
    for module in (chain, market, news, onchain)
    for reader in vars(module).values()
    if isinstance(reader, QueryReader)
}


def _fields_of(readers: Iterable[QueryReader]) -> list[dict[str, Any]]:
    """The parameters of all capabilities, each once, with those that take it."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for reader in readers:
        on_path = [{"name": name, "schema": {"type": "string"}} for name in reader.path]
        for one in (*on_path, *own_parameters(reader)):
            found.setdefault(one["name"], (one, []))[1].append(reader.capability)
    return [
        parameter(name, one["schema"].get("type", "string"), f"Of {', '.join(sorted(takers))}.")
        for name, (one, takers) in sorted(found.items())
        if one["schema"].get("type") != "array"
    ]


class RoutingController(Controller):
    """Capabilities, providers and decisions."""

    path = "/api"
    tags = ("routing",)

    @get("/capabilities", operation_id="getCapabilities", opt={DOC: RouteDoc(CapabilityList)})
    async def capabilities(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Bytes:
        """Every kind of question, its JSON Schema and the providers that serve it."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.capability_list())

    @get("/plugins", operation_id="getPlugins", opt={DOC: RouteDoc(PluginList)})
    async def plugins(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every installed plugin: what it holds, whether it is on, and why not."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.plugin_list())

    @get("/providers", operation_id="getProviders", opt={DOC: RouteDoc(ProviderList)})
    async def providers(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every provider, and the plugins that did not load."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.provider_list())

    @get(
        "/providers/{name:str}",
        operation_id="getProvider",
        opt={DOC: RouteDoc(ProviderDetail, errors=(404,))},
    )
    async def provider(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], name: FromPath[str]
    ) -> Bytes:
        """One provider."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.provider(name))

    @get(
        "/routing/explain",
        operation_id="explainRouting",
        opt={
            DOC: RouteDoc(
                Explanation,
                parameters=(
                    parameter(
                        "capability",
                        "string",
                        "What would be asked; the query's own parameters follow.",
                        required=True,
                        examples=["ticker"],
                    ),
                    *_fields_of(READERS.values()),
                    *ASK,
                    FALLBACK,
                ),
                errors=(404, 409),
            )
        },
    )
    async def explain(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """A dry run, no network: each candidate taken or passed over, and why."""
        return as_json(dry_run(desk, request.scope["query_string"], READERS))

    @get(
        "/routing/decisions/{request_id:path}",
        operation_id="getDecision",
        opt={DOC: RouteDoc(RoutingDecision, several=RoutingDecisions, errors=(404,))},
    )
    async def decision(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], request_id: FromPath[str]
    ) -> Bytes:
        """What was decided for a request that was made, by its `X-Request-ID`.

        An id of your own is found by you alone; a request for several things has several decisions.
        """
        single_values(request.scope["query_string"], ())
        name = str(request_id).lstrip("/")
        return as_json(await desk.decisions.find(client_of(request.scope), name))
