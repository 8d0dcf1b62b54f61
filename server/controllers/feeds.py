"""What is followed now: feeds, the connections behind them, and why each is told by whom.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import cast

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.reference.strategy import Strategy
from coinmux.framework.reports.feeds import FeedsReport
from coinmux.server.asgi.live_params import read_explained
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.event_json import plain
from coinmux.server.monitoring.live_figures import all_feeds
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.live_routes import EXPLAIN


class FeedController(Controller):
    """Live feeds as the operator sees them."""

    path = "/api/feeds"
    tags = ("monitor",)

    @get("/", operation_id="getFeeds", opt={DOC: RouteDoc(FeedsReport)})
    async def feeds(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every live feed and every connection to a source, of all workers."""
        single_values(request.scope["query_string"], ())
        whole = await desk.picture.whole()
        report = all_feeds((one.live for one in whole.workers), desk.gateway.clock.wall_ms())
        return as_json(report, cache_control=NO_STORE)

    @get("/explain", operation_id="explainFeed", opt={DOC: EXPLAIN})
    async def explain(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Who tells a market that is followed, and why no other; who would, if nobody follows it.

        No source is followed or asked for it. Of several workers the one that answers judges the
        sources; where another follows the market, `told_last` is what that one said.
        """
        gateway = desk.gateway
        asked = read_explained(request.scope["query_string"], gateway.parse_symbol)
        found = await gateway.explain_shared_stream(
            asked.capability,
            asked.symbol,
            interval=asked.fields.get("interval"),
            depth=asked.fields.get("depth"),
            provider=asked.options.provider,
            strategy=cast("Strategy", asked.options.strategy),
        )
        return as_json(plain(found, gateway.redactor), cache_control=NO_STORE)
