"""What the dashboard's pages ask: one route for each, answered 200 whatever the day is like.

Litestar reads annotations at run time, so this module imports what it names.
"""

from functools import partial
from typing import Any

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.errors import CoinmuxError
from coinmux.server.asgi.live_params import read_questions
from coinmux.server.asgi.problems import problem
from coinmux.server.asgi.query_params import pairs_of, refused
from coinmux.server.asgi.requests import AnyRequest, request_id
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.asgi.sse import EventStream, Streams
from coinmux.server.context import ServerContext
from coinmux.server.controllers.live import opened
from coinmux.server.controllers.routing import READERS
from coinmux.server.openapi.document import DOC
from coinmux.server.openapi.page_data_routes import (
    CHART,
    DECISION,
    FOLLOWED_CANDLES,
    FOLLOWED_PRICES,
    OVERVIEW,
    PAIRS,
    PROVIDER,
)
from coinmux.server.pages import chart, overview, records
from coinmux.server.pages.followed import followed, refused_all
from coinmux.server.pages.indicator_asks import read_indicators
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
        return _page(await records.provider(desk, request, _values(request, ("name",)).get("name")))

    @get("/pairs", operation_id="getPairSuggestions", opt={DOC: PAIRS})
    async def pairs(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Pairs that sources really list, by a part of the name."""
        search = _values(request, ("search",)).get("search", "")[:60]
        return _page(find_pairs(desk.gateway, search))

    @get("/ticker/stream", operation_id="streamPricesOfPage", opt={DOC: FOLLOWED_PRICES})
    async def prices(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Prices of the overview's pairs as they change, as server-sent events.

        As the market's own stream; what cannot be followed is an event `refused`.
        """
        return _followed("ticker", request, desk)

    @get("/candles/stream", operation_id="streamCandlesOfPage", opt={DOC: FOLLOWED_CANDLES})
    async def candles(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Candles of the chart's markets as they form and close, as server-sent events.

        As the market's own stream; what cannot be followed is an event `refused`. With them the
        newest values of indicators of the first market; `ind` of such an event is what was asked.
        """
        return _followed("candles", request, desk, "ind")


def _followed(
    capability: str, request: AnyRequest, desk: ServerContext, *beside: str
) -> EventStream:
    """The stream of a page; too many of them are refused by an event too.

    Args:
        beside: the parameter that names indicators, where the route takes some.
    """
    scope = request.scope
    gateway = desk.gateway
    given = dict(pairs_of(scope["query_string"]))
    texts = list(dict.fromkeys(_split(",".join(given.get(name, "") for name in beside))))
    indicators = read_indicators(gateway.indicators.catalogue, texts)
    # An id for each market, then one for each indicator.
    ids = (request.headers.get("last-event-id") or "").split(",")
    markets = max(len(ids) - len(texts), 0)
    of_markets, of_indicators = ids[:markets], ids[markets:]
    questions = read_questions(
        capability, scope["query_string"], ",".join(of_markets), gateway.parse_symbol, beside
    )
    if len(ids) != len(questions) + len(texts):  # of another list: each begins with a snapshot
        of_indicators = [""] * len(texts)
    since = [one or None for one in of_indicators]

    def tell(error: CoinmuxError) -> dict[str, Any]:
        return problem(error, request_id(request), gateway.redactor)

    try:
        events = followed(
            gateway,
            questions,
            partial(opened, gateway),
            tell,
            list(zip(indicators, since, strict=True)),
        )
        return EventStream(desk.live, events, scope)
    except CoinmuxError as error:
        # It is over at once, and counts for none.
        return EventStream(Streams(desk.traffic), refused_all(tell(error)), scope)


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
