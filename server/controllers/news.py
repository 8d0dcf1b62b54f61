"""News and moods: headlines, indices, social figures, and the sentiment of texts.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get, post
from litestar.di import NamedDependency

from coinmux.framework.models.news import News, NewsQuery
from coinmux.framework.models.sentiment import FearGreed, FearGreedQuery, Social, SocialQuery
from coinmux.framework.models.text import TextSentiment, TextSentimentQuery
from coinmux.server.asgi.query_params import QueryReader
from coinmux.server.asgi.request_body import read_json
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Answered
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.schemas import TextSentimentBody

NEWS = QueryReader("news", NewsQuery, rename={"symbol": "asset"})
FEAR_GREED = QueryReader("fear_greed", FearGreedQuery)
SOCIAL = QueryReader("social", SocialQuery, rename={"symbol": "asset"})
TEXT = QueryReader("text_sentiment", TextSentimentQuery)


class NewsController(Controller):
    """Headlines."""

    path = "/api/news"
    tags = ("news",)

    @get("/", operation_id="getNews", opt={DOC: RouteDoc(News, NEWS)})
    async def news(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """The latest news, of one asset or of all, newest first."""
        return await desk.answer(request, NEWS)


class SentimentController(Controller):
    """Moods."""

    path = "/api/sentiment"
    tags = ("news",)

    @get("/index", operation_id="getFearGreed", opt={DOC: RouteDoc(FearGreed, FEAR_GREED)})
    async def index(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """The fear and greed index, with its last days."""
        return await desk.answer(request, FEAR_GREED)

    @get("/social", operation_id="getSocial", opt={DOC: RouteDoc(Social, SOCIAL)})
    async def social(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """What is said about one asset, in figures."""
        return await desk.answer(request, SOCIAL)


class TextController(Controller):
    """Text models."""

    path = "/api/models"
    tags = ("news",)

    @post(
        "/sentiment",
        operation_id="readTexts",
        status_code=200,
        opt={DOC: RouteDoc(TextSentiment, TEXT, body=TextSentimentBody)},
    )
    async def sentiment(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Answered:
        """How positive or negative each text is. A question, though it has a body: open to all."""
        body = await read_json(request)
        question = TEXT.read_body(request.scope["query_string"], body)
        return await desk.ask(request, question)
