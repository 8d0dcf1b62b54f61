"""What the dashboard's pages ask: one route for each, answered 200 whatever the day is like.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.server.asgi.query_params import pairs_of, refused
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.controllers.routing import READERS
from coinmux.server.openapi.document import DOC
from coinmux.server.openapi.page_data_routes import CHART, DECISION, OVERVIEW, PAIRS, PROVIDER
from coinmux.server.pages import chart, overview, records
from coinmux.server.pages.kept_answers import KeptAnswers
from coinmux.server.pages.pair_search import find_pairs
from coinmux.server.pages.questions import PageQuestions

_CHART = ("symbol", "interval", "limit", "end")


class PageDataController(Controller):
    """The dashboard's questions. What fails is said in its part, beside what was last known."""

    path = "/api/pages"
    tags = ("monitor",)

    @get("/overview", operation_id="getOverviewPage", opt={DOC: OVERVIEW})
    async def overview(
        self,
        request: AnyRequest,
        desk: NamedDependency[ServerContext],
        kept: NamedDependency[KeptAnswers],
    ) -> Bytes:
        """Markets with their lines, the whole market, headlines and the mood."""
        pairs = list(dict.fromkeys(_split(_values(request, ("pairs",)).get("pairs", ""))))
        questions = PageQuestions(desk, kept, request)
        return _page(await overview.overview(questions, pairs or list(overview.PAIRS)))

    @get("/chart", operation_id="getChartPage", opt={DOC: CHART})
    async def chart(
        self,
        request: AnyRequest,
        desk: NamedDependency[ServerContext],
        kept: NamedDependency[KeptAnswers],
    ) -> Bytes:
        """Candles, ticker and indicators of one market."""
        values = _values(request, (*_CHART, "ind"))
        indicators = _split(values.pop("ind", ""))
        return _page(await chart.chart(PageQuestions(desk, kept, request), values, indicators))

    @get("/decision", operation_id="getDecisionPage", opt={DOC: DECISION})
    async def decision(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """What was decided for a request that was made, or what the next such would do."""
        return _page(await records.decision(desk, request, READERS))

    @get("/provider", operation_id="getProviderPage", opt={DOC: PROVIDER})
    async def provider(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """One provider: what it is, how it is and was, and what it was asked lately."""
        return _page(records.provider(desk, request, _values(request, ("name",)).get("name")))

    @get("/pairs", operation_id="getPairSuggestions", opt={DOC: PAIRS})
    async def pairs(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Pairs that sources really list, by a part of the name."""
        search = _values(request, ("search",)).get("search", "")[:60]
        return _page(find_pairs(desk.gateway, search))


def _values(request: AnyRequest, known: tuple[str, ...]) -> dict[str, str]:
    """The parameters by name; of one given twice the last, of one that is empty nothing.

    Raises:
        InvalidRequest: one is not known.
    """
    pairs = pairs_of(request.scope["query_string"])
    if strange := [name for name, _ in pairs if name not in known]:
        raise refused(
            [
                {"name": name[:60], "message": "is no parameter of this route", "known": [*known]}
                for name in dict.fromkeys(strange)
            ]
        )
    return {name: value for name, value in pairs if value.strip()}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _page(body: object) -> Bytes:
    return as_json(body, cache_control=NO_STORE)
