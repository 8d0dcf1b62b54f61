"""Figures derived from chains: metrics over time, and total value locked.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.models.onchain import OnchainMetric, OnchainMetricQuery, Tvl, TvlQuery
from coinmux.framework.reports.providers import MetricList
from coinmux.server.asgi.query_params import QueryReader, single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Answered, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc

METRIC = QueryReader("onchain_metric", OnchainMetricQuery, path=("metric",))
TVL = QueryReader("tvl", TvlQuery)


class OnchainController(Controller):
    """Metrics."""

    path = "/api/onchain"
    tags = ("onchain",)

    @get("/", operation_id="getOnchainMetrics", opt={DOC: RouteDoc(MetricList)})
    async def metrics(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every on-chain metric that can be asked for, and the providers that have it."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.metric_list())

    @get(
        "/{metric:path}",
        operation_id="getOnchainMetric",
        opt={DOC: RouteDoc(OnchainMetric, METRIC)},
    )
    async def metric(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """A figure of one asset over time, oldest first; a metric may have a slash in its name."""
        return await desk.answer(request, METRIC)


class DefiController(Controller):
    """Decentralised finance."""

    path = "/api/defi"
    tags = ("onchain",)

    @get("/tvl", operation_id="getTvl", opt={DOC: RouteDoc(Tvl, TVL)})
    async def tvl(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """Total value locked: of a protocol, of a chain, or of all chains."""
        return await desk.answer(request, TVL)
