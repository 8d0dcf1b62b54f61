"""What can be asked, of whom, and why one source goes before another.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.reports.providers import CapabilityList, ProviderDetail, ProviderList
from coinmux.server.asgi.query_params import QueryReader, pairs_of, single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Bytes, as_json
from coinmux.server.asgi.scope import client_of
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.event_json import plain
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import ASK, parameter
from coinmux.server.openapi.schemas import Explanation, RoutingDecision, RoutingDecisions


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
                    parameter("symbol", "string", "For capabilities about a pair."),
                    *ASK,
                ),
                errors=(404, 409),
            )
        },
    )
    async def explain(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """A dry run, no network: each candidate taken or passed over, and why."""
        query_string = request.scope["query_string"]
        capabilities = desk.gateway.capabilities
        named = [value for name, value in pairs_of(query_string) if name == "capability"]
        if len(named) != 1 or named[0] not in capabilities:
            message = "takes one of the known capabilities"
            raise InvalidRequest(
                f"capability {message}",
                errors=[{"name": "capability", "message": message, "known": list(capabilities)}],
            )
        reader = QueryReader(named[0], capabilities[named[0]].query)
        values = single_values(query_string, ("capability", *reader.parameters))
        question = reader.build(values, desk.gateway.parse_symbol)
        found = desk.gateway.explain(question.capability, question.query, question.ask)
        return as_json(plain(found, desk.gateway.redactor))

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
