"""Markets as they move: live feeds as server-sent events.

Litestar reads annotations at run time, so this module imports what it names.
"""

from contextlib import AsyncExitStack
from typing import cast

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.gateway import Gateway
from coinmux.framework.routing.options import Strategy
from coinmux.server.asgi.live_events import Batches, sent
from coinmux.server.asgi.live_params import LiveQuestion, read_questions
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.sse import EventStream
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC
from coinmux.server.openapi.live_routes import CANDLES, ORDER_BOOK, TICKER, TRADES

_LAST_EVENT_ID = b"last-event-id"


class LiveController(Controller):
    """What is followed and not asked for."""

    path = "/api/market"
    tags = ("market",)

    @get("/ticker/stream", operation_id="streamTickers", opt={DOC: TICKER})
    async def ticker(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Prices of up to 50 markets as they change, as server-sent events.

        `snapshot` comes first, then `update`; `source`, `gap` and `stale` say what happened to a
        feed. A slow reader gets the newest price, not each.
        """
        return await _stream("ticker", request, desk)

    @get("/trades/stream", operation_id="streamTrades", opt={DOC: TRADES})
    async def trades(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Trades of up to 50 markets as they are made, as server-sent events.

        None comes twice. What could not be had is told by `gap`, and what a reader was too slow
        for by `meta.dropped`.
        """
        return await _stream("trades", request, desk)

    @get("/order-book/stream", operation_id="streamOrderBooks", opt={DOC: ORDER_BOOK})
    async def order_book(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """The best bids and asks of up to 50 markets as they change, as server-sent events.

        Each event has the whole book to the depth asked for, or says by `stale` that it is not
        known to be right.
        """
        return await _stream("order_book", request, desk)

    @get("/candles/stream", operation_id="streamCandles", opt={DOC: CANDLES})
    async def candles(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Candles of up to 50 markets as they form and close, as server-sent events.

        `data` has the candles that changed; one is closed once. What closed while the feed was
        interrupted is fetched, and marked by `meta.filled_by`.
        """
        return await _stream("candles", request, desk)


async def opened(gateway: Gateway, question: LiveQuestion) -> Batches:
    """The stream a question asks for, begun.

    Raises:
        InvalidRequest, RoutingError: it cannot be followed.
    """
    fields = question.fields
    stream = gateway.stream(
        question.capability,
        question.symbol,
        interval=fields.get("interval"),
        depth=fields.get("depth"),
        provider=question.options.provider,
        strategy=cast("Strategy", question.options.strategy),
        since=question.since,
    )
    await stream.open()
    return stream


async def _stream(capability: str, request: AnyRequest, desk: ServerContext) -> EventStream:
    """The streams of all markets a request names; what can never be followed is refused first."""
    last = dict(request.scope["headers"]).get(_LAST_EVENT_ID)
    questions = read_questions(
        capability,
        request.scope["query_string"],
        None if last is None else last.decode("ascii", "replace"),
        desk.gateway.parse_symbol,
    )
    desk.live.check(request.scope)
    async with AsyncExitStack() as stack:
        streams = []
        for question in questions:
            stream = await opened(desk.gateway, question)
            stack.push_async_callback(stream.close)
            streams.append(stream)
        stack.pop_all()
    return EventStream(desk.live, sent(streams), request.scope)
